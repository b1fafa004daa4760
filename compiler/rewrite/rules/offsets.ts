/// Sums that do not see an offset: ln Σ eˣ − x̄, ln Σ e^(z/t) − Σ p·z/t. What all numbers of a row have in
/// common adds up to nothing in them, and is taken away before it rounds.
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { logsumexpOp } from "../../../ir/ops/reduce.ts";
import { axesOf, sumOp } from "../../../ir/ops/sum.ts";
import { underLayouts, type Value } from "../../../ir/value.ts";
import { commonPartOf, finitePeak, isPeak, timesNumber, type Rows } from "../common-part.ts";
import { vanishes, writeCommon } from "../common-term.ts";
import { rule, type Rule, type Surroundings } from "../rule.ts";
import { totalOf } from "./shifts.ts";
import { withoutAxes } from "./uniform.ts";

type Axes = readonly number[];

/** Numbers that rows are made of, and the sign of what they are multiplied by. */
interface Base {
  readonly scores: Value;
  readonly axes: Axes;
  readonly factor: number;
}

/** Formulas are looked at as deep as people would. */
const mostValues = 40;

/** The logarithms of sums of exponentials and the sums that a value adds up, with factors before them. */
function totalsIn(value: Value): readonly Value[] {
  const seen = new Set<Value>();
  const found: Value[] = [];
  const pending = [value];
  for (let each = pending.pop(); each && seen.size < mostValues; each = pending.pop()) {
    if (seen.has(each) || each.type.dtype !== "f32") continue;
    seen.add(each);
    const { op, operands } = each;
    if (op === logsumexpOp || op === sumOp) found.push(each);
    const passes = op === add.op || op === sub.op || op === neg.op || op === mul.op || op === div.op || op === sumOp;
    if (passes || op.kind === "layout") pending.push(...operands);
  }
  return found;
}

/** True for what nothing has rounded. */
const isGiven = ({ op, constant }: Value): boolean => op.kind === "leaf" && !constant;

/** What a row is a multiple of, or a sum with something else; what is given comes first, since nothing has rounded it. */
function basesOfRow(x: Value, axes: Axes, factor = 1): readonly Base[] {
  const { inner, factor: number } = timesNumber(x);
  const whole = factor * number;
  const isRow = (side: Value): boolean => withoutAxes(side, axes) !== undefined;
  const [a, b] = inner.operands;
  const itself = { scores: inner, axes, factor: whole };
  // What is less its largest has been here.
  if (inner.op === sub.op && isRow(b)) return isPeak(b) ? [] : basesOfRow(a, axes, whole);
  if (inner.op === div.op && isRow(b)) return basesOfRow(a, axes, whole);
  if (inner.op === mul.op && (isRow(a) || isRow(b))) return basesOfRow(isRow(a) ? b : a, axes, whole);
  if (inner.op !== add.op && inner.op !== sub.op) return [itself];
  const parts = [basesOfRow(a, axes, whole), basesOfRow(b, axes, inner.op === sub.op ? -whole : whole)];
  if (parts.some((each) => each.length === 0)) return [];
  return [...parts.flat().filter(({ scores }) => isGiven(underLayouts(scores))), itself];
}

function withoutOffset(value: Value, facts: Surroundings): Value | undefined {
  if (value.type.dtype !== "f32") return undefined;
  const totals = totalsIn(value);
  // Without a sum it is x − ln Σ eˣ, which kernels take apart as it is.
  if (!totals.some(({ op }) => op === sumOp)) return undefined;
  for (const total of totals) {
    const axes = axesOf(total);
    const bases = total.op === logsumexpOp ? basesOfRow(total.operands[0], axes) : [];
    for (const base of bases) {
      const found = without(value, base, facts);
      if (found) return found;
    }
  }
  return undefined;
}

/** So much of a whole is what the rounding of weights has left of it: 0.9 + 3·(0.1/3) in float32. */
const rounding = 1e-6;

function without(value: Value, { scores, axes, factor }: Base, facts: Surroundings): Value | undefined {
  const peak = finitePeak(scores, factor, axes);
  const total: Rows["total"] = (weights, along) => totalOf(weights, along, facts);
  const rows: Rows = { scores, axes, peak, total };
  const { below, common } = commonPartOf(value, rows);
  const isNothing = common.every(({ coefficient, size }) => Math.abs(coefficient) <= rounding * size);
  // What sees no offset by itself, such as Σ (p − y)·x, has rules of its own.
  const sees = (part: Value): boolean => commonPartOf(part, rows).common.some((term) => !vanishes(term));
  if (common.length === 0 || !isNothing || !value.operands.some(sees)) return undefined;
  const left = common.filter((term) => !vanishes(term));
  return left.map(writeCommon).reduce((sum, term) => add(sum, term), below);
}

/** Before differences are taken apart one by one. */
export const offsetRules: readonly Rule[] = [
  rule(
    "sum without the offset of its rows",
    "stabilizes",
    "logsumexp(x) - mean(x) = logsumexp(x - max(x)) - mean(x - max(x))",
    [add.op.name, sub.op.name],
    withoutOffset,
  ),
];
