/// How two results are compared.

/** |found − expected| ≤ relative·|expected| + ofLargest·max |expected| + absolute; an infinity or NaN must be the same. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
  /** Of the largest element of the result. */
  readonly ofLargest?: number;
}

/**
 * Both sides of the interpreter's comparison are float64 of the same float32 inputs, but what is stored is rounded to
 * float32, and so are constants in the graph (π, a factor of 0.6): 6e-8 of terms that may cancel, which are about as large
 * as the largest element. Where all of them cancel, float64 itself leaves 1e-12 for 0.
 */
export const interpreterTolerance: Tolerance = { relative: 1e-6, ofLargest: 1e-7, absolute: 1e-11 };

/** float32 on a device. */
export const deviceTolerance: Tolerance = { relative: 1e-4, absolute: 1e-5 };

/** The worst element that is out of tolerance, in words; nothing where all are within. */
export function difference(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  { relative, absolute, ofLargest = 0 }: Tolerance,
): string | undefined {
  if (found.length !== expected.length) return `${found.length} elements instead of ${expected.length}`;
  const largest = Array.from(expected).reduce(
    (most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most),
    0,
  );
  let worst: { excess: number; at: number } | undefined;
  for (let at = 0; at < expected.length; at++) {
    const [a, b] = [Math.fround(found[at]), expected[at]];
    if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    const excess = Math.abs(a - b) / (relative * Math.abs(b) + ofLargest * largest + absolute);
    if (!(excess <= 1) && !(worst && worst.excess >= excess)) worst = { excess, at };
  }
  if (!worst) return undefined;
  return `[${worst.at}] is ${found[worst.at]}, PyTorch has ${expected[worst.at]}`;
}
