/// Gradients that a textbook prints in one short line come out as that line.
import { describe, expect, it } from "vitest";
import {
  add,
  averagePool,
  conv2d,
  cos,
  dense,
  div,
  einsum,
  exp,
  grad,
  input,
  matmul,
  maxPool,
  mean,
  meanSquaredError,
  mul,
  param,
  parametersOf,
  relu,
  sqrt,
  square,
  sub,
  softmax,
  sum,
  transpose,
  variance,
  type Shape,
  type Value,
} from "../../ir/index.ts";
import type { Dim } from "../../ir/dim.ts";
import { as, formula, printed } from "./symbolic.ts";

describe("a product of which everything is added up", () => {
  const gradientsOf = (
    lossOf: (x: Value, W: Value) => Value,
    batch: Dim = "batch",
  ): Readonly<Record<string, string>> => {
    const lines = printed(() => {
      const [x, W] = [input("x", "f32", [batch, 3]) as Value, param([3, 4], { name: "W" }) as Value];
      const loss = as("loss", () => lossOf(x, W));
      return { loss, dW: grad(loss as never, W), dx: grad(loss as never, x) } as never;
    });
    return Object.fromEntries(["W", "x"].map((name) => [name, formula(lines, `∂loss/∂${name}`)!]));
  };

  it.each<[string, (x: Value, W: Value) => Value]>([
    ["sum(x @ W)", (x, W) => sum(matmul(x as never, W as never)) as Value],
    ["sum(einsum)", (x, W) => sum(einsum("bi,ij->bj", x as never, W as never) as Value) as Value],
  ])("has sums of rows and columns for %s", (_, lossOf) => {
    expect(gradientsOf(lossOf)).toEqual({
      W: "broadcast(sum(x, axis=0), [3, 4], axes=[0])",
      x: "broadcast(sum(W, axis=1), [batch, 3])",
    });
  });

  it("has means of rows for a mean", () => {
    const lossOf = (x: Value, W: Value): Value => mean(matmul(x as never, W as never));
    expect(gradientsOf(lossOf, 2)).toEqual({
      W: "broadcast(0.125 · sum(x, axis=0), [3, 4], axes=[0])",
      x: "broadcast(0.125 · sum(W, axis=1), [2, 3])",
    });
  });

  it("is an outer product where what comes from above is the same for all rows", () => {
    const lossOf = (x: Value, W: Value): Value => {
      const total = as("total", () => sum(matmul(x as never, W as never), { axes: [0] }));
      return sum(square(total));
    };
    expect(gradientsOf(lossOf).W).toBe("sum(x, axis=0)[:, _] · ∂loss/∂loss.total");
  });

  it("hands a bias its share, however many examples there are", () => {
    const lines = printed(() => {
      const y = as("y", () => dense(input("x", "f32", ["batch", 3]), 4, { name: "layer" }));
      const loss = as("loss", () => mean(y));
      const [bias] = parametersOf([loss]).filter(({ type }) => type.shape.length === 1);
      return { loss, db: grad(loss as never, bias) } as never;
    });
    expect(lines).toContain("output db = fill(0.25, f32[4])");
  });
});

/** Lines that were broken, in one piece. */
function unwrapped(lines: readonly string[]): readonly string[] {
  return lines
    .join("\n")
    .replaceAll(/\n(?!output|update|.* = |for)/g, " ")
    .split("\n");
}

describe("batch normalisation", () => {
  const gradientsAfter = (linear: () => Value, axes: readonly number[], each: Shape): readonly string[] =>
    printed(() => {
      const z = as("z", linear);
      const spread = as("σ", () => sqrt(add(variance(z, { axes, keepAxes: true }) as never, 1e-5)) as Value);
      const ẑ = as("ẑ", () => div(sub(z, mean(z, { axes, keepAxes: true })), spread as never) as Value);
      const scale = param(each, { name: "γ" });
      const loss = as("loss", () =>
        meanSquaredError(relu(mul(ẑ as never, scale)) as never, input("t", "f32", z.type.shape) as never),
      );
      const [, bias] = parametersOf([z]);
      return { dz: grad(loss as never, z), db: grad(loss as never, bias as never) } as never;
    });

  it("has the same gradient after a dense layer and after a convolution", () => {
    const dense2 = gradientsAfter(() => dense(input("x", "f32", ["batch", 8]), 4, { name: "layer" }), [0], [4]);
    const image = (): Value => conv2d(input("x", "f32", ["batch", 1, 8, 8]), 4, 3, { name: "layer" });
    const conv = gradientsAfter(image, [0, 2, 3], [4, 1, 1]);
    const wanted = "(∂loss/∂ẑ - mean(∂loss/∂ẑ, axis=0) - ẑ · mean(∂loss/∂ẑ · ẑ, axis=0)) / σ";
    expect(formula(dense2, "∂loss/∂z")).toBe(wanted);
    const each = wanted.replaceAll("axis=0)", "axes=[0, 2, 3])[:, _, _]").replace("σ", "σ[:, _, _]");
    expect(formula(unwrapped(conv), "∂loss/∂z")).toBe(each);
    // What is added to all examples of a channel is taken off again with their mean.
    for (const lines of [dense2, conv]) expect(lines).toContain("output db = fill(0, f32[4])");
  });
});

