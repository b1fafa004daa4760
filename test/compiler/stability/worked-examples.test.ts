/// What overflows as written, on the device in float32: worked-examples.md §7, each row as a user would write it and in
/// other spellings, at inputs from −200 to 10⁴. Truth is computed by formulas that do not overflow.
import { describe, expect, it } from "vitest";
import {
  add,
  binaryCrossEntropy,
  crossEntropy,
  div,
  exp,
  grad,
  greater,
  input,
  log,
  log1p,
  logSoftmax,
  mean,
  model,
  mul,
  neg,
  oneHot,
  reshape,
  sigmoid,
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  softplus,
  sub,
  sum,
  where,
  type EntryPointRecord,
  type Value,
} from "chainrule";
import { loadModel, type AnyModule } from "../planning.ts";

/** A loss and its gradient. */
interface Truth {
  readonly loss: number;
  readonly gradient: readonly number[];
}

async function opened(define: () => EntryPointRecord, use: (module: AnyModule) => Promise<void>): Promise<void> {
  const module = await loadModel(model("stability", () => ({ run: define() })));
  try {
    await use(module);
  } finally {
    module.destroy();
  }
}

/** Runs the model at inputs and compares with the truth to 1e-5, relative where that is larger than 1. */
async function expectTruth(module: AnyModule, inputs: Parameters<AnyModule[string]>[0], truth: Truth): Promise<void> {
  const { loss, gradient } = await module.run(inputs);
  const found = [loss as number, ...(typeof gradient === "number" ? [gradient] : gradient)];
  const wanted = [truth.loss, ...truth.gradient];
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, i) => {
    const distance = Math.abs(found[i] - value) / Math.max(1, Math.abs(value));
    expect(distance, `${i === 0 ? "loss" : `gradient ${i - 1}`}: ${found[i]} for ${value}`).toBeLessThan(1e-5);
  });
}

const withGradient = (loss: Value, x: Value): EntryPointRecord => ({ loss, gradient: grad(loss as never, x as never) });
const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplusOf = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function crossEntropyOf(l: readonly number[], y: readonly number[]): Truth {
  const largest = Math.max(...l);
  const normaliser = largest + Math.log(total(l.map((each) => Math.exp(each - largest))));
  const mass = total(y);
  return {
    loss: total(l.map((each, i) => y[i] * (normaliser - each))),
    gradient: l.map((each, i) => mass * Math.exp(each - normaliser) - y[i]),
  };
}

