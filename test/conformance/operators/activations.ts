/// Activations of neural networks.
import {
  add,
  celu,
  div,
  elu,
  gelu,
  greater,
  hardShrink,
  hardSigmoid,
  hardSwish,
  hardTanh,
  leakyRelu,
  logSigmoid,
  mish,
  mul,
  prelu,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softShrink,
  softmax,
  softplus,
  softsign,
  neg,
  tanhShrink,
  threshold,
  where,
  type Value,
} from "chainrule";
import { axisOf, operator, shapeOf, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { emptyTensor, isEmpty, reshaped, sliced } from "./parts.ts";

/** An activation without choices but `inplace`, which changes nothing. */
const plain = (build: (x: Value) => Value): Mapping => operator("input inplace", (call) => build(call.float("input")));

/** The first half of an axis, gated by the second. */
function gated(call: Call): Value {
  const x = call.float("input");
  const axis = axisOf(x, call.number("dim", -1));
  const half = shapeOf(x)[axis] / 2;
  if (isEmpty(x)) return emptyTensor(shapeOf(x).with(axis, half));
  return mul(sliced(x, axis, 0, half), sigmoid(sliced(x, axis, half, half)));
}

/** ln(1 + e^{βx})/β, which is x itself above a threshold. */
function thresholded(call: Call): Value {
  const [x, beta] = [call.float("input"), call.number("beta", 1)];
  return where(greater(mul(x, beta), call.number("threshold", 20)), x, div(softplus(mul(x, beta)), beta));
}

/** A weight for each channel, the second axis, or one for all. */
function parametric(call: Call): Value {
  const [x, weight] = [call.float("input"), call.float("weight")];
  const rank = shapeOf(x).length;
  const channels = shapeOf(weight)[0] ?? 1;
  if (channels === 1) return prelu(x, reshaped(weight, []));
  return prelu(x, reshaped(weight, [channels, ...new Array<number>(Math.max(0, rank - 2)).fill(1)]));
}

export const activations: Operators = {
  "nn.functional.relu": plain(relu),
  "nn.functional.relu6": plain(relu6),
  "nn.functional.selu": plain(selu),
  "nn.functional.silu": plain(silu),
  "nn.functional.mish": plain(mish),
  "nn.functional.logsigmoid": plain(logSigmoid),
  "nn.functional.softsign": plain(softsign),
  "nn.functional.tanhshrink": plain(tanhShrink),
  "nn.functional.hardsigmoid": plain(hardSigmoid),
  "nn.functional.hardswish": plain(hardSwish),
  "nn.functional.elu": operator("input alpha inplace", (call) =>
    elu(call.float("input"), { alpha: call.number("alpha", 1) }),
  ),
  "nn.functional.celu": operator("input alpha inplace", (call) =>
    celu(call.float("input"), { alpha: call.number("alpha", 1) }),
  ),
  "nn.functional.gelu": operator("input approximate", (call) =>
    gelu(call.float("input"), { approximate: call.text("approximate", "none") === "tanh" }),
  ),
  "nn.functional.leaky_relu": operator("input negative_slope inplace", (call) =>
    leakyRelu(call.float("input"), { slope: call.number("negative_slope", 0.01) }),
  ),
  "nn.functional.hardtanh": operator("input min_val max_val inplace", (call) =>
    hardTanh(call.float("input"), { min: call.number("min_val", -1), max: call.number("max_val", 1) }),
  ),
  "nn.functional.hardshrink": operator("input lambd", (call) =>
    hardShrink(call.float("input"), call.number("lambd", 0.5)),
  ),
  "nn.functional.softshrink": operator("input lambd", (call) =>
    softShrink(call.float("input"), call.number("lambd", 0.5)),
  ),
  "nn.functional.threshold": operator("input threshold value inplace", (call) =>
    threshold(call.float("input"), call.number("threshold"), call.number("value")),
  ),
  "nn.functional.softplus": operator("input beta threshold", thresholded),
  "nn.functional.prelu": operator("input weight", parametric),
  "nn.functional.glu": operator("input dim", gated),
  "nn.functional.softmin": operator("input dim dtype", (call) => {
    const x = neg(call.float("input"));
    return shapeOf(x).length === 0 ? add(mul(x, 0), 1) : softmax(x, axisOf(x, call.number("dim")));
  }),
};
