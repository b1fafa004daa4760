/// What a loop adds up place by place, as slopes of weights, is one product or sum over all places: the loop keeps what its
/// terms are made of, writes no totals in every step, and the product is as long as all of them together.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { add } from "../../ir/ops/arithmetic.ts";
import { contract, contractAttrs, type AxisPair } from "../../ir/ops/contract.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { concatenate, concatenateOp } from "../../ir/ops/pad.ts";
import { bodyResults, scanBody, scanOp, scanResult, scanValues, type ScanBody } from "../../ir/ops/scan.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, isFloat } from "../../ir/type.ts";
import { apply, postorder, withOperands, type Value } from "../../ir/value.ts";
import type { Pass } from "../pass.ts";
import { rebuildGraph } from "./replace.ts";

/** A loop keeps at most so many numbers: 32 MiB, a quarter of what one binding takes. */
const mostKept = 2 ** 23;

export const sumsOfLoops: Pass = {
  name: "sums-of-loops",
  doc: "Products and sums that a loop adds up place by place are one product or sum over all places.",
  run(graph: Graph): Graph {
    const scans = graphValues(graph).filter(({ op }) => op === scanOp);
    const plans = new Map<object, Plan>();
    for (const { attrs } of scans) {
      const body = scanBody(attrs);
      if (plans.has(body.identity)) continue;
      const same = scans.filter((other) => scanBody(other.attrs).identity === body.identity);
      plans.set(
        body.identity,
        planOf(
          body,
          same.map(({ attrs: own }) => own),
        ),
      );
    }
    if ([...plans.values()].every(({ totals }) => totals.size === 0)) return graph;
    return rebuildGraph(graph, (value, operands) => {
      const plan = value.op === scanOp ? plans.get(scanBody(value.attrs).identity) : undefined;
      return plan && plan.totals.size > 0 ? resultOf(plan, value, operands) : withOperands(value, operands);
    });
  },
};

/** A term of a total: a product or a sum under layouts, the innermost first. */
interface Term {
  readonly value: Value;
  readonly layouts: readonly Value[];
}

/** What is taken out of a loop. */
interface Plan {
  readonly before: ScanBody;
  readonly body: ScanBody;
  /** The terms of each carry that is a total. */
  readonly totals: ReadonlyMap<number, readonly Term[]>;
}

function planOf(body: ScanBody, results: readonly Value["attrs"][]): Plan {
  const asked = new Set(results.map(scanResult).flatMap(({ tag, index }) => (tag === "history" ? [index] : [])));
  const found = new Map<number, readonly Term[]>();
  body.carries.forEach((_, carry) => {
    const terms = asked.has(carry) ? undefined : termsOf(body, carry);
    if (terms) found.set(carry, terms);
  });
  const totals = worthOf(body, found);
  const isKept = (_: Value, carry: number): boolean => !totals.has(carry);
  const after: ScanBody = {
    ...body,
    identity: {},
    carries: body.carries.filter(isKept),
    next: body.next.filter(isKept),
    outputs: [...new Set([...body.outputs, ...keptBy(body, totals)])],
  };
  return { before: body, body: after, totals };
}

/** The terms that are added to a carry which nothing else reads; undefined where one is neither a product nor a sum. */
function termsOf(body: ScanBody, carry: number): readonly Term[] | undefined {
  const [stand, next] = [body.carries[carry], body.next[carry]];
  if (!isFloat(stand.type.dtype)) return undefined;
  const others = bodyResults(body).filter((_, result) => result !== carry);
  if (postorder(others).includes(stand)) return undefined;
  const terms: Value[] = [];
  let total = next;
  while (total !== stand) {
    if (total.op !== add.op) return undefined;
    const [within, ...rest] = total.operands.filter((operand) => postorder([operand]).includes(stand));
    if (!within || rest.length > 0) return undefined;
    terms.push(...total.operands.filter((operand) => operand !== within));
    total = within;
  }
  const found = terms.map((term) => termOf(term, body));
  return terms.length > 0 && found.every((each) => each !== undefined) ? found : undefined;
}

