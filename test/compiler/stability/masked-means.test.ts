/// Means and variances of what a mask counts, in the spellings of many people: a mask of rows or of elements, a number or a
/// condition, over a count that may be guarded. What all numbers have in common costs none of their digits.
import { describe, expect, it } from "vitest";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { keepDigits } from "../../../compiler/passes/keep-digits.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { graphValues } from "../../../ir/graph.ts";
import { maxOp } from "../../../ir/ops/reduce.ts";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { flat, programOf, type Numbers, type Row } from "./scoreboard/row.ts";

const around = (offset: number): readonly (readonly number[])[] =>
  [
    [0.5, -1, 2, 0.25],
    [-0.75, 1, 0, 0.125],
    [0.3, -0.2, 0.9, -0.6],
  ].map((row) => row.map((each) => offset + each));

const elements = [
  [1, 1, 0, 1],
  [0, 1, 1, 1],
  [1, 0, 0, 1],
];
const withEmptyRow = elements.with(1, [0, 0, 0, 0]);
const ofRows = [1, 0, 1];

/** How often a condition holds in a row. */
const counted = `sum(cast(greater(m, 0), "f32"), { axis: 1 })`;

/** A count that is nowhere 0, as people write it. */
const guards = {
  "1 where it is 0": (n: string) => `where(equal(${n}, 0), 1, ${n})`,
  "itself where it is more than 0": (n: string) => `where(greater(${n}, 0), ${n}, 1)`,
  "itself where it is not 0": (n: string) => `where(notEqual(${n}, 0), ${n}, 1)`,
  "at least 1": (n: string) => `maximum(${n}, 1)`,
  "a small number more": (n: string) => `add(${n}, 1e-6)`,
} as const;

type Given = Readonly<Record<string, Numbers>>;

/** Name → program, and what is given beside x. */
type Programs = Readonly<Record<string, readonly [program: string, given: Given]>>;

const variances: Programs = {
  "of rows, E[x²] − E[x]² over all": [
    `const w = expandDims(m, 1), n = mul(sum(m), 4), mean = (v) => div(sum(mul(w, v)), n);
return sub(mean(square(x)), square(mean(x)));`,
    { m: ofRows },
  ],
  "of rows, E[x²] − E[x]² of columns": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), sum(m));
return sum(sub(mean(square(x)), square(mean(x))));`,
    { m: ofRows },
  ],
  "of rows, as products of matrices": [
    "const mean = (v) => div(matmul(m, v), sum(m)); return sum(sub(mean(square(x)), square(mean(x))));",
    { m: ofRows },
  ],
  "of elements, over a count that is at least 1": [
    "const mean = (v) => div(sum(mul(m, v)), maximum(sum(m), 1)); return sub(mean(square(x)), square(mean(x)));",
    { m: elements },
  ],
  "of rows, over a count that is at least 1": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), maximum(sum(m), 1));
return sum(sub(mean(square(x)), square(mean(x))));`,
    { m: ofRows },
  ],
  "of elements, one row empty": [
    `const along = { axis: 1 }, mean = (v) => div(sum(mul(m, v), along), maximum(sum(m, along), 1));
return sum(sub(mean(square(x)), square(mean(x))));`,
    { m: withEmptyRow },
  ],
  "of rows, a small number beside the count": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), add(sum(m), 1e-6));
return sum(sub(mean(square(x)), square(mean(x))));`,
    { m: ofRows },
  ],
  "of weights that are learned, a small number beside their sum": [
    "const mean = (v) => div(sum(mul(m, v)), add(sum(m), 1e-6)); return sub(mean(square(x)), square(mean(x)));",
    { m: elements.map((row, i) => row.map((each, k) => each + 0.25 * i + 0.125 * k)) },
  ],
};

const normalized: Programs = {
  "columns by a mask of rows": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), sum(m));
const d = sub(x, mean(x));
return sum(mul(w, mul(t, div(d, sqrt(add(mean(square(d)), 1e-5))))));`,
    { m: ofRows, t: around(0) },
  ],
  "columns by a mask of rows, the variance a difference": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), sum(m));
