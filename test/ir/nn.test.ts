/// Layers, losses, metrics and penalties: values in float64, names, and what is refused.
import { describe, expect, test } from "vitest";
import {
  accuracy,
  binaryAccuracy,
  binaryCrossEntropy,
  CompileError,
  crossEntropy,
  dense,
  evaluate,
  input,
  l1,
  l2,
  logSoftmax,
  meanSquaredError,
  model,
  oneHot,
  param,
  parametersOf,
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  sumOfSquaredResiduals,
  values,
  type Graph,
  type NestedNumbers,
  type Tensor,
} from "chainrule";

type Define = () => Tensor;

function graphOf(define: Define): Graph {
  return model("nn", () => ({ run: { result: define() } }));
}

/** The value of one expression, row-major. */
function value(define: Define, data: Readonly<Record<string, NestedNumbers>> = {}): number[] {
  return Array.from(evaluate(graphOf(define), data).outputs.result);
}

function close(found: readonly number[], wanted: readonly number[], digits = 12): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((number, i) => expect(number).toBeCloseTo(wanted[i], digits));
}

function error(define: Define): CompileError {
  try {
    graphOf(define);
  } catch (caught) {
    if (caught instanceof CompileError) return caught;
    throw caught;
  }
  throw new Error("nothing was refused");
}

const f32 = <const S extends readonly (string | number)[]>(name: string, shape: S) => input(name, "f32", shape);
const i32 = <const S extends readonly (string | number)[]>(name: string, shape: S) => input(name, "i32", shape);

describe("dense", () => {
  const weight = { "dense_0.weight": [[1, 2, 3], [4, 5, 6]], "dense_0.bias": [10, 20, 30] }; // prettier-ignore

  test("x·W + b on the last axis, with any leading axes", () => {
    close(
      value(() => dense(f32("x", [2]), 3), { x: [1, 1], ...weight }),
      [15, 27, 39],
    );
    close(
      value(() => dense(f32("x", [1, 2]), 3), { x: [[1, 0]], ...weight }),
      [11, 22, 33],
    );
    close(value(() => dense(f32("x", [1, 2, 2]), 3), { x: [[[1, 0], [0, 1]]], ...weight }), [11, 22, 33, 14, 25, 36]); // prettier-ignore
  });

  test("without bias", () => {
    const graph = graphOf(() => dense(f32("x", [2]), 3, { bias: false }));
    expect(graph.states.map((state) => graph.notes.get(state)!.name)).toEqual(["dense_0.weight", "key"]);
  });

  test("a layer applied twice has one set of weights", () => {
    const graph = graphOf(() => {
      const encode = dense.layer(3, { name: "encode", biasInit: values([1, 2, 3]) });
      return meanSquaredError(encode(f32("a", ["batch", 2])), encode(f32("b", ["batch", 2])));
    });
    expect(graph.states.map((state) => graph.notes.get(state)!.name)).toEqual(["encode.weight", "encode.bias", "key"]);
  });

  test("a layer applied to another size is refused, with both sizes", () => {
    const refused = error(() => {
      const encode = dense.layer(3);
      encode(f32("a", [2]));
      return encode(f32("b", [5]));
    });
    expect(refused.code).toBe("layer-input");
    expect(refused.message).toBe("a layer must be applied to inputs of one size: it was made for 2, `b` is f32[5]");
  });
});

describe("softmax and labels", () => {
  test("softmax sums to one along its axis, without overflow", () => {
    close(
      value(() => softmax(f32("x", [3])), { x: [1000, 0, 1000] }),
      [0.5, 0, 0.5],
    );
    close(
      value(() => softmax(f32("x", [2, 1]), 0), { x: [[0], [0]] }),
      [0.5, 0.5],
    );
    close(
      value(() => logSoftmax(f32("x", [2])), { x: [200, 0] }),
      [0, -200],
    );
  });

  test("one-hot rows; labels out of range give zeros", () => {
    close(
      value(() => oneHot(i32("y", [3]), 2), { y: [1, 0, 7] }),
      [0, 1, 1, 0, 0, 0],
    );
  });

  test("one-hot of what is no integer is refused", () => {
    const refused = error(() => oneHot(f32("y", [3]), 2));
    expect(refused.code).toBe("dtype-mismatch");
    expect(refused.message).toContain("oneHot: operands must be integers: found f32[3]");
    expect(refused.help).toContain('cast(labels, "i32")');
  });
});

