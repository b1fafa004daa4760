/// The graph: immutable values, each the result of one op applied to operands. An op is one object that states
/// everything about itself; the compiler switches over the closed set of kinds, never over ops.
import { about } from "./diagnostic.ts";
import type { Dim } from "./dim.ts";
import { findSame, firstVarying, internTable, isMadeOf, keep, packed, replaceKept, withPlace } from "./intern.ts";
import type { InternTable } from "./intern.ts";
import type {
  Accumulation,
  ConditionAlgebra,
  HelperFunction,
  IndexAlgebra,
  Notation,
  Piece,
  ReferenceContext,
  SpellingContext,
} from "./parts.ts";
import type { DType, Shape, TensorType } from "./type.ts";

export { same, sameAttrs } from "./intern.ts";
export type * from "./parts.ts";

/** Attributes of a value: plain data, or an identity record (compared by reference) for leaves that must never merge. */
export type Attrs = Readonly<Record<string, unknown>>;

declare const staticType: unique symbol;

/**
 * A value of the graph: `op` applied to `operands`. Immutable; structurally equal values are the same object as far as
 * `apply` can see (use `same` to compare), so that matching and sharing are pointer tests.
 */
export interface Tensor<out D extends DType = DType, out S extends Shape = Shape> {
  readonly op: Op;
  readonly operands: readonly Value[];
  readonly attrs: Attrs;
  readonly type: TensorType;
  /** Built from constants alone. */
  readonly constant: boolean;
  /** Phantom: element type and literal shape in the type system. */
  readonly [staticType]?: readonly [D, S];
}

/** The same under the name that the compiler uses: a tensor is what users compute with, a value is a node of the graph. */
export type Value<D extends DType = DType, S extends Shape = Shape> = Tensor<D, S>;

/** What every op states. Method syntax keeps `Op<A>` assignable to `Op`. */
interface OpBase {
  readonly name: string;
  /** One line for the manual. */
  readonly doc: string;
  /** Shape rule: the type of the result, or a CompileError. */
  infer(operands: readonly TensorType[], attrs: Attrs): TensorType;
  /** The attributes with every size in them mapped; by default `attrs.shape` alone holds sizes. */
  mapSizes?(attrs: Attrs, map: (size: Dim) => Dim): Attrs;
  /** Attributes that are not written where they are these, for operands of these types. Every application has them all. */
  defaults?(operands: readonly TensorType[]): Attrs;
  /** LaTeX of an application; operands arrive already parenthesised where needed. */
  latex?(operands: readonly string[], attrs: Attrs): string;
}

/** What a derivative rule may read. `result` is the value itself: prefer it where the textbook does. */
export interface RuleContext {
  readonly operands: readonly Value[];
  readonly attrs: Attrs;
  readonly result: Value;
}

/** Same shape in, same shape out, element by element. Its derivative is diagonal, so one rule serves both modes. */
export interface ElementwiseOp extends OpBase {
  readonly kind: "elementwise";
  /** ∂result/∂operand for each operand, null where it is zero everywhere. */
  partials?(context: RuleContext): readonly (Value | null)[];
  /**
   * `tangent` (or cotangent) times ∂result/∂operand for each operand. Takes the place of `partials` for linear ops, and
   * where the product must not be formed literally: a select keeps the cotangent inside the branch.
   */
  scale?(context: RuleContext, tangent: Value): readonly (Value | null)[];
  /** WGSL of one application; operands arrive parenthesised where needed. */
  wgsl(operands: readonly string[], context: SpellingContext): string;
  readonly helpers?: readonly HelperFunction[];
  /** The spelling puts operands between operators without a notation of its own: they arrive parenthesised. */
  readonly infix?: true;
  /** The spelling mentions an operand more than once, so that a long one is better held in a variable. */
  readonly repeats?: true;
  /** As how many operations an application counts in reports; 1 unless told. */
  readonly flops?: number;
  /** float64 reference, element by element; booleans are 0 and 1. */
  reference(operands: readonly number[], context: ReferenceContext): number;
  /** Infix or prefix symbol in printed graphs; without it an application prints as `name(a, b)`. */
  readonly notation?: Notation;
  readonly commutative?: true;
}

