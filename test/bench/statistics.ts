/// Figures of a few measurements.

/** The middle one; of an even number, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1];
}

/** What a tenth of them is at most: of times, what something takes that is not interrupted. */
export function lowerDecile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 10)];
}

/** ‖a − b‖ / ‖b‖, or ‖a‖ where b is zero; NaN counts as infinite. */
export function relativeDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let [difference, size] = [0, 0];
  for (let at = 0; at < b.length; at++) {
    difference += (a[at] - b[at]) ** 2;
    size += b[at] ** 2;
  }
  const distance = Math.sqrt(difference) / (size > 0 ? Math.sqrt(size) : 1);
  return Number.isNaN(distance) ? Infinity : distance;
}

/** The geometric mean; NaN of none. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}
