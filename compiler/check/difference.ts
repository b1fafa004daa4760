/// Derivatives from differences, and whether a function has one at all.

/** A derivative along one direction, measured. */
export interface Difference {
  readonly value: number;
  /** Below this, the rounding of the function's values hides the derivative's digits at the wanted tolerance. */
  readonly floor: number;
  /** False when the one-sided differences disagree at every step size: the point lies on a kink. */
  readonly smooth: boolean;
}

const steps = [1e-3, 1e-4, 1e-5] as const;

/**
 * Central difference of `f` at 0, extrapolated to fourth order from steps h and 2h (Richardson 1911). A kink within the
 * stencil shows in two ways: central differences of both steps differ, or second differences do not halve with the step;
 * then a smaller step is tried, so that only kinks within 1e-5 remain. `scale` is the magnitude of the variable.
 */
export function difference(f: (shift: number) => number, center: number, scale: number, tolerance: number): Difference {
  let last: Difference | undefined;
  for (const step of steps) {
    const h = step * Math.max(1, scale);
    const [right, left, farRight, farLeft] = [f(h), f(-h), f(2 * h), f(-2 * h)];
    const [near, far] = [(right - left) / (2 * h), (farRight - farLeft) / (4 * h)];
    const value = (4 * near - far) / 3;
    const bend = (right - 2 * center + left) / h;
    const farBend = (farRight - 2 * center + farLeft) / (2 * h);
    const magnitude = Math.max(1, ...[center, farRight, farLeft].map(Math.abs));
    const noise = (20 * Number.EPSILON * magnitude) / h;
    const allowed = 0.5 * tolerance * Math.abs(value) + noise;
    const smooth = Math.abs(far - near) <= allowed && Math.abs(farBend - 2 * bend) <= allowed;
    last = { value, floor: (2.5 * noise) / tolerance, smooth };
    if (smooth) return last;
  }
  return last!;
}
