/// The models of the compiler's benchmark: as deep as one asks for.
import {
  adam,
  add,
  attention,
  dense,
  embedding,
  gelu,
  input,
  layerNorm,
  mean,
  meanSquaredError,
  model,
  mul,
  param,
  relu,
  softmaxCrossEntropy,
  square,
  sub,
  tanh,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";

/** The batch is left free: binding it is part of the work. */
const batch = "batch";
const [time, width, heads, vocabulary] = [8, 16, 2, 32];

type Stream = Tensor<"f32", readonly ["batch", 8, 16]>;

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

/** A transformer with its training step by Adam: letters in, attention and a dense part with residuals, letters out. */
export function transformer(layers: number): Graph {
  return model("transformer", () => {
    const letters = input("letters", "i32", [batch, time]);
    let stream = embedding(letters, vocabulary, width) as Stream;
    for (let layer = 0; layer < layers; layer++) {
      stream = add(stream, attention(layerNorm(stream), heads)) as Stream;
      stream = add(stream, dense(gelu(dense(layerNorm(stream), 2 * width)), width)) as Stream;
    }
    const scores = dense(layerNorm(stream), vocabulary);
    const loss = softmaxCrossEntropy(scores, input("next", "i32", [batch, time]));
    return { train: { loss, update: adam(loss) } };
  });
}

/** Terms beside each other, each with a parameter of its own, and the training step of their sum by Adam. */
export function wide(terms: number): Graph {
  return model("wide", () => {
    const x = input("x", "f32", [batch, width]);
    const total = (from: number, to: number): Value => {
      if (to - from > 1) return add(total(from, (from + to) >> 1), total((from + to) >> 1, to));
      return mean(square(sub(tanh(mul(x, param([width]))), x)));
    };
    const loss = total(0, terms) as Tensor<"f32", readonly []>;
    return { train: { loss, update: adam(loss) } };
  });
}
