/// Signatures: steps that do the same with their tensors have one, and nothing that a kernel shows is lost in it.
import { describe, expect, it } from "vitest";
import {
  adam,
  add,
  dense,
  input,
  meanSquaredError,
  model,
  mul,
  relu,
  setting,
  state,
  sum,
  tanh,
  transpose,
  type Tensor,
} from "chainrule";
import { compile } from "../../compiler/compile.ts";
import type { PlannedStep } from "../../compiler/plan.ts";
import { createSigner } from "../../compiler/signature.ts";
import { planOf } from "./planning.ts";

type Square = Tensor<"f32", readonly [4, 4]>;
type Scalar = Tensor<"f32", readonly []>;
type Computation = (a: Square, b: Square, rate: Scalar, decay: Scalar) => Tensor;

/** The steps that compute results from two tensors and two settings, each on its own. */
function stepsOf(...computations: readonly Computation[]): readonly PlannedStep[] {
  const graph = model("kernels", () => {
    const [rate, decay] = [setting("rate", 0.5), setting("decay", 0.5)];
    const entries = computations.map((compute, i) => {
      const [a, b] = [input(`a${i}`, "f32", [4, 4]), input(`b${i}`, "f32", [4, 4])];
      return [`run${i}`, { result: compute(a, b, rate, decay) }] as const;
    });
    return Object.fromEntries(entries);
  });
  return computations.map((_, i) => {
    const { steps } = planOf(graph, `run${i}`);
    expect(steps).toHaveLength(1);
    return steps[0];
  });
}

describe("signatures", () => {
  it("are the same where only names differ", () => {
    const [one, other] = stepsOf(
      (a, b) => tanh(add(a, b)),
      (a, b) => tanh(add(a, b)),
    ).map(createSigner().of);
    expect(other.text).toBe(one.text);
    expect(other.tensors).not.toEqual(one.tensors);
  });

  it.each<[string, Computation, Computation]>([
    ["an op", (a, b) => add(a, b), (a, b) => mul(a, b)],
    ["the order of operands", (a, b) => add(relu(a), b), (a, b) => add(a, relu(b))],
    ["a number", (a) => mul(tanh(a), 2), (a) => mul(tanh(a), 3)],
    ["a sign", (a) => mul(tanh(a), 2), (a) => mul(tanh(a), -2)],
    ["one tensor read twice", (a, b) => mul(tanh(a), b), (a) => mul(tanh(a), a)],
    ["an axis", (a) => sum(a, { axes: [0] }), (a) => sum(a, { axes: [1] })],
    ["a layout", (a, b) => add(tanh(a), b), (a, b) => add(tanh(transpose(a)), b)],
    ["a setting", (a, _, rate) => mul(tanh(a), rate), (a, _, __, decay) => mul(tanh(a), decay)],
  ])("differ by %s", (_, one, other) => {
    const [first, second] = stepsOf(one, other).map(createSigner().of);
    expect(second.text).not.toBe(first.text);
  });

  it("differ by what is written: a tensor, or the state that is read", () => {
    const graph = model("counter", () => {
      const total = state([4]);
      const next = add(total, 1);
      return { show: { next }, count: { update: [{ state: total, value: next }] } };
    });
    const [show, count] = ["show", "count"].map((entry) => planOf(graph, entry).steps[0]).map(createSigner().of);
    expect(show.text).not.toBe(count.text);
    expect([show.tensors.length, count.tensors.length]).toEqual([2, 1]);
  });

  it("of kernels side by side tell which tensors they share", () => {
    const [one, other] = stepsOf(
      (a) => tanh(a),
      (a) => tanh(a),
    );
    const signer = createSigner();
    expect(signer.ofAll([one, other]).text).not.toBe(signer.ofAll([one, one]).text);
    expect([signer.ofAll([one, other]), signer.ofAll([one, one])].map(({ tensors }) => tensors.length)).toEqual([4, 2]);
  });
});

it("a deeper network has no more signatures", () => {
  const signaturesOf = (layers: number): number => {
    const graph = model("deep", () => {
      let hidden = relu(dense(input("x", "f32", [8, 16]), 16));
      for (let layer = 1; layer < layers; layer++) hidden = relu(dense(hidden, 16));
      const loss = meanSquaredError(hidden, input("y", "f32", [8, 16]));
      return { train: { loss, update: adam(loss) } };
    });
    return new Set(
      planOf(graph, "train")
        .steps.map(createSigner().of)
        .map(({ text }) => text),
    ).size;
  };
  expect(signaturesOf(9)).toBe(signaturesOf(5));
});

it("layers that are alike share a kernel, whose comment says so", () => {
  const { kernels } = compile(
    model("deep", () => {
      let hidden = relu(dense(input("x", "f32", [8, 32]), 32, { name: "first" }));
      for (const name of ["second", "third"]) hidden = relu(dense(hidden, 32, { name }));
      return { run: { hidden } };
    }),
  );
  expect(kernels.map(({ wgsl }) => /^\/\/ Likewise (.*)$/m.exec(wgsl)?.[1])).toEqual(["hidden.", undefined]);
});
