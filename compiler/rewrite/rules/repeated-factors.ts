/// Products over an axis along which one factor is the same everywhere: the other one is added up, and nothing multiplied.
import { divideDims, type Dim } from "../../../ir/dim.ts";
import { div, mul } from "../../../ir/ops/arithmetic.ts";
import { contractAttrs, operandAxes } from "../../../ir/ops/contract.ts";
import { constantValue, sizeOp, sizeValue } from "../../../ir/ops/leaf.ts";
import { broadcastAlong, sum } from "../../../ir/ops/sum.ts";
import type { Value } from "../../../ir/value.ts";
import { rule, type Rule } from "../rule.ts";
import { isUniform, uniformTo, withoutAxes } from "./uniform.ts";

/** What one operand of a contraction comes to: the axes that stay, spread over the axes of the result. */
function spreadKept(product: Value, side: 0 | 1, kept: Value): Value {
  const attrs = contractAttrs(product);
  const [left, right] = product.operands.map(({ type }, each) => operandAxes(attrs, each as 0 | 1, type.shape.length));
  const { batch, free } = side === 0 ? left : right;
  const before = batch.length + (side === 0 ? 0 : left.free.length);
  const places = [...batch, ...free]
    .toSorted((a, b) => a - b)
    .map((axis) => {
      const shared = batch.indexOf(axis);
      return shared >= 0 ? shared : before + free.indexOf(axis);
    });
  return broadcastAlong(kept, product.type.shape, places);
}

/** The side of a contraction that is the same all along the axes that are summed, and what of it stays. */
function repeatedSide(product: Value): { readonly side: 0 | 1; readonly flat: Value } | undefined {
  const { contracted, picks } = contractAttrs(product);
  if (picks) return undefined;
  for (const side of [0, 1] as const) {
    const axes = contracted.map((pair) => pair[side]);
    const flat = withoutAxes(product.operands[side], axes);
    if (flat) return { side, flat };
  }
  return undefined;
}

/** The other operand, added up along the axes that are summed. */
function addedUp(product: Value, side: 0 | 1): Value {
  const axes = contractAttrs(product).contracted.map((pair) => pair[side]);
  const operand = product.operands[side];
  return spreadKept(product, side, axes.length === 0 ? operand : sum(operand, { axes }));
}

function productWithNumber(product: Value): Value | undefined {
  const found = repeatedSide(product);
  if (!found || !isUniform(found.flat)) return undefined;
  const total = addedUp(product, (1 - found.side) as 0 | 1);
  return mul(uniformTo(found.flat, product.type.shape), total);
}

function productWithRepetition(product: Value): Value | undefined {
  const found = repeatedSide(product);
  // Where nothing is added up it stays an outer product.
  const outer = contractAttrs(product).contracted.length === 0;
  if (!found || outer || isUniform(found.flat)) return undefined;
  const { side, flat } = found;
  const factors = [addedUp(product, (1 - side) as 0 | 1), spreadKept(product, side, flat)];
  return side === 1 ? mul(factors[0], factors[1]) : mul(factors[1], factors[0]);
}

/** n / 5n = 1/5: what a mean divides by, where a sum over its examples has counted them. */
function ratioOfSizes({ operands: [a, b], type }: Value): Value | undefined {
  const [above, below] = [sizeOf(a), sizeOf(b)];
  if (above === undefined || below === undefined || (typeof above === "number" && typeof below === "number")) {
    return undefined;
  }
  const number = (size: Dim): Value => sizeValue(size, type.dtype, type.shape);
  const whole = divideDims(above, below);
  if (whole !== undefined) return number(whole);
  const part = divideDims(below, above);
  return part === undefined ? undefined : div(number(1), number(part));
}

function sizeOf(value: Value): Dim | undefined {
  if (value.op === sizeOp) return value.attrs.size as Dim;
  const number = constantValue(value);
  return number !== undefined && number > 0 && Number.isInteger(number) ? number : undefined;
}

/** Products with what is the same along the summed axes, and counts over counts. */
export const repeatedFactorRules: readonly Rule[] = [
  rule("product with a number", "reassociates", "x @ c = c * sum(x)", ["contract"], productWithNumber),
  // The sum may overflow where none of the products does, so it assumes that it is finite: not under strict floats.
  rule(
    "product with a repetition",
    "assumes-finite",
    "x @ broadcast(c) = sum(x) * c",
    ["contract"],
    productWithRepetition,
  ),
  rule("ratio of sizes", "reassociates", "n / (5 * n) = 1 / 5", [div.op.name], ratioOfSizes),
];
