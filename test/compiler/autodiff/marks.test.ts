// What tells a derivative where to stop, and what a model says its derivative is.
import { describe, expect, it } from "vitest";
import { checkAllGradients } from "../../../compiler/check/index.ts";
import { derive } from "../../../compiler/passes/all.ts";
import {
  add,
  adam,
  and,
  cast,
  concatenate,
  dense,
  exp,
  grad,
  greater,
  input,
  jvp,
  less,
  log,
  matmul,
  max,
  minimum,
  model,
  mul,
  param,
  parametersOf,
  relu,
  reshape,
  scan,
  slice,
  softmax,
  softmaxCrossEntropy,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  where,
  withDerivative,
  type DerivativeOptions,
  type Graph,
  type Tensor,
  type Value,
} from "../../../ir/index.ts";
import { expectRight } from "../agree.ts";
import { graphOf, printed } from "../symbolic.ts";
import { expectEqual, outcomes, vector } from "./outcomes.ts";

describe("stopGradient", () => {
  it("is a constant to derivatives of every kind and order, and leaves no trace", () => {
    const of = outcomes(() => {
      const [x, t] = [vector("x"), vector("t")];
      const y = mul(stopGradient(x), x);
      const slope = grad(sum(y), x);
      return {
        x,
        slope,
        bend: grad(sum(mul(slope, t)), x),
        along: jvp(y, x, t),
        known: mul(x, t),
        y,
        squared: square(x),
      };
    });
    expectEqual(of("slope"), of("x"));
    expectEqual(of("bend"), [0, 0, 0, 0]);
    expectEqual(of("along"), of("known"));
    expectEqual(of("y"), of("squared"));
  });
  it("holds through what is stabilised", () => {
    const of = outcomes(() => {
      const x = vector("x");
      const shifted = sub(x, stopGradient(max(x)));
      const loss = log(sum(exp(shifted)));
      return { found: grad(loss, x), known: softmax(x) };
    });
    expectEqual(of("found"), of("known"));
  });
  it("hides values between", () => {
    const of = outcomes(() => {
      const [x, w] = [input("x", "f32", [2, 3]), param([3, 2], { name: "w" })];
      const h = matmul(x, w);
      return { dw: grad(sum(square(stopGradient(h))), w), dh: grad(sum(mul(stopGradient(h), h)), h), h };
    });
    expectEqual(of("dw"), [0, 0, 0, 0, 0, 0]);
    expectEqual(of("dh"), of("h"));
  });
});

const squashed = withDerivative(
  (x: Value) => tanh(x),
  (cotangent, { result }) => [mul(cotangent, sub(1, square(result)))],
  { name: "squashed" },
);
/** x·y with cotangents in the order of the operands. */
const product = withDerivative(
  (x: Value, y: Value) => mul(x, y),
  (cotangent, { operands: [x, y] }) => [mul(cotangent, y), mul(cotangent, x)],
  { name: "product" },
);

