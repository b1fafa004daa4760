/// Covariances of all pairs of columns, in the spellings of many people: a product of matrices or a sum of products, less that
/// of means or of sums, over n or n − 1, with the numbers where they please. Sums of squares within groups and between them
/// as well. What all rows have in common costs no digits.
import { describe, it } from "vitest";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Row } from "./scoreboard/row.ts";

const around = (offset: number, rows: readonly (readonly number[])[]): readonly (readonly number[])[] =>
  rows.map((row) => row.map((each) => offset + each));

const points: Row["points"] = [0, 30, 1000].map((offset) => ({
  at: {
    x: around(offset, [
      [0.5, -1, 2],
      [-0.75, 1, 0],
      [0.3, -0.2, 0.9],
      [1.1, 0.4, -0.6],
      [-0.2, 0.7, 0.15],
    ]),
    y: around(2 * offset, [
      [0.1, 1.5, -0.4],
      [0.9, -0.3, 0.8],
      [-0.6, 0.2, 0.35],
      [0.45, -1.2, 0.7],
      [0.05, 0.6, -0.9],
    ]),
  },
}));

const columns = "const k = { axis: 0, keepAxes: true }, r = { axis: 0 };";
const outerMeans = "mul(expandDims(mean(x, r), 1), expandDims(mean(y, r), 0))";
const outerSums = "mul(expandDims(sum(x, r), 1), expandDims(sum(y, r), 0))";
const batches = "const a = reshape(x, [1, 5, 3]), b = reshape(y, [1, 5, 3]), k = { axis: 1, keepAxes: true };";

const spellings: Readonly<Record<string, string>> = {
  "by products of matrices, of the means as well": `${columns}
return sub(div(matmul(transpose(x), y), 5), matmul(transpose(mean(x, k)), mean(y, k)))`,
  "of a table with itself": `${columns}
return sub(div(matmul(transpose(x), x), 5), matmul(transpose(mean(x, k)), mean(x, k)))`,
  "of means with axes of 1": `${columns}
return sub(div(matmul(transpose(x), y), 5), matmul(expandDims(mean(x, r), 1), expandDims(mean(y, r), 0)))`,
  "with the divisor in the second factor": `${columns} return sub(matmul(transpose(x), div(y, 5)), ${outerMeans})`,
  "with the divisor in the first factor": `${columns} return sub(matmul(div(transpose(x), 5), y), ${outerMeans})`,
  "by sums, over n": `${columns} return sub(matmul(transpose(x), y), div(${outerSums}, 5))`,
  "by sums, over n − 1": `${columns} return div(sub(matmul(transpose(x), y), div(${outerSums}, 5)), 4)`,
  "by means, over n − 1": `${columns} return div(sub(matmul(transpose(x), y), mul(5, ${outerMeans})), 4)`,
  "of a table with itself, over n − 1": `${columns}
return div(sub(matmul(transpose(x), x), mul(5, matmul(transpose(mean(x, k)), mean(x, k)))), 4)`,
  "the other way round": `${columns} return sub(${outerMeans}, div(matmul(transpose(x), y), 5))`,
  "by a mean of products": `${columns} return sub(mean(mul(expandDims(x, 2), expandDims(y, 1)), r), ${outerMeans})`,
  "of twice as much": `${columns}
return sub(div(matmul(transpose(mul(2, x)), y), 5), mul(expandDims(mean(mul(2, x), r), 1), expandDims(mean(y, r), 0)))`,
  "of rows": `const r = { axis: 1, keepAxes: true };
return sub(div(matmul(x, transpose(y)), 3), matmul(mean(x, r), transpose(mean(y, r))))`,
  "in batches": `${batches}
const t = (v) => transpose(v, [0, 2, 1]);
return sub(div(matmul(t(a), b), 5), matmul(t(mean(a, k)), mean(b, k)))`,
  "in batches, by products of means": `${batches}
const t = (v) => transpose(v, [0, 2, 1]);
return sub(div(matmul(t(a), b), 5), mul(t(mean(a, k)), mean(b, k)))`,
};

