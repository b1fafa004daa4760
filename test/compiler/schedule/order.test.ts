import { describe, expect, it } from "vitest";
import {
  add,
  adam,
  dense,
  input,
  matmul,
  mean,
  meanSquaredError,
  model,
  mul,
  param,
  relu,
  sgd,
  state,
  sub,
  sum,
  tanh,
  transpose,
  type Graph,
  type Value,
} from "chainrule";
import type { EntryPlan } from "../../../compiler/plan.ts";
import { targetTensor } from "../../../compiler/lower/kernel.ts";
import digits from "../../../samples/digits/model.ts";
import xor from "../../../samples/xor/model.ts";
import { planOf, planRun } from "../planning.ts";

const deep = (depth: number): Graph =>
  model("deep", () => {
    const x = input("x", "f32", ["batch", 12]);
    const y = input("y", "f32", ["batch", 3]);
    let h: Value = x;
    for (let layer = 0; layer < depth; layer++) h = tanh(dense(h, 12) as never);
    const loss = meanSquaredError(dense(h, 3), y as never);
    return { train: { loss, update: sgd(loss as never, { momentum: 0.9 }) } };
  });

/** States that a kernel writes in place. */
const writtenStates = ({ targets }: EntryPlan["steps"][number]): readonly Value[] =>
  [...targets.values()].flat().flatMap(({ state }) => (state ? [state] : []));

/** What must hold of every order: nothing is read before it is written, or after a state was overwritten. */
function expectRightOrder({ entry, steps, outputs }: EntryPlan): void {
  const available = new Set<Value>();
  const overwritten = new Set<Value>();
  for (const step of steps) {
    for (const load of step.traffic.loads) {
      if (load.op.kind === "leaf") expect(overwritten.has(load)).toBe(false);
      else expect(available.has(load)).toBe(true);
    }
    for (const target of [...step.targets.values()].flat()) {
      if (target.state) overwritten.add(target.state);
      else available.add(target.value);
    }
  }
  const written = steps.flatMap((step) => [...step.targets.values()].flat().map(targetTensor));
  expect(new Set(written).size).toBe(written.length);
  for (const { state } of entry.updates) expect(written.includes(state)).toBe(true);
  for (const output of outputs) expect(written.includes(output)).toBe(true);
}

/** A model of one step that gives states new values. */
const updating = (define: () => { update: readonly { state: Value; value: Value }[] } & Record<string, unknown>) =>
  planRun(() => define() as never);

describe("every order", () => {
  it.each([
    ["digits", digits, { batch: 64, pixels: 256 }],
    ["xor", xor, {}],
    ["one hidden layer", deep(1), { batch: 4 }],
    ["seven hidden layers", deep(7), { batch: 5 }],
  ] as const)("of %s reads nothing too early and no state too late", (_, graph, dims) => {
    for (const { name } of graph.entryPoints) expectRightOrder(planOf(graph, name, dims));
  });
});

describe("a state updated in place", () => {
  it("is written after the kernels that read its old value", () => {
    const plan = updating(() => {
      const x = input("x", "f32", [4, 4]);
      const w = param([4, 4]);
      // The update alone could go first; the products read the old weight.
      const next = sub(w, mul(0.1, w));
      const h = tanh(matmul(x, w));
      return { output: matmul(h, w), update: [{ state: w, value: next }] };
    });
    expectRightOrder(plan);
    expect(plan.steps).toHaveLength(3);
    expect(writtenStates(plan.steps[2])).toHaveLength(1);
  });

  it("takes no tensor besides when nothing else reads the new value", () => {
    const plan = updating(() => {
      const w = param([4, 4]);
      return { update: [{ state: w, value: sub(w, mul(0.1, w)) }] };
    });
    expect([...plan.steps[0].targets.values()]).toEqual([
      [{ value: plan.entry.updates[0].value, state: plan.entry.updates[0].state }],
    ]);
  });

  it("is written beside a tensor of its own when the new value is an output as well", () => {
    const plan = updating(() => {
      const w = param([4, 4]);
      const next = sub(w, mul(0.1, w));
      return { next, update: [{ state: w, value: next }] };
    });
    const [targets] = plan.steps[0].targets.values();
    expect(targets.map(({ state }) => state !== undefined)).toEqual([false, true]);
  });

  it("and another state may take one value", () => {
    const plan = updating(() => {
      const x = input("x", "f32", [4]);
      const [a, b] = [state([4], { name: "a" }), state([4], { name: "b" })];
      const next = add(x, 1);
      return {
        update: [
          { state: a, value: next },
          { state: b, value: next },
        ],
      };
    });
    expect(plan.steps).toHaveLength(1);
    expect(writtenStates(plan.steps[0])).toHaveLength(2);
  });
});

/** Steps that only copy a kept value into its state. */
const copies = ({ steps }: EntryPlan) =>
  steps.filter(({ traffic: { loads, stores } }) => loads.length === 1 && loads[0] === stores[0]);

describe("an update that cannot be done in place", () => {
  it("of two states that swap is kept and copied at the end, for one of them", () => {
    const plan = updating(() => {
      const [a, b] = [state([4], { name: "a" }), state([4], { name: "b" })];
      return {
        update: [
          { state: a, value: b },
          { state: b, value: a },
        ],
      };
    });
    expectRightOrder(plan);
    expect(copies(plan)).toHaveLength(1);
    expect(plan.steps.indexOf(copies(plan)[0])).toBe(plan.steps.length - 1);
  });

  it("of three states in a circle is kept for one of them", () => {
    const plan = updating(() => {
      const [a, b, c] = ["a", "b", "c"].map((name) => state([4], { name }));
      return {
        update: [
          { state: a, value: add(b, 1) },
          { state: b, value: add(c, 2) },
          { state: c, value: add(a, 3) },
        ],
      };
    });
    expectRightOrder(plan);
    expect(copies(plan)).toHaveLength(1);
  });

  const refused: Readonly<Record<string, (w: Value) => Value>> = {
    "a product with itself": (w) => matmul(w as never, w as never),
    "its transpose": (w) => add(w as never, transpose(w as never) as never),
    "its own mean": (w) => sub(w as never, mean(w as never)),
    "the sums of its rows": (w) => sub(w as never, sum(w as never, { axis: 1, keepAxes: true }) as never),
    "a product that its epilogue reads turned": (w) =>
      add(matmul(relu(w as never), w as never), transpose(w as never) as never),
  };
  it.each(Object.entries(refused))("because it reads %s goes through a tensor of its own", (_, next) => {
    const plan = updating(() => {
      const w = param([4, 4]);
      return { update: [{ state: w, value: next(w) }] };
    });
    expectRightOrder(plan);
    for (const step of plan.steps) {
      // Whoever writes the state must not read it, except at the element that it writes.
      if (writtenStates(step).length > 0) expect(step.traffic.loads.includes(writtenStates(step)[0])).toBe(false);
    }
  });

  it("is not needed for moments, which are read only where they are written", () => {
    const graph = model("moments", () => {
      const x = input("x", "f32", [8, 8]);
      const loss = mean(matmul(x, param([8, 8])));
      return { train: { loss, update: adam(loss) } };
    });
    expect(copies(planOf(graph, "train", {}))).toEqual([]);
  });
});
