/// Images read at places between their elements.
import {
  abs,
  add,
  and,
  cast,
  constant,
  div,
  equal,
  expandDims,
  floor,
  gather,
  greaterEqual,
  less,
  maximum,
  minimum,
  moveAxis,
  mul,
  remainder,
  reshape,
  round,
  stopGradient,
  sub,
  where,
  type Value,
} from "chainrule";
import { operator, shapeOf, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { selected } from "./parts.ts";

interface Sampling {
  readonly extent: number;
  readonly padding: string;
  readonly aligned: boolean;
}

/** A place in [-1, 1] as a place among the elements of an axis. */
function placeOf(x: Value, { extent, aligned }: Sampling): Value {
  return aligned ? mul(div(add(x, 1), 2), extent - 1) : div(sub(mul(add(x, 1), extent), 1), 2);
}

function clipped(place: Value, extent: number): Value {
  return minimum(maximum(place, 0), extent - 1);
}

/** Mirrored at the ends as often as need be. */
function reflected(place: Value, { extent, aligned }: Sampling): Value {
  const [low, high] = aligned ? [0, extent - 1] : [-0.5, extent - 0.5];
  const span = high - low;
  if (span === 0) return mul(place, 0);
  const distance = abs(sub(place, low));
  const rest = remainder(distance, span);
  const isEven = equal(remainder(stopGradient(floor(div(distance, span))), 2), 0);
  return clipped(add(where(isEven, rest, sub(span, rest)), low), extent);
}

function within(place: Value, sampling: Sampling): Value {
  if (sampling.padding === "border") return clipped(place, sampling.extent);
  return sampling.padding === "reflection" ? reflected(place, sampling) : place;
}

/** A neighbour along one axis: its place, and its weight. */
interface Tap {
  readonly at: Value;
  readonly weight: Value | undefined;
}

function linearTaps(place: Value): readonly Tap[] {
  const low = stopGradient(floor(place));
  const rest = sub(place, low);
  return [
    { at: low, weight: sub(1, rest) },
    { at: add(low, 1), weight: rest },
  ];
}

function cubicTaps(place: Value, sampling: Sampling): readonly Tap[] {
  const a = -0.75;
  const low = stopGradient(floor(place));
  const t = sub(place, low);
  const near = (x: Value): Value => add(mul(mul(sub(mul(a + 2, x), a + 3), x), x), 1);
  const far = (x: Value): Value => sub(mul(add(mul(sub(mul(a, x), 5 * a), x), 8 * a), x), 4 * a);
  const weights = [far(add(t, 1)), near(t), near(sub(1, t)), far(sub(2, t))];
  return weights.map((weight, k) => ({ at: within(add(low, k - 1), sampling), weight }));
}

function tapsOf(mode: string, place: Value, sampling: Sampling): readonly Tap[] {
  if (mode === "bicubic") return cubicTaps(place, sampling);
  const inside = within(place, sampling);
  return mode === "nearest" ? [{ at: round(inside), weight: undefined }] : linearTaps(inside);
}

/** Every choice of one tap for each axis. */
function choices(axes: readonly (readonly Tap[])[]): readonly (readonly Tap[])[] {
  return axes.reduce<readonly (readonly Tap[])[]>(
    (all, taps) => all.flatMap((chosen) => taps.map((tap) => [...chosen, tap])),
    [[]],
  );
}

/** The elements at one choice of taps, [N, places, C]; outside there is 0. */
function read(image: Value, extents: readonly number[], taps: readonly Tap[]): Value {
  const whole = taps.map(({ at }) => cast(at, "i32"));
  const inside = whole
    .map((at, i) => and(greaterEqual(at, 0), less(at, extents[i])))
    .reduce((all, each) => and(all, each));
  const position = whole.reduce((total, at, i) => add(mul(total, extents[i]), at), constant(0, "i32") as Value);
  const found = gather(image, where(inside, position, -1), { batch: 1 });
  const weights = taps.flatMap(({ weight }) => (weight ? [weight] : []));
  return weights.reduce((product, weight) => mul(product, expandDims(weight, -1)), found);
}

export const sampling: Operators = {
  "nn.functional.grid_sample": operator("input grid mode padding_mode align_corners", (call) => {
    const [x, grid] = [call.float("input"), call.float("grid")];
    const [batch, channels, ...extents] = shapeOf(x);
    const targets = shapeOf(grid).slice(1, -1);
    const image = reshape(moveAxis(x, 1, -1), [batch, countOf(extents), channels]);
    const padding = call.text("padding_mode", "zeros");
    const taps = extents.map((extent, axis) => {
      const given = { extent, padding, aligned: call.flag("align_corners") };
      // The grid names the last axis first.
      const coordinate = selected(grid, shapeOf(grid).length - 1, extents.length - 1 - axis);
      const place = placeOf(reshape(coordinate, [batch, countOf(targets)]), given);
      return tapsOf(call.text("mode", "bilinear"), place, given);
    });
    const total = choices(taps)
      .map((chosen) => read(image, extents, chosen))
      .reduce((all, each) => add(all, each));
    return reshape(moveAxis(total, -1, 1), [batch, channels, ...targets]);
  }),
};