const rows = "const k = { axis: 1, keepAxes: true }, r = { axis: 1 };";

/** Rows are groups. */
const groups: Readonly<Record<string, string>> = {
  "between means of rows": `${rows} return sub(mean(square(mean(x, r))), square(mean(x)))`,
  "between means of rows with axes of 1": `${rows} return sub(mean(square(mean(x, k))), square(mean(x)))`,
  "between rows, by means and a sum": `${rows}
return sub(mul(3, sum(square(mean(x, r)))), div(square(sum(x)), 15))`,
  "between rows, by sums": `${rows} return sub(div(sum(square(sum(x, r))), 3), div(square(sum(x)), 15))`,
  "within rows, by means": `${rows} return sub(mean(square(x)), mean(square(mean(x, r))))`,
  "within rows, by sums": `${rows} return sub(sum(square(x)), mul(3, sum(square(mean(x, r)))))`,
  "of two tables, between rows": `${rows}
return sub(mean(mul(mean(x, r), mean(y, r))), mul(mean(x), mean(y)))`,
  "of two tables, within rows, the other way round": `${rows}
return sub(mean(mul(mean(x, r), mean(y, r))), mean(mul(x, y)))`,
};

/** What nearly is one: means of the other table, or less of them. */
const lookalikes: Readonly<Record<string, string>> = {
  "squares less means of rows and columns": `${rows}
return sub(mean(square(x)), mean(mul(mean(x, r), mean(x, { axis: 0 }))))`,
  "squares of rows less means of another table": `${rows} return sub(mean(square(mean(x, r))), square(mean(y)))`,
  "a covariance less its transpose's means": `${columns}
return sub(div(matmul(transpose(x), y), 3), matmul(transpose(mean(y, k)), mean(x, k)))`,
  "half of the means": `${columns} return sub(div(matmul(transpose(x), y), 3), mul(0.5, ${outerMeans}))`,
  "means of rows":
    "return sub(div(matmul(x, y), 3), matmul(mean(x, { axis: 1, keepAxes: true }), mean(y, { axis: 0, keepAxes: true })))",
};

/** As they are: a fifth that is a float is five times not quite 1. */
const plain = `${columns} return sub(div(matmul(transpose(x), y), 5), ${outerMeans})`;

async function expectTrue(value: string, given: Row["points"], meant = value): Promise<void> {
  const names = ["x", "y"].filter((name) => new RegExp(`\\b${name}\\b`, "u").test(value));
  const at = given.map((point) => ({ at: Object.fromEntries(names.map((name) => [name, point.at[name]])) }));
  const rowOf = (program: string): Row => ({
    name: "covariances",
    about: "",
    program: program.replace(/return (.*)$/su, "return sum(square($1));"),
    points: at,
  });
  const row = rowOf(value);
  const results = await onDevice(row, programOf(row));
  at.forEach((point, i) => expectNear(results[i], truthOf(programOf(rowOf(meant)), point), point));
}

describe("covariances of all pairs", () => {
  it.each(Object.entries(spellings))("are right %s", (_name, value) => expectTrue(value, points));
  it("are right with a factor for the divisor", () =>
    expectTrue(`${columns} return sub(mul(1 / 5, matmul(transpose(x), y)), ${outerMeans})`, points, plain));
});

describe("sums of squares and of products", () => {
  it.each(Object.entries(groups))("are right %s", (_name, value) => expectTrue(value, points));
});

describe("what looks like covariances of all pairs", () => {
  const [{ at }] = points;
  const short = Object.fromEntries(Object.entries(at).map(([name, rows]) => [name, (rows as number[][]).slice(0, 3)]));
  it.each(Object.entries(lookalikes))("is right for %s", (_name, value) => expectTrue(value, [{ at: short }]));
});
