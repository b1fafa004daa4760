/// What a rule is tried on besides its examples: the same formula with more axes, other extents, other numbers, and with
/// formulas in the place of letters.
import { inputOp, constantOp } from "../../../ir/ops/leaf.ts";
import { exp, sigmoid } from "../../../ir/ops/functions.ts";
import { neg, sub } from "../../../ir/ops/arithmetic.ts";
import { constant } from "../../../ir/ops/leaf.ts";
import { where } from "../../../ir/ops/choose.ts";
import { reverse } from "../../../ir/ops/layout.ts";
import { broadcastAlong, broadcastAttrs, broadcastOp } from "../../../ir/ops/sum.ts";
import type { AxisPair, ContractAttrs } from "../../../ir/ops/contract.ts";
import type { Dim } from "../../../ir/dim.ts";
import type { DType, Shape, TensorType } from "../../../ir/type.ts";
import { apply, postorder, type Attrs, type Value } from "../../../ir/value.ts";

/** A variant of a formula; `operands` are the formulas that came in the place of letters. */
export interface Variant {
  readonly what: string;
  readonly value: Value;
  readonly operands: readonly Value[];
}

/**
 * Variants of a formula: those that can be built. Whether a rule fires on them is not looked at. Formulas for letters are
 * many, so they are given `withFormulas` only.
 */
export function variantsOf(formula: Value, withFormulas: boolean): readonly Variant[] {
  const plain = (what: string, value: Value | undefined): readonly Variant[] =>
    value ? [{ what, value, operands: [] }] : [];
  return [
    ...plain(
      "an axis in front",
      attempt(() => rebuild(formula, (value) => batched(value, "front"))),
    ),
    ...plain(
      "an axis at the end",
      attempt(() => rebuild(formula, (value) => batched(value, "end"))),
    ),
    ...[3, 4].flatMap((extent) =>
      plain(
        `extent ${extent} is 1`,
        attempt(() => resized(formula, extent, 1)),
      ),
    ),
    ...plain(
      "extent 4 is 5",
      attempt(() => resized(formula, 4, 5)),
    ),
    ...renumbered(formula).flatMap(([what, value]) => plain(what, value)),
    ...displaced(formula).flatMap(([what, value]) => plain(what, value)),
    ...(withFormulas ? substituted(formula) : []),
  ];
}

/** How a value is built again on other operands; undefined leaves it as it is. */
type Change = (value: Value) => { readonly attrs: Attrs } | Value | undefined;

function rebuild(root: Value, change: Change): Value {
  const made = new Map<Value, Value>();
  for (const value of postorder([root])) {
    const changed = change(value);
    const isValue = changed !== undefined && "op" in changed;
    const operands = value.operands.map((operand) => made.get(operand)!);
    made.set(value, isValue ? changed : apply(value.op, operands, changed?.attrs ?? value.attrs));
  }
  return made.get(root)!;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    // Axes that cannot be put there, extents that do not fit.
    return undefined;
  }
}

const extra = 2;

/** The same application with one more axis, in front of all others or after them. */
function batched({ op, attrs, type }: Value, at: "front" | "end"): { readonly attrs: Attrs } {
  const isFront = at === "front";
  const around = <T>(list: readonly T[], each: T): readonly T[] => (isFront ? [each, ...list] : [...list, each]);
  const along = (axes: unknown): readonly number[] =>
    (axes as readonly number[]).map((axis) => axis + (isFront ? 1 : 0));
  const shape = around(type.shape, extra);
  const rank = type.shape.length;
  switch (op.kind) {
    case "leaf":
      return leafBatched(attrs, shape, isFront);
    case "elementwise":
      return { attrs };
    case "reduction":
      return { attrs: { ...attrs, axes: along(attrs.axes) } };
    case "contraction":
      if (isFront) return { attrs: contractionBatched(attrs as unknown as ContractAttrs) };
      break;
    case "gather":
      if (isFront) return { attrs: { ...attrs, batch: (attrs.batch as number) + 1 } };
      break;
    case "layout":
      if (op.name === "broadcast") return { attrs: { shape, axes: around(along(attrs.axes), isFront ? 0 : rank) } };
      if (op.name === "reshape") return { attrs: { shape } };
      if (op.name === "reverse") return { attrs: { axes: along(attrs.axes) } };
      if (op.name === "transpose") {
        return { attrs: { permutation: around(along(attrs.permutation), isFront ? 0 : rank) } };
      }
      if (op.name === "slice") {
        const { starts, limits, strides } = attrs as Readonly<Record<string, readonly Dim[]>>;
        return {
          attrs: { starts: around(starts, 0), limits: around(limits, extra), strides: around(strides, 1) },
        };
      }
  }
  throw new Error(`no axis for ${op.name}`);
}

