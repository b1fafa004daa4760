/// Means and variances of what a mask counts, in the spellings of many people: a mask of rows or of elements, a number or a
/// condition, over a count that may be guarded. What all numbers have in common costs none of their digits.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Numbers, type Row } from "./scoreboard/row.ts";

const around = (offset: number): Numbers =>
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

function describeEach(title: string, programs: Programs): void {
  describe(title, () => {
    it.each(Object.entries(programs))("%s", async (name, [program, given]) => {
      const points = [0, 30, 1000].map((offset) => ({ at: { x: around(offset), ...given } }));
      const row: Row = { name, about: "", program, given: Object.keys(given), points };
      const built = programOf(row);
      const results = await onDevice(row, built);
      points.forEach((point, i) => expectNear(results[i], truthOf(built, point), point));
    });
  });
}

describeEach("the variance of what a mask counts", variances);
describeEach("what a mask counts, normalised", normalized);
