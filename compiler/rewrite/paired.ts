/// What stays together when a sum is written: both parts of a difference that is small where they are large.
import { sub } from "../../ir/ops/arithmetic.ts";
import { logsumexpOp } from "../../ir/ops/reduce.ts";
import { same, underLayouts, type Value } from "../../ir/value.ts";

/** A value, and what it is multiplied by. */
export type Part = readonly [Value, number];

/** x − ln Σ eˣ stays together: where both are large, so is the sum of others and one of them. So do two such logarithms. */
export function paired(parts: readonly Part[]): readonly Part[] {
  for (const [at, [total, scale]] of parts.entries()) {
    const row = underLayouts(total);
    if (row.op !== logsumexpOp || row === total) continue;
    const isRow = ([x, by]: Part): boolean => by * scale < 0 && same(x, row.operands[0]);
    const isLogarithm = ([x, by]: Part): boolean => by === -scale && underLayouts(x).op === logsumexpOp;
    const other = [isRow, isLogarithm].map((test) => parts.findIndex(test)).find((place) => place >= 0);
    if (other === undefined) continue;
    const [x, by] = parts[other];
    const shared = Math.min(Math.abs(by), Math.abs(scale)) * Math.sign(by);
    const left: readonly Part[] = [
      [x, by - shared],
      [total, scale + shared],
    ];
    const rest = [...parts.filter((_, i) => i !== at && i !== other), ...left.filter(([, size]) => size !== 0)];
    return [[sub(x, total), shared], ...paired(rest)];
  }
  return parts;
}
