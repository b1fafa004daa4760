/// Initialisers once shapes are known: plain distributions, as the runtime draws them.
import { initialValues } from "../ir/errors.ts";
import type { FanAxes, Initializer } from "../ir/initializer.ts";
import type { Initializer as PlainInitializer } from "../runtime/abi.ts";

/** The initialiser of a state of this shape, undefined for zeros; `site` makes its random numbers its own. */
export function plainInitializer(
  initializer: Initializer,
  shape: readonly number[],
  site: number,
  name: string,
): PlainInitializer | undefined {
  switch (initializer.tag) {
    case "constant":
      return initializer.value === 0 ? undefined : initializer;
    case "key":
      return initializer;
    case "uniform":
    case "normal":
      return { ...initializer, site };
    case "values": {
      const count = shape.reduce((total, extent) => total * extent, 1);
      if (initializer.values.length !== count) throw initialValues(name, count, initializer.values.length);
      return initializer;
    }
    case "scaled": {
      const { fanIn, fanOut } = fans(shape, initializer.axes);
      const variance = initializer.scale / (initializer.fan === "in" ? fanIn : (fanIn + fanOut) / 2);
      if (initializer.distribution === "normal")
        return { tag: "normal", mean: 0, deviation: Math.sqrt(variance), site };
      const limit = Math.sqrt(3 * variance);
      return { tag: "uniform", low: -limit, high: limit, site };
    }
    default:
      return initializer satisfies never;
  }
}

/** Inputs and outputs of a unit. */
function fans(
  shape: readonly number[],
  axes: FanAxes | undefined,
): { readonly fanIn: number; readonly fanOut: number } {
  const size = (extents: readonly number[]): number => extents.reduce((total, extent) => total * extent, 1);
  const along = (chosen: readonly number[]): number => size(chosen.map((axis) => shape[axis]));
  if (axes) return { fanIn: along(axes.from), fanOut: along(axes.to) };
  const fanOut = shape.at(-1) ?? 1;
  return { fanIn: shape.length > 1 ? size(shape.slice(0, -1)) : fanOut, fanOut };
}
