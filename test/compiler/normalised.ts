/// Numbers less their mean over their spread: as formulas of a model, and as they should come out.
import { add, div, mean, mul, param, sqrt, square, sub, variance, type Tensor, type Value } from "chainrule";

type Numbers = Tensor<"f32">;

/** The axes that a mean goes along. */
type Along = { readonly axes: readonly number[]; readonly keepAxes: true };

/** The axes of images of which a mean of channels is taken. */
export const channels = { axes: [0, 2, 3], keepAxes: true } as const;

/** The square of a spread: as the mean of squared deviations, or in one word. */
export type Spread = (x: Numbers, deviations: Numbers, along: Along) => Value;
export const ofSquares: Spread = (_, deviations, along) => mean(square(deviations), along);
export const ofVariance: Spread = (x, _, along) => variance(x, along);

/** Numbers less their mean along axes, over their spread. */
export function unit(x: Value, along: Along = channels, spread: Spread = ofSquares): Numbers {
  const deviations = sub(x, mean(x as Numbers, along)) as Numbers;
  return div(deviations, sqrt(add(spread(x as Numbers, deviations, along), 1e-5))) as Numbers;
}

/** Images whose channels are normalised, with a scale and an offset for each. */
export function normalised(x: Value, name: string, spread?: Spread): Numbers {
  const shape = [1, x.type.shape[1]!, 1, 1];
  const [scale, offset] = ["scale", "offset"].map((each) => param(shape, { name: `${name}.${each}` }));
  return add(mul(unit(x, channels, spread), scale), offset) as Numbers;
}

/** What a row of numbers should be less its mean over its spread. */
export function unitRow(row: readonly number[]): readonly number[] {
  const average = row.reduce((total, each) => total + each, 0) / row.length;
  const squares = row.reduce((total, each) => total + (each - average) ** 2, 0) / row.length;
  return row.map((each) => (each - average) / Math.sqrt(squares + 1e-5));
}
