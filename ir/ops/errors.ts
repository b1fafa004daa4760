/// The part of the catalogue about moving elements: frames, parts, windows and positions that do not fit.
import { defineError } from "../diagnostic.ts";
import type { Dim } from "../dim.ts";
import { formatType, type Shape, type TensorType } from "../type.ts";

const show = (shape: Shape): string => `[${shape.join(", ")}]`;

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

export const windowSize = defineError(
  "window-size",
  "A window fits into its axis at least once, in whole steps; with a step above 1 the extent is a number.",
  (extent: Dim, size: Dim, stride: number, dilation: number) => ({
    message:
      `windows: must fit into an axis of ${extent}: ` +
      `found windows of ${size} (dilation ${dilation}) in steps of ${stride}`,
    help: "pad the axis, or take smaller windows",
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
