/// A GPT of one block: vocabulary 256, width 128, 4 heads, GELU MLP of four times the width, final norm and head;
/// sequences of 128 letters, batch 8, causal.
import {
  adam,
  add,
  attention,
  dense,
  embedding,
  gelu,
  input,
  layerNorm,
  model,
  normal,
  param,
  softmaxCrossEntropy,
} from "chainrule";

const [batch, time, vocabulary, width, heads] = [8, 128, 256, 128, 4];

export default model("gpt", () => {
  const letters = input("letters", "i32", [batch, time]);
  const next = input("next", "i32", [batch, time]);
  const places = param([time, width], { name: "places", init: normal(0, 0.02) });
  const first = add(embedding(letters, vocabulary, width, { name: "letter" }), places);
  const heard = attention(layerNorm(first, { name: "attentionNorm" }), heads, { causal: true, name: "attention" });
  const second = add(first, heard);
  const wide = gelu(dense(layerNorm(second, { name: "mlpNorm" }), 4 * width, { name: "up" }));
  const third = add(second, dense(wide, width, { name: "down" }));
  const scores = dense(layerNorm(third, { name: "finalNorm" }), vocabulary, { name: "head" });
  const loss = softmaxCrossEntropy(scores, next);
  return { train: { loss, update: adam(loss) } };
});
