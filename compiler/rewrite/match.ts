/// Matching a value against one side of an identity, and building the other side.
import { applyBroadcasting, type Operand } from "../../ir/ops/define.ts";
import { constant, constantOp, constantValue } from "../../ir/ops/leaf.ts";
import type { TensorType } from "../../ir/type.ts";
import { apply, same, sameAttrs, type Attrs, type Value } from "../../ir/value.ts";
import type { Application, Pattern } from "./pattern.ts";

/** What the letters of an identity stand for. */
export interface Bindings {
  readonly values: Readonly<Record<string, Value>>;
  readonly attrs: Readonly<Record<string, Attrs>>;
}

const nothing: Bindings = { values: {}, attrs: {} };

/** Every way in which the pattern fits the value; operands of commutative ops fit in either order. */
export function match(pattern: Pattern, value: Value): readonly Bindings[] {
  return looksLike(pattern, value) ? matchWith(pattern, value, nothing) : [];
}

/** False where the ops of a value and of its operands say already that the pattern does not fit. */
export function mayMatch(pattern: Pattern, { op, operands }: Value): boolean {
  if (pattern.tag !== "apply") return true;
  const inner = pattern.operands;
  if (op !== pattern.op || operands.length !== inner.length) return false;
  if (inner.every((each, position) => hasRoot(each, operands[position]))) return true;
  const either = op.kind === "elementwise" && op.commutative === true;
  return either && inner.every((each, position) => hasRoot(each, operands[inner.length - 1 - position]));
}

function hasRoot(pattern: Pattern, { op }: Value): boolean {
  if (pattern.tag === "variable") return true;
  return op === (pattern.tag === "number" ? constantOp : pattern.op);
}

/** True where ops and numbers are those of the pattern, whatever its letters stand for: most values fail here at once. */
function looksLike(pattern: Pattern, value: Value): boolean {
  if (pattern.tag === "variable") return true;
  if (pattern.tag === "number") return Object.is(constantValue(value), pattern.value);
  const { op, operands } = pattern;
  if (value.op !== op || value.operands.length !== operands.length) return false;
  if (looksLikeEach(operands, value.operands, false)) return true;
  return op.kind === "elementwise" && op.commutative === true && looksLikeEach(operands, value.operands, true);
}

function looksLikeEach(patterns: readonly Pattern[], values: readonly Value[], swapped: boolean): boolean {
  const last = values.length - 1;
  for (let i = 0; i < patterns.length; i++) if (!looksLike(patterns[i], values[swapped ? last - i : i])) return false;
  return true;
}

function matchWith(pattern: Pattern, value: Value, bindings: Bindings): readonly Bindings[] {
  switch (pattern.tag) {
    case "variable": {
      const bound = bindings.values[pattern.name];
      if (bound) return same(bound, value) ? [bindings] : [];
      return [{ ...bindings, values: { ...bindings.values, [pattern.name]: value } }];
    }
    case "number":
      return Object.is(constantValue(value), pattern.value) ? [bindings] : [];
    case "apply":
      return value.op === pattern.op ? matchOperands(pattern, value, bindings) : [];
    default:
      return pattern satisfies never;
  }
}

function matchOperands(pattern: Application, value: Value, before: Bindings): readonly Bindings[] {
  const bindings = bindAttrs(pattern.attrs, value.attrs, before);
  if (!bindings) return [];
  const inOrder = matchEach(pattern.operands, value.operands, bindings);
  if (pattern.op.kind !== "elementwise" || !pattern.op.commutative) return inOrder;
  return [...inOrder, ...matchEach(pattern.operands, value.operands.toReversed(), bindings)];
}

function bindAttrs(name: string | undefined, attrs: Attrs, bindings: Bindings): Bindings | undefined {
  if (name === undefined) return bindings;
  const bound = bindings.attrs[name];
  if (bound) return sameAttrs(bound, attrs) ? bindings : undefined;
  return { ...bindings, attrs: { ...bindings.attrs, [name]: attrs } };
}

function matchEach(patterns: readonly Pattern[], values: readonly Value[], bindings: Bindings): readonly Bindings[] {
  if (patterns.length !== values.length) return [];
  return patterns.reduce<readonly Bindings[]>(
    (found, pattern, position) => found.flatMap((each) => matchWith(pattern, values[position], each)),
    [bindings],
  );
}

/** Builds the value that a pattern means; `type` is what numbers standing alone become. */
export function instantiate(pattern: Pattern, bindings: Bindings, type: TensorType): Value {
  const built = build(pattern, bindings);
  return typeof built === "number" ? constant(built, type.dtype, type.shape) : built;
}

function build(pattern: Pattern, bindings: Bindings): Operand {
  switch (pattern.tag) {
    case "variable":
      return bindings.values[pattern.name];
    case "number":
      return pattern.value;
    case "apply":
      return buildApplication(pattern, bindings);
    default:
      return pattern satisfies never;
  }
}

function buildApplication({ op, attrs, operands }: Application, bindings: Bindings): Value {
  const built = operands.map((operand) => build(operand, bindings));
  if (op.kind === "elementwise" && attrs === undefined) {
    const dtype = built.find((operand) => typeof operand !== "number" && operand.type.dtype !== "bool");
    return applyBroadcasting(op, built, typeof dtype === "object" ? dtype.type.dtype : undefined);
  }
  const values = built.map((operand) => (typeof operand === "number" ? constant(operand) : operand));
  return apply(op, values, attrs === undefined ? {} : bindings.attrs[attrs]);
}
