/// Models of which a kernel binds as much as there can be and writes a small state that others read.
import {
  adam,
  add,
  attention,
  cast,
  dense,
  div,
  dropout,
  embedding,
  gelu,
  input,
  iota,
  layerNorm,
  less,
  matmul,
  maximum,
  meanSquaredError,
  model,
  mul,
  normal,
  notEqual,
  param,
  reshape,
  rmsNorm,
  softmaxCrossEntropy,
  sum,
  take,
  transpose,
  type Graph,
  type Value,
} from "chainrule";

/** Attention and a layer beside what they are given, which is normalized before. */
export const residual = (norm: typeof rmsNorm | typeof layerNorm): Graph =>
  model("residual", () => {
    const x = input("x", "f32", [3, 5, 4]);
    const y = input("y", "f32", [3, 5, 4]);
    const first = dropout(dense(x, 4), 0.1);
    const hidden = add(first, dropout(attention(layerNorm(first), 2, { causal: true }), 0.1));
    const loss = meanSquaredError(add(hidden, dense(norm(hidden), 4)), y);
    return { train: { loss, update: adam(loss) } };
  });

/** A GPT whose logits are products with the rows of its table. */
export const pretrained = (): Graph =>
  model("pretrained", () => {
    const [batch, length, words, width] = [3, 17, 31, 12];
    const tokens = input("tokens", "i32", [batch, length]);
    const next = input("next", "i32", [batch, length]);
    const table = param([words, width], { init: normal(0, 0.1) });
    const places = param([length, width], { init: normal(0, 0.1) });
    let hidden = dropout(add(take(table, tokens, 0) as Value as typeof places, places), 0.1);
    for (let layer = 0; layer < 2; layer++) {
      hidden = add(hidden, dropout(attention(layerNorm(hidden), 3, { causal: true }), 0.1));
      hidden = add(hidden, dense(gelu(dense(rmsNorm(hidden), 4 * width)), width));
    }
    const rows = reshape(layerNorm(hidden), [batch * length, width]);
    const logits = matmul(rows, transpose(table));
    const loss = softmaxCrossEntropy(logits, reshape(next, [batch * length]));
    return { predict: { logits }, train: { loss, update: adam(loss, { learningRate: 0.01 }) } };
  });

/** A decoder that attends to an encoder, where sentences have lengths. */
export const translation = (): Graph =>
  model("translation", () => {
    const [batch, from, to, width] = [3, 5, 7, 8];
    const source = input("source", "i32", [batch, from]);
    const target = input("target", "i32", [batch, to]);
    const next = input("next", "i32", [batch, to]);
    const lengths = input("lengths", "i32", [batch]);
    const mask = less(iota([batch, 1, 1, from], 3), reshape(maximum(lengths, 1), [batch, 1, 1, 1]));
    const encoded = embedding(source, 17, width);
    const memory = layerNorm(add(encoded, attention(encoded, 2, { mask })));
    const decoded = embedding(target, 19, width);
    const own = layerNorm(add(decoded, attention(decoded, 4, { causal: true })));
    const cross = attention.layer(1, { mask });
    const logits = dense(layerNorm(add(own, cross(own, memory))), 19);
    const each = softmaxCrossEntropy(logits, next, { reduction: "none" });
    const counted = cast(notEqual(next, 0), "f32");
    const loss = div(sum(mul(each, counted)), maximum(sum(counted), 1));
    return { predict: { logits }, train: { loss, update: adam(loss, { learningRate: 0.01 }) } };
  });
