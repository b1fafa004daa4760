/// The part of the catalogue about single ops: constants, derivatives, and frames, parts, windows and positions that do not fit.
import { defineError } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { formatType, type DType, type Shape, type TensorType } from "../type.ts";

const show = (shape: Shape): string => `[${shape.join(", ")}]`;

export const constantNumber = defineError(
  "constant-number",
  "A constant is a number that its element type has: whole and in range for integers, 0 or 1 for booleans.",
  (value: number, dtype: DType) => ({
    message: `constant: the number must be one that ${dtype} has: found ${value}`,
    help: dtype === "bool" ? "write true or false" : "round it, or make the constant f32",
  }),
);

export const sliceRange = defineError(
  "slice-range",
  "A slice takes at least one element of each axis, and none from outside it.",
  (shape: Shape, axis: number, start: Dim, limit: Dim, step: number) => ({
    message: `slice: must stay within axis ${axis} of ${show(shape)}: found ${start} to ${limit} in steps of ${step}`,
    help: "starts count from 0 (negative ones from the end), stops are exclusive, steps are not 0",
  }),
);

export const padWidth = defineError(
  "pad-width",
  "Padding leaves at least one element on each axis; what it puts between elements is not negative.",
  (shape: Shape, axis: number, low: Dim, high: Dim, interior: number) => ({
    message: `pad: must leave elements on axis ${axis} of ${show(shape)}: found ${low} before, ${high} after, ${interior} between`,
    help: "negative widths take elements away; take fewer",
  }),
);

export const concatenateMismatch = defineError(
  "concatenate-mismatch",
  "Tensors that are put side by side agree in element type and in every axis but that one.",
  (axis: number, first: TensorType, other: TensorType) => ({
    message: `concatenate: tensors must agree but along axis ${axis}: found ${formatType(first)} and ${formatType(other)}`,
    help: "reshape, transpose or cast one of them",
  }),
);

/** An axis of a tensor along which the windows of a function walk. */
export interface WalkedAxis {
  /** The function. */
  readonly by: string;
  readonly type: TensorType;
  readonly axis: number;
}

/** `axis 2 of f32[batch, 1, 4, 4]`, and how long it is with its padding. */
function axisOf({ type, axis }: WalkedAxis, extent: Dim): string {
  const own = type.shape[axis];
  return `axis ${axis} of ${formatType(type)}, which has ${own}${extent === own ? "" : `, padded ${extent}`}`;
}

export const windowSize = defineError(
  "window-size",
  "A window fits into its axis at least once, in whole steps; with a step above 1 the extent is a number.",
  (extent: Dim, size: Dim, stride: number, dilation: number, along?: WalkedAxis) => ({
    message:
      (along
        ? `${along.by}: windows must fit into ${axisOf(along, extent)}: `
        : `windows: must fit into an axis of ${extent}: `) +
      `found windows of ${size} (dilation ${dilation}) in steps of ${stride}`,
    help: `pad the axis, or take smaller windows${along ? "; channels come second, before what windows walk along: [batch, channels, …]" : ""}`,
  }),
);

export const convolutionShape = defineError(
  "convolution-shape",
  "A convolution's input is [N, C, …n] and its kernel has as many axes; channels meet, and fall into the groups.",
  (input: TensorType, kernel: TensorType, groups: number, form: string) => ({
    message:
      `convolve: an input [N, C, …n] and a kernel ${form} must fit: ` +
      `found ${formatType(input)} and ${formatType(kernel)} in ${groups} group${groups === 1 ? "" : "s"}`,
    help: "give the kernel the channels of one group of the input, and an axis for each spatial one",
  }),
);

export const paddingForm = defineError(
  "padding-form",
  "Strides, dilations and paddings are one number for all spatial axes, or one entry for each.",
  (axes: number, found: number) => ({
    message: `windows: strides, dilations and paddings must have an entry for each of ${axes} spatial axes: found ${found}`,
    help: "give one number for all of them, or a list with one entry for each",
  }),
);

export const gatherShape = defineError(
  "gather-shape",
  "Positions are i32, and share the leading batch axes of what is read.",
  (batch: number, operand: TensorType, indices: TensorType) => ({
    message: `gather: positions must be i32 and share ${batch} leading axes: found ${formatType(indices)} for ${formatType(operand)}`,
    help: "cast the positions to i32, or transpose the axis that is read to the front",
  }),
);

export const scatterShape = defineError(
  "scatter-shape",
  "There is one update for each position: the updates begin with the axes of the positions.",
  (batch: number, indices: TensorType, updates: TensorType) => ({
    message: `scatterAdd: updates must begin with the ${batch} shared axes and those of the positions: found ${formatType(updates)} for ${formatType(indices)}`,
    help: "transpose the updates, or reshape the positions",
  }),
);

export const partSizes = defineError(
  "part-sizes",
  "The parts of a tensor are as long together as the axis that is split.",
  (extent: Dim, sizes: Shape) => ({
    message: `split: parts must add up to the extent ${extent}: found ${show(sizes)}`,
    help: "give one size for each part",
  }),
);

