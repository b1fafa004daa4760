/// A power less one, its exponent learned, in every spelling of the exponent and the base: it compiles, settles, and is right.
import { describe, expect, it } from "vitest";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { bindSizes } from "../../../compiler/passes/bind-sizes.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { printGraph } from "../../../ir/print.ts";
import { expectNear, onDevice } from "./scoreboard/device.ts";
import { truthOf } from "./scoreboard/measure.ts";
import { programOf, type Row } from "./scoreboard/row.ts";

/** Exponents of n. */
const exponents = [
  "n",
  "neg(n)",
  "div(1, n)",
  "div(-1, n)",
  "sub(0, n)",
  "sub(1, n)",
  "add(n, 0.5)",
  "mul(-2, n)",
  "div(n, 3)",
  "square(n)",
  "neg(square(n))",
  "exp(n)",
  "log(n)",
  "sqrt(n)",
  "abs(n)",
  "div(n, add(n, 1))",
  "mul(n, m)",
  "div(m, n)",
  "neg(div(m, n))",
  "sub(n, m)",
  "where(greater(m, 1), n, neg(n))",
  "pow(n, m)",
  "broadcastTo(mean(n), [4])",
  "neg(broadcastTo(mean(n), [4]))",
];

/** Bases of x, near 1 and far. */
const bases = [
  "x",
  "add(1, x)",
  "add(x, 1)",
  "sub(1, x)",
  "sub(x, -1)",
  "add(1, mul(m, x))",
  "add(1, div(x, n))",
  "mul(2, x)",
  "div(x, 2)",
  "div(1, x)",
  "div(x, m)",
  "mul(x, m)",
  "square(x)",
  "sqrt(x)",
  "exp(x)",
  "exp(neg(x))",
  "sigmoid(x)",
  "pow(x, m)",
  "abs(x)",
  "softplus(x)",
  "cosh(x)",
  "log(add(2, x))",
  "where(greater(m, 1), x, 1)",
  "where(greater(m, 1), 2, x)",
  "maximum(x, 0.01)",
  "broadcastTo(mean(x), [4])",
  "add(1, exp(x))",
  "sum(mul(exp(x), m))",
  "logsumexp(x)",
];

const [x, m] = [
  [0.5, 0.999, 0.25, 0.125],
  [1.5, 0.5, 2, 1.25],
];

const rowOf = (program: string): Row => ({ name: program, about: "", program, points: [{ at: { x, n: m, m } }] });

/** Powers that are far from 1, and powers that are near. */
function usedRow(program: string): Row {
  const few = /div\(-?1, n\)/.test(program) ? [1e5, 0.5, 100, 0.75] : [1e-5, 2, 0.01, 1.5];
  return { name: program, about: "", program, points: [{ at: { x, n: m } }, { at: { x, n: few } }] };
}

const settling: readonly Row[] = [
  ...exponents.flatMap((y) => ["x", "add(1, x)", "sub(1, x)"].map((x) => `sum(sub(pow(${x}, ${y}), 1))`)),
  ...bases.flatMap((x) => ["n", "neg(n)", "div(1, n)"].map((y) => `sum(sub(1, pow(${x}, ${y})))`)),
  ...["x", "mul(2, x)", "mul(x, m)"].flatMap((x) =>
    ["add", "sub"].map((op) => `sum(sub(pow(${op}(1, ${x}), -3.5), 1))`),
  ),
  "sum(sub(pow(sub(pow(x, neg(n)), 1), neg(m)), 1))",
].map(rowOf);

/** As people write them: discounts, annuities, generalised logarithms. */
const used: readonly Row[] = [
  "sum(sub(pow(x, neg(n)), 1))",
  "sum(sub(pow(x, div(1, n)), 1))",
  "sum(pow(x, div(-1, n)))",
  "sum(sub(pow(x, div(-1, n)), 1))",
  "sum(sub(pow(x, sub(0, n)), 1))",
  "sum(sub(1, pow(add(1, x), neg(n))))",
  "sum(div(x, sub(1, pow(add(1, x), neg(n)))))",
  "sum(sub(1, pow(sub(1, x), neg(n))))",
  "sum(log(sub(pow(x, neg(n)), 1)))",
  "sum(sub(1, pow(add(1, mul(n, x)), div(-1, n))))",
  "sum(div(sub(pow(x, sub(1, n)), 1), sub(1, n)))",
].map(usedRow);

describe("a power less one, its exponent learned, settles", () => {
  it.each([...settling, ...used].map((row) => [row.program, row] as const))("for %s", (_, row) => {
    const once = derive(programOf(row).graph);
    const bound = simplifyAfterBinding(bindSizes(once, {}));
    const pages = (graph: typeof once, again: typeof once): readonly string[] => [printGraph(graph), printGraph(again)];
    expect(pages(derive(once), simplifyAfterBinding(bound))).toEqual(pages(once, bound));
  });
});

describe("and is right", () => {
  it.each(used.map((row) => [row.program, row] as const))("for %s", async (_, row) => {
    const program = programOf(row);
    const results = await onDevice(row, program);
    row.points.forEach((point, i) => expectNear(results[i], truthOf(program, point), point));
  });
});

describe("a power of nearly one", () => {
  const besides = ["x", "mul(2, x)", "mul(-2, x)", "div(x, -3)", "div(x, n)", "div(-1, n)", "square(x)", "exp(neg(n))"];
  const nearly = [
    ...besides,
    "mul(x, m)",
    "neg(mul(x, m))",
    "sigmoid(neg(n))",
    "sub(x, m)",
    "where(greater(m, 1), 1, x)",
  ];
  const powers = nearly.flatMap((u) =>
    ["n", "neg(n)"].flatMap((y) => ["add", "sub"].map((op) => `sum(pow(${op}(1, ${u}), ${y}))`)),
  );
  it.each(powers)("settles: %s", (program) => {
    const final = runPasses(derive(programOf(rowOf(program)).graph), kernelPasses());
    expect(final.entryPoints).toHaveLength(1);
  });
  it.each(["sub(1, u)", "add(1, neg(u))", "add(1, u)"])("keeps the digits of %s", async (base) => {
    const at = { u: [1e-6, 3e-7, 0.75, -1e-6], y: [1e6, -1e5, 3, 2e5] };
    const row: Row = { name: base, about: "", program: `sum(pow(${base}, y))`, points: [{ at }] };
    const program = programOf(row);
    expectNear((await onDevice(row, program))[0], truthOf(program, row.points[0]), row.points[0]);
  });
});
