import type { Dataset } from "./dataset.ts";
import { glyphs } from "./glyphs.ts";
import type { Point, Stroke } from "./glyphs.ts";
import { drawPolyline, smoothed } from "./pen.ts";
import { randomStream } from "./random.ts";
import type { RandomStream } from "./random.ts";

/** Pixels along one side of a made digit. */
export const side = 16;

/**
 * How far the writing varies; lengths in pixels, angles in radians. Chosen by measurement: variants and shifts spoil
 * what a linear classifier can use (it stays near 88 %), while noise, which spoils every classifier, is kept low.
 */
const variation = {
  width: 6.6,
  height: 10.6,
  /** Range of the digit's size. */
  scale: [0.85, 1.1],
  /** Range of the factor by which a digit is wider than usual. */
  aspect: [0.85, 1.15],
  /** Largest shift from the centre, along each axis. */
  shift: 1.8,
  /** Deviation of the slant: x moves by this much for each pixel of y. */
  slant: 0.1,
  /** Deviation of the rotation. */
  rotation: 0.05,
  /** Range of the pen's radius. */
  radius: [0.65, 1.1],
  /** Deviation of each point of a stroke from where it should be. */
  wobble: 0.16,
  /** Range of the darkness of full ink. */
  ink: [0.7, 1],
  /** Deviation of the noise in each pixel. */
  noise: 0.05,
} as const;

/** Which of the two disjoint sets a digit belongs to. */
export type Split = "train" | "test";

/**
 * Makes written digits, 16 × 16 pixels, in ten classes as even as the count allows. Image i of a split is a pure
 * function of (seed, split, i): a longer set begins with the shorter one.
 */
export function synthesizeDigits(split: Split, count: number, seed: number): Dataset {
  const pixels = side * side;
  const images = new Float32Array(count * pixels);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    labels[index] = index % glyphs.length;
    const random = randomStream(seed, split === "train" ? 0 : 1, index);
    drawDigit(images.subarray(index * pixels, (index + 1) * pixels), labels[index], random);
  }
  return { images, labels, pixels, count };
}

/** Writes one digit into an image of zeros, shape [side, side]. */
function drawDigit(image: Float32Array, digit: number, random: RandomStream): void {
  const handwritings = glyphs[digit];
  const place = randomPlacement(random);
  const radius = between(random, variation.radius);
  for (const stroke of handwritings[random.below(handwritings.length)]) {
    drawPolyline(image, side, path(stroke, place, random), radius);
  }
  const ink = between(random, variation.ink);
  for (let pixel = 0; pixel < image.length; pixel++) {
    const grey = ink * image[pixel] + variation.noise * random.normal();
    image[pixel] = Math.min(1, Math.max(0, grey));
  }
}

/** The polyline of a stroke on the image, each of its points a little off. */
function path(stroke: Stroke, place: (point: Point) => Point, random: RandomStream): readonly Point[] {
  const points = stroke.points.map((point): Point => {
    const [x, y] = place(point);
    return [x + variation.wobble * random.normal(), y + variation.wobble * random.normal()];
  });
  return stroke.tag === "curve" ? smoothed(points) : points;
}

/** A random affine map from the digit's box to the image: scale, slant, rotation, then shift. */
function randomPlacement(random: RandomStream): (point: Point) => Point {
  const scale = between(random, variation.scale);
  const width = variation.width * scale * between(random, variation.aspect);
  const height = variation.height * scale;
  const slant = variation.slant * random.normal();
  const angle = variation.rotation * random.normal();
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const centreX = side / 2 + between(random, [-variation.shift, variation.shift]);
  const centreY = side / 2 + between(random, [-variation.shift, variation.shift]);
  return ([boxX, boxY]) => {
    const y = (boxY - 0.5) * height;
    const x = (boxX - 0.5) * width - slant * y;
    return [centreX + cos * x - sin * y, centreY + sin * x + cos * y];
  };
}

/** Uniform in [low, high). */
function between(random: RandomStream, [low, high]: readonly [number, number]): number {
  return low + (high - low) * random.uniform();
}
