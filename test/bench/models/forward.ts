/// Single operations, forward alone: what a kernel reaches by itself.
import {
  input,
  layerNorm as normalize,
  matmul as product,
  model,
  scaledDotProductAttention,
  softmax as normalizeExponentials,
  transpose,
  type Graph,
} from "chainrule";

/** How the operands of a product lie in memory: N as written, T transposed. */
export type MatmulForm = "NN" | "NT" | "TN";

/** A product of two square matrices. */
export function matmul(size: number, form: MatmulForm): Graph {
  return model(`matmul${size}${form}`, () => {
    const a = input("a", "f32", [size, size]);
    const b = input("b", "f32", [size, size]);
    return { run: { product: product(form === "TN" ? transpose(a) : a, form === "NT" ? transpose(b) : b) } };
  });
}

/** Softmax of 1024 rows of 1024. */
export function softmax(): Graph {
  return model("softmax", () => ({ run: { y: normalizeExponentials(input("x", "f32", [1024, 1024])) } }));
}

/** Layer normalisation of 1024 rows of 1024, with scale and shift. */
export function layerNorm(): Graph {
  return model("layerNorm", () => {
    return { run: { y: normalize(input("x", "f32", [1024, 1024]), { name: "norm" }) } };
  });
}

/** Causal attention: batch 8, 4 heads, 128 places, 32 numbers a head. */
export function attention(): Graph {
  return model("attention", () => {
    const [q, k, v] = (["q", "k", "v"] as const).map((name) => input(name, "f32", [8, 4, 128, 32]));
    return { run: { y: scaledDotProductAttention(q, k, v, { causal: true }) } };
  });
}