function leafBatched(attrs: Attrs, shape: Shape, isFront: boolean): { readonly attrs: Attrs } {
  if (attrs.identity) return { attrs: { identity: { ...(attrs.identity as TensorType), shape } } };
  const axis = attrs.axis as number | undefined;
  return { attrs: { ...attrs, shape, ...(axis === undefined ? {} : { axis: isFront ? axis + 1 : axis }) } };
}

function contractionBatched({ batch, contracted }: ContractAttrs): Attrs {
  const next = ([left, right]: AxisPair): AxisPair => [left + 1, right + 1];
  return { batch: [[0, 0], ...batch.map(next)], contracted: contracted.map(next) };
}

/** The formula where an extent is another. */
function resized(formula: Value, from: number, to: number): Value {
  const map = (size: Dim): Dim => (size === from ? to : size === 12 ? (12 / from) * to : size);
  return rebuild(formula, ({ op, attrs }) => {
    if (attrs.identity) {
      const identity = attrs.identity as TensorType;
      return { attrs: { identity: { ...identity, shape: identity.shape.map(map) } } };
    }
    if (op.mapSizes) return { attrs: op.mapSizes(attrs, map) };
    return { attrs: attrs.shape ? { ...attrs, shape: (attrs.shape as Shape).map(map) } : attrs };
  });
}

/** What is repeated comes to other places: in reverse, and across axes of one extent. */
function displaced(formula: Value): readonly (readonly [string, Value])[] {
  const square = attempt(() =>
    resized(
      rebuild(formula, (value) => batched(value, "front")),
      extra,
      3,
    ),
  );
  return [formula, ...(square ? [square] : [])].flatMap((root) =>
    postorder([root])
      .filter(({ op, type }) => op === broadcastOp && type.dtype === "f32")
      .flatMap((each) => {
        const [x] = each.operands;
        const { shape, axes } = broadcastAttrs(each);
        const ways = [
          ["in reverse", () => broadcastAlong(reverse(x, [0]), shape, axes)],
          ["across axes", () => broadcastAlong(x, shape, axes.toReversed())],
        ] as const;
        return ways.flatMap(([what, make]) => {
          const other = attempt(make);
          const value =
            other &&
            attempt(() => rebuild(root, (at) => (at === each ? other : at.op.kind === "leaf" ? at : undefined)));
          return value && value !== root ? [[`repeated ${what}`, value] as const] : [];
        });
      }),
  );
}

/** What a rule may have thought that a number is, or is not. */
const numbers = [0, 1, -1, 2, -0.5, 3, 1e-3, -1e4] as const;

function renumbered(formula: Value): readonly (readonly [string, Value])[] {
  const constants = postorder([formula]).filter(({ op, type }) => op === constantOp && type.dtype === "f32");
  return constants.flatMap((each) =>
    numbers.flatMap((number) => {
      if (number === each.attrs.value) return [];
      const other = constant(number, "f32", each.type.shape);
      const built = attempt(() => rebuild(formula, (value) => (value === each ? other : undefined)));
      return built ? [[`${each.attrs.value} is ${number}`, built] as const] : [];
    }),
  );
}

function letter(dtype: DType, shape: Shape): Value {
  return apply(inputOp, [], { identity: { name: `in_${dtype}`, dtype, shape } });
}

/** Formulas that a letter may stand for. */
function formulasFor(leaf: Value, others: readonly Value[]): readonly (readonly [string, Value])[] {
  const { shape } = leaf.type;
  const twin = others.find((each) => each !== leaf && each.type.shape.join() === shape.join());
  return [
    ["an opposite", neg(letter("f32", shape))],
    ["an exponential", exp(letter("f32", shape))],
    ["a sigmoid", sigmoid(letter("f32", shape))],
    ["one less something", sub(1, letter("f32", shape))],
    ["a number", constant(2.5, "f32", shape)],
    ["a selection", where(letter("bool", shape), letter("f32", shape), 0)],
    ...(shape.length === 2
      ? ([
          ["a repeated row", broadcastAlong(letter("f32", [shape[1]]), shape, [1])],
          ["a repeated column", broadcastAlong(letter("f32", [shape[0]]), shape, [0])],
        ] as const)
      : []),
    ...(twin ? ([["another letter", twin]] as const) : []),
  ];
}

function substituted(formula: Value): readonly Variant[] {
  const leaves = postorder([formula]).filter(({ op, type }) => op === inputOp && type.dtype === "f32");
  return leaves.flatMap((leaf) =>
    formulasFor(leaf, leaves).flatMap(([what, other]) => {
      const value = attempt(() => rebuild(formula, (each) => (each === leaf ? other : undefined)));
      const { name } = leaf.attrs.identity as { readonly name: string };
      return value ? [{ what: `${name} is ${what}`, value, operands: [other] }] : [];
    }),
  );
}
