/// What is known of every value of a graph, operands first; and of a value in the branch of a choice, where its condition
/// holds, once more.
import { add, div, mul, neg } from "../../ir/ops/arithmetic.ts";
import { castOp, copyOp, selectOp } from "../../ir/ops/choose.ts";
import { abs, sign, sqrt } from "../../ir/ops/functions.ts";
import { constantValue, inputOp, settingOp, type InputIdentity, type SettingIdentity } from "../../ir/ops/leaf.ts";
import { padAttrs, padOp } from "../../ir/ops/pad.ts";
import { maxOp, minOp, logsumexpOp } from "../../ir/ops/reduce.ts";
import { erfcx } from "../../ir/ops/special.ts";
import { same, postorder, type Op, type Value } from "../../ir/value.ts";
import { rangeOfFormula } from "../rewrite/range.ts";
import { makeBounds, onlySpecial, special, tiny, unionOf, unknown, type Bounds } from "./bounds.ts";
import { effectOf, extremeOf } from "./effect.ts";
import { everywhere, factsOf, joined, refined, throughLayout, type Facts } from "./facts.ts";
import { makeLoops, type Loops } from "./loops.ts";
import type { Node } from "./node.ts";

/** A graph, or the body of a loop, in which some leaves are known. */
export interface Frame {
  /** Nodes of values without facts about them; `leaves` are there from the beginning. */
  readonly nodes: Map<Value, Node>;
  readonly loops: Loops;
  /** What a condition tells where it holds, or does not. */
  factsOf(condition: Value, holds: boolean): Facts;
}

/** Facts that hold for the elements that are looked at, and the nodes of values under them. */
interface Branch {
  readonly facts: Facts;
  readonly nodes: Map<Value, Node>;
  /** Choices around it. */
  readonly nested: number;
  /** Values that may still be looked at, in this branch and in those inside it. */
  readonly effort: { left: number };
}

/** Choices inside choices are followed so far. */
const mostNested = 3;

/** Facts are followed so far down: a chain is longer than the call stack. */
const deepest = 16;

/** So many values are looked at once more for one choice: more than people write, and choices in a chain nest again and again. */
const mostLooked = 1000;

/** The nodes of values, and of all that is below them. */
export function analyse(roots: readonly Value[], frame: Frame): readonly Node[] {
  for (const value of postorder(roots)) if (!frame.nodes.has(value)) frame.nodes.set(value, nodeOf(value, frame));
  return roots.map((root) => frame.nodes.get(root)!);
}

/** A frame in which leaves are known. */
export function openFrame(leaves: ReadonlyMap<Value, Node>): Frame {
  const nodes = new Map(leaves);
  const known = [true, false].map(() => new Map<Value, Facts>());
  return {
    nodes,
    loops: makeLoops((roots, inner) => analyse(roots, openFrame(inner))),
    factsOf(condition, holds) {
      const told = known[Number(holds)];
      const facts = told.get(condition) ?? factsOf(condition, holds, (each) => nodes.get(each)?.bounds ?? unknown);
      told.set(condition, facts);
      return facts;
    },
  };
}

/** A value in no branch, whose operands have been looked at. */
function nodeOf(value: Value, frame: Frame): Node {
  const { op, operands } = value;
  const inputs = operands.map((operand) => frame.nodes.get(operand)!);
  if (op.kind === "leaf") return { value, bounds: leafBounds(value), arises: 0, inputs };
  if (op.kind === "composite") return standIn(value, analyse([op.expand(operands, value.attrs)], frame));
  if (op.kind === "scan") return frame.loops(value, inputs);
  if (op === selectOp) {
    const effort = { left: mostLooked };
    return choiceOf(value, { facts: new Map(), nodes: new Map(), nested: 0, effort }, frame, 0);
  }
  return formulaNode(value, inputs);
}

/** A node of the same bounds as others. */
function standIn(value: Value, inputs: readonly Node[]): Node {
  return { value, bounds: inputs.map(({ bounds }) => bounds).reduce(unionOf), arises: 0, inputs };
}

function leafBounds(value: Value): Bounds {
  const number = constantValue(value);
  if (number === Infinity) return onlySpecial(special.givenPlus);
  if (number === -Infinity) return onlySpecial(special.givenMinus);
  if (Number.isNaN(number)) return onlySpecial(special.nan);
  if (value.op === settingOp) return settingBounds(value.attrs.identity as SettingIdentity);
  if (value.op === inputOp && (value.attrs.identity as InputIdentity).dtype === "bool")
    return { ...unknown, low: 0, high: 1 };
  return makeBounds(
    rangeOfFormula(value, () => unknown),
    false,
    0,
  );
}

