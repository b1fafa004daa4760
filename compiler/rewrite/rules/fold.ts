/// Arithmetic on constants.
import { constant, constantOp, constantValue, iotaOp, represents } from "../../../ir/ops/leaf.ts";
import { isFloat } from "../../../ir/type.ts";
import type { Value } from "../../../ir/value.ts";
import { elementwiseRoot, rule, type Rule } from "../rule.ts";

/** The constant that an elementwise op makes of constants; undefined where it is none that a kernel can spell. */
function folded(value: Value): number | undefined {
  if (value.op.kind !== "elementwise" || value.operands.length === 0) return undefined;
  const numbers = value.operands.map(constantValue);
  if (!numbers.every((number) => number !== undefined)) return undefined;
  const dtypes = value.operands.map((operand) => operand.type.dtype);
  const result = Number(value.op.reference(numbers, { result: value.type.dtype, operands: dtypes }));
  return Number.isFinite(result) && represents(value.type.dtype, result) ? result : undefined;
}

function isOfConstants({ operands }: Value): boolean {
  return operands.every(({ op }) => op === constantOp);
}

const asConstant = (value: Value, number: number): Value => constant(number, value.type.dtype, value.type.shape);

/** Constants whose result has no rounding error: 1/37 stays a quotient, so that x · (1/37) can become x / 37. */
export const exactFolding: Rule = rule(
  "numbers worked out",
  "exact",
  "2 + 3 = 5",
  [elementwiseRoot],
  (value) => {
    const number = folded(value);
    const { dtype } = value.type;
    if (number === undefined || (isFloat(dtype) && Math.fround(number) !== number)) return undefined;
    return asConstant(value, number);
  },
  isOfConstants,
);

/** All constants. */
export const folding: Rule = rule(
  "constants",
  "reassociates",
  "1 / 3 = 0.333",
  [elementwiseRoot],
  (value) => {
    const number = folded(value);
    return number === undefined ? undefined : asConstant(value, number);
  },
  isOfConstants,
);

/** Indices along an axis of extent 1. */
export const leafRules: readonly Rule[] = [
  rule("index of an only element", "exact", "iota = 0", ["iota"], (value) =>
    value.op === iotaOp && value.type.shape[value.attrs.axis as number] === 1 ? asConstant(value, 0) : undefined,
  ),
];
