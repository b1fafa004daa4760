/// One value that more tensors take than a kernel may bind.
import { expect, test } from "vitest";
import {
  adam,
  add,
  constant,
  input,
  matmul,
  model,
  mul,
  param,
  scan,
  sigmoid,
  square,
  sum,
  tanh,
  uniform,
} from "chainrule";
import { broadcastTo, max, state, zeros, type Tensor } from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import { expectRight } from "./agree.ts";

type State = Tensor<"f32", readonly [2, 4]>;

test("a memory with tensors of their own for every gate begins with many slopes that are nothing", () =>
  expectRight(
    model("memory", () => {
      const xs = input("x", "f32", [3, 2, 4]);
      const weight = (name: string) => param([4, 4], { name, init: uniform() });
      const gates = ["write", "forget", "read", "fresh"].map((name) => ["X", "H", "K"].map((of) => weight(name + of)));
      const start = constant(0, "f32", [2, 4]);
      const { outputs } = scan(
        ([hidden, kept], [x]) => {
          const [write, forget, read, fresh] = gates.map(([ofX, ofH, ofK]) =>
            add(add(matmul(x, ofX), matmul(hidden, ofH)), matmul(kept, ofK)),
          );
          const next = add(mul(sigmoid(forget), kept), mul(sigmoid(write), tanh(fresh))) as State;
          const moved = mul(sigmoid(read), tanh(next)) as State;
          return { carry: [moved, next] as const, outputs: [moved] as const };
        },
        { initial: [start, start] as const, sequences: [xs] as const },
      );
      const loss = sum(square(outputs[0]));
      return { train: { loss, update: adam(loss) } };
    }),
  ));

test.each([
  ["a number", () => constant(0, "f32", [3])],
  ["a result", () => tanh(input("y", "f32", [3]))],
  ["a product", () => matmul(input("y", "f32", [5]), input("w", "f32", [5, 3]))],
  ["a largest", () => max(input("y", "f32", [7, 3]), { axes: [0] })],
] as const)("twenty states take %s", async (_, define) => {
  const graph = model("states", () => {
    const value = define() as Tensor<"f32", readonly [3]>;
    const states = Array.from({ length: 20 }, (_, at) => state([3], { name: `state${at}`, init: zeros() }));
    const total = states.reduce<Tensor<"f32", readonly [3]>>(
      (all, each) => add(all, each),
      broadcastTo(constant(0, "f32"), [3]),
    );
    return { look: { total }, reset: { value, update: states.map((each) => ({ state: each, value })) } };
  });
  expect(report(compileWithFacts(graph)).entryPoints.reset.dispatches).toBeLessThanOrEqual(4);
  await expectRight(graph);
});
