/// Networks that read text, one letter after the other: right on a device, in few kernels a step and few kept rows.
import { expect, test } from "vitest";
import {
  adam,
  add,
  concatenate,
  constant,
  dense,
  embedding,
  input,
  matmul,
  model,
  mul,
  param,
  scan,
  sigmoid,
  slice,
  softmax,
  softmaxCrossEntropy,
  sub,
  tanh,
  uniform,
  type Graph,
  type Tensor,
} from "chainrule";
import { compile, compileWithFacts } from "../../compiler/compile.ts";
import { expectRight } from "./agree.ts";

const [texts, letters, width] = [2, 5, 4];

type State = Tensor<"f32", readonly [2, 4]>;

/** What a cell makes of a letter's vector and of what it carries; the first of what it carries is what is read. */
type Cell = (carry: readonly State[], x: State) => readonly State[];

/** A model of text: an embedding, a cell in a loop, and scores of the next letter at every place. */
function reader(name: string, carries: number, makeCell: () => Cell): Graph {
  return model(name, () => {
    const [text, next] = [input("text", "i32", ["time", texts]), input("next", "i32", ["time", texts])];
    const cell = makeCell();
    const start = Array.from({ length: carries }, () => constant(0, "f32", [texts, width]));
    const { outputs } = scan(
      (carry, [x]) => {
        const moved = cell(carry as unknown as readonly State[], x as unknown as State);
        return { carry: moved as never, outputs: [moved[0]] };
      },
      { initial: start as never, sequences: [embedding(text, letters, width)] },
    );
    const scores = dense(outputs[0] as Tensor<"f32", readonly ["time", 2, 4]>, letters, { name: "scores" });
    const loss = softmaxCrossEntropy(scores, next);
    return { predict: { probabilities: softmax(scores) }, train: { loss, update: adam(loss) } };
  });
}

const gate = (gates: Tensor<"f32">, place: number): State =>
  slice(gates, [[], [place * width, (place + 1) * width]]) as Tensor<"f32"> as State;

/** A long short-term memory: its four gates are one product with the letter beside the carry. */
const memory = (): Graph =>
  reader("memory", 2, () => {
    const gates = dense.layer(4 * width, { name: "gates" });
    return ([hidden, kept], x) => {
      const all = gates(concatenate([x, hidden], 1)) as Tensor<"f32">;
      const [write, forget, read] = [0, 1, 2].map((place) => sigmoid(gate(all, place)));
      const next = add(mul(forget, kept), mul(write, tanh(gate(all, 3))));
      return [mul(read, tanh(next)), next];
    };
  });

/** A gated recurrent unit: what is forgotten is decided before the candidate has a product of its own. */
const gated = (): Graph =>
  reader("gated", 1, () => {
    const weight = (name: string, columns: number) => param([width, columns], { name, init: uniform() });
    const [outer, inner, candidate] = [
      weight("outer", 3 * width),
      weight("inner", 2 * width),
      weight("candidate", width),
    ];
    return ([hidden], x) => {
      const [fromLetter, fromCarry] = [matmul(x, outer), matmul(hidden, inner)] as Tensor<"f32">[];
      const reset = sigmoid(add(gate(fromLetter, 0), gate(fromCarry, 0)));
      const update = sigmoid(add(gate(fromLetter, 1), gate(fromCarry, 1)));
      const fresh = tanh(add(gate(fromLetter, 2), matmul(mul(reset, hidden), candidate as never) as State));
      return [add(mul(update, hidden), mul(sub(1, update), fresh)) as State];
    };
  });

/** A cell with a bias for either product: three gradients to add up beside what goes on. */
const plain = (): Graph =>
  reader("plain", 1, () => {
    const [ofLetter, ofCarry] = ["letter", "carry"].map((name) => dense.layer(width, { name }));
    return ([hidden], x) => [tanh(add(ofLetter(x), ofCarry(hidden))) as State];
  });

/** The dispatches of a step in each loop of an entry point. */
function dispatchesPerStep(graph: Graph, entry: string): readonly number[] {
  const { dispatches } = compile(graph, { dims: { time: 6 } }).entryPoints[entry];
  return dispatches.flatMap((each) => ("times" in each ? [each.dispatches.length] : []));
}

/** Bytes of the arena that a step more takes, in rows of a carry. */
function rowsPerStep(graph: Graph, entry: string): number {
  const bytes = (time: number): number =>
    compileWithFacts(graph, { dims: { time } }).entries.find(({ name }) => name === entry)!.arenaBytes;
  return (bytes(136) - bytes(8)) / 128 / (4 * texts * width);
}

// The backward step computes the forward one again, and keeps slopes of sums for the product that is the gradient of weights.
// Rows of training: the vectors, what comes out and what was carried, cotangents of all that and of the gates, and scores of
// five letters with theirs.
test.each([
  ["plain cell", plain, { forward: 2, backward: 3, predicted: 2.7, trained: 7.5 }],
  ["long short-term memory", memory, { forward: 2, backward: 7, predicted: 2.7, trained: 11.6 }],
  ["gated recurrent unit", gated, { forward: 3, backward: 9, predicted: 2.7, trained: 13.3 }],
] as const)("a %s learns text in few dispatches a step, and keeps few rows", async (_, define, most) => {
  const [predict, ahead, back] = [...dispatchesPerStep(define(), "predict"), ...dispatchesPerStep(define(), "train")];
  expect(predict).toBeLessThanOrEqual(most.forward);
  expect(ahead).toBeLessThanOrEqual(most.forward);
  expect(back).toBeLessThanOrEqual(most.backward);
  expect(rowsPerStep(define(), "predict")).toBeLessThanOrEqual(most.predicted);
  expect(rowsPerStep(define(), "train")).toBeLessThanOrEqual(most.trained);
  await expectRight(define(), { time: 3 });
});
