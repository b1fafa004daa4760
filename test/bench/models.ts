/// The models of the compiler's benchmark: as deep as one asks for.
import {
  add,
  adam,
  dense,
  div,
  input,
  matmul,
  mean,
  meanSquaredError,
  model,
  mul,
  param,
  relu,
  reshape,
  softmax,
  sqrt,
  sub,
  tanh,
  transpose,
  type Graph,
  type Value,
} from "../../ir/index.ts";

/** The batch is left free: binding it is part of the work. */
const batch = "batch";
const [time, width, heads] = [8, 16, 2];

// Values of any depth have no static shape: the calls take them as they are.
const product = (a: Value, b: Value): Value => matmul(a as never, b as never);

/** A multilayer perceptron with its training step by Adam. */
export function perceptron(layers: number): Graph {
  return model("perceptron", () => {
    let hidden: Value = input("x", "f32", [batch, width]);
    for (let layer = 0; layer < layers; layer++) hidden = relu(dense(hidden as never, width) as never);
    const loss = meanSquaredError(hidden as never, input("target", "f32", [batch, width]) as never);
    return { train: { loss, update: adam(loss) } };
  });
}

/** One chain of elementwise values, none of which algebra can merge. */
export function chain(length: number): Graph {
  return model("chain", () => {
    const x = input("x", "f32", [batch, width]);
    let value: Value = x;
    for (let step = 0; step < length; step += 2) value = mul(tanh(value as never), x as never);
    return { run: { value } };
  });
}

/** A transformer with its training step by Adam: attention, normalisation and a dense part, with residuals. */
export function transformer(layers: number): Graph {
  return model("transformer", () => {
    let stream: Value = input("x", "f32", [batch, time, width]);
    for (let layer = 0; layer < layers; layer++) {
      stream = add(stream, attention(normalise(stream)));
      const inner = relu(dense(normalise(stream) as never, 2 * width) as never);
      stream = add(stream, dense(inner as never, width));
    }
    const loss = meanSquaredError(stream as never, input("target", "f32", [batch, time, width]) as never);
    return { train: { loss, update: adam(loss) } };
  });
}

function attention(x: Value): Value {
  const size = width / heads;
  const split = (projected: Value): Value =>
    transpose(reshape(projected, [batch, time, heads, size]) as never, [0, 2, 1, 3]);
  const [query, key, value] = ["query", "key", "value"].map(() => split(dense(x as never, width)));
  const scores = div(product(query, transpose(key as never, [0, 1, 3, 2])), Math.sqrt(size));
  const mixed = product(softmax(scores as never), value);
  return dense(reshape(transpose(mixed as never, [0, 2, 1, 3]), [batch, time, width]) as never, width);
}

/** Mean 0 and variance 1 along the last axis, then scale and shift. */
function normalise(x: Value): Value {
  const centred = sub(x, mean(x, { axis: -1, keepAxes: true }));
  const variance = mean(mul(centred, centred), { axis: -1, keepAxes: true });
  return add(mul(div(centred, sqrt(add(variance, 1e-5) as never)), param([width])), param([width]));
}