describe("batch normalisation after a convolution without bias", () => {
  const lines = printed(() => {
    const [axes, each] = [
      [0, 2, 3],
      [1, 4, 1, 1],
    ];
    const image = input("image", "f32", ["batch", 3, 8, 8]);
    const z = as("z", () => conv2d(image, 4, 3, { name: "layer", bias: false }) as Value);
    const μ = as("μ", () => mean(z as never, { axes, keepAxes: true }) as Value);
    const deviation = sub(z as never, μ as never);
    const σ = as("σ", () => sqrt(add(mean(square(deviation), { axes, keepAxes: true }) as never, 1e-5)) as Value);
    const [γ, β] = ["γ", "β"].map((name) => param(each, { name }));
    const ẑ = as("ẑ", () => div(deviation, σ as never) as Value);
    const y = as("y", () => add(mul(γ as never, ẑ as never), β as never) as Value);
    const loss = as("loss", () => meanSquaredError(y as never, input("t", "f32", z.type.shape) as never));
    return { dz: grad(loss, z as never), dβ: grad(loss, β as never), dγ: grad(loss, γ as never) } as never;
  });

  it("reads the convolution by its name", () => {
    expect(formula(unwrapped(lines), "μ")).toBe("mean(z, axes=[0, 2, 3])");
    expect(unwrapped(lines).join("\n")).not.toContain("convolve(");
  });

  it("adds up the derivative of its result for shift and scale", () => {
    expect(formula(unwrapped(lines), "∂loss/∂β")).toBe("sum(∂loss/∂y, axes=[0, 2, 3], keepAxes=true)");
    expect(formula(unwrapped(lines), "∂loss/∂γ")).toBe("sum(∂loss/∂y · ẑ, axes=[0, 2, 3], keepAxes=true)");
    expect(formula(unwrapped(lines), "∂loss/∂z")).toBe(
      "(∂loss/∂ẑ - mean(∂loss/∂ẑ, axes=[0, 2, 3])[:, _, _] - ẑ · mean(∂loss/∂ẑ · ẑ, axes=[0, 2, 3])[:, _, _]) / σ[:, _, _]",
    );
  });
});

describe("images", () => {
  it("have gradients in three words: correlate, convTransposed, and a scatter to where the largest was", () => {
    const lines = printed(() => {
      const image = input("image", "f32", ["batch", 1, 10, 10]);
      const hidden = as("hidden", () => relu(conv2d(image, 4, 3)));
      const pooled = as("pooled", () => maxPool(hidden as never, 2) as Value);
      const second = as("second", () => conv2d(pooled as never, 8, 3));
      const loss = as("loss", () => sum(square(second as never)));
      const [first, , weight] = parametersOf([loss]);
      const of = (x: Value): Value => grad(loss as never, x as never);
      return { loss, dHidden: of(hidden), dWeight: of(weight), dFirst: of(first) } as never;
    });
    const text = unwrapped(lines);
    expect(formula(text, "hidden.linear")).toBe("conv(image, hidden.weight) + hidden.bias[:, _, _]");
    expect(formula(text, "second")).toBe("conv(pooled, second.weight) + second.bias[:, _, _]");
    expect(formula(text, "∂loss/∂second.weight")).toBe("correlate(pooled, ∂loss/∂second)");
    expect(formula(text, "∂loss/∂pooled")).toBe(
      "convTransposed(∂loss/∂second, second.weight, low=[2, 2], high=[2, 2])",
    );
    expect(formula(text, "∂loss/∂hidden")).toBe(
      "reshape(transpose(reshape(scatterAdd(v2, ∂loss/∂pooled, extent=4, batch=4), [batch, 4, 4, 4, 2, 2]), " +
        "[0, 1, 2, 4, 3, 5]), [batch, 4, 8, 8])",
    );
  });

  it("have a mean's share in every place of a window", () => {
    const gradientOf = (strides: number): string => {
      const lines = printed(() => {
        const image = input("image", "f32", [2, 1, 9, 9]);
        const means = as("means", () => averagePool(image as never, 3, { strides }) as Value);
        const loss = as("loss", () => sum(square(means as never)));
        return { loss, d: grad(loss as never, image) } as never;
      });
      return formula(unwrapped(lines), "∂loss/∂image")!;
    };
    expect(gradientOf(3)).toMatch(
      /^reshape\(broadcast\(2 · .*, \[2, 1, 3, 3, 3, 3\], axes=\[0, 1, 2, 4\]\), \[2, 1, 9, 9\]\)$/,
    );
    expect(gradientOf(2)).toMatch(
      /^overlapAdd\(overlapAdd\(broadcast\(2 · .*\), axis=2, stride=2\), axis=3, stride=2\)$/,
    );
  });
});