describe("cross-entropy after softmax", () => {
  const logits = () => input("l", "f32", [3]);
  const target = () => input("y", "f32", [3]);
  const spellings: Readonly<Record<string, () => EntryPointRecord>> = {
    "−Σ y·log(softmax(l))": () => {
      const l = logits();
      return withGradient(neg(sum(mul(target(), log(softmax(l))))), l);
    },
    "softmax written out": () => {
      const l = logits();
      const p = div(exp(l), sum(exp(l)));
      return withGradient(neg(sum(mul(target(), log(p)))), l);
    },
    "−Σ y·(l − log Σ exp l)": () => {
      const l = logits();
      return withGradient(neg(sum(mul(target(), sub(l, log(sum(exp(l))))))), l);
    },
    "the mean times the number of classes": () => {
      const l = logits();
      return withGradient(mul(-3, mean(mul(log(softmax(l)), target()))), l);
    },
    "−Σ y·logSoftmax(l)": () => {
      const l = logits();
      return withGradient(neg(sum(mul(target(), logSoftmax(l)))), l);
    },
    "crossEntropy(softmax(l), y)": () => {
      const l = logits();
      return withGradient(crossEntropy(softmax(l), target()), l);
    },
    "softmaxCrossEntropy(l, y)": () => {
      const l = logits();
      return withGradient(softmaxCrossEntropy(l, target()), l);
    },
  };
  const cases: readonly (readonly [readonly number[], readonly number[]])[] = [
    [
      [200, 0, 1],
      [0, 1, 0],
    ],
    [
      [100, 0, 1],
      [0, 1, 0],
    ],
    [
      [-200, 0, 1],
      [1, 0, 0],
    ],
    [
      [1e4, 0, -1e4],
      [0, 0.5, 0.5],
    ],
    [
      [0, 0, 0],
      [0, 0, 1],
    ],
    [
      [-200, -200, -200],
      [0.2, 0.3, 0.5],
    ],
  ];
  it.each(Object.entries(spellings))("%s", (_, define) =>
    opened(define, async (module) => {
      for (const [l, y] of cases) {
        await expectTruth(module, { l: Float32Array.from(l), y: Float32Array.from(y) }, crossEntropyOf(l, y));
      }
    }),
  );

  const labelled: Readonly<Record<string, (l: Value, label: Value) => Value>> = {
    "crossEntropy(softmax(l), label)": (l, label) => crossEntropy(softmax(l) as never, label as never),
    "softmaxCrossEntropy(l, label)": (l, label) => softmaxCrossEntropy(l as never, label as never),
    "one-hot rows": (l, label) => neg(mean(sum(mul(oneHot(label as never, 3), log(softmax(l))) as never, { axis: 1 }))),
    "one-hot rows, softmax written out": (l, label) => {
      const p = div(exp(l as never), sum(exp(l as never), { axis: 1, keepAxes: true }));
      return mul(-0.5, sum(mul(oneHot(label as never, 3), log(p as never))));
    },
  };
  it.each(Object.entries(labelled))("with integer labels: %s", (_, loss) =>
    opened(
      () => {
        const l = input("l", "f32", [2, 3]);
        return withGradient(loss(l, input("label", "i32", [2])), l);
      },
      async (module) => {
        for (const [first, second] of [
          [cases[0], cases[4]],
          [cases[2], cases[1]],
        ]) {
          const rows = [first, second].map(([l, y]) => crossEntropyOf(l, y));
          const l = Float32Array.from([...first[0], ...second[0]]);
          const label = Int32Array.from([first, second], ([, y]) => y.indexOf(1));
          await expectTruth(
            module,
            { l, label },
            {
              loss: total(rows.map((row) => row.loss)) / 2,
              gradient: rows.flatMap((row) => row.gradient.map((each) => each / 2)),
            },
          );
        }
      },
    ),
  );
});

describe("binary cross-entropy after the logistic function", () => {
  const probabilities: Readonly<Record<string, (a: Value) => Value>> = {
    "sigmoid(a)": (a) => sigmoid(a as never),
    "1/(1 + exp(−a))": (a) => div(1, add(1, exp(neg(a as never)))),
    "exp(a)/(1 + exp(a))": (a) => div(exp(a as never), add(1, exp(a as never))),
  };
  const losses: Readonly<Record<string, (p: Value, y: Value) => Value>> = {
    "−(y log p + (1−y) log(1−p))": (p, y) => neg(add(mul(y, log(p as never)), mul(sub(1, y), log(sub(1, p) as never)))),
    "−y log p − (1−y) log(1−p)": (p, y) =>
      sub(mul(neg(y as never), log(p as never)), mul(sub(1, y), log(sub(1, p) as never))),
    "binaryCrossEntropy(p, y)": (p, y) => binaryCrossEntropy(p as never, y as never),
  };
  const pairs = Object.entries(probabilities).flatMap(([p, probability]) =>
    Object.entries(losses).map(
      ([name, loss]) => [`p = ${p}; ${name}`, (a: Value, y: Value) => loss(probability(a), y)] as const,
    ),
  );
  const spellings = [
    ...pairs,
    ["sigmoidCrossEntropy(a, y)", (a: Value, y: Value) => sigmoidCrossEntropy(a as never, y as never)] as const,
  ];
  it.each(spellings)("%s", (_, loss) =>
    opened(
      () => {
        const a = input("a", "f32", []);
        return withGradient(loss(a, input("y", "f32", [])), a);
      },
      async (module) => {
        for (const a of [200, -200, 1e4, -1e4, 0, 3, -90]) {
          for (const y of [0, 1, 0.25]) {
            const truth = { loss: softplusOf(a) - y * a, gradient: [logistic(a) - y] };
            await expectTruth(module, { a, y }, truth);
          }
        }
      },
    ),
  );
});

