/// The chain rule within the step of a loop: the local derivatives that a step back is put together from.
import { scanLetters, type ScanBody } from "../../ir/ops/scan.ts";
import { loopsBelow } from "../../ir/print/bodies.ts";
import { isFloat } from "../../ir/type.ts";
import { postorder, usersOf, type Value } from "../../ir/value.ts";
import { leadingTo } from "../autodiff/reverse.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { chainRule, cotangentLetter, type LocalDerivative } from "./chain.ts";
import { laidOut } from "./loops.ts";
import { primed, type Formula, type Row, type Section } from "./lines.ts";
import { tidyRules } from "./rules.ts";
import { derivativeName, stationsBetween } from "./stations.ts";

/** For every loop on the way from a loss to a target, the derivatives of the formulas in its step. */
export function stepFactors(
  formulas: readonly Formula[],
  [loss, target]: readonly [Value, Value],
  given: ReadonlyMap<Value, string>,
): readonly Section[] {
  const active = leadingTo(postorder([loss]), new Set([target]));
  const names = new Map(formulas.flatMap((formula) => [...formula.names]));
  const loops = loopsBelow(formulas.map(({ value }) => value)).filter((loop) => active.has(loop));
  return loops.flatMap((loop): readonly Section[] => {
    const { body, names: own, automatic } = laidOut(loop, names, given);
    const words = withEnds(body, new Map([...own, ...automatic]));
    const letters = changing(
      body,
      scanLetters(body).filter((_, place) => active.has(loop.operands[place])),
    );
    const rows = rowsOf(localsOf(body, letters, words), words);
    return rows.length === 0 ? [] : [{ title: `Each factor of a step over ${body.length}`, rows }];
  });
}

/** What a step hands on has a name, that of the carry with a prime; what it keeps as well, if that is one value. */
function withEnds({ carries, next, outputs }: ScanBody, words: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> {
  const handedOn = next.map((value, i) => [value, `${words.get(carries[i])}${primed}`] as const);
  const kept = outputs.length === 1 ? outputs.map((value) => [value, "output"] as const) : [];
  return new Map([...kept, ...handedOn, ...words]);
}

/** Letters through which a step changes: those that do, and the carries that come of them. */
export function changing(
  { carries, next }: Pick<ScanBody, "carries" | "next">,
  letters: readonly Value[],
): readonly Value[] {
  const users = usersOf(postorder(next));
  const ends = new Set(next);
  const carriesOf = (end: Value): readonly Value[] => carries.filter((_, i) => next[i] === end);
  const active = new Set<Value>();
  const waiting = [...letters];
  for (const value of waiting) {
    if (active.has(value) || !isFloat(value.type.dtype)) continue;
    active.add(value);
    waiting.push(...(users.get(value) ?? []), ...(ends.has(value) ? carriesOf(value) : []));
  }
  return [...new Set([...letters, ...carries.filter((carry) => active.has(carry))])];
}

function localsOf(
  { next, outputs }: ScanBody,
  letters: readonly Value[],
  words: ReadonlyMap<Value, string>,
): readonly LocalDerivative[] {
  const tidy = makeRewriter(tidyRules);
  const ends = new Set([...outputs, ...next].filter((value) => words.has(value)));
  return [...ends].flatMap((end) =>
    letters.flatMap((letter) => {
      const stations = stationsBetween(end, letter, words);
      return stations.length < 2 ? [] : chainRule(stations, tidy).locals;
    }),
  );
}

/** Each derivative once, from the end of the step to its letters. */
function rowsOf(locals: readonly LocalDerivative[], words: ReadonlyMap<Value, string>): readonly Row[] {
  const rows = new Map<string, Row>();
  for (const { of, by, formula, letter } of locals) {
    const left = derivativeName(of, by.name);
    const names = letter ? new Map([...words, [letter, cotangentLetter]]) : words;
    const row: Row = { left, relation: letter ? "↦" : "=", right: { value: formula, names } };
    if (!rows.has(left)) rows.set(left, row);
  }
  return [...rows.values()];
}
