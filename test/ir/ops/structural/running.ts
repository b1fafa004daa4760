/// Cases of what accumulates and what puts in order.
import * as c from "chainrule";
import type { Tensor } from "chainrule";
import * as cumulative from "../../../../ir/ops/cumulative.ts";
import { apply } from "../../../../ir/value.ts";
import { f32, of, rough, smooth, type Case, type Input, type Make, type Numbers, type Table } from "./case.ts";

type Running = (x: never, axis: number, options: cumulative.CumulativeOptions) => c.Value;

/** Lengths around those at which a row is shared between threads, and around a power of two. */
const lengths = [1, 2, 63, 65, 300, 2049, 5000];

function runs(op: Running, numbers: Numbers, exclusive: boolean, derives = true): readonly Case[] {
  const over =
    (axis: number, options: cumulative.CumulativeOptions = {}): Make =>
    (x) =>
      op(x as never, axis, options);
  // Whether a total of the largest numbers overflows on the way depends on the order in which they are taken.
  const odd = exclusive || numbers === "near one" ? "infinities" : "edges";
  const inputs = (...shape: Input["shape"]): readonly Input[] => [of(numbers, "f32", ...shape)];
  return [
    { name: "along the last axis", inputs: inputs(3, 5), make: over(1), smooth: derives },
    {
      name: "along the first axis, from the end",
      inputs: inputs(5, 3),
      make: over(0, { reverse: true }),
      smooth: derives,
    },
    { name: "along a middle axis", inputs: inputs(2, 4, 3), make: over(1), smooth: derives },
    ...(exclusive
      ? [
          {
            name: "without the place itself",
            inputs: inputs(3, 5),
            make: over(1, { exclusive: true }),
            smooth: derives,
          },
          {
            name: "without the place, from the end",
            inputs: inputs(2, 300),
            make: over(1, { exclusive: true, reverse: true }),
            smooth: false,
          },
        ]
      : []),
    ...lengths.map((length) => rough(`of ${length}`, inputs(2, length), over(1, { reverse: length % 2 === 0 }))),
    rough("of a vector", inputs(9), over(0)),
    rough("along an axis of a named size", inputs("m", "n", 2), over(1)),
    rough("of NaN, infinities and ties", [of(odd, "f32", 20, 9)], over(1)),
  ];
}

const place =
  (name: "cumargmax" | "cumargmin"): Running =>
  (x, axis, { reverse = false }) =>
    apply(name === "cumargmax" ? cumulative.cumargmaxOp : cumulative.cumargminOp, [x], {
      axis,
      reverse,
      exclusive: false,
    });

/** Running accumulations, and orders. */
export const running: Table = {
  cumsum: runs(c.cumsum, "normal", true),
  cumprod: runs(c.cumprod, "near one", true),
  cummax: runs(c.cummax, "normal", false),
  cummin: runs(c.cummin, "normal", false),
  cumargmax: runs(place("cumargmax"), "ties", false, false),
  cumargmin: runs(place("cumargmin"), "ties", false, false),
  logcumsumexp: runs(c.logcumsumexp, "normal", false),
  recurrence: runs((x, axis, options) => c.recurrence(c.tanh(x as Tensor<"f32">), x, axis, options), "normal", false),
  argsort: [
    smooth("by which elements are sorted", [f32(3, 7)], (x) => c.exp(c.sort(x))),
    smooth("of the largest, along the first axis", [f32(7, 3)], (x) => c.topK(x, 3, { axis: 0 }).values),
    ...[1, 2, 3, 64, 2047, 2048, 2049, 5000].map((length) =>
      rough(`of ${length}`, [f32(2, length)], (x) => c.argsort(x, { descending: length % 2 === 1 })),
    ),
    rough("of ties", [of("ties", "f32", 3, 200)], (x) => c.argsort(x)),
    rough("of ties, descending, along columns", [of("ties", "i32", 200, 3)], (x) =>
      c.argsort(x, { axis: 0, descending: true }),
    ),
    rough("of NaN and infinities", [of("edges", "f32", 6, 50)], (x) => c.argsort(x)),
    rough("of NaN and infinities, descending", [of("edges", "f32", 6, 50)], (x) => c.argsort(x, { descending: true })),
    rough("of a vector of a named size", [of("ties", "f32", "n")], (x) => c.argsort(x)),
    rough("of u32", [of("edges", "u32", 2, 30)], (x) => c.argsort(x)),
  ],
};
