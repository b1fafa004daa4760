/// Convolutions, of one to three axes, with a batch or without.
import { add, convolve, convolveTransposed, moveAxis, windows, type Value } from "chainrule";
import { operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { emptyTensor, padded, reshaped } from "./parts.ts";

/** A number for each axis, from one for all or a list. */
export function perAxis(call: Call, name: string, rank: number, byDefault: number): readonly number[] {
  const given = call.numbers(name) ?? [];
  if (given.length === 0) return new Array<number>(rank).fill(byDefault);
  return given.length === 1 ? new Array<number>(rank).fill(given[0]) : given;
}

/** Elements before and after each axis. PyTorch's "same" puts the odd one after. */
function paddingOf(
  call: Call,
  sizes: readonly number[],
  dilation: readonly number[],
): readonly (readonly [number, number])[] {
  const given = call.any("padding");
  if (given === "valid") return sizes.map(() => [0, 0]);
  if (given === "same") {
    return sizes.map((size, i) => {
      const total = dilation[i] * (size - 1);
      return [Math.floor(total / 2), total - Math.floor(total / 2)];
    });
  }
  return perAxis(call, "padding", sizes.length, 0).map((width) => [width, width]);
}

/** Adds a bias for each channel, and takes the batch away again where there was none. */
function finished(call: Call, result: Value, isBatch: boolean, rank: number): Value {
  const bias = call.maybe("bias");
  const shifted = bias ? add(result, reshaped(bias, [shapeOf(bias)[0], ...new Array<number>(rank).fill(1)])) : result;
  return isBatch ? shifted : reshaped(shifted, shapeOf(shifted).slice(1));
}

function batched(x: Value, rank: number): Value {
  return shapeOf(x).length === rank + 2 ? x : reshaped(x, [1, ...shapeOf(x)]);
}

function convolution(rank: number): Mapping {
  return operator("input weight bias stride padding dilation groups", (call) => {
    const [x, weight] = [call.float("input"), call.float("weight")];
    const dilation = perAxis(call, "dilation", rank, 1);
    const result = convolve(batched(x, rank), weight, {
      strides: perAxis(call, "stride", rank, 1),
      padding: paddingOf(call, shapeOf(weight).slice(2), dilation),
      dilation,
      groups: call.number("groups", 1),
    });
    return finished(call, result, shapeOf(x).length === rank + 2, rank);
  });
}

function transposed(rank: number): Mapping {
  return operator("input weight bias stride padding output_padding groups dilation", (call) => {
    const [x, weight] = [call.float("input"), call.float("weight")];
    const result = convolveTransposed(batched(x, rank), weight, {
      strides: perAxis(call, "stride", rank, 1),
      padding: perAxis(call, "padding", rank, 0),
      outputPadding: perAxis(call, "output_padding", rank, 0),
      dilation: perAxis(call, "dilation", rank, 1),
      groups: call.number("groups", 1),
    });
    return finished(call, result, shapeOf(x).length === rank + 2, rank);
  });
}

/** The windows of an image as columns: [N, C, H, W] → [N, C·kh·kw, windows]. */
function columns(call: Call): Value {
  const given = call.float("input");
  const x = batched(given, 2);
  const [sizes, dilation, padding, stride] = (
    [
      ["kernel_size", 1],
      ["dilation", 1],
      ["padding", 0],
      ["stride", 1],
    ] as const
  ).map(([name, byDefault]) => perAxis(call, name, 2, byDefault));
  const [batch, channels, ...extents] = shapeOf(x);
  const counts = extents.map((extent, i) => {
    const span = dilation[i] * (sizes[i] - 1) + 1;
    return Math.floor((extent + 2 * padding[i] - span) / stride[i]) + 1;
  });
  const shape = [batch, channels * countOf(sizes), countOf(counts)];
  if (countOf(shape) === 0) return emptyTensor(shape);
  const framed = padded(x, [[0, 0], [0, 0], ...padding.map((width) => [width, width] as const)], 0);
  const rows = windows(framed, { axis: 2, size: sizes[0], stride: stride[0], dilation: dilation[0] });
  const both = windows(rows, { axis: 4, size: sizes[1], stride: stride[1], dilation: dilation[1] });
  const result = reshaped(moveAxis(both, [3, 5], [2, 3]), shape);
  return shapeOf(given).length === 4 ? result : reshaped(result, shape.slice(1));
}

export const convolutions: Operators = {
  "nn.functional.conv1d": convolution(1),
  "nn.functional.conv2d": convolution(2),
  "nn.functional.conv3d": convolution(3),
  "nn.functional.conv_transpose1d": transposed(1),
  "nn.functional.conv_transpose2d": transposed(2),
  "nn.functional.conv_transpose3d": transposed(3),
  "nn.functional.unfold": operator("input kernel_size dilation padding stride", columns),
};
