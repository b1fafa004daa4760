/// The steps of loops as sections of an explanation: forward as the model has them, and the way back, which is
/// backpropagation through time: what a step makes of the derivative that comes from the place after it.
import type { Dim } from "../../ir/dim.ts";
import { namesDerivative } from "../../ir/notation/form.ts";
import { add, neg, sub } from "../../ir/ops/arithmetic.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody, scanLetters, scanOp, scanResult, type ScanBody } from "../../ir/ops/scan.ts";
import { layOutBody, loopsBelow, type BodyPage } from "../../ir/print/bodies.ts";
import { postorder, type Value } from "../../ir/value.ts";
import type { PrintedLetters } from "./letters.ts";
import { formulaText, primed, type Formula, type Row, type Section } from "./lines.ts";

/** Names of the values of a graph. */
type Names = ReadonlyMap<Value, string>;

/** What the loops of formulas repeat: a step each, and what the next step finds in the carries. */
export function stepSections(formulas: readonly Formula[], given: Names): readonly Section[] {
  return sectionsOf(
    loopsBelow(formulas.map(({ value }) => value)),
    new Map(formulas.flatMap((formula) => [...formula.names])),
    given,
  );
}

/** What the loops repeat that a formula holds itself, and not by way of what has a name. */
export function stepsWithin({ value, names }: Formula, given: Names): readonly Section[] {
  const seen = new Set([value]);
  for (const each of seen) {
    if (each !== value && names.has(each)) continue;
    for (const operand of each.operands) seen.add(operand);
  }
  const isOwn = (each: Value): boolean => each.op === scanOp && (each === value || !names.has(each));
  const own = new Set([...seen].filter(isOwn).map(({ attrs }) => scanBody(attrs).identity));
  return sectionsOf(
    loopsBelow([value]).filter(({ attrs }) => own.has(scanBody(attrs).identity)),
    names,
    given,
  );
}

function sectionsOf(loops: readonly Value[], names: Names, given: Names): readonly Section[] {
  return loops.map((loop): Section => {
    const page = laidOut(loop, names, given);
    const { body, lines } = page;
    const words = wordsIn(page);
    const handedOn = body.next.map((value, i): Row => {
      return { ...rowOf(`${words.get(body.carries[i])}${primed}`, value, words), note: foundBy(body) };
    });
    const kept = body.outputs.map((value): Row => ({ ...rowOf(undefined, value, words), label: "output" }));
    const over = `${body.reverse ? "backwards " : ""}over ${body.length}`;
    return {
      title: `A step of the loop ${over}`,
      rows: [...lines.map((value) => rowOf(words.get(value), value, words)), ...handedOn, ...kept],
    };
  });
}

/**
 * The steps back of the loops below a derivative: of each the lines that it needs, without those that `shown` sections
 * have. Sums over all places are written as what is summed.
 */
export function stepsBack(
  derivative: Value,
  names: Names,
  given: Names,
  shown: readonly Section[] = [],
): readonly Section[] {
  const known = new Set(shown.flatMap(({ rows }) => rows.map(rowText)));
  const all = postorder([derivative]);
  return loopsBelow([derivative]).flatMap((loop): readonly Section[] => {
    const page = laidOut(loop, names, given);
    if (!isBack(page)) return [];
    const { body } = page;
    const asked = all.filter((value) => value.op === scanOp && scanBody(value.attrs).identity === body.identity);
    const rows = backRows(page, asked).filter((row) => !known.has(rowText(row)));
    const from = body.reverse ? "from the last place to the first" : "from the first place to the last";
    return rows.length === 0 ? [] : [{ title: `A step of the way back over ${body.length}, ${from}`, rows }];
  });
}

/** What the letters in the loops below a derivative are called. */
export function lettersBack(derivative: Value, names: Names, given: Names): Names {
  const pages = loopsBelow([derivative]).map((loop) => laidOut(loop, names, given));
  return new Map(
    pages.filter(isBack).flatMap(({ body, names: own }) => {
      return scanLetters(body).map((letter) => [letter, own.get(letter)!] as const);
    }),
  );
}

/** A value, and the names of the graph that it is of. */
export interface InGraph {
  readonly root: Value;
  readonly names: Names;
}

/**
 * What is in the steps of loops is called: as the printed page calls it, and what that does not have by letters that it has
 * not. An explanation uses these names for nothing else.
 */