function termOf(value: Value, body: ScanBody): Term | undefined {
  const layouts: Value[] = [];
  let under = value;
  for (; under.op.kind === "layout"; [under] = under.operands) layouts.unshift(under);
  if (under.op.kind !== "contraction" && under.op !== sumOp) return undefined;
  const moving = new Set([...body.carries, ...body.elements, body.position]);
  const isMoving = (operand: Value): boolean => postorder([operand]).some((each) => moving.has(each));
  return under.operands.every(isMoving) ? { value: under, layouts } : undefined;
}

/** What of a loop's values is kept for totals beside the sequences that there are. */
function keptBy(body: ScanBody, totals: Plan["totals"]): readonly Value[] {
  const read = [...totals.values()].flat().flatMap(({ value }) => value.operands);
  return [...new Set(read.flatMap(piecesOf))].filter((value) => !body.elements.includes(value));
}

/** What lies side by side in a value: its pieces are kept, or are there. */
const piecesOf = (value: Value): readonly Value[] =>
  value.op === concatenateOp ? value.operands.flatMap(piecesOf) : [value];

/**
 * The totals that are worth it: products of what takes no more room at a place than they do, and no more than the device has
 * at all places; and sums, which are added up on the way for nothing, where what they are of is kept for those.
 */
function worthOf(body: ScanBody, found: Plan["totals"]): Plan["totals"] {
  const isProduct = ({ value }: Term): boolean => value.op.kind === "contraction";
  const products = new Map([...found].filter(([, terms]) => terms.every(isProduct)));
  const kept = sizeOf(keptBy(body, products));
  const room = sizeOf([...products.keys()].map((carry) => body.carries[carry]));
  if (!(kept <= room && kept * Number(body.length) <= mostKept)) return new Map();
  const known = new Set(keptBy(body, products));
  const isFree = (carry: number, terms: readonly Term[]): boolean =>
    products.has(carry) || keptBy(body, new Map([[carry, terms]])).every((value) => known.has(value));
  return new Map([...found].filter(([carry, terms]) => isFree(carry, terms)));
}

const sizeOf = (values: readonly Value[]): number =>
  values.reduce((total, { type }) => total + Number(elementCount(type.shape)), 0);

/** A result of the loop: of a total the sum of its terms at all places, of all else what it was. */
function resultOf({ before, body, totals }: Plan, value: Value, operands: readonly Value[]): Value {
  const own = operands.filter((_, operand) => !totals.has(operand));
  const results = scanValues(body, own);
  const { tag, index } = scanResult(value.attrs);
  const numberOf = (carry: number): number => carry - [...totals.keys()].filter((other) => other < carry).length;
  if (tag === "output") return results.output(body.outputs.indexOf(before.outputs[index]));
  if (tag === "history") return results.history(numberOf(index));
  const terms = totals.get(index);
  if (!terms) return results.carry(numberOf(index));
  const along = (operand: Value): Value => {
    if (operand.op === concatenateOp)
      return concatenate(operand.operands.map(along), 1 + (operand.attrs.axis as number));
    const element = before.elements.indexOf(operand);
    return element < 0 ? results.output(body.outputs.indexOf(operand)) : operands[before.carries.length + element];
  };
  const sums = terms.map((term) => overAll(term, along));
  return (constantValue(operands[index]) === 0 ? sums : [operands[index], ...sums]).reduce((a, b) => add(a, b));
}

/** A term at all places together. */
function overAll({ value, layouts }: Term, along: (operand: Value) => Value): Value {
  const sum = sumOver(value, value.operands.map(along));
  return layouts.reduce((under, layout) => withOperands(layout, [under]), sum);
}

function sumOver(value: Value, operands: readonly Value[]): Value {
  if (value.op === sumOp) return apply(sumOp, operands, { axes: [0, ...axesOf(value).map((axis) => axis + 1)] });
  const { batch, contracted } = contractAttrs(value);
  const later = (pairs: readonly AxisPair[]): readonly AxisPair[] => pairs.map(([a, b]) => [a + 1, b + 1]);
  const [left, right] = operands;
  return contract(left, right, { batch: later(batch), contracted: [[0, 0], ...later(contracted)] });
}
