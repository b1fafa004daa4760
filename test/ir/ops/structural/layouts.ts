/// Cases of ops that move elements.
import * as c from "chainrule";
import type { Shape } from "chainrule";
import { broadcastAlong } from "../../../../ir/ops/sum.ts";
import { skewOp } from "../../../../ir/ops/windows.ts";
import { apply } from "../../../../ir/value.ts";
import { f32, of, rough, smooth, type Table } from "./case.ts";

/** Ops that move elements. */
export const layouts: Table = {
  reshape: [
    smooth("merges and splits named sizes", [f32("n", 6, "m")], (x) => c.exp(c.reshape(x, ["3*n", 2, "m"]))),
    smooth("merges, splits and keeps axes", [f32(6, 1, 4, 5)], (x) => c.reshape(x, [2, 3, 20, 1])),
    rough("across axes, of booleans", [of("ties", "bool", 3, 10)], (x) => c.reshape(x, [5, 6] as Shape)),
    rough("to a scalar and from it", [f32(1, 1)], (x) => c.reshape(c.exp(c.reshape(x, [])), [1, 1, 1] as Shape)),
  ],
  transpose: [
    smooth("of named sizes", [f32("n", 2, "m")], (x) => c.mul(c.transpose(x, [2, 0, 1]), c.transpose(x, [2, 0, 1]))),
    smooth("of four axes", [f32(2, 3, 4, 5)], (x) => c.transpose(c.exp(x), [3, 1, 0, 2])),
    rough("of five axes, integers", [of("ties", "i32", 2, 1, 3, 2, 3)], (x) => c.transpose(x, [4, 2, 0, 1, 3])),
  ],
  reverse: [
    smooth("along the outer axes", [f32(3, 4, 5)], (x) => c.mul(x, c.reverse(x, [0, 2]))),
    rough("of a vector, of one element beside it", [f32(7, 1)], (x) => c.reverse(x, [0, 1])),
  ],
  broadcast: [
    smooth("along a named size", [f32("m")], (x) => c.exp(broadcastAlong(x, ["n", "m", 2], [1]))),
    smooth("along new and along unit axes", [f32(4, 1)], (x) => c.exp(broadcastAlong(x, [2, 4, 5], [1, 2]))),
    rough("of a scalar", [f32()], (x) => broadcastAlong(c.exp(x), [3, 5], [])),
    smooth("in another order", [f32(3, 4)], (x) => broadcastAlong(x, [4, 2, 3], [2, 0])),
  ],
  slice: [
    smooth("from either end of a named size", [f32("n", 4)], (x) => c.exp(c.slice(x, [[1, -1]]))),
    smooth("in steps, forwards and back", [f32(5, 7)], (x) =>
      c.slice(x, [
        [1, 5, 2],
        [null, null, -2],
      ]),
    ),
    smooth("in steps wider than the axis", [f32(4, 5)], (x) => c.slice(x, [null, [1, null, 9]])),
    rough("of the last element, by negative positions", [of("edges", "f32", 6)], (x) => c.slice(x, [[-1]])),
    rough("of five axes, booleans", [of("ties", "bool", 2, 3, 2, 3, 4)], (x) =>
      c.slice(x, [null, [1], null, [0, 2], [3, 0, -1]]),
    ),
  ],
  windows: [
    smooth("over a named size", [f32("n", 2)], (x) => c.windows(c.exp(x), { axis: 0, size: 3 })),
    smooth("that overlap", [f32(3, 9)], (x) => c.windows(c.exp(x), { axis: 1, size: 4, stride: 2 })),
    smooth("as long as the axis", [f32(5, 3)], (x) => c.windows(x, { axis: 0, size: 5 })),
    smooth("in steps wider than they are, spread", [f32(2, 14)], (x) =>
      c.windows(x, { axis: 1, size: 2, stride: 5, dilation: 3 }),
    ),
    rough("of windows", [f32(9)], (x) =>
      c.windows(c.windows(x, { axis: 0, size: 3 }), { axis: 0, size: 2, stride: 3 }),
    ),
  ],
  skew: [
    smooth("of three columns", [f32(7, 3, 2)], (x) => apply(skewOp, [x], { axis: 0, dilation: 2 })),
    smooth("of one column", [f32(2, 4, 1)], (x) => apply(skewOp, [x], { axis: 1, dilation: 3 })),
  ],
};
