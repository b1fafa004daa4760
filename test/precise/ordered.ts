/// What runs along an axis: accumulations, and the order of elements.
import { scanBody, scanLetters, scanResult } from "../../ir/ops/scan.ts";
import { keptAxes } from "../../ir/ops/sum.ts";
import { offsetsAlong } from "../../ir/evaluate/indices.ts";
import type { Value } from "../../ir/value.ts";
import type { Elements, Setting } from "./kinds.ts";
import { unknown, type Arithmetic, type Precise } from "./number.ts";
import { argumentOf, preciseReductions } from "./reductions.ts";

/** What an accumulation makes of the elements so far: one row from each operand, in the order of the accumulation. */
type Prefix = (arithmetic: Arithmetic, rows: readonly Elements[], places: readonly number[]) => Precise;

const reduced =
  (name: string): Prefix =>
  (arithmetic, [row]) =>
    preciseReductions[name](arithmetic, row);

/** Among equals the place with the smallest number, from whichever end the elements come. */
const placeOf =
  (name: string): Prefix =>
  (arithmetic, [row], places) => {
    const best = argumentOf(name)!(arithmetic, row);
    if (best.error === Infinity || row.length === 0) return best;
    const winner = row[best.value.toNumber()];
    const equals = places.filter((_, i) => arithmetic.compare(row[i], winner) === 0);
    return arithmetic.number(Math.min(...equals));
  };

/** Op name → what a prefix comes to. */
const prefixes: Readonly<Record<string, Prefix>> = {
  cumsum: reduced("sum"),
  cumprod: reduced("product"),
  cummax: reduced("max"),
  cummin: reduced("min"),
  logcumsumexp: reduced("logsumexp"),
  cumargmax: placeOf("argmax"),
  cumargmin: placeOf("argmin"),
  recurrence: ({ add, mul, number }, [factors, terms]) =>
    terms.reduce((state, term, i) => add(mul(factors[i], state), term), number(0)),
};

/** An accumulation along `attrs.axis`, from the front or (`reverse`) the back, with or without the place itself. */
export function running(value: Value, operands: readonly Elements[], setting: Setting): Elements {
  const { axis, reverse, exclusive } = value.attrs as {
    readonly axis: number;
    readonly reverse: boolean;
    readonly exclusive: boolean;
  };
  const prefix = Object.hasOwn(prefixes, value.op.name) ? prefixes[value.op.name] : undefined;
  if (!prefix) throw new Error(`cumulative ${value.op.name} has no precise definition`);
  return alongAxis(value, axis, setting, (offsets) =>
    offsets.map((_, i) => {
      const places = offsets.map((_, place) => place).filter((place) => (reverse ? place >= i : place <= i));
      const taken = (reverse ? places.toReversed() : places).filter((place) => !exclusive || place !== i);
      return prefix(
        setting.arithmetic,
        operands.map((operand) => taken.map((place) => operand[offsets[place]])),
        taken,
      );
    }),
  );
}

/** The positions that put elements in order; equal ones keep theirs, NaN comes last. */
export function inOrder(value: Value, x: Elements, setting: Setting): Elements {
  const { arithmetic } = setting;
  const { axis, descending } = value.attrs as { readonly axis: number; readonly descending: boolean };
  return alongAxis(value, axis, setting, (offsets) => {
    let isDecided = true;
    const order = offsets
      .map((_, place) => place)
      .sort((i, j) => {
        const [a, b] = [x[offsets[i]], x[offsets[j]]];
        const [left, right] = [a.value.isNaN(), b.value.isNaN()];
        if (left || right) return Number(left) - Number(right) || i - j;
        const compared = arithmetic.compare(a, b);
        if (compared === undefined) isDecided = false;
        return (descending ? -1 : 1) * (compared ?? 0) || i - j;
      });
    return order.map((place) => (isDecided ? arithmetic.number(place) : unknown(arithmetic)));
  });
}

/** One of the results of a loop, step after step. */
export function repeated(value: Value, operands: readonly Elements[], setting: Setting): Elements {
  const body = scanBody(value.attrs);
  const { tag, index } = scanResult(value.attrs);
  const length = setting.bind(body.length);
  const [first, second] = [body.carries.length, body.carries.length + body.elements.length];
  const rows: Elements[] = [];
  let carries = operands.slice(0, first);
  for (let step = 0; step < length; step++) {
    const place = body.reverse ? length - 1 - step : step;
    const elements = operands.slice(first, second).map((sequence) => {
      const size = sequence.length / length;
      return sequence.slice(place * size, (place + 1) * size);
    });
    const known = new Map<Value, Elements>([[body.position, [setting.arithmetic.number(place)]]]);
    const given = [...carries, ...elements, ...operands.slice(second)];
    scanLetters(body).forEach((letter, i) => known.set(letter, given[i]));
    rows[place] = tag === "output" ? setting.evaluate(body.outputs[index], known) : carries[index];
    carries = body.next.map((each) => setting.evaluate(each, known));
  }
  return tag === "carry" ? carries[index] : rows.flat();
}

/** Computes the elements along an axis together; `offsets` are where they lie. */
function alongAxis(
  { type }: Value,
  axis: number,
  { bind }: Setting,
  compute: (offsets: readonly number[]) => readonly Precise[],
): Elements {
  const shape = type.shape.map(bind);
  const result: Precise[] = [];
  const steps = offsetsAlong(shape, [axis]);
  for (const start of offsetsAlong(shape, keptAxes(shape.length, [axis]))) {
    const offsets = Array.from(steps, (step) => start + step);
    compute(offsets).forEach((each, i) => (result[offsets[i]] = each));
  }
  return result;
}