const deviation = sqrt(add(sub(mean(square(x)), square(mean(x))), 1e-5));
return sum(mul(w, mul(t, div(sub(x, mean(x)), deviation))));`,
    { m: ofRows, t: around(0) },
  ],
  "columns by a mask of rows, over a count that is at least 1": [
    `const w = expandDims(m, 1), mean = (v) => div(sum(mul(w, v), { axis: 0 }), maximum(sum(m), 1));
const d = sub(x, mean(x));
return sum(mul(w, mul(t, div(d, sqrt(add(mean(square(d)), 1e-5))))));`,
    { m: ofRows, t: around(0) },
  ],
  "columns by a condition, over a sum of the mask": [
    `const counts = greater(expandDims(m, 1), 0), mean = (v) => div(sum(where(counts, v, 0), { axis: 0 }), sum(m));
const d = where(counts, sub(x, mean(x)), 0);
return sum(mul(t, div(d, sqrt(add(mean(square(d)), 1e-5)))));`,
    { m: ofRows, t: around(0) },
  ],
  "rows by a condition, one of them empty": [
    `const along = { axis: 1, keepAxes: true }, counts = greater(m, 0), k = sum(cast(counts, "f32"), along);
const n = where(equal(k, 0), 1, k), mean = (v) => div(sum(where(counts, v, 0), along), n);
const d = where(counts, sub(x, mean(x)), 0);
return sum(mul(t, mul(d, rsqrt(add(mean(square(d)), 1e-5)))));`,
    { m: withEmptyRow, t: around(0) },
  ],
  "rows by a condition, over how often it holds": [
    `const along = { axis: 1, keepAxes: true }, counts = greater(m, 0), n = sum(cast(counts, "f32"), along);
const mean = (v) => div(sum(where(counts, v, 0), along), n), d = where(counts, sub(x, mean(x)), 0);
return sum(mul(t, mul(d, rsqrt(add(mean(square(d)), 1e-5)))));`,
    { m: elements, t: around(0) },
  ],
};

/** A mean along the second axis, less a target: its squared error is the loss. */
const predictions: Programs = {
  "a plain mean": ["mean(x, { axis: 1 })", {}],
  "a mean that a mask counts": ["div(sum(mul(m, x), { axis: 1 }), sum(m, { axis: 1 }))", { m: elements }],
  "the same by a condition": [
    "div(sum(where(greater(m, 0), x, 0), { axis: 1 }), sum(m, { axis: 1 }))",
    { m: elements },
  ],
  "a mean under shares of a mask, a small number beside their sum": [
    "sum(mul(div(m, add(sum(m, { axis: 1, keepAxes: true }), 1e-6)), x), { axis: 1 })",
    { m: withEmptyRow },
  ],
  "a mean under sigmoids": ["div(sum(mul(sigmoid(m), x), { axis: 1 }), sum(sigmoid(m), { axis: 1 }))", { m: elements }],
  "the same over a count that is at least 1": [
    "div(sum(mul(m, x), { axis: 1 }), maximum(sum(m, { axis: 1 }), 1))",
    { m: withEmptyRow },
  ],
};

/** Masks and conditions: how often they count in a row, and what of a value. */
const masks: Readonly<Record<string, readonly [count: string, counted: (value: string) => string]>> = {
  "a mask": ["sum(m, { axis: 1 })", (value) => `mul(m, ${value})`],
  "a condition": [counted, (value) => `where(greater(m, 0), ${value}, 0)`],
};

const offsets = [0, 30, 1000];

/** Loss and gradients by all that is not given, at each point. */
async function expectTrueAt(points: Row["points"], program: string, given: readonly string[] = []): Promise<void> {
  const row: Row = { name: "means", about: "", program, given, points };
  const built = programOf(row);
  const results = await onDevice(row, built);
  points.forEach((point, i) => expectNear(results[i], truthOf(built, point), point));
}

function expectTrue(program: string, given: Given, offsetsToo: Given = {}): Promise<void> {
  const points = offsets.map((offset) => {
    const moved = Object.entries(offsetsToo).map(([key, numbers]) => [key, flat(numbers).map((each) => offset + each)]);
    return { at: { x: around(offset), ...given, ...(Object.fromEntries(moved) as Given) } };
  });
  return expectTrueAt(points, program, [...Object.keys(given), ...Object.keys(offsetsToo)]);
}

describe("the variance of what a mask counts", () => {
  it.each(Object.entries(variances))("%s", (_name, [program, given]) => expectTrue(program, given));
});

describe("the variance of the elements of rows, over a count that is guarded", () => {
  it.each(Object.entries(guards))("%s", (_name, guard) =>
    expectTrue(
      `const mean = (v) => div(sum(mul(m, v), { axis: 1 }), ${guard("sum(m, { axis: 1 })")});
