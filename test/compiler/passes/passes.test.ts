import { describe, expect, it } from "vitest";
import { residuals } from "../../../compiler/autodiff/residuals.ts";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, makeSymbolicPasses, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { bindSizes } from "../../../compiler/passes/bind-sizes.ts";
import { cse } from "../../../compiler/passes/cse.ts";
import { dce } from "../../../compiler/passes/dce.ts";
import { countUses } from "../../../compiler/passes/rewrite-pass.ts";
import { makeRewriter } from "../../../compiler/rewrite/driver.ts";
import { makeLog } from "../../../compiler/rewrite/log.ts";
import { printGraph } from "../../../ir/print.ts";
import { identity } from "../../../compiler/rewrite/rule.ts";
import { collectingRules } from "../../../compiler/rewrite/rules/all.ts";
import { input, param } from "../../../ir/build.ts";
import { classExtents } from "../../../ir/classes.ts";
import { graphRoots, graphValues } from "../../../ir/graph.ts";
import { dense } from "../../../ir/nn/dense.ts";
import { binaryCrossEntropy, crossEntropy, softmaxCrossEntropy } from "../../../ir/nn/losses.ts";
import { adam } from "../../../ir/optim/adam.ts";
import { add, div, mul, sub } from "../../../ir/ops/arithmetic.ts";
import { where } from "../../../ir/ops/choose.ts";
import { equal } from "../../../ir/ops/compare.ts";
import { matmul } from "../../../ir/ops/contract.ts";
import { grad } from "../../../ir/ops/derivative.ts";
import { relu, sigmoid, softplus } from "../../../ir/ops/functions.ts";
import { iota } from "../../../ir/ops/leaf.ts";
import { mean } from "../../../ir/ops/reduce.ts";
import { sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { as, formula, graphOf, numbers, output, printed } from "../symbolic.ts";

const digits = () =>
  graphOf(() => {
    const image = input("image", "f32", ["batch", 784]);
    const hidden = as("hidden", () => relu(dense(image, 128)));
    const logits = as("logits", () => dense(hidden, 10));
    const loss = as("loss", () => softmaxCrossEntropy(logits, input("label", "i32", ["batch"])));
    return { loss, update: adam(loss) };
  });

describe("all passes", () => {
  it("leave a derived graph as it is", () => {
    const derived = derive(digits());
    expect(derive(derived)).toBe(derived);
  });
  it("leave no placeholder, and keep the user's names", () => {
    const derived = derive(digits());
    const names = [...derived.notes.values()].map((note) => note.name);
    expect(graphValues(derived).some((value) => value.op.kind === "derivative")).toBe(false);
    for (const name of ["hidden", "logits", "loss", "∂loss/∂logits", "∂loss/∂hidden.weight"]) {
      expect(names).toContain(name);
    }
  });
  it("compute no gradient that nobody asked for", () => {
    const names = [...derive(digits()).notes.values()].map((note) => note.name);
    expect(names).not.toContain("∂loss/∂image");
  });
  it("keep one object for values that forward and backward share", () => {
    const graph = derive(
      graphOf(() => {
        const z = input("z", "f32", ["m"]);
        const p = as("p", () => div(1, add(1, mul(1, sigmoid(z)))));
        const h = as("h", () => sigmoid(z));
        const L = as("L", () => sum(mul(h, p)));
        return { h, L, d: grad(L, z) };
      }),
    );
    expect(graphValues(graph).filter((value) => value.op.name === "sigmoid")).toHaveLength(1);
  });
  it("note what was derived and which rule fired, and change nothing by it", () => {
    const log = makeLog();
    const graph = graphOf(() => {
      const z = input("z", "f32", ["m"]);
      const y = input("y", "f32", ["m"]);
      const L = as("L", () => binaryCrossEntropy(sigmoid(z), y, { reduction: "sum" }));
      return { L, d: grad(L, z) };
    });
    const derived = runPasses(graph, makeSymbolicPasses({ log }));
    expect(printGraph(derived)).toBe(printGraph(derive(graph)));
    const firings = log.entries.flatMap((entry) => (entry.tag === "phase" ? entry.firings : []));
    const last = firings.find(({ after }) => after === output(derived, "d"));
    expect(last?.rule.name).toBe("sum of products collected");
    const rules = new Set(firings.map((firing) => firing.rule.name));
    expect(rules).toContain("log of sigmoid");
    expect(rules).toContain("log of one minus sigmoid");
    const [derivation] = log.entries.filter((entry) => entry.tag === "differentiation");
    expect(derivation.loss).toBe(output(graph, "L"));
    expect(derivation.forward(output(graph, "L"))).toBe(derivation.differentiated);
  });
});

describe("collecting", () => {
  const collected = (define: (a: Value, b: Value, c: Value) => Value): string | undefined =>
    formula(
      printed(() => {
        const [a, b, c] = ["a", "b", "c"].map((name) => input(name, "f32", ["n"]));
        return { out: define(a, b, c) };
      }),
      "out",
    );
  it.each<[string, (a: Value, b: Value, c: Value) => Value, string]>([
    ["like terms", (a, b) => add(mul(a, b), mul(b, a)), "2 · a · b"],
    ["a common factor", (a, b, c) => add(mul(a, b), mul(a, c)), "a · (b + c)"],
    ["a common divisor", (a, b, c) => sub(div(a, c), div(b, c)), "(a - b) / c"],
    ["a factor that cancels", (a, b) => div(mul(add(a, b), a), add(a, b)), "a"],
    ["terms that cancel", (a, b) => sub(add(a, b), a), "b"],
    ["one third without rounding", (a) => mul(a, div(a, 3)), "a · (a / 3)"],
    ["no mean of two, which would lose digits", (a, b, c) => add(mul(a, b), mul(sub(1, a), c)), "a · b + (1 - a) · c"],
    ["a square of a difference, as it is", (a, b) => mul(sub(a, b), sub(a, b)), "(a - b)²"],
    ["signs", (a, b, c) => sub(mul(a, -1), sub(b, c)), "c - (a + b)"],
  ])("%s", (_, define, expected) => {
    const found = collected(define);
    expect([expected, expected.replace("c - (a + b)", "c - a - b")]).toContain(found);
  });
});

describe("cse and dce", () => {
  it("merges sums with swapped operands", () => {
    const graph = cse.run(
      graphOf(() => {
        const [a, b] = ["a", "b"].map((name) => input(name, "f32", ["n"]));
        return { left: add(a, b), right: add(b, a) };
      }),
    );
    expect(output(graph, "left")).toBe(output(graph, "right"));
  });
  it("drops names of values that nothing reads", () => {
    const graph = graphOf(() => {
      const a = input("a", "f32", []);
      as("unused", () => mul(a, a));
      return { out: add(a, 1) };
    });
    const names = [...dce.run(graph).notes.values()].map((note) => note.name);
    expect(names).not.toContain("unused");
    expect(names).toContain("a");
  });
});

describe("after sizes are bound", () => {
  it("arithmetic on sizes is done", () => {
    const graph = derive(
      graphOf(() => {
        const x = input("x", "f32", [8, 4]);
        const L = as("L", () => mean(mul(x, x)));
        return { d: grad(L, x) };
      }),
    );
    const bound = simplifyAfterBinding(graph);
    expect(graphValues(bound).filter((value) => value.constant && value.operands.length > 0)).toEqual([]);
  });
});

describe("the driver", () => {
  it("names a rule that does not settle", () => {
    const swap = identity("swap for ever", "exact", "x - y = -(y - x)");
    const graph = graphOf(() => {
      const [a, b] = ["a", "b"].map((name) => input(name, "f32", ["n"]));
      return { out: sub(a, b) };
    });
    expect(() => makeRewriter([swap])(output(graph, "out"))).toThrow(/"swap for ever" \(x - y = -\(y - x\)\)/);
  });
  it("refuses a rule that changes a type", () => {
    const wrong = identity("wrong", "exact", "x + y = sum[a](x)");
    expect(() =>
      graphOf(() => {
        const a = input("a", "f32", ["n"]);
        return { out: makeRewriter([wrong])(add(a, a)) };
      }),
    ).toThrow();
  });
});

describe("residuals", () => {
  const of = (activation: (x: Value) => Value): readonly (string | undefined)[] => {
    const graph = derive(
      graphOf(() => {
        const x = input("x", "f32", ["m", 3]);
        const W = param([3, 4], { name: "W" });
        const V = param([4, 1], { name: "V" });
        const Z = as("Z", () => matmul(x, W));
        const A = as("A", () => activation(Z));
        const L = as("L", () => sum(matmul(A, V)));
        return { L, dW: grad(L, W), dV: grad(L, V) };
      }),
    );
    return residuals(graph, graph.entryPoints[0]).map(({ name, bytes }) => `${name}: ${bytes}`);
  };
  it("are the activations for relu and sigmoid, and the sums before them for softplus", () => {
    expect(of(relu)).toEqual(["A: 16*m"]);
    expect(of(sigmoid)).toEqual(["A: 16*m"]);
    expect(of(softplus)).toEqual(["Z: 16*m", "A: 16*m"]);
  });
});

describe("a chain of scales and selections", () => {
  const firings = (levels: number): number => {
    const graph = graphOf(() => {
      const x = input("x", "f32", ["n"]);
      const w = param([1], { name: "w" });
      let h: Value = x;
      for (let level = 0; level < levels; level++) h = relu(mul(h, w));
      const L = as("L", () => sum(h));
      return { L, d: grad(L, w) };
    });
    let count = 0;
    const observe = (): number => count++;
    const derived = runPasses(graph, [...makeSymbolicPasses().slice(0, 3)]);
    const rewrite = makeRewriter(collectingRules, { uses: countUses(derived), observe });
    for (const root of graphRoots(derived)) rewrite(root);
    expect(derive(graph)).toBeDefined();
    return count;
  };
  it("takes as many rewrites as it has levels, times a constant", () => {
    const [few, many] = [firings(75), firings(300)];
    expect(many).toBeLessThan(4.5 * few);
    expect(many).toBeGreaterThan(300);
  });
});

describe("labels", () => {
  const masked = (label: (l: Value) => Value) => {
    const graph = graphOf(() => {
      const logits = input("logits", "f32", [3, 4]);
      const l = input("l", "i32", [3]);
      const L = as("L", () => softmaxCrossEntropy(logits, label(l), { reduction: "sum" }));
      return { L, d: grad(L, logits) };
    });
    const derived = derive(graph);
    const [logits, l] = derived.inputs;
    const feeds = new Map([
      [logits, [1, 2, 3, 4, 0, 1, 0, 1, 2, 2, 2, 2]],
      [l, [3, 255, 0]],
    ]);
    return {
      derived,
      gradient: numbers(output(derived, "d"), feeds),
      classes: classExtents(l, graphValues(derived), derived.notes),
    };
  };
  it("outside the classes have no loss and no gradient, where they are computed", () => {
    const { gradient, classes } = masked((l) => where(equal(l, 255), -1, l));
    expect(gradient.slice(4, 8)).toEqual([0, 0, 0, 0]);
    expect(gradient[3]).toBeLessThan(0);
    expect(classes).toEqual([]);
  });
  it("of an input are checked, and the gradient is softmax minus one-hot", () => {
    expect(masked((l) => l).classes).toEqual([4]);
  });
  it("stay checked where a guarded logarithm is all that is left of the one-hot", () => {
    const graph = derive(
      graphOf(() => {
        const p = input("p", "f32", ["m", 4]);
        return { L: crossEntropy(p, input("l", "i32", ["m"])) };
      }),
    );
    for (const each of [graph, bindSizes(graph, { m: 3 })]) {
      const label = each.inputs.find((leaf) => leaf.type.dtype === "i32")!;
      expect(classExtents(label, graphValues(each), each.notes)).toEqual([4]);
    }
  });
  it("are not what a mask compares", () => {
    const graph = derive(
      graphOf(() => {
        const x = input("x", "f32", [8]);
        return { out: sum(where(equal(iota([8], 0), input("length", "i32", [])), x, 0)) };
      }),
    );
    const length = graph.inputs.find((leaf) => leaf.type.dtype === "i32")!;
    expect(classExtents(length, graphValues(graph), graph.notes)).toEqual([]);
  });
});
