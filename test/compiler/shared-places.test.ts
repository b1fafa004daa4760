/// A tensor that shares a binding with others gives its place to none: the range over them would lie over the result as well.
import { expect, it } from "vitest";
import {
  add,
  attention,
  dense,
  div,
  grad,
  input,
  layerNorm,
  minimum,
  model,
  mul,
  parametersOf,
  reshape,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  transpose,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import type { Binding, Dispatch } from "../../runtime/abi.ts";
import { expectRight } from "./agree.ts";

/** Two blocks of attention, heads that are normalised between them, and slopes less by what all of them come to. */
function transformer(): Graph {
  return model("transformer", () => {
    const x = input("x", "f32", [1, 8, 32]) as Tensor<"f32">;
    const first = add(x, attention(layerNorm(x, { name: "a" }), 4, { name: "first" })) as Tensor<"f32">;
    const heads = transpose(reshape(layerNorm(first, { name: "b" }), [1, 8, 4, 8]), [0, 2, 1, 3]) as Tensor<"f32">;
    const back = transpose(layerNorm(heads, { name: "heads" }), [0, 2, 1, 3]) as Tensor<"f32">;
    const normalized = add(first, reshape(back, [1, 8, 32])) as Tensor<"f32">;
    const second = attention(layerNorm(normalized, { name: "before" }), 4, { name: "second" });
    const logits = dense(add(normalized, second) as Tensor<"f32">, 5, { name: "logits" });
    const loss = softmaxCrossEntropy(logits as never, input("label", "i32", [1, 8]) as never);
    const parameters = parametersOf(loss as never);
    const slopes = parameters.map((parameter) => grad(loss as never, parameter as Value) as Tensor<"f32">);
    const squares = slopes.map((slope) => sum(square(slope)) as Tensor<"f32">);
    const factor = minimum(1, div(1, sqrt(squares.reduce((a, b) => add(a, b) as Tensor<"f32">)))) as Tensor<"f32">;
    const value = (at: number) => sub(parameters[at] as Tensor<"f32">, mul(0.1, mul(slopes[at], factor)));
    return { train: { loss, update: parameters.map((state, at) => ({ state, value: value(at) })) as never } };
  });
}

const meet = (a: Binding, b: Binding): boolean =>
  a.buffer === b.buffer && a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

it.each([1, 0.97, 0.9])("a small transformer binds no byte twice to be written, in %s of its arena", (part) => {
  const graph = transformer();
  const { arenaBytes } = report(compileWithFacts(graph)).entryPoints.train;
  const { kernels, entryPoints } = compile(graph, part < 1 ? { memoryBudget: Math.floor(part * arenaBytes) } : {});
  for (const { kernel, bindings } of entryPoints.train.dispatches as readonly Dispatch[]) {
    const { name, bindings: accesses } = kernels[kernel];
    const written = bindings.filter((_, at) => accesses[at] === "read_write");
    const twice = written.filter((each, at) => written.some((other, place) => place > at && meet(each, other)));
    expect(twice, name).toEqual([]);
  }
});

it("a small transformer is right", () => expectRight(transformer()));
