/// Gradients of running values without the place itself, from either end.
import { expect, test } from "vitest";
import { grad, input, model, mul, slice, sum } from "chainrule";
import { checkAllGradients } from "../../../compiler/check/index.ts";
import { cumprodOp, cumsumOp, logcumsumexpOp } from "../../../ir/ops/cumulative.ts";
import { apply, type Tensor } from "../../../ir/value.ts";

const ops = [cumsumOp, cumprodOp, logcumsumexpOp];
const cases = ops.flatMap((op) => [false, true].map((reverse) => ({ op, reverse, name: op.name })));

test.each(cases)("$name, reverse: $reverse", ({ op, reverse }) => {
  const graph = model("running", () => {
    const x = input("x", "f32", [5]);
    const running = apply(op, [x], { axis: 0, reverse, exclusive: true }) as Tensor<"f32">;
    // The first of nothing is −∞ in log space.
    const finite = slice(running, [reverse ? [0, 4] : [1, 5]]);
    const loss = sum(mul(finite, slice(x, [[0, 4]])));
    return { run: { loss, slope: grad(loss, x) } };
  });
  const checks = checkAllGradients(graph, { dims: {} });
  expect(checks.filter((each) => !each.ok)).toEqual([]);
  expect(checks).toHaveLength(1);
});
