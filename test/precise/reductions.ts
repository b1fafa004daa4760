/// What every reduction means over the reals, by name.
import { preciseFunctions } from "./functions.ts";
import { unknown, type Arithmetic, type Precise } from "./number.ts";

/** A reduction of one row of numbers. */
export type PreciseReduction = (arithmetic: Arithmetic, row: readonly Precise[]) => Precise;

const { maximum, minimum, exp, log, and, or } = preciseFunctions;

function sum({ add, number }: Arithmetic, row: readonly Precise[]): Precise {
  return row.reduce(add, number(0));
}

function product({ mul, number }: Arithmetic, row: readonly Precise[]): Precise {
  return row.reduce(mul, number(1));
}

function squares(arithmetic: Arithmetic, row: readonly Precise[]): Precise {
  return sum(
    arithmetic,
    row.map((x) => arithmetic.mul(x, x)),
  );
}

function largest(arithmetic: Arithmetic, row: readonly Precise[]): Precise {
  return row.reduce((a, b) => maximum(arithmetic, [a, b]), arithmetic.number(-Infinity));
}

/** ln Σ e^x with the largest x in front: powers of 10 beyond 10¹⁵ digits cannot be written down. */
function logsumexp(arithmetic: Arithmetic, row: readonly Precise[]): Precise {
  const most = largest(arithmetic, row);
  if (!most.value.isFinite()) return most;
  const shifted = row.map((x) => (x === most ? arithmetic.number(1) : exp(arithmetic, [arithmetic.sub(x, most)])));
  return arithmetic.add(most, log(arithmetic, [sum(arithmetic, shifted)]));
}

/** Op name → the reduction. */
export const preciseReductions: Readonly<Record<string, PreciseReduction>> = {
  sum,
  product,
  prod: product,
  max: largest,
  min: (arithmetic, row) => row.reduce((a, b) => minimum(arithmetic, [a, b]), arithmetic.number(Infinity)),
  logsumexp,
  norm: (arithmetic, row) => preciseFunctions.sqrt(arithmetic, [squares(arithmetic, row)]),
  all: (arithmetic, row) => row.reduce((a, b) => and(arithmetic, [a, b])),
  any: (arithmetic, row) => row.reduce((a, b) => or(arithmetic, [a, b])),
};

/** Position of the first extreme element; what compares with nothing is none. */
function argument(sign: 1 | -1): PreciseReduction {
  return (arithmetic, row) => {
    let best = 0;
    for (let i = 1; i < row.length; i++) {
      const order = arithmetic.compare(row[i], row[best]);
      if (order === undefined) return unknown(arithmetic);
      if (order * sign > 0) best = i;
    }
    return arithmetic.number(best);
  };
}

/** The reductions whose result is a position. */
export function argumentOf(name: string): PreciseReduction | undefined {
  return name === "argmax" ? argument(1) : name === "argmin" ? argument(-1) : undefined;
}
