import { expect, it } from "vitest";
import type { Expression, Kernel, Statement } from "../../../compiler/lower/kernel.ts";
import type { BindingView } from "../../../compiler/wgsl/expression.ts";
import { sharedScalars } from "../../../compiler/wgsl/shared-scalars.ts";

const view = {} as BindingView;
const number = (value: number): Expression => ({ tag: "literal", value, dtype: "f32", lanes: 1 });
const name = (text: string): Expression => ({ tag: "name", text, dtype: "f32", lanes: 1 });
const scalar = (variable: string, value: Expression): Statement => ({ tag: "let", name: variable, value });
const kernel = (...body: readonly Statement[]): Kernel => ({ body }) as unknown as Kernel;

const [one, two] = [scalar("norm", number(1)), scalar("norm", number(2))];
const row: Statement = { tag: "line", text: "let row = group.x;" };

it("scalars with which several kernels begin are computed once", () => {
  const after = scalar("square", name("norm * norm"));
  const kernels = [kernel(one, after, row), kernel(one, after, row), kernel(row)];
  const { declarations, assignments, count } = sharedScalars(kernels, view);
  expect(declarations).toEqual(["var<private> norm: f32;", "var<private> square: f32;"]);
  expect(assignments).toEqual(["  norm = 1.0;", "  square = norm * norm;"]);
  expect(kernels.map(count)).toEqual([2, 2, 0]);
});

it("a kernel keeps what others have not, and all that follows", () => {
  const after = scalar("square", name("norm * norm"));
  const kernels = [kernel(one, after), kernel(two, after), kernel(one, after)];
  expect(kernels.map(sharedScalars(kernels, view).count)).toEqual([2, 0, 2]);
});

it("one name stands for one scalar", () => {
  const kernels = [kernel(one), kernel(one), kernel(two), kernel(two)];
  const { assignments, count } = sharedScalars(kernels, view);
  expect(assignments).toEqual(["  norm = 1.0;"]);
  expect(kernels.map(count)).toEqual([1, 1, 0, 0]);
});

it("what hangs on the thread or its workgroup stays, and what follows", () => {
  const own = scalar("start", name("group.x"));
  const kernels = [kernel(own, one), kernel(own, one)];
  expect(kernels.map(sharedScalars(kernels, view).count)).toEqual([0, 0]);
});

it("vectors and kernels alone in their module share nothing", () => {
  const vector = scalar("v", { tag: "name", text: "x", dtype: "f32", lanes: 4 });
  const kernels = [kernel(vector), kernel(vector)];
  expect(kernels.map(sharedScalars(kernels, view).count)).toEqual([0, 0]);
  expect(sharedScalars([kernel(one, row)], view).assignments).toEqual([]);
});
