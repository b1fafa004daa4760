// Derivatives in models, as users write them: forward mode, any order, several losses, marks; derived and then compared.
import { describe, expect, it } from "vitest";
import { derive } from "../../../compiler/passes/all.ts";
import type { Graph } from "../../../ir/graph.ts";
import {
  add,
  dense,
  div,
  exp,
  grad,
  input,
  jvp,
  log,
  mean,
  mul,
  param,
  parametersOf,
  sigmoid,
  softmax,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  vjp,
  type Value,
} from "../../../ir/index.ts";
import { expectRight } from "../agree.ts";
import { expectCentralDifferences, graphOf, numbers, output, printed, randomFeeds } from "../symbolic.ts";
import { expectEqual, outcomes, vector } from "./outcomes.ts";

describe("forward mode", () => {
  it("is the product with the Jacobian that reverse mode transposes", () => {
    const of = outcomes(() => {
      const [x, t, w] = [vector("x"), vector("t"), vector("w")];
      const y = mul(softmax(x), tanh(x));
      return {
        left: sum(mul(jvp(y, x, t), w)),
        right: sum(mul(vjp(y, x, w), t)),
        gradient: sum(mul(grad(sum(mul(y, w)), x), t)),
      };
    });
    expectEqual(of("left"), of("right"));
    expectEqual(of("left"), of("gradient"));
  });
  it("moves several values at once, leaves and values between", () => {
    const of = outcomes(() => {
      const [x, s, t] = [vector("x"), vector("s"), vector("t")];
      const h = tanh(x);
      const y = mul(h, exp(x));
      const both = jvp(y, [x, h], [s, t]);
      return {
        both,
        parts: add(mul(mul(h, exp(x)), s), mul(exp(x), t)),
        x: jvp(y, x, s),
        whole: add(mul(mul(sub(1, square(h)), exp(x)), s), mul(y, s)),
      };
    });
    // With h as a letter of its own, x moves y through exp(x) alone.
    expectEqual(of("both"), of("parts"));
    expectEqual(of("x"), of("whole"));
  });
  it("is zero along what a value does not depend on", () => {
    const of = outcomes(() => {
      const [x, y, t] = [vector("x"), vector("y"), vector("t")];
      return { none: jvp(square(x), y, t), some: jvp(square(x), [x, y], [t, t]), twice: mul(2, mul(x, t)) };
    });
    expectEqual(of("none"), [0, 0, 0, 0]);
    expectEqual(of("some"), of("twice"));
  });
  it("adds the tangents of a value that is named twice", () => {
    const of = outcomes(() => {
      const [x, s, t] = [vector("x"), vector("s"), vector("t")];
      const h = exp(x);
      return {
        a: jvp(square(x), [x, x], [s, t]),
        b: mul(2, mul(x, add(s, t))),
        c: jvp(square(h), [h, h], [s, t]),
        d: mul(2, mul(h, add(s, t))),
      };
    });
    expectEqual(of("a"), of("b"));
    expectEqual(of("c"), of("d"));
  });
  it("of forward mode, to third order", () => {
    const of = outcomes(() => {
      const [x, t] = [vector("x"), vector("t")];
      const third = jvp(jvp(jvp(exp(mul(2, x)), x, t), x, t), x, t);
      return { third, known: mul(8, mul(exp(mul(2, x)), mul(t, mul(t, t)))) };
    });
    expectEqual(of("third"), of("known"));
  });
  it("counts a tangent or a cotangent as given, whatever it was computed from", () => {
    const of = outcomes(() => {
      const [x, t] = [vector("x"), vector("t")];
      return {
        j: jvp(square(x), x, x),
        v: vjp(square(x), x, x),
        known: mul(2, square(x)),
        outer: jvp(vjp(square(x), x, x), x, t),
        bent: mul(4, mul(x, t)),
      };
    });
    expectEqual(of("j"), of("known"));
    expectEqual(of("v"), of("known"));
    // To the outer derivative the inner product is a function like any other.
    expectEqual(of("outer"), of("bent"));
  });
  it("of a stabilised formula does not overflow", () => {
    const graph = derive(
      graphOf(() => {
        const [x, t] = [vector("x", 3), vector("t", 3)];
        return { slope: jvp(log(sum(exp(x))), x, t) };
      }),
    );
    const slope = numbers(
      output(graph, "slope"),
      new Map([
        [graph.inputs[0], [1000, 999, -1000]],
        [graph.inputs[1], [1, 1, 1]],
      ]),
    );
    expectEqual(slope, [1]);
  });
  it("prints as a person would derive it", () => {
    const lines = printed(() => {
      const [x, t] = [vector("x"), vector("t")];
      const y = tanh(x);
      return { y, slope: jvp(y, x, t) };
    });
    expect(lines).toContain("output slope = t · (1 - y²)");
  });
});

/** A small network with a smooth activation: its loss, and everything that it depends on. */
function network() {
  const image = input("image", "f32", [3, 4]);
  const label = input("label", "i32", [3]);
  const hidden = tanh(dense(image, 5));
  const loss = softmaxCrossEntropy(dense(hidden, 3), label);
  return { image, hidden, loss, parameters: parametersOf(loss) };
}

const dot = (a: readonly Value[], b: readonly Value[]): Value =>
  a.map((each, position): Value => sum(mul(each, b[position]))).reduce((total, term) => add(total, term));