return sum(sub(mean(square(x)), square(mean(x))));`,
      { m: withEmptyRow },
    ),
  );
});

describe("what a mask counts, normalised", () => {
  it.each(Object.entries(normalized))("%s", (_name, [program, given]) => expectTrue(program, given));
});

describe("a quotient less its mean", () => {
  const deviation = "const s = div(x, t), d = sub(s, mean(s, { axis: 1, keepAxes: true }));";
  it.each<readonly [string, Numbers]>([
    ["a number", 2.3],
    ["a number of each row", [[1.5], [0.7], [2.1]]],
    ["numbers of each element", around(0).map((row) => row.map(() => 2))],
  ])("has the slope of its divisor, %s", (_name, t) =>
    expectTrueAt(
      [0, 300, 10_000].map((offset) => ({ at: { x: around(offset), t, z: around(0) } })),
      `${deviation} return sum(mul(z, square(d)))`,
      ["z"],
    ),
  );
});

describe("a product that multiplies itself over and over", () => {
  it("is looked at once for each of its factors, where it is less its mean under a guarded count", () => {
    const graph = programOf({
      name: "powers",
      about: "",
      program: `let p = x; for (let i = 0; i < 60; i++) p = mul(p, p);
return sum(square(sub(p, div(sum(mul(m, p)), maximum(sum(m), 1)))))`,
      given: ["x", "m"],
      points: [{ at: { x: [1, 1], m: [1, 1] } }],
    }).graph;
    expect(graphValues(keepDigits.run(graph)).length).toBeLessThan(200);
  });
});

describe("weights over their sum", () => {
  const weights = [
    [1, -0.5, 0.7, 0.1],
    [2, 0.3, -0.4, 1],
    [1, 1, -0.5, 0.2],
  ];
  it("have the slope of what deviates from the mean under them", () => {
    const program = `const w = div(s, sum(s, { axis: 1, keepAxes: true }));
return sum(square(sum(mul(w, x), { axis: 1 })))`;
    return expectTrueAt(
      offsets.map((offset) => ({ at: { s: weights, x: around(offset) } })),
      program,
    );
  });
  it("let the largest of a row be taken away once, though its mean is a factor as well", () => {
    const program = `const p = mul(softmax(z), m), w = div(p, sum(p, { axis: 1, keepAxes: true }));
return sum(square(sub(sum(mul(w, x), { axis: 1 }), 30)))`;
    const points = [{ at: { x: around(30), z: weights, m: elements } }];
    const { graph } = programOf({ name: "shares", about: "", program, given: ["m"], points });
    const kernels = runPasses(simplifyAfterBinding(derive(graph)), kernelPasses());
    expect(graphValues(kernels).filter(({ op }) => op === maxOp)).toHaveLength(2);
  });
});

describe("the squared error of a mean", () => {
  it.each(Object.entries(predictions))("%s", (_name, [prediction, given]) =>
    expectTrue(`mean(square(sub(${prediction}, y)))`, given, { y: [0.2, -0.1, 0.4] }),
  );
  const guarded = Object.entries(masks).flatMap(([mask, [count, of]]) =>
    Object.entries(guards).map(([guard, over]) => [mask, guard, `div(sum(${of("x")}, { axis: 1 }), ${over(count)})`]),
  );
  it.each(guarded)("a mean that %s counts, over a count: %s", (_mask, _guard, prediction) =>
    expectTrue(`mean(square(sub(${prediction}, y)))`, { m: withEmptyRow }, { y: [0.2, -0.1, 0.4] }),
  );
  it("a target less it", () => expectTrue("mean(square(sub(y, mean(x, { axis: 1 }))))", {}, { y: [0.2, -0.1, 0.4] }));
});
