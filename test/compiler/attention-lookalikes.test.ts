/// What looks like attention and is not, or not quite: with blocks of any length allowed, the same numbers as the
/// interpreter's; and graphs in which sums with one softmax read one another.
import { expect, it } from "vitest";
import {
  add,
  div,
  einsum,
  exp,
  grad,
  greater,
  input,
  iota,
  lessEqual,
  log,
  logsumexp,
  matmul,
  max,
  model,
  mul,
  normal,
  param,
  softmax,
  square,
  sub,
  sum,
  tanh,
  transpose,
  where,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { checkOnDevice } from "../../compiler/check/index.ts";
import { openDeviceModule } from "../../compiler/cli/device.ts";
import { compileWithFacts } from "../../compiler/compile.ts";
import { testDevice } from "../gpu.ts";

/** Shapes do not matter to what is said here. */
type Any = never;

interface Letters {
  readonly q: Any;
  readonly k: Any;
  readonly v: Any;
  /** What a cotangent of the mean might be. */
  readonly g: Any;
  /** q·kᵀ. */
  readonly s: Any;
  /** Its softmax. */
  readonly p: Any;
}

interface Case {
  /** 20 or 16 queries and keys of 4 numbers each. */
  readonly square?: boolean;
  /** Kernels that take attention in blocks. */
  readonly kernels: number;
  results(letters: Letters): Readonly<Record<string, Value>>;
}

const number = (name: string, shape: readonly number[]): Any => input(name, "f32", shape) as Any;

/** A softmax over two axes. */
const softmaxOfPlaces = (x: Any): Any =>
  exp(sub(x, logsumexp(x, { axes: [1, 2], keepAxes: true }) as Any) as Any) as Any;

const cases: Readonly<Record<string, Case>> = {
  "scores less the logarithm of another row's sum": {
    ...{ square: true, kernels: 0 },
    results: ({ s, v }) => ({ y: matmul(exp(sub(s, logsumexp(s, { axes: [1] }) as Any)) as Any, v) }),
  },
  "a total of weights and a product that lies the other way": {
    ...{ square: true, kernels: 0 },
    results: ({ p, v, g }) => ({
      mean: matmul(p, v),
      total: sum(mul(p, matmul(v, transpose(g)) as Any) as Any, { axes: [1] } as Any),
    }),
  },
  "a total of weights and the product that it is made of": {
    ...{ square: true, kernels: 1 },
    results: ({ p, v, g }) => ({
      mean: matmul(p, v),
      total: sum(mul(p, matmul(g, transpose(v)) as Any) as Any, { axes: [1] } as Any),
    }),
  },
  "a total along columns": {
    ...{ square: true, kernels: 0 },
    results: ({ p, v, g }) => ({
      mean: matmul(p, v),
      total: sum(mul(p, matmul(g, transpose(v)) as Any) as Any, { axes: [0] } as Any),
    }),
  },
  "a total of weights squared": {
    kernels: 0,
    results: ({ p, v, g }) => ({
      mean: matmul(p, v),
      total: sum(mul(square(p) as Any, matmul(g, transpose(v)) as Any) as Any, { axes: [1] } as Any),
    }),
  },
  "values of which rows are columns": {
    ...{ square: true, kernels: 1 },
    results: ({ p }) => ({ y: matmul(p, transpose(number("w", [8, 16])) as Any) }),
  },
  "means over queries with weights that add up over keys": {
    kernels: 0,
    results: ({ p }) => ({ y: matmul(transpose(p), number("w", [20, 4])) }),
  },
  "a softmax over rows": {
    kernels: 0,
    results: ({ s, v }) => ({ y: matmul(softmax(s, 0) as Any, v) }),
  },
  "weights squared": { kernels: 0, results: ({ p, v }) => ({ y: matmul(square(p) as Any, v) }) },
  "weights times themselves and one more": {
    kernels: 0,
    results: ({ p, v }) => ({ y: matmul(mul(p, add(p, 1 as Any) as Any) as Any, v) }),
  },
  "weights by themselves and one": {
    kernels: 0,
    results: ({ p, v }) => ({ y: matmul(div(p, add(p, 1 as Any) as Any) as Any, v) }),
  },
  "the larger weights": {
    kernels: 0,
    results: ({ p, v }) => ({ y: matmul(where(greater(p, 0.05 as Any) as Any, p, 0 as Any) as Any, v) }),
  },
  "the largest weight of each row": {
    kernels: 0,
    results: ({ p, v }) => ({ y: matmul(p, v), most: max(p, { axes: [1] } as Any) as Value }),
  },
  "weights that are a result": { kernels: 0, results: ({ p, v }) => ({ y: matmul(p, v), p }) },
  "scores that are a result": { kernels: 0, results: ({ s, p, v }) => ({ y: matmul(p, v), s }) },
  entropies: {
    kernels: 0,
    results: ({ p, v }) => ({ y: matmul(p, v), entropy: sum(mul(p, log(p) as Any) as Any, { axes: [1] } as Any) }),
  },
  "a temperature of each column": {
    kernels: 1,
    results: ({ s, v }) => ({ y: matmul(softmax(mul(s, number("t", [16])) as Any) as Any, v) }),
  },
  "a temperature of each row, after the softmax too": {
    kernels: 1,
    results: ({ s, v }) => {
      const t = number("t", [20, 1]);
      return { y: matmul(mul(softmax(mul(s, t) as Any) as Any, t) as Any, v) };
    },
  },
  "weights times scores": { kernels: 1, results: ({ p, s, v }) => ({ y: matmul(mul(p, s) as Any, v) }) },
  "a mask of columns, and rows that see nothing": {
    kernels: 1,
    results: ({ s, v }) => {
      const column = input("column", "bool", [16]);
      const row = lessEqual(iota([20, 16], 0) as Any, 11 as Any);
      const seen = where(column as Any, where(row as Any, s, -Infinity as Any) as Any, -Infinity as Any);
      return { y: matmul(softmax(seen as Any) as Any, v) };
    },
  },
  "a sum of products whose axes are split otherwise": {
    kernels: 0,
    results: () => {
      const scores = add(
        einsum("bqd,bkd->bqk", number("a", [3, 4, 4]), number("b", [3, 16, 4])) as Any,
        einsum("bqd,kd->bqk", number("c", [3, 4, 4]), number("e", [16, 4])) as Any,
      );
      return { y: einsum("bqk,bkd->bqd", softmax(scores as Any) as Any, number("w", [3, 16, 4])) as Value };
    },
  },
  "a total of places the other way round": {
    kernels: 0,
    results: () => {
      const [q, g] = [number("q2", [4, 4]), number("g2", [4, 4])];
      const [k, v] = [number("k2", [3, 3, 4]), number("v2", [3, 3, 4])];
      const p = softmaxOfPlaces(einsum("qd,hwd->qhw", q, k) as Any);
      const product = einsum("qd,hwd->qhw", g, v) as Any;
      return {
        y: einsum("qhw,whd->qd", p, v) as Value,
        total: sum(mul(p, product) as Any, { axes: [1, 2] } as Any),
      };
    },
  },
  "means of places of two axes that change places": {
    kernels: 1,
    results: () => {
      const q = number("q2", [4, 4]);
      const [k, v] = [number("k2", [3, 4, 4]), number("v2", [4, 3, 4])];
      const p = softmaxOfPlaces(einsum("qd,hwd->qhw", q, k) as Any);
      return { y: einsum("qhw,whd->qd", p, v) as Value };
    },
  },
  "values that are scores": { ...{ square: true, kernels: 0 }, results: ({ p, s }) => ({ y: matmul(p, s) }) },
  "weights of weights": { ...{ square: true, kernels: 0 }, results: ({ p }) => ({ y: matmul(p, p) }) },
  "weights times a mean of the size of scores": {
    ...{ square: true, kernels: 0 },
    results: ({ p, v }) => {
      const mean = matmul(p, number("w", [16, 16]));
      return { y: matmul(mul(p, tanh(mean as Any) as Any) as Any, v) };
    },
  },
  "three layers with one softmax": {
    ...{ square: true, kernels: 3 },
    results: ({ p, v }) => ({ y: matmul(p, matmul(p, matmul(p, v) as Any) as Any) }),
  },
  "two softmaxes whose means read one another": {
    ...{ square: true, kernels: 4 },
    results: ({ q, k, v, p, g }) => {
      const other = softmax(matmul(k, transpose(q)) as Any) as Any;
      const first = matmul(p, matmul(other, v) as Any) as Any;
      return { first, second: matmul(other, matmul(p, g) as Any) };
    },
  },
};

function graphOf({ square: isSquare, results }: Case): Graph {
  return model("alike", () => {
    const [q, g] = ["q", "g"].map((name) => number(name, [isSquare ? 16 : 20, 4]));
    const [k, v] = ["k", "v"].map((name) => number(name, [16, 4]));
    const s = matmul(q, transpose(k)) as Any;
    return { run: results({ q, k, v, g, s, p: softmax(s) as Any }) };
  });
}

const blocked = (graph: Graph) => compileWithFacts(graph, { blockedScores: 1 });

const blocksOf = ({ entries }: ReturnType<typeof blocked>): number =>
  entries.flatMap(({ plan }) => plan.steps.filter(({ traffic }) => traffic.cluster.kind === "attention")).length;

async function wrongOnDevice(graph: Graph, program = blocked(graph).program): Promise<readonly unknown[]> {
  const device = await testDevice();
  const { kernels } = await checkOnDevice(graph, () => openDeviceModule(program, { device }));
  expect(kernels.length).toBeGreaterThan(0);
  return kernels.filter(({ ok }) => !ok);
}

it.each(Object.entries(cases))("%s", async (_, each) => {
  const graph = graphOf(each);
  const compiled = blocked(graph);
  expect.soft(blocksOf(compiled)).toBe(each.kernels);
  expect(await wrongOnDevice(graph, compiled.program)).toEqual([]);
});

it("layers that share a softmax have derivatives", async () => {
  const graph = model("shared", () => {
    const weight = (name: string, shape: readonly number[]): Tensor<"f32"> =>
      param(shape, { name, init: normal(0, 0.5) }) as Tensor<"f32">;
    const [q, k, first, second] = [
      weight("q", [16, 4]),
      weight("k", [16, 4]),
      weight("w1", [4, 4]),
      weight("w2", [4, 4]),
    ];
    const p = softmax(matmul(q as Any, transpose(k) as Any) as Any) as Any;
    const h = matmul(p, matmul(number("v", [16, 4]), first as Any) as Any) as Any;
    const loss = sum(square(matmul(p, matmul(h, second as Any) as Any) as Any) as Any) as Any;
    return { run: { loss, dq: grad(loss, q), dk: grad(loss, k), dw: grad(loss, first) } };
  });
  expect(await wrongOnDevice(graph)).toEqual([]);
});

it("a single query stays whole, with the derivatives of its keys", async () => {
  const graph = model("one", () => {
    const q = input("q", "f32", [1, 4]);
    const [k, v] = [input("k", "f32", [20, 4]), input("v", "f32", [20, 4])];
    return { run: { gk: grad(sum(square(matmul(softmax(matmul(q, transpose(k))), v))), k) } };
  });
  expect(blocksOf(blocked(graph))).toBe(0);
  expect(await wrongOnDevice(graph)).toEqual([]);
});

it("layers that share a long softmax compile", () => {
  const graph = model("long", () => {
    const [q, k, v] = ["q", "k", "v"].map((name) => number(name, [2048, 16]));
    const p = softmax(matmul(q, transpose(k)) as Any) as Any;
    return { run: { y: matmul(p, matmul(p, matmul(p, v) as Any) as Any) } };
  });
  expect(blocksOf(compileWithFacts(graph) as ReturnType<typeof blocked>)).toBe(3);
});

it("weights times what is doubled many times over are looked at once", () => {
  const graph = model("doubled", () => {
    const [q, k, v] = ["q", "k", "v"].map((name) => number(name, [16, 4]));
    let f = number("f", [16, 16]);
    for (let i = 0; i < 40; i++) f = add(f, tanh(mul(f, f) as Any) as Any) as Any;
    return { run: { y: matmul(mul(softmax(matmul(q, transpose(k)) as Any) as Any, f) as Any, v) } };
  });
  expect(blocksOf(blocked(graph))).toBe(1);
}, 30_000);
