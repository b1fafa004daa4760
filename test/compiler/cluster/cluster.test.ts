import { describe, expect, it } from "vitest";
import {
  add,
  adam,
  dense,
  div,
  exp,
  input,
  l2,
  matmul,
  max,
  mean,
  meanSquaredError,
  mul,
  param,
  parametersOf,
  relu,
  sigmoid,
  softmax,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  transpose,
  type Value,
} from "chainrule";
import { smallMayShare } from "../../../compiler/cluster/bindings.ts";
import { stepBindings, tensorsOf } from "../../../compiler/plan.ts";
import digits from "../../../samples/digits/model.ts";
import { kinds, planOf, planRun, stepOf } from "../planning.ts";

const matrix = (name: string): Value => input(name, "f32", [8, 8]);
const product = (a: Value, b: Value): Value => matmul(a as never, b as never);

describe("what follows a contraction", () => {
  it("is its epilogue: bias, activation, mask and residual cost no kernel", () => {
    const plan = planRun(() => {
      const x = input("x", "f32", [8, 8]);
      return { y: add(mul(relu(dense(x, 8)), input("mask", "f32", [8, 8])), x) };
    });
    expect(kinds(plan)).toEqual(["contract"]);
    expect(plan.steps[0].traffic.loads).toHaveLength(4);
  });

  it("is its epilogue also through a transpose of the rest", () => {
    const plan = planRun(() => ({ y: add(product(matrix("a"), matrix("b")), transpose(matrix("c") as never)) }));
    expect(kinds(plan)).toEqual(["contract"]);
  });

  it("is the update of the parameter whose gradient it is", () => {
    const plan = planRun(() => {
      const loss = mean(tanh(matmul(input("x", "f32", [8, 8]), param([8, 8]))));
      return { update: adam(loss) };
    });
    // The derivative of tanh, and the gradient with Adam's three updates.
    expect(kinds(plan).filter((kind) => kind === "contract")).toHaveLength(2);
    expect(plan.steps.find(({ targets }) => targets.size === 3)?.traffic.cluster.kind).toBe("contract");
  });

  it("joins the later of two contractions that it needs", () => {
    const plan = planRun(() => {
      const a = product(matrix("x"), matrix("w"));
      const b = product(a, matrix("v"));
      return { y: add(a, b) };
    });
    expect(kinds(plan)).toEqual(["contract", "contract"]);
    expect(plan.steps[1].traffic.stores).toEqual(plan.outputs);
  });

  it("stays out of a contraction that something else in between depends on", () => {
    // It reads b turned, so b's kernel cannot hold it; b needs a, so a's kernel would have to wait for itself.
    const plan = planRun(() => {
      const a = product(matrix("x"), matrix("w"));
      const b = tanh(product(a, matrix("v")));
      return { y: mul(a as never, transpose(b) as never) };
    });
    expect(kinds(plan)).toEqual(["contract", "contract", "map"]);
  });

  it("stays out when it reads the product at another index", () => {
    const plan = planRun(() => {
      const a = tanh(product(matrix("x"), matrix("w")));
      return { y: add(a as never, transpose(a) as never) };
    });
    expect(kinds(plan)).toEqual(["contract", "map"]);
  });
});

describe("a chain over inputs alone", () => {
  it("is computed again by each contraction that reads it, when it is cheap", () => {
    const plan = planRun(() => {
      const scaled = sub(mul(matrix("x") as never, 2), 1);
      return { a: product(scaled, matrix("w")), b: product(scaled, matrix("v")) };
    });
    expect(kinds(plan)).toEqual(["contract", "contract"]);
  });

  it("is computed once when contractions read it and it is costly", () => {
    const plan = planRun(() => {
      const hidden = sigmoid(matrix("x") as never);
      return { a: product(hidden, matrix("w")), b: product(hidden, matrix("v")) };
    });
    expect(kinds(plan)).toEqual(["map", "contract", "contract"]);
  });

  it("that is a result is written once, and still computed again by whoever else needs it", () => {
    const plan = planRun(() => {
      const scaled = mul(matrix("x") as never, 2);
      return { scaled, a: product(scaled, matrix("w")) };
    });
    expect(kinds(plan).toSorted()).toEqual(["contract", "map"]);
    expect(stepOf(plan, plan.outputs[1]).traffic.loads.includes(plan.outputs[0])).toBe(false);
  });

  it("costs no kernel in front of a reduction", () => {
    const plan = planRun(() => ({ y: sum(exp(mul(matrix("x") as never, 2))) }));
    expect(kinds(plan)).toEqual(["reduce"]);
  });
});

