import type { Point } from "./glyphs.ts";

/** Points inserted between two neighbours of a smooth stroke; more are not visible at 16 pixels. */
const subdivisions = 4;

/** Replaces a smooth stroke by a polyline: the Catmull–Rom spline through its points. */
export function smoothed(points: readonly Point[]): readonly Point[] {
  const at = (index: number): Point => points[Math.min(Math.max(index, 0), points.length - 1)];
  const result: Point[] = [];
  for (let index = 0; index + 1 < points.length; index++) {
    const [before, from, to, after] = [at(index - 1), at(index), at(index + 1), at(index + 2)];
    for (let part = 0; part < subdivisions; part++) {
      const t = part / subdivisions;
      result.push([
        catmullRom(before[0], from[0], to[0], after[0], t),
        catmullRom(before[1], from[1], to[1], after[1], t),
      ]);
    }
  }
  result.push(at(points.length - 1));
  return result;
}

/** The cubic between `from` (t = 0) and `to` (t = 1) whose slopes there are half the neighbours' differences. */
function catmullRom(before: number, from: number, to: number, after: number, t: number): number {
  const linear = to - before;
  const quadratic = 2 * before - 5 * from + 4 * to - after;
  const cubic = 3 * (from - to) + after - before;
  return from + 0.5 * t * (linear + t * (quadratic + t * cubic));
}

/**
 * Draws a polyline with a round pen into a square image, anti-aliased: a pixel whose centre lies `d` pixels from the
 * line gets coverage `radius + ½ − d`, clamped to [0, 1], and keeps the larger of old and new.
 *
 * @param image shape [side, side], row-major; pixel (0, 0) has its centre at (0.5, 0.5)
 * @param points in pixels
 * @param radius of the pen, in pixels
 */
export function drawPolyline(image: Float32Array, side: number, points: readonly Point[], radius: number): void {
  const reach = radius + 0.5;
  for (let index = 0; index + 1 < points.length; index++) {
    const [[fromX, fromY], [toX, toY]] = [points[index], points[index + 1]];
    const left = Math.max(0, Math.ceil(Math.min(fromX, toX) - reach - 0.5));
    const right = Math.min(side - 1, Math.floor(Math.max(fromX, toX) + reach - 0.5));
    const top = Math.max(0, Math.ceil(Math.min(fromY, toY) - reach - 0.5));
    const bottom = Math.min(side - 1, Math.floor(Math.max(fromY, toY) + reach - 0.5));
    for (let y = top; y <= bottom; y++) {
      for (let x = left; x <= right; x++) {
        const distance = distanceToSegment(x + 0.5, y + 0.5, fromX, fromY, toX, toY);
        const coverage = Math.min(1, reach - distance);
        if (coverage > image[y * side + x]) image[y * side + x] = coverage;
      }
    }
  }
}

/** Euclidean distance from the point (x, y) to the segment between two points, which may coincide. */
function distanceToSegment(x: number, y: number, fromX: number, fromY: number, toX: number, toY: number): number {
  const [alongX, alongY] = [toX - fromX, toY - fromY];
  const squaredLength = alongX * alongX + alongY * alongY;
  const projection = squaredLength === 0 ? 0 : ((x - fromX) * alongX + (y - fromY) * alongY) / squaredLength;
  const t = Math.min(1, Math.max(0, projection));
  const [offsetX, offsetY] = [x - fromX - t * alongX, y - fromY - t * alongY];
  return Math.sqrt(offsetX * offsetX + offsetY * offsetY);
}