/** A setting is taken to stay on the side of 0, and of 1, where its default is: rates and decays below 1. */
function settingBounds({ value }: SettingIdentity): Bounds {
  if (value < 0) return { ...unknown, high: -tiny, nonzero: true };
  const range = { low: value === 0 ? 0 : tiny, high: value < 1 ? 1 - 2 ** -24 : Infinity };
  return makeBounds(range, false, 0);
}

function formulaNode(value: Value, inputs: readonly Node[]): Node {
  const bounds = inputs.map((node) => node.bounds);
  const { specials, arises } = effectOf(value, bounds);
  const extreme = extremeOf(value);
  const range = rangeOfFormula(value, (operand) => {
    const at = value.operands.findIndex((each) => each === operand);
    return at < 0 ? unknown : extreme && at === 0 ? withinFrame(inputs[0], extreme).bounds : bounds[at];
  });
  return { value, bounds: makeBounds(range, isNonzero(value, bounds), specials), arises, inputs };
}

/** What a frame of −∞ lies around, of which the largest element of every row is one; or one of ∞ and the smallest. */
function withinFrame(node: Node, extreme: Op): Node {
  let inner = node;
  while (inner.value.op.kind === "layout") [inner] = inner.inputs;
  if (inner.value.op !== padOp) return node;
  return padAttrs(inner.value.attrs).fill === (extreme === maxOp ? -Infinity : Infinity) ? inner.inputs[0] : node;
}

/** Ops whose result is 0 only where an operand is. */
const keepNonzero: ReadonlySet<Op> = new Set<Op>([mul.op, neg.op, abs.op, sqrt.op, sign.op, copyOp, maxOp, minOp]);

function isNonzero({ op, type, operands }: Value, bounds: readonly Bounds[]): boolean {
  if (op.kind === "layout" || keepNonzero.has(op)) return bounds.every(({ nonzero }) => nonzero);
  if (op === castOp) return type.dtype === "f32" && bounds[0].nonzero;
  if (op === div.op) return bounds[0].nonzero;
  // Far out it is 1/(x√π).
  if (op === erfcx.op) return (bounds[0].specials & (special.plus | special.givenPlus)) === 0;
  if (op === add.op && same(operands[0], operands[1])) return bounds[0].nonzero;
  return op !== logsumexpOp && op.name === "concatenate" && bounds.every(({ nonzero }) => nonzero);
}

/** A choice: each branch where its condition holds. */
function choiceOf(value: Value, branch: Branch, frame: Frame, depth: number): Node {
  const [condition, ...sides] = value.operands;
  const inputs = sides.map((side, i) => {
    const outside = nodeIn(side, branch, frame, depth);
    const facts = frame.factsOf(condition, i === 0);
    if (facts.size === 0) return outside;
    const { nested, effort } = branch;
    const inner: Branch = { facts: joined(branch.facts, facts), nodes: new Map(), nested: nested + 1, effort };
    return nodeIn(side, inner, frame, depth + 1);
  });
  return standIn(value, inputs);
}

/** A value in a branch; the one outside where the facts tell nothing of it. */
function nodeIn(value: Value, branch: Branch, frame: Frame, depth: number): Node {
  const outside = frame.nodes.get(value)!;
  if (branch.facts.size === 0 || value.constant) return outside;
  const known = branch.nodes.get(value);
  if (known) return known;
  const isFollowed = depth < deepest && branch.effort.left-- > 0;
  const node = withFact(isFollowed ? insideOf(value, outside, branch, frame, depth) : outside, branch.facts);
  branch.nodes.set(value, node);
  return node;
}

function insideOf(value: Value, outside: Node, branch: Branch, frame: Frame, depth: number): Node {
  const { op, operands } = value;
  if (op.kind === "composite" || op.kind === "scan" || op.kind === "leaf") return outside;
  if (op === selectOp) return branch.nested < mostNested ? choiceOf(value, branch, frame, depth) : outside;
  const below = op.kind === "elementwise" ? branch : moved(value, branch);
  const inputs = operands.map((operand) => nodeIn(operand, below, frame, depth + 1));
  return inputs.every((input, i) => input === outside.inputs[i]) ? outside : formulaNode(value, inputs);
}

/** The branch as operands of other shapes see it. */
function moved(value: Value, { facts, nested, effort }: Branch): Branch {
  const seen = value.op.kind === "layout" ? throughLayout(facts, value) : everywhere(facts);
  return { facts: seen, nodes: new Map(), nested, effort };
}

function withFact(node: Node, facts: Facts): Node {
  const fact = facts.get(node.value);
  if (!fact) return node;
  return { ...node, bounds: refined(node.bounds, fact), arises: node.arises & ~fact.excluded };
}
