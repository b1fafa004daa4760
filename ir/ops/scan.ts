/// A loop of static length: a closed body, run once for each place of sequences, that hands a carry on.
import type { Dim } from "../dim.ts";
import { sameType, type TensorType } from "../type.ts";
import { apply, postorder, withOperands, type Attrs, type Op, type ScanOp, type Value } from "../value.ts";
import { derivativeTargets, isDerivative } from "./derivative.ts";
import { scanOperands } from "./errors.ts";
import { reshapeOp, transposeOp } from "./layout.ts";
import { letter } from "./leaf.ts";
import { broadcastOp } from "./sum.ts";

/**
 * What a scan repeats. Its values hang on letters and constants alone: `carries` stand for what the step before handed
 * on, `elements` for the entries of the sequences at this place, `captures` for what is the same in every step, and
 * `position` (i32) for the place. Bodies are compared by identity.
 */
export interface ScanBody {
  readonly identity: object;
  readonly length: Dim;
  /** From the last place to the first. */
  readonly reverse: boolean;
  readonly carries: readonly Value[];
  readonly elements: readonly Value[];
  readonly captures: readonly Value[];
  readonly position: Value;
  /** What the next step finds in the carries. */
  readonly next: readonly Value[];
  /** What is kept of every step. */
  readonly outputs: readonly Value[];
}

/** The body of a scan. */
export function scanBody(attrs: Attrs): ScanBody {
  return attrs.body as ScanBody;
}

/** Which of its results a scan value is: a final carry, the outputs of all places, or what a carry was before each. */
export type ScanResult =
  | { readonly tag: "carry"; readonly index: number }
  | { readonly tag: "output"; readonly index: number }
  | { readonly tag: "history"; readonly index: number };

/** The result that a scan value is, from its number: carries first, then outputs, then histories of carries. */
export function scanResult(attrs: Attrs): ScanResult {
  const { carries, outputs } = scanBody(attrs);
  const result = attrs.result as number;
  if (result < carries.length) return { tag: "carry", index: result };
  const rest = result - carries.length;
  if (rest < outputs.length) return { tag: "output", index: rest };
  return { tag: "history", index: rest - outputs.length };
}

/** The letters of a body in the order of the operands of its scans. */
export function scanLetters({ carries, elements, captures }: ScanBody): readonly Value[] {
  return [...carries, ...elements, ...captures];
}

/** What scans of a body are applied to. */
export function operandTypes({ length, carries, elements, captures }: ScanBody): readonly TensorType[] {
  const along = ({ type: { dtype, shape } }: Value): TensorType => ({ dtype, shape: [length, ...shape] });
  return [...carries.map(({ type }) => type), ...elements.map(along), ...captures.map(({ type }) => type)];
}

/** Everything that a body computes. */
export function bodyResults({ next, outputs }: ScanBody): readonly Value[] {
  return [...next, ...outputs];
}

/** Every value below the roots, operands first, with those in the bodies of loops: each body is opened once. */
export function withBodies(roots: readonly Value[], opened = new Set<object>()): readonly Value[] {
  return postorder(roots).flatMap((value) => {
    if (value.op !== scanOp) return [value];
    const body = scanBody(value.attrs);
    if (opened.has(body.identity)) return [value];
    opened.add(body.identity);
    return [value, ...withBodies(bodyResults(body), opened)];
  });
}

/**
 * One value for each result of a scan, which share body and operands: Σ over steps is `scan` with the total as carry.
 * The initial carries come first, then the sequences [length, …], then the captures.
 */
export const scanOp: ScanOp = {
  name: "scan",
  doc: "Repeats a closed body along sequences, handing carries on; each result is a value of its own.",
  kind: "scan",
  inner: (attrs) => [...scanLetters(scanBody(attrs)), ...bodyResults(scanBody(attrs))],
  infer(operands, attrs) {
    const body = scanBody(attrs);
    const wanted = operandTypes(body);
    const fits = wanted.length === operands.length && wanted.every((type, place) => sameType(type, operands[place]));
    if (!fits) throw scanOperands(wanted, operands);
    const { tag, index } = scanResult(attrs);
    if (tag === "carry") return body.carries[index].type;
    const { dtype, shape } = tag === "output" ? body.outputs[index].type : body.carries[index].type;
    return { dtype, shape: [body.length, ...shape] };
  },
};