export function lettersInSteps(roots: readonly InGraph[], { inSteps, taken }: PrintedLetters): Names {
  const all = new Map(inSteps);
  const madeUp = new Set(taken);
  for (const { root, names } of roots) {
    for (const loop of loopsBelow([root])) {
      const { letters, automatic } = layOutBody(loop, names, madeUp, all);
      for (const { value, name } of letters) if (!all.has(value)) all.set(value, name);
      for (const [value, name] of automatic) all.set(value, name);
    }
  }
  return all;
}

/** A body whose letters are `given` by the page that it is part of. */
export function laidOut(loop: Value, names: Names, given: Names): BodyPage {
  return layOutBody(loop, names, new Set(given.values()), given);
}

/** What a formula with such a loop says in few words. */
export const wayBack = "back through the loop, step by step";

/** True where a formula holds a loop that goes back along another. */
export function holdsWayBack({ value }: Formula): boolean {
  return loopsBelow([value]).some(({ attrs }) => scanBody(attrs).reverse);
}

function isBack({ body, names }: BodyPage): boolean {
  return body.carries.some((carry) => namesDerivative(names.get(carry) ?? ""));
}

function backRows(page: BodyPage, asked: readonly Value[]): readonly Row[] {
  const { body, plan, lines } = page;
  const words = wordsIn(page);
  const carries = neededCarries(body, asked);
  const outputs = asked.flatMap(({ attrs }) => {
    const { tag, index } = scanResult(attrs);
    return tag === "output" ? [body.outputs[index]] : [];
  });
  const moved = carries.map((index): { readonly row: Row; readonly value: Value } => {
    const [carry, next] = [body.carries[index], body.next[index]];
    const name = words.get(carry);
    const summed = summand(body, index, asked);
    if (summed) return { value: summed, row: { ...rowOf(name, summed, words), note: totalOver(body.length) } };
    return { value: next, row: { ...rowOf(`${name}${primed}`, next, words), note: foundBy(body) } };
  });
  const inside = new Set(plan.order([...moved.map(({ value }) => value), ...outputs]));
  return [
    ...lines.filter((value) => inside.has(value)).map((value) => rowOf(words.get(value), value, words)),
    ...moved.map(({ row }) => row),
    ...outputs.map((value): Row => ({ ...rowOf(undefined, value, words), label: "at each place" })),
  ];
}

/** What a name with a prime means in a step. */
const foundBy = ({ reverse }: ScanBody): string => `what the place ${reverse ? "before" : "after"} finds`;

const totalOver = (length: Dim): string => `summed over ${length}`;

/** Carries that the asked results hang on. */
function neededCarries(body: ScanBody, asked: readonly Value[]): readonly number[] {
  const needed = new Set<number>();
  const visit = (root: Value): void => {
    for (const value of postorder([root])) {
      const index = body.carries.indexOf(value);
      if (index >= 0) take(index);
    }
  };
  const take = (index: number): void => {
    if (needed.has(index)) return;
    needed.add(index);
    visit(body.next[index]);
  };
  for (const { attrs } of asked) {
    const { tag, index } = scanResult(attrs);
    if (tag === "output") visit(body.outputs[index]);
    else take(index);
  }
  return [...needed].sort((a, b) => a - b);
}

/** What a carry that begins at 0 adds up, if nothing else reads it. */
function summand(body: ScanBody, index: number, asked: readonly Value[]): Value | undefined {
  const [carry, next] = [body.carries[index], body.next[index]];
  const [first] = next.operands;
  const adds = next.op === add.op && next.operands.includes(carry);
  if (!adds && !(next.op === sub.op && first === carry)) return undefined;
  const others = bodyResults(body).filter((value) => value !== next);
  const other = next.operands.find((operand) => operand !== carry);
  const isRead = postorder([...others, ...(other ? [other] : [])]).includes(carry);
  const startsAtZero = asked.every(({ operands }) => constantValue(operands[index]) === 0);
  if (!other || isRead || !startsAtZero) return undefined;
  return adds ? other : neg(other);
}

function wordsIn({ names, automatic }: BodyPage): Names {
  return new Map([...names, ...automatic]);
}

function rowOf(left: string | undefined, value: Value, words: Names): Row {
  return { left, relation: "=", right: { value, names: namesBut(value, left, words) } };
}

/** A line does not say that a value is itself; what is handed on may be a value with a name. */
function namesBut(value: Value, left: string | undefined, words: Names): Names {
  return words.get(value) === left ? new Map([...words].filter(([each]) => each !== value)) : words;
}

function rowText({ left, label, right }: Row): string {
  return `${left ?? label} = ${"value" in right ? formulaText(right) : ""}`;
}