export const einsumEquation = defineError(
  "einsum-equation",
  "An einsum equation names every axis of every operand by a letter (… by `...`), and the axes of the result after `->`.",
  (equation: string, problem: string) => ({
    message: `einsum: the equation must fit its operands: "${equation}" ${problem}`,
    help: 'write letters for axes, as in einsum("ij,jk->ik", a, b)',
  }),
);

export const scanCarry = defineError(
  "scan-carry",
  "A carry keeps its element type and shape from step to step.",
  (index: number, before: TensorType, after: TensorType) => ({
    message:
      `scan: a carry must keep its type from step to step: ` +
      `carry ${index} is ${formatType(before)} before a step, ${formatType(after)} after it`,
    help: "start with a value of the type that a step gives, or have the step give back the type that it got",
  }),
);

export const scanValues = defineError(
  "scan-values",
  "What a scan starts with, walks along and hands on are arrays of values; a step gives as many carries as it gets.",
  (what: string, wanted: string, found: string) => ({
    message: `scan: ${what} must be ${wanted}: found ${found}`,
    help: "scan(([a, b], [x]) => ({ carry: [nextA, nextB], outputs: [y] }), { initial: [a0, b0], sequences: [xs] })",
  }),
);

export const scanOperands = defineError(
  "scan-operands",
  "A scan is applied to a value for each letter of its body: carries, then sequences, then what the body reads.",
  (wanted: readonly TensorType[], found: readonly TensorType[]) => ({
    message:
      `scan: operands must be ${wanted.map(formatType).join(", ") || "none"}: ` +
      `found ${found.map(formatType).join(", ") || "none"}`,
  }),
);

export const scanLeak = defineError(
  "scan-leak",
  "A value of a step of a scan is used in that step alone.",
  (name: string | undefined, reader: string | undefined) => ({
    message:
      `a value of a step must be used in that step alone: ` +
      `found ${name === undefined ? "one" : `\`${name}\``} in ${reader === undefined ? "a formula" : `\`${reader}\``} outside its scan`,
    help: "return it among the outputs of the step, and use what scan gives back: a row for each step",
  }),
);

export const scanLength = defineError(
  "scan-length",
  "All sequences of a scan have the same number of places, which is known.",
  (length: Dim | undefined, sequences: readonly TensorType[]) => ({
    message:
      `scan: sequences must have one length: found ${sequences.map(formatType).join(", ") || "no sequences"}` +
      (length === undefined ? "" : ` and length ${length}`),
    help: "walk along first axes of equal extent, or give { length }",
  }),
);

export const lossNotScalar = defineError(
  "loss-not-scalar",
  "A gradient is taken of a scalar.",
  (loss: TensorType, name?: string) => ({
    message: `a gradient is taken of a scalar float: ${name ?? "the loss"} is ${formatType(loss)}`,
    help: `reduce it with mean(${name ?? "loss"}) or sum(${name ?? "loss"})`,
  }),
);

export const gradientOfInteger = defineError(
  "gradient-of-integer",
  "Only float values have gradients.",
  (value: TensorType, name?: string) => ({
    message: `a gradient is taken with respect to a float value: ${name === undefined ? "found" : `${name} is`} ${formatType(value)}`,
    help: "differentiate with respect to a float input or parameter",
  }),
);

export const derivativeRule = defineError(
  "derivative-rule",
  "A rule of withDerivative returns one cotangent for each operand, of its type; null where there is none.",
  (name: string, operands: readonly TensorType[], found: readonly (TensorType | undefined)[] | undefined) => ({
    message:
      `${name}: the rule must return one cotangent for each operand, of its type: ` +
      `operands are ${operands.map(formatType).join(", ")}, ` +
      `found ${found ? `[${found.map((type) => (type ? formatType(type) : "null")).join(", ")}]` : "no array"}`,
    help: "undo broadcasting with sum; operands of integers, and those without a derivative, have null",
  }),
);

export const tangentType = defineError(
  "tangent-type",
  "There is one tangent for each value that moves, of its type; and one cotangent, of the type of what is differentiated.",
  (op: string, what: "tangent" | "cotangent", value: TensorType | undefined, found: TensorType | undefined) => ({
    message:
      `${op}: a ${what} must be given for each value, of its type: ` +
      `found ${found ? formatType(found) : "none"} for ${value ? formatType(value) : "none"}`,
    help: "broadcastTo gives a number the shape of a value",
  }),
);

export const derivativeCapture = defineError(
  "derivative-capture",
  "What withDerivative gives a rule for depends on its operands alone: through anything else, gradients would be lost.",
  (name: string, found: string) => ({
    message: `${name}: the result must depend on the operands alone: found ${found}`,
    help: "pass it as one more operand; where it has no derivative, the rule returns null for it",
  }),
);

export const derivativeInRule = defineError(
  "derivative-in-rule",
  "A rule of withDerivative writes the derivative out: it is read after derivatives have been expanded.",
  (name: string, found: string) => ({
    message: `${name}: the rule must not contain ${found}`,
    help: "write the derivative as a formula of the operands and the result",
  }),
);

export const ruleNotLinear = defineError(
  "rule-not-linear",
  "A derivative is a linear map: the rule of withDerivative is a sum of products with the cotangent.",
  (name: string) => ({
    message: `${name}: the rule must be linear in the cotangent: its derivative still contains the cotangent`,
    help: "multiply the cotangent; do not choose or divide by it",
  }),
);
