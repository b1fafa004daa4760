/// What loops add up place by place.
import { describe, expect, it } from "vitest";
import {
  add,
  constant,
  exp,
  grad,
  input,
  matmul,
  model,
  mul,
  param,
  scan,
  square,
  sum,
  tanh,
  uniform,
} from "chainrule";
import { concatenate, transpose, type Graph, type Tensor, type Value } from "chainrule";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { sumsOfLoops } from "../../../compiler/passes/sums-of-loops.ts";
import { graphValues } from "../../../ir/graph.ts";
import { scanBody, scanOp } from "../../../ir/ops/scan.ts";
import { expectRight } from "../agree.ts";

type Row = Tensor<"f32", readonly [3, 4]>;

const matrix = (name: string, rows = 4) => param([rows, 4], { name, init: uniform() }) as Tensor<"f32">;

/** The total of what a loop over words makes, and its slopes by parameters. */
function loop(define: () => readonly [step: (carry: Row, x: Row) => Value, ...of: Value[]], reverse = false): Graph {
  return model("loop", () => {
    const [step, ...of] = define();
    const { outputs } = scan(
      ([carry], [x]) => {
        const next = step(carry, x) as Row;
        return { carry: [next] as const, outputs: [next] as const };
      },
      { initial: [constant(1, "f32", [3, 4])], sequences: [input("x", "f32", [5, 3, 4])], reverse },
    );
    const total = sum(square(outputs[0]));
    return { run: { total, ...Object.fromEntries(of.map((target, at) => [`slope${at}`, grad(total, target)])) } };
  });
}

/** How many carries the loops of a graph have. */
function carriesOf(graph: Graph): number {
  const bodies = graphValues(graph).flatMap(({ op, attrs }) => (op === scanOp ? [scanBody(attrs)] : []));
  const each = new Map(bodies.map(({ identity, carries }) => [identity, carries.length]));
  return [...each.values()].reduce((total, count) => total + count, 0);
}

/** The same before and after the pass. */
function carriesAround(graph: Graph): readonly [number, number] {
  const simple = simplifyAfterBinding(derive(graph));
  return [carriesOf(simple), carriesOf(sumsOfLoops.run(simple))];
}

describe("what a loop adds up is one sum over all places", () => {
  it.each<readonly [string, Graph, number]>([
    [
      "slopes of weights and of a bias",
      loop(() => {
        const [w, v, bias] = [matrix("w"), matrix("v"), param([4], { name: "bias" })];
        return [(carry, x) => tanh(add(add(matmul(carry, w), matmul(x, v)), bias)), w, v, bias];
      }),
      3,
    ],
    [
      "from the last place to the first",
      loop(() => {
        const w = matrix("w");
        return [(carry, x) => tanh(add(matmul(carry, w), x)), w];
      }, true),
      1,
    ],
    [
      "of what lies side by side",
      loop(() => {
        const w = matrix("w", 8);
        return [(carry, x) => tanh(matmul(concatenate([x, carry], 1), w as never)), w];
      }),
      1,
    ],
    [
      "a table that a model adds up itself, from where it begins",
      model("table", () => {
        const { carry } = scan(
          ([table], [x]) => ({
            carry: [add(add(matmul(transpose(x), exp(x)), table), matmul(transpose(x), x))] as const,
          }),
          { initial: [input("start", "f32", [4, 4])], sequences: [input("x", "f32", [5, 3, 4])] },
        );
        return { run: { table: carry[0] } };
      }),
      1,
    ],
  ])("%s", async (_, graph, fewer) => {
    const [before, after] = carriesAround(graph);
    expect(after).toBe(before - fewer);
    await expectRight(graph);
  });

  it.each<readonly [string, Graph]>([
    [
      "a total that every place gives",
      model("running", () => {
        const { outputs } = scan(
          ([table], [x]) => {
            const next = add(table, matmul(transpose(x), x));
            return { carry: [next] as const, outputs: [next] as const };
          },
          { initial: [constant(0, "f32", [4, 4])], sequences: [input("x", "f32", [5, 3, 4])] },
        );
        return { run: { tables: outputs[0] } };
      }),
    ],
    [
      "one that the loop goes on with",
      model("read", () => {
        const { carry } = scan(
          ([table], [x]) => ({ carry: [add(table, matmul(transpose(x), tanh(matmul(x, table))))] as const }),
          { initial: [input("start", "f32", [4, 4])], sequences: [input("x", "f32", [5, 3, 4])] },
        );
        return { run: { table: carry[0] } };
      }),
    ],
    [
      "a sum of what nothing else keeps",
      loop(() => {
        const scale = param([], { name: "scale", init: uniform() });
        return [(carry, x) => tanh(add(mul(carry, scale), x)), scale];
      }),
    ],
    [
      "terms that are as many as the total",
      loop(() => {
        const weights = param([3, 4], { name: "weights", init: uniform() });
        return [(carry, x) => tanh(add(mul(carry, weights), x)), weights];
      }),
    ],
  ])("but not %s", async (_, graph) => {
    const [before, after] = carriesAround(graph);
    expect(after).toBe(before);
    await expectRight(graph);
  });
});