describe("functions of one number", () => {
  const functions: Readonly<Record<string, [(x: Value) => Value, (x: number) => number, (x: number) => number]>> = {
    "log(1 + exp x)": [(x) => log(add(1, exp(x as never)) as never), softplusOf, logistic],
    "log(exp x + 1)": [(x) => log(add(exp(x as never), 1) as never), softplusOf, logistic],
    "log1p(exp x)": [(x) => log1p(exp(x as never)), softplusOf, logistic],
    "softplus x": [(x) => softplus(x as never), softplusOf, logistic],
    "log(1/(1 + exp(−x)))": [
      (x) => log(div(1, add(1, exp(neg(x as never)))) as never),
      (x) => -softplusOf(-x),
      (x) => logistic(-x),
    ],
    "log(sigmoid x)": [(x) => log(sigmoid(x as never)), (x) => -softplusOf(-x), (x) => logistic(-x)],
    "log(1 − sigmoid x)": [
      (x) => log(sub(1, sigmoid(x as never)) as never),
      (x) => -softplusOf(x),
      (x) => -logistic(x),
    ],
    "x/(1 + exp(−x))": [
      (x) => div(x, add(1, exp(neg(x as never)))),
      (x) => x * logistic(x),
      (x) => logistic(x) * (1 + x * logistic(-x)),
    ],
    "x·sigmoid x": [
      (x) => mul(x, sigmoid(x as never)),
      (x) => x * logistic(x),
      (x) => logistic(x) * (1 + x * logistic(-x)),
    ],
    "where(x > 0, x·log x, 0)": [
      (x) => where(greater(x as never, 0), mul(x, log(x as never)) as never, 0),
      (x) => (x > 0 ? x * Math.log(x) : 0),
      (x) => (x > 0 ? Math.log(x) + 1 : 0),
    ],
  };
  const inputs = [200, -200, 1e4, -1e4, 0, 1, 89, -104, 0.5];
  const reductions = { sum: (x: Value) => sum(x as never), mean: (x: Value) => mean(x as never) } as const;
  const table = Object.entries(functions).flatMap(([name, parts]) =>
    (["sum", "mean"] as const).map((reduction) => [reduction, name, ...parts] as const),
  );
  it.each(table)("%s of %s", (reduction, _, formula, value, derivative) =>
    opened(
      () => {
        const x = input("x", "f32", [inputs.length]);
        return withGradient(reductions[reduction](formula(x)), x);
      },
      async (module) => {
        const share = reduction === "mean" ? 1 / inputs.length : 1;
        // Each extreme by itself, so that none hides in the sum of the others.
        for (const extreme of inputs) {
          const x = Float32Array.from(inputs, (other) => (Math.abs(other) <= 1 ? other : extreme));
          const gradient = Array.from(x, (each) => share * derivative(each));
          await expectTruth(module, { x }, { loss: share * total(Array.from(x, value)), gradient });
        }
      },
    ),
  );

  it("log Σ exp over a batch of rows, mean over the batch", () =>
    opened(
      () => {
        const x = input("x", "f32", [6]);
        const rows = reshape(x, [2, 3]);
        return withGradient(mean(log(sum(exp(rows), { axis: 1 }))), x);
      },
      async (module) => {
        const rows = [
          [200, 0, 200],
          [-1e4, -200, -1e4],
        ];
        const truths = rows.map((row) => crossEntropyOf(row, [1, 0, 0]));
        await expectTruth(
          module,
          { x: Float32Array.from(rows.flat()) },
          {
            loss: total(truths.map(({ loss }, i) => loss + rows[i][0])) / 2,
            gradient: truths.flatMap(({ gradient }) => gradient.map((each, i) => (each + (i === 0 ? 1 : 0)) / 2)),
          },
        );
      },
    ));
});