describe("withDerivative", () => {
  it("is the formula forward and the rule backward, in every mode and order", () => {
    const of = outcomes(() => {
      const [x, t] = [vector("x"), vector("t")];
      const pair = (y: Value): Record<string, Value> => {
        const slope = grad(sum(mul(y, exp(x))), x);
        const bend = jvp(slope, x, t);
        return {
          y,
          slope,
          along: jvp(y, x, t),
          bend,
          again: grad(sum(mul(slope, t)), x),
          third: grad(sum(mul(bend, t)), x),
        };
      };
      const [found, known] = [pair(squashed(squashed(x))), pair(tanh(tanh(x)))];
      return {
        ...found,
        ...Object.fromEntries(Object.entries(known).map(([name, value]) => [`known.${name}`, value])),
      };
    });
    for (const name of ["y", "slope", "along", "bend", "again", "third"]) expectEqual(of(name), of(`known.${name}`));
  });
  it("uses the rule, not the formula: a straight-through estimator", () => {
    const rounded = withDerivative(
      (x: Value) => cast(greater(x, 0), "f32"),
      (cotangent) => [cotangent],
      { name: "rounded", exact: false },
    );
    const of = outcomes(() => {
      const [x, t] = [vector("x"), vector("t")];
      const y = rounded(x);
      return { slope: grad(sum(mul(y, t)), x), along: jvp(y, x, t), t, hard: cast(greater(x, 0), "f32"), y };
    });
    expectEqual(of("slope"), of("t"));
    expectEqual(of("along"), of("t"));
    expectEqual(of("y"), of("hard"));
  });
  it("adds what one value gives as two operands", () => {
    const of = outcomes(() => {
      const x = vector("x");
      return { slope: grad(sum(product(x, x)), x), known: mul(2, x), bend: grad(sum(grad(sum(product(x, x)), x)), x) };
    });
    expectEqual(of("slope"), of("known"));
    expectEqual(of("bend"), [2, 2, 2, 2]);
  });
  it("takes integers, which have no cotangent", () => {
    const scaled = withDerivative(
      (x: Value, n: Value) => mul(x, cast(n, "f32")),
      (cotangent, { operands: [, n] }) => [mul(cotangent, cast(n, "f32")), null],
      { name: "scaled" },
    );
    const of = outcomes(() => {
      const [x, n] = [vector("x"), input("n", "i32", [4])];
      return { slope: grad(sum(scaled(x, n)), x), n: cast(n, "f32") };
    });
    expectEqual(of("slope"), of("n"));
  });
  it("lets rules use other functions of the kind, and each other", () => {
    const sine = (x: Value): Value => sinOf(x);
    const sinOf: (x: Value) => Value = withDerivative(
      (x: Value) => mul(0.5, sub(exp(x), exp(mul(-1, x)))),
      (cotangent, { operands: [x] }) => [mul(cotangent, cosine(x))],
      { name: "hyperbolic sine" },
    );
    const cosine: (x: Value) => Value = withDerivative(
      (x: Value) => mul(0.5, add(exp(x), exp(mul(-1, x)))),
      (cotangent, { operands: [x] }) => [mul(cotangent, sine(x))],
      { name: "hyperbolic cosine" },
    );
    const of = outcomes(() => {
      const x = vector("x");
      const bend = grad(sum(grad(sum(sine(x)), x)), x);
      return { bend, known: mul(0.5, sub(exp(x), exp(mul(-1, x)))) };
    });
    expectEqual(of("bend"), of("known"));
  });
  it("prints as if the rule had been derived", () => {
    const lines = printed(() => {
      const x = vector("x");
      const y = squashed(x);
      const loss = sum(mul(y, x));
      return { loss, slope: grad(loss, x) };
    });
    expect(lines.join("\n")).not.toContain("withDerivative");
    expect(lines).toContain("output slope = ∂loss/∂x");
  });
  it("keeps the types of the function", () => {
    graphOf(() => {
      const x = input("x", "f32", ["batch", 3]);
      const same = withDerivative(
        (each: typeof x) => tanh(each),
        (cotangent) => [cotangent],
        { exact: false },
      );
      const y: Tensor<"f32", readonly ["batch", 3]> = same(x);
      // @ts-expect-error the function takes [batch, 3]
      const wrong = (): unknown => same(input("z", "f32", [4]));
      return { y, same: same(x), wrong: mul(typeof wrong === "function" ? 1 : 0, x) };
    });
  });
});

