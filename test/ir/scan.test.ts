// What a scan takes and gives: in the type system, and when it is called.
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  add,
  cast,
  CompileError,
  constant,
  evaluate,
  grad,
  greater,
  input,
  matmul,
  model,
  mul,
  not,
  param,
  printGraph,
  scan,
  sum,
  tanh,
  type EntryPointRecord,
  type Shape,
  type Tensor,
  type Value,
} from "chainrule";

/** Builds a graph for its types. */
function build(define: () => unknown): void {
  model("types", () => {
    define();
    return { entry: { kept: input("kept", "f32", []) } };
  });
}

function failure(define: () => EntryPointRecord): string | undefined {
  try {
    model("wrong", () => ({ entry: define() }));
  } catch (error) {
    if (error instanceof CompileError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return undefined;
}

/** The error of what is wrong already where it is called. */
const refused = (define: () => unknown): string | undefined =>
  failure(() => {
    define();
    return { kept: input("kept", "f32", []) };
  });

const words = () => input("words", "f32", ["time", "batch", 3]);
const zeros = () => constant(0, "f32", ["batch", 4]);

describe("types follow", () => {
  test("elements, carries, the position and outputs", () =>
    build(() => {
      const pauses = input("pauses", "bool", ["time"]);
      const inner = param([3, 4], { name: "inner" });
      const outer = param([4, 4], { name: "outer" });
      const found = scan(
        ([h, count], [word, pause], position) => {
          expectTypeOf(h).toEqualTypeOf<Tensor<"f32", readonly ["batch", 4]>>();
          expectTypeOf(word).toEqualTypeOf<Tensor<"f32", readonly ["batch", 3]>>();
          expectTypeOf(pause).toEqualTypeOf<Tensor<"bool", readonly []>>();
          expectTypeOf(position).toEqualTypeOf<Tensor<"i32", readonly []>>();
          const next = tanh(add(matmul(word, inner), matmul(h, outer)));
          return { carry: [next, add(count, 1)], outputs: [sum(next, { axis: 1 }), pause] };
        },
        { initial: [zeros(), constant(0, "i32")], sequences: [words(), pauses] },
      );
      expectTypeOf(found.carry[0]).toEqualTypeOf<Tensor<"f32", readonly ["batch", 4]>>();
      expectTypeOf(found.outputs[0]).toEqualTypeOf<Tensor<"f32", readonly ["time", "batch"]>>();
      expectTypeOf(found.outputs[1]).toEqualTypeOf<Tensor<"bool", readonly ["time"]>>();
      expect(found.outputs.map(({ type }) => type.shape)).toEqual([["time", "batch"], ["time"]]);
    }));
  test("a length without sequences", () =>
    build(() => {
      const found = scan(([h]) => ({ carry: [add(h, 1)], outputs: [h] }), { initial: [zeros()], length: "steps" });
      expectTypeOf(found.outputs[0]).toEqualTypeOf<Tensor<"f32", readonly ["steps", "batch", 4]>>();
      const five = scan(([h]) => ({ carry: [h], outputs: [h] }), { initial: [zeros()], length: 5 });
      expectTypeOf(five.outputs[0]).toEqualTypeOf<Tensor<"f32", readonly [5, "batch", 4]>>();
      const none = scan(([h]) => ({ carry: [h] }), { initial: [zeros()], length: 5 });
      expectTypeOf(none.outputs).toEqualTypeOf<readonly []>();
    }));
  test("wide ones stay wide", () =>
    build(() => {
      const sequences: readonly Value[] = [words()];
      const found = scan(([h], [word]) => ({ carry: [h], outputs: [word] }), {
        initial: [zeros() as Tensor<"f32">] as readonly Tensor<"f32">[],
        sequences,
      });
      expectTypeOf(found.carry[0]).toEqualTypeOf<Tensor<"f32">>();
      expectTypeOf(found.outputs[0].type.shape).toEqualTypeOf<Shape>();
    }));
});

describe("mistakes fail in the editor, and with a code when a model is built", () => {
  test("a carry that changes its type", () => {
    const wide = () =>
      // @ts-expect-error scan: a carry that starts as f32[batch, 4] becomes f32[batch, 5]
      scan(([h]) => ({ carry: [matmul(h, param([4, 5]))] }), { initial: [zeros()], length: 2 });
    expect(refused(wide)).toBe(
      "scan-carry: scan: a carry must keep its type from step to step: " +
        "carry 0 is f32[batch, 4] before a step, f32[batch, 5] after it",
    );
    const whole = () =>
      // @ts-expect-error scan: a carry that starts as f32[batch, 4] becomes i32[batch, 4]
      scan(([h]) => ({ carry: [cast(h, "i32")] }), { initial: [zeros()], length: 2 });
    expect(refused(whole)).toMatch(/^scan-carry: .* f32\[batch, 4\] .* i32\[batch, 4\]/);
  });
  test("too few carries, and too many", () => {
    const few = () =>
      // @ts-expect-error scan: starts with 2 carries, the step gives 1
      scan(([h]) => ({ carry: [h] }), { initial: [zeros(), zeros()], length: 2 });
    expect(refused(few)).toBe(
      "scan-values: scan: what a step returns as `carry` must be an array of 2 values: found [f32[batch, 4]]",
    );
    const many = () =>
      // @ts-expect-error scan: starts with 1 carries, the step gives 2
      scan(([h]) => ({ carry: [h, h] }), { initial: [zeros()], length: 2 });
    expect(refused(many)).toMatch(/^scan-values: .* an array of 1 value: found \[.*,.*\]$/);
  });
  test("what is no array of values", () => {
    const [h, length] = [zeros, 2] as const;
    const noArray = () =>
      // @ts-expect-error a value
      scan(([a]) => ({ carry: a }), { initial: [h()], length });
    const number = () =>
      // @ts-expect-error a number
      scan(() => ({ carry: [0] }), { initial: [h()], length });
    const nothing = () =>
      // @ts-expect-error nothing
      scan(() => undefined, { initial: [h()], length });
    const noOutputs = () =>
      // @ts-expect-error a value
      scan(([a]) => ({ carry: [a], outputs: a }), { initial: [h()], length });
    const noInitial = () =>
      // @ts-expect-error a value
      scan(() => ({ carry: [h()] }), { initial: h(), length });
    const noSequences = () =>
      // @ts-expect-error a value
      scan(() => ({ carry: [] }), { initial: [], sequences: words() });
    const wrong: readonly (readonly [() => unknown, string])[] = [
      [noArray, "`carry` must be an array of 1 value: found f32[batch, 4]"],
      [number, "`carry` must be an array of 1 value: found [number]"],
      [nothing, "`carry` must be an array of 1 value: found undefined"],
      [noOutputs, "`outputs` must be an array of values: found f32[batch, 4]"],
      [noInitial, "initial must be an array of values: found f32[batch, 4]"],
      [noSequences, "sequences must be an array of values: found f32[time, batch, 3]"],
    ];
    for (const [define, message] of wrong) {
      expect(refused(define)).toMatch(/^scan-values: /);
      expect(refused(define)).toContain(message);
    }
  });
  test("sequences of different length, and none", () => {
    const other = () => input("other", "f32", ["pause", 3]);
    const lengths = () =>
      // @ts-expect-error scan: sequences differ in length: time and pause
      scan(() => ({ carry: [] }), { initial: [], sequences: [words(), other()] });
    expect(refused(lengths)).toBe(
      "scan-length: scan: sequences must have one length: found f32[time, batch, 3], f32[pause, 3]",
    );
    const scalar = () =>
      // @ts-expect-error scan: a sequence takes at least one axis, found a scalar
      scan(() => ({ carry: [] }), { initial: [], sequences: [param([])] });
    expect(refused(scalar)).toMatch(/^scan-length: /);
    const unknown = () => scan(([h]) => ({ carry: [h] }), { initial: [zeros()] });
    expect(refused(unknown)).toMatch(/^scan-length: .* found no sequences$/);
    const given = () => scan(() => ({ carry: [] }), { initial: [], sequences: [words()], length: 5 });
    expect(refused(given)).toMatch(/^scan-length: .*f32\[time, batch, 3\] and length 5$/);
    for (const length of [0, -1, 2.5]) {
      const none = () => scan(([h]) => ({ carry: [h] }), { initial: [zeros()], length });
      expect(refused(none)).toMatch(length === 0 ? /^scan-length: .* and length/ : /^size-syntax: /);
    }
  });
});

describe("a value of a step", () => {
  test("is not used outside, neither as it is nor within a loop around, nor is a derivative taken by it", () => {
    const leaking = (use: (inside: Tensor<"f32", readonly [4]>, total: Tensor<"f32", readonly [4]>) => Value) =>
      failure(() => {
        const kept: Tensor<"f32", readonly [4]>[] = [];
        const start = constant(0, "f32", [4]);
        const { carry } = scan(
          ([h]) => {
            const next = tanh(add(h, param([4], { name: "w" })));
            kept.push(next);
            return { carry: [next] };
          },
          { initial: [start], length: 3 },
        );
        return { found: use(kept[0], carry[0]) };
      });
    expect(leaking((inside) => inside)).toMatch(/^scan-leak: /);
    expect(leaking((inside) => mul(inside, 2))).toMatch(/^scan-leak: /);
    expect(leaking((inside, total) => grad(sum(total), inside))).toMatch(/^scan-leak: /);
    expect(
      leaking(
        (inside, total) => scan(([h]) => ({ carry: [add(h, inside)] }), { initial: [total], length: 2 }).carry[0],
      ),
    ).toMatch(/^scan-leak: /);
    expect(leaking((_, total) => total)).toBeUndefined();
  });
  test("may take part in what is the same in every step, which is used outside as well", () => {
    const graph = model("shared", () => {
      const x = input("x", "f32", [2]);
      const once = tanh(x);
      const { carry } = scan(([h]) => ({ carry: [add(h, mul(once, grad(sum(mul(once, h)), x)))] }), {
        initial: [constant(1, "f32", [2])],
        length: 2,
      });
      return { run: { last: carry[0], once } };
    });
    expect(graph.entryPoints[0].outputs).toHaveLength(2);
  });
});

test("carries of whole numbers and of truth values are handed on", () => {
  const graph = model("counts", () => {
    const x = input("x", "f32", [5]);
    const { carry, outputs } = scan(
      ([count, odd], [each]) => {
        const more = add(count, cast(greater(each, 0), "i32"));
        return { carry: [more, not(odd)], outputs: [odd] };
      },
      { initial: [constant(0, "i32"), constant(false, "bool")], sequences: [x] },
    );
    return { run: { count: carry[0], odd: carry[1], odds: outputs[0] } };
  });
  const { outputs } = evaluate(graph, { x: [1, -1, 2, 3, -4] });
  expect([outputs.count, outputs.odd, outputs.odds].map((each) => [...each])).toEqual([[3], [1], [0, 1, 0, 1, 0]]);
  expect(printGraph(graph)).toContain("bool");
});