/** Moves elements without computing: result[index] = operand[source(index)]. Costs no kernel of its own. */
export interface LayoutOp extends OpBase {
  readonly kind: "layout";
  /** Index into the operand for an index into the result. */
  source<I>(index: readonly I[], operand: Shape, result: Shape, attrs: Attrs, algebra: IndexAlgebra<I>): readonly I[];
  /** Cotangent of the operand. */
  transpose(context: RuleContext, cotangent: Value): Value;
}

/**
 * Puts operands side by side or into a frame: an element is that of the first piece whose condition holds, else
 * `attrs.fill` (0 where it is absent). Costs no kernel of its own.
 */
export interface PiecewiseOp extends OpBase {
  readonly kind: "piecewise";
  pieces<I, C>(
    index: readonly I[],
    operands: readonly Shape[],
    attrs: Attrs,
    algebra: ConditionAlgebra<I, C>,
  ): readonly Piece<I, C>[];
  /** Cotangents of the operands. */
  transpose(context: RuleContext, cotangent: Value): readonly Value[];
}

/**
 * Reads where integers say. The first operand is read at the second: of [B…, n, R…] and i32 [B…, K…], with `attrs.batch`
 * shared axes B, the result is [B…, K…, R…]. An index outside 0…n−1 reads 0, as a product with its one-hot would.
 */
export interface GatherOp extends OpBase {
  readonly kind: "gather";
  transpose(context: RuleContext, cotangent: Value): readonly (Value | null)[];
}

/** Stands for an expression in other ops, which the compiler and the interpreter put in its place in the end. */
export interface CompositeOp extends OpBase {
  readonly kind: "composite";
  /** The same in other ops. */
  expand(operands: readonly Value[], attrs: Attrs): Value;
  /** Cotangents of the operands; null where there is no derivative. */
  transpose(context: RuleContext, cotangent: Value): readonly (Value | null)[];
}

/** Combines the elements along `attrs.axes` (sorted). An associative operation on one or more accumulators. */
export interface ReductionOp extends OpBase, Omit<Accumulation, "lift" | "wgsl"> {
  readonly kind: "reduction";
  /** Parts of one element; `position` is its row-major position within the reduced axes. */
  lift(element: number, position: number): readonly number[];
  /** The same in WGSL: texts in, texts out. */
  readonly wgsl: Omit<Accumulation["wgsl"], "lift"> & {
    lift(element: string, position: string): readonly string[];
  };
  /** What its first accumulator comes to on the way: a kernel that has both accumulates it once. */
  readonly contains?: ReductionOp;
  /** Cotangent of the operand; absent when the derivative is zero everywhere. */
  differentiate?(context: RuleContext, cotangent: Value): Value;
}

/** Sum of products over contracted axes. Result axes: batch, then free axes of the left, then of the right operand. */
export interface ContractionOp extends OpBase {
  readonly kind: "contraction";
  transpose(context: RuleContext, cotangent: Value): readonly [Value, Value];
}

/** No operands: inputs, states, settings, constants, counting indices. */
export interface LeafOp extends OpBase {
  readonly kind: "leaf";
  /** True when two leaves with equal attrs and type are the same value (constants); false when each is its own. */
  readonly structural: boolean;
}

/**
 * Everything up to a place along `attrs.axis`, accumulated: the operands have one shape, which is the result's. With
 * `attrs.reverse` from the end; with `attrs.exclusive` without the place itself, so that the first is the empty one.
 */
export interface CumulativeOp extends OpBase {
  readonly kind: "cumulative";
  readonly accumulation: Accumulation;
  /** Cotangents of the operands; null where there is no derivative. */
  transpose(context: RuleContext, cotangent: Value): readonly (Value | null)[];
}

/** The positions that put the elements along `attrs.axis` in order; equal ones keep theirs, NaN comes last. */
export interface SortOp extends OpBase {
  readonly kind: "sort";
}

