import { describe, expect, test } from "vitest";
import {
  add,
  conv2d,
  dense,
  einsum,
  gradientDescent,
  input,
  matmul,
  maxPool,
  meanSquaredError,
  model,
  mul,
  oneHot,
  param,
  relu,
  reshape,
  scan,
  sum,
  tanh,
  type Graph,
  type Value,
} from "chainrule";
import { compileWithFacts } from "../../compiler/compile.ts";
import { report } from "../../compiler/report.ts";
import cnn from "../bench/models/cnn.ts";

const idealOf = (graph: Graph, entry = "run"): number =>
  report(compileWithFacts(graph, {})).entryPoints[entry].idealBytes;

describe("ideal bytes", () => {
  test("of a product are its operands and its result, and each leaf and result once more", () => {
    const graph = model("product", () => {
      const [a, b] = [input("a", "f32", [64, 32]), input("b", "f32", [32, 16])];
      return { run: { y: tanh(matmul(a, b)) } };
    });
    const [a, b, y] = [4 * 64 * 32, 4 * 32 * 16, 4 * 64 * 16];
    expect(idealOf(graph)).toBe(a + b + y + (a + b + y));
  });

  test("of a weight that two products read count it for each", () => {
    const graph = model("twice", () => {
      const W = param([32, 32], { name: "W" });
      return { run: { y: matmul(tanh(matmul(input("x", "f32", [8, 32]), W)), W) } };
    });
    const [x, W] = [4 * 8 * 32, 4 * 32 * 32];
    expect(idealOf(graph)).toBe(2 * (x + W + x) + (x + W + x));
  });

  test("of a step count a parameter once, which is read and written in place", () => {
    const graph = model("step", () => {
      const loss = sum(mul(input("x", "f32", [8, 32]), param([32], { name: "w" })));
      return { run: { loss, update: gradientDescent(loss) } };
    });
    expect(idealOf(graph)).toBe(4 * (8 * 32 + 32 + 1));
  });

  test("of a convolution count the image, not its windows", () => {
    const graph = model("image", () => ({
      run: { y: conv2d(input("x", "f32", [1, 1, 32, 32]), 4, 3, { name: "conv", bias: false }) },
    }));
    const [x, W, y] = [4 * 32 * 32, 4 * 4 * 9, 4 * 4 * 30 * 30];
    expect(idealOf(graph)).toBe(2 * (x + W + y));
  });

  test("of a convolution of each channel by itself count it as one, though its few terms are written out", () => {
    const graph = model("channels", () => {
      const image = input("x", "f32", [1, 8, 32, 32]);
      return { run: { y: conv2d(image, 8, 3, { name: "conv", bias: false, groups: 8 }) } };
    });
    const [x, W, y] = [4 * 8 * 32 * 32, 4 * 8 * 9, 4 * 8 * 30 * 30];
    expect(idealOf(graph)).toBe(2 * (x + W + y));
  });

  test("of a convolution of a pool count what the pool gives, not what it is taken from", () => {
    const graph = model("pooled", () => {
      const image = input("image", "f32", [1, 1, 32, 32]);
      const first = relu(conv2d(image, 8, 3, { name: "first", bias: false }));
      return { run: { y: conv2d(maxPool(first, 2), 16, 3, { name: "second", bias: false }) } };
    });
    const [image, W1, y1] = [4 * 32 * 32, 4 * 8 * 9, 4 * 8 * 30 * 30];
    const [pool, W2, y2] = [4 * 8 * 15 * 15, 4 * 16 * 8 * 9, 4 * 16 * 13 * 13];
    expect(idealOf(graph)).toBe(image + W1 + y1 + (pool + W2 + y2) + (image + W1 + W2 + y2));
  });

  test("of tensors in half precision take half, states and what is returned take all", () => {
    const graph = model("halves", () => {
      const [W1, W2] = [param([32, 64], { name: "W1" }), param([64, 16], { name: "W2" })];
      return { run: { y: relu(matmul(relu(matmul(input("x", "f32", [8, 32]), W1)), W2)) } };
    });
    const [x, W1, h, W2, y] = [8 * 32, 32 * 64, 8 * 64, 64 * 16, 8 * 16];
    const idealIn = (storage: "f32" | "f16"): number =>
      report(compileWithFacts(graph, { storage })).entryPoints.run.idealBytes;
    const once = 4 * (x + W1 + W2 + y);
    expect(idealIn("f32")).toBe(4 * (x + W1 + h) + 4 * (h + W2 + y) + once);
    expect(idealIn("f16")).toBe(4 * (x + W1) + 2 * h + 2 * h + 4 * (W2 + y) + once);
  });

  test("of a step of cnn are those of its products, not of the parts that long ones are added up from", () => {
    const first = 4 * (32 * 28 * 28 + 8 * 9 + 32 * 8 * 28 * 28);
    const second = 4 * (32 * 8 * 14 * 14 + 16 * 8 * 9 + 32 * 16 * 14 * 14);
    const logits = 4 * (32 * 784 + 784 * 10 + 32 * 10);
    const [firstSlope, secondSlope] = [4 * (32 * 8 * 28 * 28), 4 * (32 * 16 * 14 * 14)];
    const filters = 4 * (32 * 28 * 28 + 8 * 9) + firstSlope + 4 * (32 * 8 * 14 * 14 + 16 * 8 * 9) + secondSlope;
    const images = secondSlope + 4 * (16 * 8 * 9 + 32 * 8 * 14 * 14);
    const backward = filters + images + 2 * logits;
    const parameters = 8 * 9 + 8 + 16 * 8 * 9 + 16 + 7840 + 10;
    const once = 4 * (32 * 28 * 28 + 32 + 3 * parameters + 1 + 1);
    expect(idealOf(cnn, "train")).toBe(first + second + logits + backward + once);
  });

  test("of a product with rows of a one-hot count class numbers", () => {
    const graph = model("classes", () => {
      const label = input("label", "i32", [64]);
      const counts = matmul(input("x", "f32", [16, 64]), add(oneHot(label, 128), 0));
      return { run: { counts } };
    });
    expect(idealOf(graph)).toBeLessThan(4 * (2 * (64 + 16 * 64 + 16 * 128) + 1));
  });

  test("of a loop count each place", () => {
    const graph = model("loop", () => {
      const [xs, h0] = [input("xs", "f32", [10, 8]), input("h0", "f32", [8])];
      const W = param([8, 8], { name: "W" });
      const { carry } = scan(([h], [x]) => ({ carry: [tanh(add(reshape(matmul(reshape(h, [1, 8]), W), [8]), x))] }), {
        initial: [h0],
        sequences: [xs],
      });
      return { run: { y: carry[0] } };
    });
    const step = 4 * (8 + 64 + 8);
    expect(idealOf(graph)).toBe(10 * step + 4 * (10 * 8 + 8 + 64 + 8));
  });
});

