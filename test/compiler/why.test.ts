import { describe, expect, test } from "vitest";
import {
  add,
  dense,
  input,
  matmul,
  mean,
  model,
  mul,
  param,
  relu,
  scan,
  softmax,
  state,
  sub,
  sum,
  tanh,
  transpose,
} from "chainrule";
import type { EntryPointRecord, Value } from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import { lowerScans } from "../../compiler/passes/lower-scans.ts";
import { assemble } from "../../compiler/program.ts";
import type { RefusedPair } from "../../compiler/why.ts";
import cnn from "../bench/models/cnn.ts";
import mlp from "../bench/models/mlp.ts";

const x = () => input("x", "f32", [64, 32]);

function pairsOf(define: () => EntryPointRecord): readonly RefusedPair[] {
  const compiled = compileWithFacts(model("test", () => ({ run: define() })));
  return report(compiled, true).entryPoints.run!.refused!;
}

describe("why two kernels are two", () => {
  test("a product starts a kernel", () => {
    const pairs = pairsOf(() => ({ y: matmul(relu(matmul(x(), param([32, 16]))), param([16, 8])) }));
    expect(pairs).toEqual([
      {
        from: "product_of_x",
        to: "y",
        value: "y",
        reason: "starts",
        text: "`y` starts a kernel of its own: it reads each of its operands many times",
        because: "it is a product, which reads its operands many times",
      },
    ]);
  });

  test("a reduction of a product's result goes along rows that no thread has whole", () => {
    const [pair] = pairsOf(() => ({ y: softmax(matmul(x(), param([32, 16]))) }));
    expect(pair).toMatchObject({
      reason: "starts",
      value: "max(x @ param, axis=1)",
      text: "a max starts a kernel of its own: no thread has all that is reduced along axis 1 of f32[64, 16]",
    });
  });

  test("elements that another thread computes are read from memory", () => {
    const pairs = pairsOf(() => {
      const square = matmul(x(), param([32, 64]));
      return { y: add(square, transpose(tanh(square))) };
    });
    expect(pairs.map(({ reason }) => reason)).toEqual(["places"]);
  });

  test("8 tensors are bound together, 9 are not", () => {
    const reasons = (count: number): readonly string[] =>
      pairsOf(() => {
        let total: Value = matmul(x(), param([32, 16]));
        for (let term = 0; term < count; term++) total = mul(total as never, tanh(input(`t${term}`, "f32", [64, 16])));
        return { y: total };
      }).map(({ reason }) => reason);
    // The product's operands and the result are three.
    expect(reasons(5)).toEqual([]);
    expect(new Set(reasons(6))).toEqual(new Set(["bindings"]));
  });

  test("a pair that came to too many tensors is told how many it would bind now", () => {
    const graph = model("test", () => {
      const s = state([64, 16], { name: "s" });
      let total: Value = mul(s, matmul(x(), param([32, 16])));
      for (let term = 0; term < 5; term++) total = mul(total as never, input(`t${term}`, "f32", [64, 16]));
      return { run: { update: [{ state: s, value: total }] } };
    });
    // A kernel that grows does not know yet that its result takes the place of the state.
    const [pair, ...others] = report(compileWithFacts(graph), true).entryPoints.run!.refused!;
    expect(others).toEqual([]);
    expect(pair).toMatchObject({
      reason: "before",
      text: "with a product, kernel product_of_x came to more than 8 tensors while kernels were planned; as they are now it would bind 8",
    });
  });

  test("a value of two products joins one of them", () => {
    const pairs = pairsOf(() => {
      const other = input("other", "f32", [64, 32]);
      return { y: add(matmul(x(), param([32, 16])), matmul(other, param([32, 16]))) };
    });
    expect(pairs.map(({ reason }) => reason)).toEqual(["elsewhere"]);
  });

  test.each([mlp, cnn])("each row says another thing, of kernels as the table names them", (graph) => {
    for (const entry of Object.values(report(compileWithFacts(graph), true).entryPoints)) {
      const pairs = entry.refused!;
      const names = new Set(entry.kernels.map(({ name }) => name));
      for (const { from, to } of pairs) expect([names.has(from), names.has(to)]).toEqual([true, true]);
      expect(new Set(pairs.map((pair) => JSON.stringify(pair))).size).toBe(pairs.length);
      // Every kernel but the first waits for another, or it would run beside it.
      const last = entry.kernels.at(-1)!.name;
      expect(pairs.map(({ to }) => to)).toContain(last);
    }
  });

  test("the program is the same when it is asked", () => {
    const { ready, program } = compileWithFacts(mlp);
    let refusals = 0;
    expect(assemble(lowerScans.run(ready), () => refusals++).program).toEqual(program);
    expect(refusals).toBeGreaterThan(5);
  });

  test("kernels of a loop are neighbours of each other and of those around it", () => {
    const pairs = pairsOf(() => {
      const [xs, h0] = [input("xs", "f32", [5, 4, 8]), input("h0", "f32", [4, 8])];
      const W = param([8, 8], { name: "W" });
      const { carry } = scan(([h], [z]) => ({ carry: [softmax(add(matmul(h, W), z))] }), {
        initial: [h0],
        sequences: [xs],
      });
      return { y: tanh(carry[0]) };
    });
    const within = pairs.filter(({ reason }) => reason === "starts");
    expect(within.length).toBe(1);
    // The product reads the carry, as it began and as the kernel after it leaves it.
    const [{ from: product, to: share }] = within;
    expect(pairs.filter(({ from, to, reason }) => from === share && to === product && reason === "loop").length).toBe(
      1,
    );
    expect(pairs.filter(({ to }) => to === "y").map(({ reason }) => reason)).toEqual(["loop", "loop"]);
  });

  test("is said where it is asked for", () => {
    const compiled = compileWithFacts(
      model("m", () => ({ run: { loss: mean(sum(sub(dense(x(), 4), 1), { axis: 1 })) } })),
    );
    expect(report(compiled).entryPoints.run).not.toHaveProperty("refused");
    expect(report(compiled, true).entryPoints.run!.refused!.length).toBeGreaterThan(0);
  });
});