const directionsOf = (values: readonly Value[]): readonly Value[] =>
  values.map((value, position) => input(`t${position}`, "f32", value.type.shape));

describe("products with the Hessian of a network", () => {
  const products = (): Graph =>
    graphOf(() => {
      const { loss, parameters } = network();
      const directions = directionsOf(parameters);
      const slopes = grad(loss, parameters);
      const forward = slopes.map((slope) => jvp(slope, parameters, directions));
      const reverse = grad(dot(slopes, directions), parameters);
      const names = (prefix: string, values: readonly Value[]): [string, Value][] =>
        values.map((value, i) => [`${prefix}${i}`, value]);
      const along = jvp(loss, parameters, directions);
      return Object.fromEntries([["loss", loss], ["along", along], ...names("f", forward), ...names("r", reverse)]);
    });
  it("agree forward over reverse and reverse over reverse, and with differences of the slope", () => {
    const graph = derive(products());
    const feeds = randomFeeds(graph.entryPoints[0].outputs.map(({ value }) => value));
    for (let i = 0; i < 4; i++) {
      expectEqual(numbers(output(graph, `f${i}`), feeds), numbers(output(graph, `r${i}`), feeds));
    }
    const along = output(graph, "along");
    const weights = graph.states.filter((state) => feeds.has(state) && state.type.dtype === "f32");
    weights.forEach((weight, i) => expectCentralDifferences(along, weight, output(graph, `r${i}`), feeds));
  });
  it("on the GPU", async () => {
    await expectRight(products());
  });
});

describe("gradients of gradients", () => {
  // Gulrajani et al. 2017: a critic whose slope at points between real and fake ones is drawn to length 1.
  const critic = (): Graph =>
    graphOf(() => {
      const real = input("real", "f32", [3, 4]);
      const fake = input("fake", "f32", [3, 4]);
      const mix = input("mix", "f32", [3, 1]);
      const first = dense.layer(5);
      const second = dense.layer(1);
      const score = (x: Value): Value => second(tanh(first(x)));
      const between = add(mul(mix, real), mul(sub(1, mix), fake));
      const slope = grad(sum(score(between)), between);
      const lengths = sqrt(sum(square(slope), { axis: 1 }));
      const penalty = mean(square(sub(lengths, 1)));
      const loss = add(sub(mean(score(fake)), mean(score(real))), mul(10, penalty));
      const parameters = parametersOf(loss);
      return Object.fromEntries([["loss", loss], ...grad(loss, parameters).map((each, i) => [`d${i}`, each] as const)]);
    });
  it("of a penalty on the slope of a critic", () => {
    const graph = derive(critic());
    const feeds = randomFeeds(graph.entryPoints[0].outputs.map(({ value }) => value));
    const weights = graph.states.filter((state) => state.type.dtype === "f32");
    expect(weights).toHaveLength(4);
    weights.forEach((weight, i) =>
      expectCentralDifferences(output(graph, "loss"), weight, output(graph, `d${i}`), feeds),
    );
  });
  it("of the same, on the GPU", async () => {
    await expectRight(critic());
  });
  it("of a gradient with respect to a gradient", () => {
    const of = outcomes(() => {
      const x = vector("x");
      const slope = grad(sum(exp(x)), x);
      const loss = sum(mul(square(slope), x));
      return { found: grad(loss, slope), known: mul(2, mul(exp(x), x)) };
    });
    expectEqual(of("found"), of("known"));
  });
  it("with respect to a value that stabilising has removed from the gradient inside", () => {
    const of = outcomes(() => {
      const z = vector("z");
      const h = exp(z);
      // ∂ Σ ln²h / ∂h = 2 ln h / h; as a formula of z it is 2 z e⁻ᶻ, where h does not occur.
      const slope = grad(sum(square(log(h))), h);
      const bend = grad(sum(slope), h);
      return { bend, known: div(sub(2, mul(2, z)), square(h)) };
    });
    expectEqual(of("bend"), of("known"));
  });
  it("to fourth order of a product of functions", () => {
    const of = outcomes(() => {
      const x = input("x", "f32", []);
      const derivatives = [sigmoid(x)];
      for (let order = 0; order < 4; order++) derivatives.push(grad(derivatives[order] as never, x));
      const s = sigmoid(x);
      // σ'''' in powers of σ.
      const known = [1, -15, 50, -60, 24].reduce<Value>(
        (sum, factor, i) => {
          const power = Array.from({ length: i + 1 }).reduce<Value>((product) => mul(product, s), add(mul(0, x), 1));
          return add(sum, mul(factor, power));
        },
        mul(0, x),
      );
      return { found: derivatives[4], known };
    });
    expectEqual(of("found"), of("known"));
  });
});

describe("several losses", () => {
  it("share parameters, and each has its own gradients, zero where it does not depend on one", () => {
    const of = outcomes(() => {
      const [a, b] = [param([3], { name: "a" }), param([3], { name: "b" })];
      const first = sum(mul(square(a), 3));
      const second = sum(mul(a, b));
      const [fa, fb] = grad(first, [a, b]);
      const [sa, sb] = grad(second, [a, b]);
      return { fa, fb, sa, sb, both: grad(add(first, second), a), expected: add(mul(6, a), b), a, b };
    });
    expectEqual(of("fb"), [0, 0, 0]);
    expectEqual(of("sa"), of("b"));
    expectEqual(of("sb"), of("a"));
    expectEqual(of("both"), of("expected"));
  });
});