describe("padded flops", () => {
  const paddingOf = (size: number): number => {
    const graph = model("product", () => {
      return { run: { y: matmul(input("a", "f32", [size, size]), input("b", "f32", [size, size])) } };
    });
    const { flops, paddedFlops } = report(compileWithFacts(graph)).entryPoints.run;
    return paddedFlops / flops;
  };

  test("are the useful ones where tiles divide the result", () => {
    expect(paddingOf(256)).toBe(1);
  });

  test("are more where they do not: at most a tile beyond each edge", () => {
    expect(paddingOf(257)).toBeGreaterThan(1);
    expect(paddingOf(257)).toBeLessThanOrEqual(((256 + 64) / 257) ** 2);
  });

  test.each([
    ["a matrix and a column", "nk,kc->nc", 1],
    ["a matrix and two columns", "nk,kc->nc", 2],
    ["a matrix and three columns", "nk,kc->nc", 3],
    ["a matrix on its side and a column", "kn,kc->nc", 1],
    ["a row and a matrix", "ck,kn->cn", 1],
    ["three rows and a matrix", "ck,kn->cn", 3],
    ["matrices and columns", "bnk,bkc->bnc", 1],
    ["a matrix and a vector", "nk,k->n", 1],
  ])("are few for the product of %s, which reads each number once", (_, formula, count) => {
    const extents: Readonly<Record<string, number>> = { b: 3, n: 1000, k: 500, c: count };
    const sizes = (axes: string): readonly number[] => [...axes].map((axis) => extents[axis]);
    const [a, b, y] = formula.split(/,|->/).map(sizes);
    const graph = model("product", () => ({
      run: { y: einsum(formula, input("a", "f32", a), input("b", "f32", b)) },
    }));
    const { flops, paddedFlops, bytes } = report(compileWithFacts(graph)).entryPoints.run;
    expect(paddedFlops / flops).toBeLessThanOrEqual(1.05);
    const once = [a, b, y].map((shape) => shape.reduce((total, extent) => total * extent, 4));
    expect(bytes).toBe(once.reduce((total, each) => total + each));
  });

  test("are few for a layer of one unit and its slopes", () => {
    const graph = model("regression", () => {
      const loss = meanSquaredError(dense(input("x", "f32", [512, 256]), 1), input("t", "f32", [512, 1]));
      return { train: { loss, update: gradientDescent(loss) } };
    });
    const { flops, paddedFlops } = report(compileWithFacts(graph)).entryPoints.train;
    expect(paddedFlops / flops).toBeLessThanOrEqual(1.05);
  });

  test.each([
    [8, 8],
    [8, 16],
    [24, 24],
  ])("are few for a convolution of each channel by itself, of %i channels to %i, and its slopes", (channels, width) => {
    const graph = model("channels", () => {
      const y = conv2d(input("x", "f32", [8, channels, 28, 28]), width, 3, { name: "conv", groups: channels });
      const loss = sum(mul(y, y));
      return { train: { loss, update: gradientDescent(loss) } };
    });
    const { flops, paddedFlops } = report(compileWithFacts(graph)).entryPoints.train;
    expect(paddedFlops / flops).toBeLessThanOrEqual(1.2);
  });

  test("are not what threads that return at once would have computed", () => {
    const paddedOf = (build: () => Value): readonly [number, number] => {
      const { flops, paddedFlops } = report(compileWithFacts(model("m", () => ({ run: { y: build() } })))).entryPoints
        .run;
      return [flops, paddedFlops];
    };
    const [flops, padded] = paddedOf(() => mul(tanh(input("x", "f32", [5])), 2));
    expect(padded).toBe(flops);
    const square = (name: string) => input(name, "f32", [9, 9]);
    const plain = paddedOf(() => matmul(square("a"), square("b")));
    const more = paddedOf(() => tanh(mul(matmul(square("a"), square("b")), square("c"))));
    expect(more[0]).toBeGreaterThan(plain[0]);
    expect(more[1] - more[0]).toBe(plain[1] - plain[0]);
    expect(plain[1]).toBeGreaterThan(plain[0]);
  });
});
