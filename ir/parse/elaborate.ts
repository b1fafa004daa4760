/// The tree of a formula → values: puts back the broadcasts and element types that the notation leaves out.
import { atPlace } from "../diagnostic.ts";
import { unknownWord } from "./errors.ts";
import { expandAbbreviation, keepReducedAxes } from "../notation/abbreviations.ts";
import { expandConvolution } from "../notation/convolutions.ts";
import { expandOverlap } from "../notation/overlaps.ts";
import { resultNumber } from "../notation/loops.ts";
import {
  exchangedAxes,
  impliedTypes,
  patternAxes,
  patternShape,
  productAttrs,
  type WrittenType,
} from "../notation/implied.ts";
import { mul } from "../ops/arithmetic.ts";
import { castOp } from "../ops/choose.ts";
import { contractOp, type AxisPair } from "../ops/contract.ts";
import { einsum as languageEinsum } from "../ops/einsum.ts";
import { reshapeOp, transposeOp } from "../ops/layout.ts";
import { constant, constantOp, iotaOp, sizeOp } from "../ops/leaf.ts";
import { operandTypes, scanOp, type ScanBody } from "../ops/scan.ts";
import { broadcastOp } from "../ops/sum.ts";
import { trainingOp } from "../ops/training.ts";
import { sameShape, type TensorType } from "../type.ts";
import { apply, type Attrs, type ElementwiseOp, type Op, type Value } from "../value.ts";
import { isDType } from "./cursor.ts";
import type { Call, Formula } from "./formula.ts";
import { syntaxError } from "./lexer.ts";

/** What names mean where a formula stands. */
export interface Meanings {
  /** The value of a name; `primed` asks for the new value of a state. */
  value(name: string, primed: boolean): Value | undefined;
  isSize(name: string): boolean;
  op(name: string): Op | undefined;
  /** The body of a loop by its name. */
  body(name: string): NamedBody | undefined;
}

/** A body, and what the names in it mean. */
export interface NamedBody {
  readonly body: ScanBody;
  inside(name: string): Value | undefined;
}

type At<T extends Formula["tag"]> = Extract<Formula, { readonly tag: T }>;

/** The value of a formula. Throws the errors of the ops, `graph-syntax` and `unknown-word`, with the place. */
export function elaborate(formula: Formula, words: Meanings): Value {
  return atPlace(formula.place, () => valueOf(formula, words));
}

function valueOf(formula: Formula, words: Meanings): Value {
  switch (formula.tag) {
    case "number":
      return constant(formula.value, formula.bool ? "bool" : "f32");
    case "name":
      return words.value(formula.name, formula.primed) ?? sizeLeaf(formula, words, { dtype: "f32", shape: [] });
    case "size":
      return apply(sizeOp, [], { size: formula.size, dtype: "f32", shape: [] });
    case "group":
      return elaborate(formula.operand, words);
    case "fill":
      return fill(formula);
    case "iota":
      return apply(iotaOp, [], { axis: formula.axis, ...formula.type });
    case "operator":
      return elementwise(formula.op, {}, formula.operands, words);
    case "square": {
      const operand = elaborate(formula.operand, words);
      return apply(mul.op, [operand, operand]);
    }
    case "transposed": {
      const operand = elaborate(formula.operand, words);
      const rank = operand.type.shape.length;
      if (rank < 2) throw syntaxError("a value of two axes or more before ᵀ", `one of ${rank}`, formula.place);
      return apply(transposeOp, [operand], { permutation: exchangedAxes(rank) });
    }
    case "product":
      return product(formula, words);
    case "pattern":
      throw syntaxError("an elementwise operation around a pattern", "a pattern by itself", formula.place);
    case "call":
      return call(formula, words);
    default:
      return formula satisfies never;
  }
}

function fill({ value, type }: At<"fill">): Value {
  const { dtype, shape } = type;
  if (typeof value === "string") return apply(sizeOp, [], { size: value, dtype, shape });
  return apply(constantOp, [], { value: dtype === "f32" ? Math.fround(value) : value, dtype, shape });
}

function sizeLeaf(formula: At<"name">, words: Meanings, { dtype, shape }: TensorType): Value {
  if (formula.primed || formula.quoted || !words.isSize(formula.name)) {
    throw unknownWord(`${formula.name}${formula.primed ? "′" : ""}`);
  }
  return apply(sizeOp, [], { size: formula.name, dtype, shape });
}