/** All results of a scan, by number. */
export interface ScanValues {
  carry(index: number): Value;
  output(index: number): Value;
  /** What a carry was before each step, [length, …]. */
  history(index: number): Value;
}

/** Applies a body to operands in the order of its letters. */
export function scanValues(body: ScanBody, operands: readonly Value[]): ScanValues {
  const result = (number: number): Value => apply(scanOp, operands, { body, result: number });
  return {
    carry: (index) => result(index),
    output: (index) => result(body.carries.length + index),
    history: (index) => result(body.carries.length + body.outputs.length + index),
  };
}

/** The scan values of an order that share body and operands, by each of them; in that order. */
export function scanSiblings(order: readonly Value[]): ReadonlyMap<Value, readonly Value[]> {
  const groups = new Map<object, Value[][]>();
  const siblings = new Map<Value, readonly Value[]>();
  for (const value of order) {
    if (value.op.kind !== "scan") continue;
    const { identity } = scanBody(value.attrs);
    const known = groups.get(identity) ?? [];
    groups.set(identity, known);
    let group = known.find(([first]) => first.operands.every((operand, place) => operand === value.operands[place]));
    if (!group) known.push((group = []));
    group.push(value);
    siblings.set(value, group);
  }
  return siblings;
}

/** What a body is made from: values that hang on the given letters, and on anything else. */
export type OpenBody = Omit<ScanBody, "identity" | "captures">;

/** A body, and what its captures stand for. */
export interface ClosedBody {
  readonly body: ScanBody;
  readonly captured: readonly Value[];
  /** Values of the open body, and those that it captures → values of the closed one. */
  readonly closed: ReadonlyMap<Value, Value>;
  /** Values of the open body that differ from step to step. */
  readonly moving: ReadonlySet<Value>;
}

/**
 * Closes a body: what does not hang on its letters is computed once outside, and gets a letter. What repeats or moves that
 * is part of the body: it costs nothing there, and the derivative of a bias adds up as a bias, not as one for each row.
 */
export function closeBody(open: OpenBody): ClosedBody {
  const results = [...open.next, ...open.outputs];
  const own = new Set([...open.carries, ...open.elements, open.position]);
  const order = postorder(results);
  const inside = new Set<Value>(own);
  for (const value of order) if (value.operands.some((operand) => inside.has(operand))) inside.add(value);
  const moving = new Set(inside);
  addDerived(order, inside);
  const closed = new Map<Value, Value>([...own].map((each) => [each, each]));
  const placements = new Set<Op>([broadcastOp, reshapeOp, transposeOp]);
  const captured: Value[] = [];
  const captures: Value[] = [];
  const close = (value: Value): Value => {
    const known = closed.get(value);
    if (known) return known;
    if (value.constant) return value;
    if (placements.has(value.op)) {
      const own = withOperands(value, value.operands.map(close));
      closed.set(value, own);
      return own;
    }
    const stand = letter(value.type);
    captured.push(value);
    captures.push(stand);
    closed.set(value, stand);
    return stand;
  };
  for (const value of order) {
    if (inside.has(value) && !own.has(value)) closed.set(value, withOperands(value, value.operands.map(close)));
  }
  const body = { ...open, identity: {}, captures, next: open.next.map(close), outputs: open.outputs.map(close) };
  return { body, captured, closed, moving };
}

/**
 * A derivative that a body takes looks into what it differentiates: all that leads there from its targets is the body's
 * own, even where it is the same in every step. Operands come before their users in `order`.
 */
function addDerived(order: readonly Value[], inside: Set<Value>): void {
  for (const placeholder of order.toReversed()) {
    if (!inside.has(placeholder) || !isDerivative(placeholder)) continue;
    const targets = new Set(derivativeTargets(placeholder));
    const moved = new Set(targets);
    for (const value of postorder([placeholder.operands[0]])) {
      if (moved.has(value) || !value.operands.some((operand) => moved.has(operand))) continue;
      moved.add(value);
      inside.add(value);
    }
  }
}