/** A loop. Its body is an attribute, compared by identity; its results are values that share body and operands. */
export interface ScanOp extends OpBase {
  readonly kind: "scan";
  /** What the body computes, and its letters: they are part of the graph, but of no walk from its roots. */
  inner(attrs: Attrs): readonly Value[];
}

/** A derivative that the compiler expands. */
export interface DerivativeOp extends OpBase {
  readonly kind: "derivative";
}

/** The closed set of kinds. */
export type Op =
  | LeafOp
  | ElementwiseOp
  | LayoutOp
  | PiecewiseOp
  | GatherOp
  | ReductionOp
  | CumulativeOp
  | SortOp
  | ContractionOp
  | CompositeOp
  | ScanOp
  | DerivativeOp;
export type OpKind = Op["kind"];

/** Of most applications; one object, so that a glance says that two are the same. */
const noAttrs: Attrs = {};

/** Applies an op: infers the type, and returns the existing value where an equal one was built before. */
export function apply(op: Op, operands: readonly Value[], attrs: Attrs = noAttrs): Value {
  const varying = firstVarying(operands);
  const anchor = varying ?? operands[0];
  const table = anchor && internTable<Value>(anchor);
  return (table && findSame(table, op, operands, attrs)) ?? make(op, operands, attrs, varying === undefined, table);
}

function make(op: Op, operands: readonly Value[], attrs: Attrs, unvaried: boolean, table?: InternTable<Value>): Value {
  const types = operands.map((operand) => operand.type);
  const type = about(operands, () => op.infer(types, attrs));
  const constant = unvaried && (op.kind !== "leaf" || op.structural);
  const value: Value = withPlace({ op, operands: packed(operands), attrs, type, constant });
  if (table) keep(table, op, value);
  return value;
}

/** True for values of the graph, false for anything else that a model file may compute with. */
export function isValue(candidate: unknown): candidate is Value {
  return typeof candidate === "object" && candidate !== null && "op" in candidate && "operands" in candidate;
}

/** The same op on other operands; the value itself when nothing changed. */
export function withOperands(value: Value, operands: readonly Value[]): Value {
  return isMadeOf(value, operands) ? value : apply(value.op, operands, value.attrs);
}

/**
 * The same op on exactly these operands. `apply` finds a value that was built on equal constants; here those become one,
 * so that what is built on them from now on is shared.
 */
export function withExactly(value: Value, operands: readonly Value[]): Value {
  const rebuilt = withOperands(value, operands);
  if (isMadeOf(rebuilt, operands)) return rebuilt;
  const anchor = operands.find((operand) => !operand.constant) ?? operands[0];
  const exact: Value = withPlace({ ...rebuilt, operands });
  replaceKept(internTable<Value>(anchor), rebuilt, exact);
  return exact;
}

/** The value under the layout ops that end in this one. */
export function underLayouts(value: Value): Value {
  let under = value;
  while (under.op.kind === "layout") [under] = under.operands;
  return under;
}

/**
 * Every value that the roots depend on, operands before users, each once, in a deterministic order; not what is only under
 * values for which `into` is false.
 */
export function postorder(roots: readonly Value[], into?: (value: Value) => boolean): readonly Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { value: Value; next: number }[] = [];
  const firstOf = (value: Value): number => (into && !into(value) ? value.operands.length : 0);
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    stack.push({ value: root, next: firstOf(root) });
    while (stack.length > 0) {
      const frame = stack[stack.length - 1];
      const operand = frame.value.operands[frame.next++];
      if (operand === undefined) {
        order.push(frame.value);
        stack.pop();
      } else if (!seen.has(operand)) {
        seen.add(operand);
        stack.push({ value: operand, next: firstOf(operand) });
      }
    }
  }
  return order;
}

/** Which of some values read each of their operands, or what is seen through these. */
export function usersOf(
  values: readonly Value[],
  through: (operand: Value) => Value = (operand) => operand,
): ReadonlyMap<Value, readonly Value[]> {
  const users = new Map<Value, Value[]>();
  for (const value of values) {
    for (const operand of new Set(value.operands.map(through))) {
      const known = users.get(operand);
      if (known) known.push(value);
      else users.set(operand, [value]);
    }
  }
  return users;
}