describe("losses", () => {
  test.each<readonly [string, () => Tensor, string]>([
    ["shapes that differ, where no labels are taken", () => sigmoidCrossEntropy(f32("z", [3, 1]), f32("y", [3]) as never), "reshape the target"], // prettier-ignore
    ["labels that are floats", () => softmaxCrossEntropy(f32("z", [3, 2]), f32("y", [3]) as never), 'cast(labels, "i32")'], // prettier-ignore
    ["a target in the place of the logits", () => softmaxCrossEntropy(i32("y", [3]) as never, f32("z", [3, 2]) as never), "softmaxCrossEntropy(prediction, target)"], // prettier-ignore
    ["integers for both", () => sigmoidCrossEntropy(i32("z", [3]) as never, i32("y", [3])), 'convert it with cast(x, "f32")'], // prettier-ignore
  ])("refused with help: %s", (_, make, help) => {
    expect(error(make).help).toContain(help);
  });

  const p = [[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]]; // prettier-ignore
  const logits = p.map((row) => row.map(Math.log));
  const each = [-Math.log(0.25), -Math.log(0.8)];
  const oneHotTarget = [[0, 0, 1], [0, 1, 0]]; // prettier-ignore

  test.each([
    ["mean", [(each[0] + each[1]) / 2]],
    ["sum", [each[0] + each[1]]],
    ["none", each],
  ] as const)("cross-entropy in its four forms, reduction %s", (reduction, wanted) => {
    const options = { reduction };
    const prediction = () => f32("p", ["batch", 3]);
    const labels = () => i32("y", ["batch"]);
    const target = () => f32("y", ["batch", 3]);
    close(
      value(() => crossEntropy(prediction(), labels(), options), { p, y: [2, 1] }),
      wanted,
    );
    close(
      value(() => crossEntropy(prediction(), target(), options), { p, y: oneHotTarget }),
      wanted,
    );
    close(
      value(() => softmaxCrossEntropy(prediction(), labels(), options), { p: logits, y: [2, 1] }),
      wanted,
    );
    close(
      value(() => softmaxCrossEntropy(prediction(), target(), options), { p: logits, y: oneHotTarget }),
      wanted,
    );
  });

  test("one example without a batch axis", () => {
    const loss = () => softmaxCrossEntropy(f32("p", [3]), i32("y", []));
    close(value(loss, { p: logits[0], y: 2 }), [each[0]]);
  });

  test("binary cross-entropy, of probabilities and of logits", () => {
    const wanted = [(-Math.log(0.8) - Math.log(1 - 0.3)) / 2];
    const y = [1, 0];
    close(
      value(() => binaryCrossEntropy(f32("p", [2]), f32("y", [2])), { p: [0.8, 0.3], y }),
      wanted,
    );
    close(
      value(() => binaryCrossEntropy(f32("p", [2]), i32("y", [2])), { p: [0.8, 0.3], y }),
      wanted,
    );
    const z = [Math.log(0.8 / 0.2), Math.log(0.3 / 0.7)];
    close(
      value(() => sigmoidCrossEntropy(f32("z", [2]), f32("y", [2])), { z, y }),
      wanted,
    );
    close(
      value(() => sigmoidCrossEntropy(f32("z", [1]), f32("y", [1])), { z: [200], y: [0] }),
      [200],
    );
  });

  test("squared errors", () => {
    const data = { p: [1, 2, 3], y: [1, 0, 0] };
    close(
      value(() => meanSquaredError(f32("p", [3]), f32("y", [3])), data),
      [13 / 3],
    );
    close(
      value(() => sumOfSquaredResiduals(f32("p", [3]), f32("y", [3])), data),
      [13],
    );
  });

  test("nothing is broadcast between a prediction and its target", () => {
    const wide: readonly (string | number)[] = ["batch", 1];
    const refused = error(() => meanSquaredError(f32("p", wide), f32("y", ["batch"])));
    expect(refused.code).toBe("target-mismatch");
    expect(refused.message).toBe(
      "meanSquaredError: the target must be of the same shape: `p` is f32[batch, 1], `y` is f32[batch]",
    );
  });
});

describe("metrics", () => {
  const scores = [[1, 3, 2], [9, 0, 0]]; // prettier-ignore

  test("accuracy with labels and with one-hot rows", () => {
    const prediction = () => f32("p", ["batch", 3]);
    close(
      value(() => accuracy(prediction(), i32("y", ["batch"])), { p: scores, y: [1, 2] }),
      [0.5],
    );
    const rows = [[0, 1, 0], [1, 0, 0]]; // prettier-ignore
    close(
      value(() => accuracy(prediction(), f32("y", ["batch", 3])), { p: scores, y: rows }),
      [1],
    );
  });

  test("binary accuracy, at 0.5 or a threshold", () => {
    const data = { p: [0.4, 0.6, 0.9], y: [0, 0, 1] };
    close(
      value(() => binaryAccuracy(f32("p", [3]), f32("y", [3])), data),
      [2 / 3],
    );
    close(
      value(() => binaryAccuracy(f32("p", [3]), i32("y", [3]), { threshold: 0.7 }), data),
      [1],
    );
  });

  test("one class is refused, with the way out", () => {
    const refused = error(() => accuracy(f32("p", ["batch", 1]), i32("y", ["batch"])));
    expect(refused.code).toBe("rank-mismatch");
    expect(refused.message).toContain("binaryAccuracy");
  });
});

describe("penalties", () => {
  const data = { a: [1, -2], b: [3] };
  const parameters = () => [param([2], { name: "a" }), param([1], { name: "b" })];

  test("l2 and l1 over several parameters; the strength is a run-time setting", () => {
    close(
      value(() => l2(parameters(), 0.5), data),
      [7],
    );
    close(
      value(() => l1(parameters(), 0.5), data),
      [3],
    );
    close(
      value(() => l2(parameters()[0], 1), { ...data, l2: 10 }),
      [50],
    );
    expect(() => value(() => l2([], 1))).toThrow("l2: a parameter must be given");
    expect(() => value(() => l1([], 1))).toThrow("l1: a parameter must be given");
  });

  test("parametersOf: what a value depends on, frozen ones when asked", () => {
    let found: readonly (readonly Tensor[])[] = [];
    const graph = graphOf(() => {
      const frozen = dense(f32("x", [2]), 2, { name: "frozen", trainable: false });
      const result = dense(frozen, 1, { name: "head" });
      param([3], { name: "unused" });
      found = [parametersOf(result), parametersOf(result, { frozen: true })];
      return result;
    });
    const names = found.map((list) => list.map((state) => graph.notes.get(state)!.name));
    expect(names[0]).toEqual(["head.weight", "head.bias"]);
    expect(names[1]).toEqual(["frozen.weight", "frozen.bias", "head.weight", "head.bias"]);
  });
});