/** An operand before its shape is known: a value with its pattern, or a number that will take any type. */
type Pending =
  | { readonly value: Value; readonly marks: readonly string[]; readonly type: WrittenType }
  | { readonly literal: At<"number" | "size" | "name">; readonly type: WrittenType };

function pendingOperand(formula: Formula, words: Meanings): Pending {
  if (formula.tag === "group") return pendingOperand(formula.operand, words);
  if (formula.tag === "number") return { literal: formula, type: formula.bool ? { dtype: "bool" } : {} };
  if (formula.tag === "size") return { literal: formula, type: {} };
  if (formula.tag === "name" && !words.value(formula.name, formula.primed)) return { literal: formula, type: {} };
  const marks = formula.tag === "pattern" ? formula.marks : [];
  const value = elaborate(formula.tag === "pattern" ? formula.operand : formula, words);
  const { dtype, shape } = value.type;
  if (marks.length > 0 && marks.filter((mark) => mark === ":").length !== shape.length) {
    throw syntaxError(`a pattern with ${shape.length} times ":"`, `[${marks.join(", ")}]`, formula.place);
  }
  return { value, marks, type: { dtype, shape: patternShape(shape, marks) } };
}

function elementwise(op: ElementwiseOp, attrs: Attrs, operands: readonly Formula[], words: Meanings): Value {
  const pending = operands.map((operand) => pendingOperand(operand, words));
  const types = impliedTypes(
    op,
    attrs,
    pending.map((each) => each.type),
  );
  // Without a common type the op itself says what is wrong.
  const completed = pending.map((each, i) => completeOperand(each, types?.[i], words));
  return apply(op, completed, attrs);
}

function completeOperand(pending: Pending, type: TensorType | undefined, words: Meanings): Value {
  if ("value" in pending) {
    const { value, marks } = pending;
    const rank = value.type.shape.length;
    if (!type || (marks.length === 0 && sameShape(value.type.shape, type.shape))) return value;
    const aligned = marks.length > 0 ? marks : new Array<string>(rank).fill(":");
    return apply(broadcastOp, [value], { shape: type.shape, axes: patternAxes(aligned, type.shape.length) });
  }
  const { literal } = pending;
  const { dtype, shape } = type ?? { dtype: literal.tag === "number" && literal.bool ? "bool" : "f32", shape: [] };
  if (literal.tag === "number") return constant(literal.value, dtype, shape);
  if (literal.tag === "name") return atPlace(literal.place, () => sizeLeaf(literal, words, { dtype, shape }));
  return apply(sizeOp, [], { size: literal.size, dtype, shape });
}

/** `ᵀ` on a factor says which axis is summed over; in parentheses it is a value of its own. */
function product({ operands, place }: At<"product">, words: Meanings): Value {
  const transposed = operands.map((operand) => operand.tag === "transposed");
  const factors = operands.map((operand) => elaborate(operand.tag === "transposed" ? operand.operand : operand, words));
  const [left, right] = factors.map((factor) => factor.type.shape.length);
  const attrs = productAttrs([left, right], [transposed[0], transposed[1]]);
  if (!attrs) throw syntaxError("factors with a product", `ranks ${left} and ${right}`, place);
  return apply(contractOp, factors, { ...attrs });
}

function call(formula: At<"call">, words: Meanings): Value {
  const { name, operands, shape, attributes } = formula;
  if (isDType(name)) return elementwise(castOp, { dtype: name }, operands, words);
  const op = words.op(name);
  if (op?.kind === "elementwise") return elementwise(op, attributes, operands, words);
  if (op === scanOp) return loopResults(formula, words, 1)[0];
  const values = operands.map((operand) => elaborate(operand, words));
  const [first] = values;
  if (name === "einsum") return einsum(formula, values);
  if (op === trainingOp) return apply(op, []);
  if (!first) throw syntaxError("at least one operand", `${name}()`, formula.place);
  const keepAxes = attributes.keepAxes === true;
  const axes = axesFor(formula, first);
  const short = expandAbbreviation(name, first, axes, { classes: shape?.[0], keepAxes });
  if (short) return short;
  const convolution = expandConvolution(name, values, attributes);
  if (convolution) return convolution;
  if (name === "overlapAdd") return expandOverlap(values, attributes);
  if (!op) throw unknownWord(name);
  if (op.kind === "reduction") {
    const reduced = apply(op, values, { axes, ...without(without(attributes, "axis"), "keepAxes") });
    return keepAxes ? keepReducedAxes(reduced, first, axes) : reduced;
  }
  if (op === reshapeOp) return apply(op, values, { shape: shape ?? [] });
  if (op === transposeOp) return apply(op, values, { permutation: shape ?? [] });
  if (op !== broadcastOp) return apply(op, values, { ...op.defaults?.(values.map(({ type }) => type)), ...attributes });
  const rank = first.type.shape.length;
  const along = attributes.axes ?? Array.from({ length: rank }, (_, axis) => axis + (shape?.length ?? 0) - rank);
  return apply(op, values, { shape: shape ?? [], axes: along });
}

