/// Loops: what is known of a carry is what holds before the first step and after every other.
import { bodyResults, scanBody, scanResult, type ScanBody } from "../../ir/ops/scan.ts";
import type { Value } from "../../ir/value.ts";
import { equalBounds, unionOf, unknown, widened, type Bounds } from "./bounds.ts";
import type { Analyse, Node } from "./node.ts";

/** The node of a result of a loop, from those of its operands. */
export type Loops = (value: Value, operands: readonly Node[]) => Node;

/** What a body comes to. */
interface Body {
  readonly carries: readonly Node[];
  readonly next: readonly Node[];
  readonly outputs: readonly Node[];
}

/** Looks at each loop once for all its results. */
export function makeLoops(analyse: Analyse): Loops {
  const known = new Map<ScanBody, Body>();
  return (value, operands) => {
    const body = scanBody(value.attrs);
    const found = known.get(body) ?? settled(body, operands, analyse);
    known.set(body, found);
    const { tag, index } = scanResult(value.attrs);
    const inputs =
      tag === "output"
        ? [found.outputs[index]]
        : tag === "history"
          ? [found.carries[index]]
          : [operands[index], found.next[index]];
    return { value, bounds: inputs.map(({ bounds }) => bounds).reduce(unionOf), arises: 0, inputs };
  };
}

/** Steps after which nothing is taken to hold. */
const mostRounds = 8;

function settled(body: ScanBody, operands: readonly Node[], analyse: Analyse): Body {
  let before: readonly Bounds[] = body.carries.map((_, i) => operands[i].bounds);
  for (let round = 0; round < mostRounds; round++) {
    const { next } = stepOf(body, operands, before, analyse);
    const after = before.map((each, i) => widened(each, next[i].bounds));
    if (after.every((each, i) => equalBounds(each, before[i]))) break;
    before = round < mostRounds - 2 ? after : after.map(({ specials }) => ({ ...unknown, specials }));
  }
  return stepOf(body, operands, before, analyse);
}

function stepOf(body: ScanBody, operands: readonly Node[], before: readonly Bounds[], analyse: Analyse): Body {
  const rounds = body.carries.map((value, i) => ({ value, bounds: before[i], arises: 0, inputs: [operands[i]] }));
  const rest = [...body.elements, ...body.captures].map((value, i) => {
    const input = operands[body.carries.length + i];
    return { value, bounds: input.bounds, arises: 0, inputs: [input] };
  });
  const position = { value: body.position, bounds: { ...unknown, low: 0 }, arises: 0, inputs: [] };
  const leaves = new Map<Value, Node>([...rounds, ...rest, position].map((node) => [node.value, node]));
  const results = analyse(bodyResults(body), leaves);
  const next = results.slice(0, body.carries.length);
  rounds.forEach(({ inputs }, i) => inputs.push(next[i]));
  return { carries: rounds, next, outputs: results.slice(body.carries.length) };
}
