/// How a value is written: which form, which operands, and what the form leaves out. Printers turn views into text.
import type { Dim } from "../dim.ts";
import { gradOp, suppliedDerivative } from "../ops/derivative.ts";
import { contractAttrs, contractOp, type ContractAttrs } from "../ops/contract.ts";
import { castOp } from "../ops/choose.ts";
import { mul } from "../ops/arithmetic.ts";
import { reshapeOp, transposeOp } from "../ops/layout.ts";
import type { ScanBody } from "../ops/scan.ts";
import { constantOp, iotaOp, sizeOp } from "../ops/leaf.ts";
import { broadcastOp, type BroadcastAttrs } from "../ops/sum.ts";
import { formatType, sameShape, sameType, type DType } from "../type.ts";
import { apply, sameAttrs, type Attrs, type ElementwiseOp, type Value } from "../value.ts";
import { axesPattern, exchangedAxes, impliedTypes, patternShape, productAttrs, type WrittenType } from "./implied.ts";
import { writtenOfShifted } from "./softmax.ts";
import { abbreviation, hitsOfLabels, type IsOpaque } from "./abbreviations.ts";
import type { CallForm, Form } from "./form.ts";
import { formatAttribute, formatAttributes as otherAttributes } from "./attributes.ts";
import { reductionAttributes, statedAttributes } from "./attributes.ts";
import { formatNumber } from "./numbers.ts";

/** An operand as it is written. */
export interface WrittenOperand {
  readonly value: Value;
  /** Marks after the operand, `[:, _]`: where its axes lie in the result. */
  readonly pattern: readonly string[];
  /** A bare number, whose type follows from the other operands. */
  readonly literal: boolean;
}

/** A value as it is written. */
export interface View {
  readonly form: Form;
  readonly operands: readonly WrittenOperand[];
}

/**
 * How a value is written; `isOpaque` says which of its operands must stay visible. By default the text reads back to the
 * value; what is only for `reading` says numbers as numbers, and nothing of shapes that a reader supplies.
 */
export function viewOf(value: Value, isOpaque: IsOpaque, reading = false): View {
  const short = abbreviation(value, isOpaque) ?? (reading ? hitsOfLabels(value, isOpaque) : undefined);
  if (short) return { form: short.form, operands: short.operands.map(plain) };
  const { op, operands } = value;
  if (reading && isScalarReshape(value) && !isOpaque(operands[0])) return viewOf(operands[0], isOpaque, reading);
  switch (op.kind) {
    case "elementwise":
      return elementwiseView(op, value, isOpaque, reading);
    case "layout":
      return { form: layoutForm(value), operands: operands.map(plain) };
    case "piecewise":
    case "gather":
    case "cumulative":
    case "sort":
    case "composite":
      return { form: call(op.name, statedAttributes(value)), operands: operands.map(plain) };
    case "scan": {
      // The letters of the body say the types, and the results that are meant stand behind.
      const written = operands.map((each) => ({ ...plain(each), literal: each.op === constantOp && !isOpaque(each) }));
      return { form: { ...call(op.name, []), body: value.attrs.body as ScanBody }, operands: written };
    }
    case "reduction":
      return { form: call(op.name, reductionAttributes(value)), operands: operands.map(plain) };
    case "contraction":
      return { form: contractionForm(value), operands: operands.map(plain) };
    case "leaf":
      return { form: leafForm(value), operands: [] };
    case "derivative": {
      // A rule is a function: what it is called is all that a page can say of it.
      const name = suppliedDerivative(value)?.name;
      const attributes = name === undefined ? statedAttributes(value) : [`name=${formatAttribute(name)}`];
      const form = call(op.name, attributes);
      return { form: op === gradOp ? { ...form, light: true } : form, operands: operands.map(plain) };
    }
    default:
      return op satisfies never;
  }
}

const plain = (value: Value): WrittenOperand => ({ value, pattern: [], literal: false });

function call(name: string, attributes: readonly string[]): CallForm {
  return { tag: "call", name, attributes };
}

function elementwiseView(op: ElementwiseOp, value: Value, isOpaque: IsOpaque, reading: boolean): View {
  const operands = reading
    ? value.operands.map((operand) => readOperand(operand, isOpaque))
    : writtenOperands(op, value, isOpaque);
  if (op === castOp) {
    return { form: call(value.attrs.dtype as DType, []), operands };
  }
  const [a, b] = value.operands;
  if (op === mul.op && a === b && !a.constant) return { form: { tag: "square" }, operands: [plain(a)] };
  if (!op.notation) return { form: call(op.name, statedAttributes(value)), operands };
  const { symbol, precedence, prefix } = op.notation;
  // "-2" is a number: the negation of one is written as a call.
  if (prefix && operands[0].literal && !reading) return { form: call(op.name, []), operands };
  return { form: { tag: prefix ? "prefix" : "infix", symbol, precedence }, operands };
}

/** How a value is written where what kernels do for the sake of floats goes without saying. */
export function viewInKernel(value: Value, isOpaque: IsOpaque): View {
  const short = writtenOfShifted(value, isOpaque);
  return short ? { form: short.form, operands: short.operands.map(plain) } : viewOf(value, isOpaque);
}

/** One number is a number, whatever axes of one place it has. */
function isScalarReshape({ op, type }: Value): boolean {
  return op === reshapeOp && type.shape.length === 0;
}