function raise(error: Error): never {
  throw error;
}

/** Values of a line that gives `count` names: several only of a loop, which has a result for each. */
export function elaborateLine(formula: Formula, words: Meanings, count: number): readonly Value[] {
  const isLoop = formula.tag === "call" && words.op(formula.name) === scanOp;
  if (isLoop) return atPlace(formula.place, () => loopResults(formula, words, count));
  if (count === 1) return [elaborate(formula, words)];
  throw syntaxError("a loop with a result for each name", "another formula", formula.place);
}

/** The results that `results=[final h, every next]` asks for. */
function loopResults({ operands, attributes, place }: At<"call">, words: Meanings, count: number): readonly Value[] {
  const name = String(attributes.body);
  const { body, inside } = words.body(name) ?? raise(syntaxError("the name of a body", name, place));
  const types = operandTypes(body);
  const values = operands.map((operand, i) => {
    if (operand.tag !== "number" || !types[i]) return elaborate(operand, words);
    return constant(operand.value, types[i].dtype, types[i].shape);
  });
  const asked = (attributes.results ?? attributes.result ?? []) as readonly (readonly [string, string | number])[];
  if (asked.length !== count) throw syntaxError(`${count} results of the loop`, String(asked.length), place);
  return asked.map(([word, which]) => {
    const result = resultNumber(body, word, typeof which === "number" ? which : inside(which));
    if (result === undefined) throw syntaxError(`a result of ${name}`, `${word} ${which}`, place);
    return apply(scanOp, values, { body, result });
  });
}

function without(attributes: Attrs, key: string): Attrs {
  return Object.fromEntries(Object.entries(attributes).filter(([other]) => other !== key));
}

/** Axes that a call names; by default all, and the last one of a softmax. */
function axesFor({ name, attributes }: Call, operand: Value): readonly number[] {
  const rank = operand.type.shape.length;
  if (typeof attributes.axis === "number") return [attributes.axis];
  if (Array.isArray(attributes.axes)) return attributes.axes as readonly number[];
  return name.endsWith("oftmax") ? [rank - 1] : Array.from({ length: rank }, (_, axis) => axis);
}

/**
 * `einsum("abd,acd->abc", x, y)`: letters in both operands and the result are batch axes, the others in both are summed
 * over. Any other equation means what it means in a model file, and has the errors that it has there.
 */
function einsum({ text = "" }: At<"call">, values: readonly Value[]): Value {
  const [, left = "", right = "", result = ""] = /^(\w*),(\w*)->(\w*)$/.exec(text) ?? [];
  const pairOf = (letter: string): AxisPair => [left.indexOf(letter), right.indexOf(letter)];
  const shared = [...left].filter((letter) => right.includes(letter)).sort();
  const batch = [...result].filter((letter) => shared.includes(letter));
  const free = [...left, ...right].filter((letter) => !shared.includes(letter));
  const isContraction =
    values.length === 2 &&
    [left, right].every((letters, i) => letters.length === values[i].type.shape.length) &&
    [left, right, result].every((letters) => new Set(letters).size === letters.length) &&
    result === [...batch, ...free].join("") &&
    text.includes("->");
  if (!isContraction) return languageEinsum(text, ...values);
  const contracted = shared.filter((letter) => !result.includes(letter));
  return apply(contractOp, values, { batch: batch.map(pairOf), contracted: contracted.map(pairOf) });
}