describe("a loss of a variational autoencoder", () => {
  const linesOf = (record: (loss: Value, mu: Value, logvar: Value) => unknown): readonly string[] =>
    unwrapped(
      printed(() => {
        const x = input("x", "f32", ["batch", 4]) as Value;
        const [mu, logvar] = [as("mu", () => dense(x as never, 2)), as("logvar", () => dense(x as never, 2))];
        const noise = as("noise", () => mul(input("a", "f32", ["batch", 2]), cos(input("b", "f32", ["batch", 2]))));
        const z = as("z", () => add(mu as never, mul(exp(mul(0.5, logvar as never)), noise as never)) as Value);
        const reconstruction = mean(square(sub(dense(z as never, 4), x as never)));
        const inner = sub(sub(add(1, logvar as never), square(mu as never)), exp(logvar as never)) as Value;
        const kl = mean(mul(-0.5, sum(inner as never, { axis: 1 })));
        const loss = as("loss", () => add(reconstruction as never, kl as never) as Value);
        return record(loss, mu, logvar) as never;
      }),
    );

  it("has the gradients of a textbook, whether they are read by one or by many", () => {
    const alone = linesOf((loss, mu) => ({ loss, d: grad(loss as never, mu) }));
    const both = linesOf((loss, mu, logvar) => ({ loss, d: grad(loss as never, mu), e: grad(loss as never, logvar) }));
    for (const lines of [alone, both]) expect(formula(lines, "∂loss/∂mu")).toMatch(/^∂loss\/∂z \+ mu \/ batch$/);
    expect(formula(both, "∂loss/∂logvar")).toMatch(/^\(v\d - 1\) \/ \(2\*batch\) \+ ∂loss\/∂z · noise · v\d · 0\.5$/);
    expect(both.filter((line) => /^v\d+ = fill/.test(line))).toEqual([]);
  });

  it("keeps a product that has a name in longer ones", () => {
    const lines = linesOf((loss, _, logvar) => ({ loss, e: grad(loss as never, logvar) }));
    expect(lines.filter((line) => line.includes("cos(b)"))).toEqual(["noise = a · cos(b)"]);
  });
});

describe("attention by hand", () => {
  const linesOf = (withGradient: boolean): readonly string[] =>
    printed(() => {
      const X = input("X", "f32", ["T", 8]) as Value;
      const WK = param([8, 4], { name: "WK" }) as Value;
      const of = (name: string, weight = param([8, 4], { name: `W${name}` }) as Value): Value =>
        as(name, () => matmul(X as never, weight as never) as Value);
      const [Q, K, V] = [of("Q"), of("K", WK), of("V")];
      const S = as("S", () => div(matmul(Q as never, transpose(K as never) as never) as never, 2) as Value);
      const O = as("O", () => matmul(softmax(S) as never, V as never) as Value);
      const loss = as("loss", () => mean(square(O as never)) as Value);
      return (withGradient ? { loss, dWK: grad(loss as never, WK) } : { loss }) as never;
    });

  it.each([false, true])("keeps the keys that a product reads transposed (gradient: %s)", (withGradient) => {
    const lines = linesOf(withGradient);
    expect(formula(lines, "K")).toBe("X @ WK");
    expect(formula(lines, "S")).toMatch(/^Q @ Kᵀ \/ 2$/);
  });

  it("has the derivative of the keys on the way to that of their weight", () => {
    const lines = linesOf(true);
    expect(formula(lines, "∂loss/∂K")).toMatch(/ᵀ @ Q/);
    expect(formula(lines, "∂loss/∂WK")).toBe("Xᵀ @ ∂loss/∂K");
  });
});
