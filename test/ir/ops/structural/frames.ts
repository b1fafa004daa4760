/// Cases of ops that put tensors into frames and side by side, and that read and write where integers say.
import * as c from "chainrule";
import type { Tensor, Value } from "chainrule";
import { at, f32, of, rough, smooth, type Table } from "./case.ts";

/** What makes a case takes every input for a float. */
const whole = (x: Value): Tensor<"i32"> => x as Tensor<"i32">;

/** Padding, concatenation, gathering and scattering. */
export const frames: Table = {
  pad: [
    smooth("around a named size", [f32("n", 2)], (x) =>
      c.exp(
        c.pad(x, [
          ["n", 1],
          [0, 1],
        ]),
      ),
    ),
    smooth("around, between and away", [f32(5, 7)], (x) =>
      c.pad(
        c.exp(x),
        [
          [1, -2],
          [-3, 2],
        ],
        { interior: [1, 2], value: 2 },
      ),
    ),
    smooth("between alone, of one element", [f32(1, 3)], (x) =>
      c.pad(
        x,
        [
          [0, 0],
          [0, 0],
        ],
        { interior: [4, 1] },
      ),
    ),
    smooth("of paddings", [f32(6)], (x) =>
      c.pad(c.square(c.pad(c.pad(x, [[2, -3]]), [[-1, 4]])), [[1, 1]], { interior: [2] }),
    ),
    rough("by infinity, with NaN inside", [of("edges", "f32", 3, 5)], (x) =>
      c.pad(
        x,
        [
          [1, 0],
          [2, 3],
        ],
        { value: -Infinity },
      ),
    ),
    rough("by NaN", [f32(3)], (x) => c.pad(x, [[1, 1]], { value: NaN })),
    rough("of integers by the least", [of("edges", "i32", 4)], (x) => c.pad(x, [[2, 1]], { value: -2147483648 })),
    rough("of booleans by true", [of("ties", "bool", 2, 3)], (x) =>
      c.pad(
        x,
        [
          [0, 1],
          [1, 0],
        ],
        { value: 1 },
      ),
    ),
  ],
  concatenate: [
    smooth("of named sizes", [f32("n", 2), f32("m", 2)], (x, y) => c.exp(c.concatenate([x, y, x], 0))),
    smooth("along the last axis, one twice", [f32(5, 7), f32(5, 4)], (x, y) =>
      c.exp(c.concatenate([x, y, c.square(x), y], 1)),
    ),
    smooth("along the first axis", [f32(1, 3), f32(4, 3)], (x, y) => c.concatenate([x, c.exp(y)], 0)),
    smooth("along a middle axis, of slices", [f32(2, 6, 3)], (x) =>
      c.concatenate([c.slice(x, [null, [4, null, -2]]), c.reverse(x, [1]), c.slice(x, [null, [5]])], 1),
    ),
    rough(
      "of forty",
      Array.from({ length: 40 }, (_, i) => f32(1 + (i % 3), 2)),
      (...all) => c.concatenate(all, 0),
    ),
    rough(
      "of twenty sums, read by a total",
      Array.from({ length: 40 }, (_, i) => f32(2, 1 + (i % 20))),
      (...all) => {
        const sums = all.slice(0, 20).map((x, i) => c.exp(c.add(x, all[i + 20])));
        return c.sum(c.square(c.concatenate(sums, 1)), { axis: 1 });
      },
    ),
    rough("of what nine gathers read", [...Array.from({ length: 9 }, () => f32(4, 3)), at(4, 6)], (...all) =>
      c.tanh(c.concatenate(all.slice(0, 9).map((x) => c.gather(x, whole(all[9]))))),
    ),
    rough("of integers and of booleans", [of("edges", "i32", 3), of("ties", "bool", 2)], (x, y) =>
      c.concatenate([x, c.cast(c.concatenate([y, y]), "i32")] as never),
    ),
  ],
  gather: [
    smooth("of a named size", [f32("n", 2), at(5, "m")], (x, i) => c.exp(c.gather(x, whole(i)))),
    rough("of integers and of NaN", [of("edges", "i32", 5), of("edges", "f32", 5), at(5, 9)], (x, y, i) =>
      c.add(c.cast(c.gather(x, whole(i)), "f32"), c.gather(y, whole(i))),
    ),
    smooth("of rows, some outside", [f32(6, 5), at(6, 4, 3)], (x, i) => c.exp(c.gather(x, whole(i)))),
    smooth("with shared axes", [f32(3, 6, 2), at(6, 3, 4)], (x, i) => c.gather(x, whole(i), { batch: 1 })),
    smooth("at one place", [f32(6, 5), at(6)], (x, i) => c.gather(x, whole(i))),
    smooth("along a middle axis", [f32(2, 5, 3), at(5, 2, 2)], (x, i) => c.take(x, whole(i), 1)),
    smooth("at a place for each element", [f32(4, 7), at(7, 4, 3)], (x, i) => c.takeAlongAxis(x, whole(i), 1)),
    rough("at places that a gather gives", [f32(5), at(4, 6), at(6, 3)], (x, i, j) =>
      c.gather(x, c.gather(whole(i), whole(j))),
    ),
    rough("of booleans", [of("ties", "bool", 4), at(4, 5)], (x, i) => c.gather(x, whole(i))),
    rough("that moves with the data", [f32(7, 6), at(9, 1)], (x, i) =>
      c.dynamicSlice(x, [c.reshape(i, []), c.constant(2, "i32")], [3, 3]),
    ),
  ],
  scatterAdd: [
    smooth("of a named size", [f32("n", 2), at(5, "m"), f32("m", 2)], (x, i, u) => c.scatterAdd(x, whole(i), u)),
    rough("of NaN and infinities", [f32(4), at(4, 9), of("infinities", "f32", 9)], (x, i, u) =>
      c.scatterAdd(x, whole(i), u),
    ),
    smooth("of rows, several at one place", [f32(4, 3), at(4, 9), f32(9, 3)], (x, i, u) =>
      c.scatterAdd(x, whole(i), c.exp(u)),
    ),
    smooth("with shared axes", [f32(2, 5), at(5, 2, 7), f32(2, 7)], (x, i, u) =>
      c.scatterAdd(x, whole(i), u, { batch: 1 }),
    ),
    smooth("at one place", [f32(5, 2), at(5), f32(2)], (x, i, u) => c.scatterAdd(x, whole(i), u)),
    rough("of integers", [of("ties", "i32", 3), at(3, 3, 4), of("ties", "i32", 3, 4)], (x, i, u) =>
      c.scatterAdd(x, whole(i), u),
    ),
  ],
};