describe("reductions", () => {
  const train = planOf(digits, "train", { batch: 64, pixels: 256 });

  it("of softmax cross-entropy, its gradient and the accuracy of a row are one kernel", () => {
    const rows = train.steps.filter(
      ({ traffic: { cluster } }) => cluster.kind === "reduce" && cluster.axes.join() === "1",
    );
    expect(rows).toHaveLength(1);
    const [{ traffic }] = rows;
    const shapes = traffic.stores.map(({ type }) => type.shape.join("×")).toSorted();
    expect(shapes).toEqual(["64", "64", "64×10"]); // loss and hit of each row, ∂loss/∂logits
    // Logits and labels are read, nothing else.
    expect(traffic.loads).toHaveLength(2);
  });

  it("that meet in a value are one kernel, but where what waits for the one would wait for the other as well", () => {
    const reductions = (isAwaited: boolean): number => {
      const plan = planRun(() => {
        const x = matrix("x");
        const total = sum(exp(x), { axes: [1], keepAxes: true });
        const waiting = tanh(product(div(x as never, total), matrix("u")));
        const late = tanh(product(tanh(product(matrix("y"), matrix("v"))), matrix("w")));
        const power = sum(square(late), { axes: [1], keepAxes: true });
        return { ...(isAwaited && { waiting }), both: mul(mul(x as never, total), power) };
      });
      return kinds(plan).filter((kind) => kind === "reduce").length;
    };
    expect([false, true].map(reductions)).toEqual([1, 2]);
  });

  it("to the means of loss and accuracy are one kernel, together with the step counter", () => {
    const steps = new Set(train.outputs.map((output) => stepOf(train, output)));
    expect(steps.size).toBe(1);
    const [step] = steps;
    expect(step.traffic.cluster.kind).toBe("reduce");
    expect(step.traffic.stores).toHaveLength(3);
  });

  it.each([
    ["a kernel of its own where updates would wait for the loss alone", 1, "map"],
    ["that of the loss where they wait for other kernels as long", 2, "reduce"],
  ] as const)("leave the step counter to %s", (_, layers, kind) => {
    const plan = planRun(() => {
      let y = dense(input("x", "f32", [8, 8]), 8, { name: "first" });
      if (layers === 2) y = dense(relu(y), 8, { name: "second" });
      const loss = meanSquaredError(y, input("target", "f32", [8, 8]));
      return { loss, update: adam(loss) };
    });
    const counter = plan.entry.updates.find(({ state }) => state.type.shape.length === 0)!;
    const step = stepOf(plan, counter.value);
    expect(step.traffic.cluster.kind).toBe(kind);
    const readers = plan.steps.filter(({ traffic }) => traffic.loads.includes(counter.value));
    expect(readers).toHaveLength(2 * layers);
  });

  it("of one row share a kernel with what is computed from them", () => {
    const plan = planRun(() => {
      const x = input("x", "f32", [6, 10]);
      const p = softmax(x);
      return { p, entropy: sum(mul(p, p), { axis: 1 }), largest: max(p, { axis: 1 }) };
    });
    expect(kinds(plan)).toEqual(["reduce"]);
  });

  it("of a normalisation that keeps its axes are one kernel", () => {
    const plan = planRun(() => {
      const x = input("x", "f32", [6, 10]);
      const centred = sub(x, mean(x, { axis: 1, keepAxes: true }));
      const variance = mean(mul(centred, centred), { axis: 1, keepAxes: true });
      return { y: div(centred, sqrt(add(variance, 1e-5))), variance };
    });
    expect(kinds(plan)).toEqual(["reduce"]);
  });

  it("over different axes, or of nothing in common, do not", () => {
    const axes = planRun(() => {
      const x = input("x", "f32", [6, 10]);
      return { rows: sum(x, { axis: 1 }), columns: sum(x, { axis: 0 }) };
    });
    expect(kinds(axes)).toEqual(["reduce", "reduce"]);
    const apart = planRun(() => ({
      one: sum(input("x", "f32", [6, 10]), { axis: 1 }),
      two: sum(input("y", "f32", [6, 10]), { axis: 1 }),
    }));
    expect(kinds(apart)).toEqual(["reduce", "reduce"]);
  });
});

describe("a kernel that would bind more than eight tensors", () => {
  const wide = (combine: (values: readonly Value[]) => Value) =>
    planRun(() => ({ y: combine(Array.from({ length: 13 }, (_, i) => input(`x${i}`, "f32", [4, 4]))) }));

  it.each([
    ["a long sum", wide((all) => all.reduce((a, b) => add(a, b)))],
    ["a sum of functions", wide((all) => all.map((each) => tanh(each)).reduce((a, b) => add(a, b)))],
    ["an epilogue", wide((all) => all.reduce((a, b) => add(a, b), product(all[0], all[1])))],
    [
      "a prologue",
      wide((all) =>
        product(
          all[0],
          all.reduce((a, b) => mul(a, b)),
        ),
      ),
    ],
    ["a reduction", wide((all) => sum(all.reduce((a, b) => mul(a, b))))],
  ])("is cut: %s", (_, plan) => {
    expect(plan.steps.length).toBeGreaterThan(1);
    for (const step of plan.steps) expect(tensorsOf(step).size).toBeLessThanOrEqual(8);
  });

  it("is cut also where it updates the states of an optimizer", () => {
    const plan = planRun(() => {
      const extra = Array.from({ length: 6 }, (_, i) => input(`x${i}`, "f32", [4, 4]));
      const w = param([4, 4]);
      const y = extra.reduce<Value>((a, b) => mul(tanh(add(a, w)), b), w);
      const loss = add(mean(y), l2(parametersOf(y), 0.1));
      return { loss, update: adam(loss as never) };
    });
    const shares = smallMayShare(new Set(plan.outputs));
    for (const step of plan.steps) expect(stepBindings(step, shares)).toBeLessThanOrEqual(8);
  });
});