describe("marks in the body of a loop", () => {
  const steep = withDerivative(
    (x: Value) => tanh(x),
    (cotangent) => [mul(3, cotangent)],
    { name: "steep", exact: false },
  );
  const step = (h: Value, at: Value): Value => add(mul(stopGradient(h), at), steep(mul(h, at)));
  const along = (x: Value, looped: boolean): Value => {
    const initial = mul(0.5, exp(reshape(slice(x, [[0, 1]]), [2])));
    const run = ([h]: readonly Value[], [at]: readonly Value[]) => ({ carry: [step(h, at)] });
    if (looped) return scan(run, { initial: [initial] as readonly Value[], sequences: [x] }).carry[0];
    return [0, 1, 2].reduce<Value>((h, i) => step(h, reshape(slice(x, [[i, i + 1]]), [2])), initial);
  };
  it("are heeded by derivatives of the loop, as in a loop written out", () => {
    const of = outcomes(() => {
      const x: Value = input("x", "f32", [3, 2]);
      const derivatives = (name: string, looped: boolean): Record<string, Value> => {
        const loss = sum(along(x, looped));
        const slope = grad(loss, x);
        return {
          [`${name}.loss`]: loss,
          [name]: slope,
          [`${name}.j`]: jvp(loss, x, x),
          [`${name}.h`]: jvp(slope, x, x),
        };
      };
      return { ...derivatives("loop", true), ...derivatives("plain", false) };
    });
    for (const part of ["", ".loss", ".j", ".h"]) expectEqual(of(`loop${part}`), of(`plain${part}`));
  });
  it("are named by the check, which cannot hold them, as is a rule there that is no derivative", () => {
    const graph = graphOf(() => {
      const x: Value = input("x", "f32", [3, 2]);
      return { slope: grad(sum(along(x, true)), x) };
    });
    const unchecked = checkAllGradients(graph).map(({ ok, inexact }) => ok && inexact);
    expect(unchecked).toEqual(["stopGradient in a loop", "steep"]);
  });
});

/** A network of branches side by side, one of which brings its own derivative (Szegedy et al. 2015 name such blocks). */
function inception(options: DerivativeOptions, factor = 1): Graph {
  const clippedRelu = withDerivative(
    (x: Value) => minimum(relu(x), 6),
    (cotangent, { operands: [x] }) => [where(and(greater(x, 0), less(x, 6)), mul(factor, cotangent), 0)],
    { name: "clippedRelu", ...options },
  );
  return model("inception", () => {
    const image = input("image", "f32", [3, 5]);
    const label = input("label", "i32", [3]);
    const branches = [tanh(dense(image, 2)), clippedRelu(dense(image, 3)), relu(dense(image, 2))];
    const logits = dense(concatenate(branches, 1), 4);
    const loss = softmaxCrossEntropy(logits, label) as Tensor<"f32", readonly []>;
    return { predict: { probabilities: softmax(logits) }, train: { loss, update: adam(loss) } };
  });
}

describe("a block whose derivative the model supplies", () => {
  it("is right on the GPU and against differences", async () => {
    await expectRight(inception({}));
  });
  it("fails the check by its name when its rule is wrong", () => {
    const checks = checkAllGradients(inception({}, 1.01));
    const wrong = checks.filter((each) => !each.ok).map((each) => each.name);
    expect(wrong.some((name) => name.startsWith("clippedRelu: rule for"))).toBe(true);
    expect(checks.find((each) => each.name.startsWith("clippedRelu"))!.worst).toBeCloseTo(0.01, 3);
  });
  it("says what was not checked when the rule is not meant to be the derivative", () => {
    const checks = checkAllGradients(inception({ exact: false }, 1.01));
    expect(checks.filter((each) => !each.ok)).toEqual([]);
    const skipped = checks.filter((each) => each.inexact === "clippedRelu");
    // The block itself, and weight and bias before it; those behind it and beside it are checked.
    expect(skipped).toHaveLength(3);
    expect(checks.filter((each) => each.inexact === undefined)).toHaveLength(6);
  });
});

describe("chainrule check", () => {
  it("checks products with tangents and cotangents, and holds what gradients stop at", () => {
    const graph = graphOf(() => {
      const [x, t] = [vector("x"), vector("t")];
      const w = param([4], { name: "w" });
      const h = tanh(mul(x, w));
      const loss = sum(mul(h, stopGradient(exp(h))));
      return {
        ...{ along: jvp(h, [x, w], [t, exp(x)]), between: jvp(mul(h, exp(h)), h, t), loss },
        ...Object.fromEntries(parametersOf(loss).map((each) => ["dw", grad(loss, each)])),
        bend: grad(sum(square(grad(loss, w))), w),
      };
    });
    const checks = checkAllGradients(graph);
    expect(checks.map(({ name, ok }) => [name, ok])).toEqual(checks.map(({ name }) => [name, true]));
    expect(checks).toHaveLength(4);
    derive(graph);
  });
});