/** An operand as mathematics has it: spread along axes without a word, however many times. */
function readOperand(operand: Value, isOpaque: IsOpaque): WrittenOperand {
  if (isOpaque(operand)) return plain(operand);
  if (isScalarReshape(operand)) return plain(operand.operands[0]);
  if (operand.op !== broadcastOp) return shortened(operand);
  const [inner] = operand.operands;
  if (isOpaque(inner)) return shortened(operand);
  if (inner.op === constantOp || inner.op === sizeOp || isScalarReshape(inner)) return readOperand(inner, isOpaque);
  if (inner.op !== broadcastOp) return shortened(operand);
  const [outside, within] = [operand, inner].map(({ attrs }) => attrs as unknown as BroadcastAttrs);
  const axes = within.axes.map((axis) => outside.axes[axis]);
  return readOperand(apply(broadcastOp, inner.operands, { ...outside, axes } as unknown as Attrs), isOpaque);
}

/** Leaves out as many broadcasts and types as the reader can put back. */
function writtenOperands(op: ElementwiseOp, value: Value, isOpaque: IsOpaque): readonly WrittenOperand[] {
  const short = value.operands.map((operand) => (isOpaque(operand) ? plain(operand) : shortened(operand)));
  const isPlain = ({ value: shown, literal }: WrittenOperand, i: number): boolean =>
    !literal && shown === value.operands[i];
  if (short.every(isPlain)) return short;
  const full = value.operands.map(plain);
  const readsBack = (attempt: readonly WrittenOperand[]): boolean => {
    const types = impliedTypes(op, value.attrs, attempt.map(writtenType));
    return types?.every((type, i) => sameType(type, value.operands[i].type)) ?? false;
  };
  if (readsBack(short)) return short;
  return short.map((_, i) => short.map((operand, k) => (k === i ? full[k] : operand))).find(readsBack) ?? full;
}

function shortened(operand: Value): WrittenOperand {
  if (operand.op === constantOp) return { value: operand, pattern: [], literal: true };
  if (operand.op === sizeOp && typeof operand.attrs.size === "string") {
    return { value: operand, pattern: [], literal: true };
  }
  if (operand.op !== broadcastOp) return plain(operand);
  const { axes, shape } = operand.attrs as unknown as BroadcastAttrs;
  const [value] = operand.operands;
  if (sameShape(value.type.shape, shape) || axes.some((axis, i) => i > 0 && axis <= axes[i - 1])) return plain(operand);
  return { value, pattern: axesPattern(axes, shape.length), literal: false };
}

function writtenType({ value, pattern, literal }: WrittenOperand): WrittenType {
  if (literal) return value.type.dtype === "bool" ? { dtype: "bool" } : {};
  return { dtype: value.type.dtype, shape: patternShape(value.type.shape, pattern) };
}

function layoutForm(value: Value): Form {
  const { op, attrs } = value;
  const [{ type }] = value.operands;
  const rank = type.shape.length;
  if (op === transposeOp && rank > 1 && sameAttrs(attrs.permutation, exchangedAxes(rank))) return { tag: "transposed" };
  if (op === transposeOp) return call(op.name, [formatAttribute(attrs.permutation)]);
  if (op === reshapeOp) return call(op.name, [formatAttribute(attrs.shape)]);
  if (op !== broadcastOp) return call(op.name, statedAttributes(value));
  const { axes, shape } = attrs as unknown as BroadcastAttrs;
  const aligned = axes.every((axis, i) => axis === shape.length - axes.length + i);
  const where = aligned ? [] : [`axes=${formatAttribute(axes)}`];
  return call(op.name, [formatAttribute(shape), ...where]);
}

function contractionForm(value: Value): Form {
  const attrs = contractAttrs(value);
  const [left, right] = value.operands.map((operand) => operand.type.shape.length);
  for (const transposed of [
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ] as const) {
    if (sameAttrs(productAttrs([left, right], transposed), attrs)) return { tag: "product", transposed };
  }
  if (value.op !== contractOp) return call(value.op.name, statedAttributes(value));
  return { ...call("einsum", []), before: `"${einsumSubscripts(attrs, left, right)}"` };
}

/** Letters in the order batch, free of the left, free of the right, contracted: sorted letters give the pairs' order. */
function einsumSubscripts(attrs: ContractAttrs, leftRank: number, rightRank: number): string {
  const left = new Array<string>(leftRank).fill("");
  const right = new Array<string>(rightRank).fill("");
  let code = "a".charCodeAt(0);
  const next = (): string => String.fromCharCode(code++);
  const pair = ([x, y]: readonly [number, number]): string => (left[x] = right[y] = next());
  const batch = attrs.batch.map(pair);
  const contracted = new Set([...attrs.contracted, ...attrs.batch].map(([x]) => x));
  const free = left.flatMap((_, axis) => (contracted.has(axis) ? [] : [(left[axis] = next())]));
  const summed = new Set([...attrs.contracted, ...attrs.batch].map(([, y]) => y));
  const rest = right.flatMap((_, axis) => (summed.has(axis) ? [] : [(right[axis] = next())]));
  attrs.contracted.forEach(pair);
  return `${left.join("")},${right.join("")}->${[...batch, ...free, ...rest].join("")}`;
}

function leafForm(value: Value): Form {
  const { op, attrs, type } = value;
  if (op === constantOp) {
    const text = formatNumber(attrs.value as number, type.dtype);
    const bare = type.shape.length === 0 && (type.dtype === "f32" || type.dtype === "bool");
    return bare ? { tag: "number", text } : { ...call("fill", [text, formatType(type)]), light: true };
  }
  if (op === sizeOp) return { ...call("fill", [`${attrs.size as Dim}`, formatType(type)]), light: true };
  if (op === iotaOp) return call("iota", [formatType(type), `axis=${attrs.axis as number}`]);
  return op.kind === "leaf" && op.structural ? call(op.name, otherAttributes(attrs)) : { tag: "name" };
}

/** The text of a literal operand. */
export function literalText(value: Value): string {
  return value.op === sizeOp
    ? `${value.attrs.size as Dim}`
    : formatNumber(value.attrs.value as number, value.type.dtype);
}
