/// Cases of contractions, convolutions and poolings.
import * as c from "chainrule";
import { convolveOp } from "../../../../ir/ops/convolve.ts";
import { averagePool, maxPool, sumPool } from "../../../../ir/ops/pool.ts";
import { apply } from "../../../../ir/value.ts";
import { f32, of, rough, smooth, type Case, type Input, type Make, type Table } from "./case.ts";

/** Contractions and convolutions. */
export const products: Table = {
  contract: [
    smooth("of scalars", [f32(), f32()], (x, y) => c.contract(c.exp(x), y, { batch: [], contracted: [] })),
    smooth("of named sizes", [f32("n", "m"), f32("m", "n")], (x, y) => c.exp(c.matmul(x, y))),
    smooth("of a batch of a named size", [f32("n", 2, 3), f32("n", 4, 3)], (x, y) => {
      return c.contract(x, y, { batch: [[0, 0]], contracted: [[2, 2]] });
    }),
    rough("of NaN and infinities", [of("infinities", "f32", 6, 9), of("infinities", "f32", 9, 5)], (x, y) =>
      c.matmul(x, y),
    ),
    smooth("of batches, several axes", [f32(2, 3, 4, 5), f32(5, 2, 6, 4)], (x, y) =>
      c.contract(x, y, {
        batch: [[0, 1]],
        contracted: [
          [2, 3],
          [3, 0],
        ],
      }),
    ),
    smooth("of nothing shared", [f32(3), f32(2, 2)], (x, y) => c.contract(x, y, { batch: [], contracted: [] })),
    smooth("to a scalar, of vectors of one", [f32(1), f32(1)], (x, y) =>
      c.contract(c.exp(x), y, { batch: [], contracted: [[0, 0]] }),
    ),
    rough("of lengths that no tile divides", [f32(67, 33), f32(33, 5)], (x, y) => c.matmul(x, y)),
    smooth("seen in another order", [f32(3, 4), f32(4, 5)], (x, y) => c.exp(c.neg(c.transpose(c.matmul(x, y))))),
  ],
  convolve: [
    smooth("of two axes", [f32(2, 1, 3, 5, 4), f32(1, 2, 3, 3, 2)], (x, w) =>
      apply(convolveOp, [x, w], {
        ...{ strides: [2, 1], low: [1, 0], high: [1, -1], inputDilation: [1, 2], kernelDilation: [1, 2] },
      }),
    ),
    smooth("of one axis, in steps", [f32(2, 3, 9), f32(4, 3, 3)], (x, w) =>
      c.convolve(x, w, { strides: 2, padding: 1 }),
    ),
    smooth("of one axis of a named size", [f32(2, 2, "n"), f32(3, 2, 2)], (x, w) => c.convolve(x, w)),
    smooth("of a channel each", [f32(1, 4, 5, 5), f32(4, 1, 3, 3)], (x, w) =>
      c.convolve(x, w, { groups: 4, padding: "same", strides: 2 }),
    ),
    smooth("of three axes, spread", [f32(1, 2, 3, 4, 5), f32(2, 2, 2, 1, 2)], (x, w) =>
      c.convolve(x, w, { strides: [1, 2, 1], dilation: [1, 1, 2], inputDilation: [2, 1, 1], padding: [1, 0, [0, 1]] }),
    ),
    rough("of a batch, beyond a tile", [f32(3, 5, 13, 11), f32(17, 5, 3, 3)], (x, w) =>
      c.convolve(x, w, { padding: "same" }),
    ),
    smooth("the other way round", [f32(1, 4, 3, 3), f32(4, 1, 3, 2)], (x, w) =>
      c.convolveTransposed(x, w, {
        groups: 2,
        strides: [2, 1],
        padding: [1, 0],
        outputPadding: [1, 0],
        dilation: [1, 2],
      }),
    ),
  ],
};

const pooled = (name: string, x: Input, make: Make): Case => smooth(name, [x], make);

/** Poolings, which are made of other ops. */
export const pools: Table = {
  maxPool: [
    pooled("of two axes", f32(2, 3, 6, 4), (x) => maxPool(x, 2)),
    pooled("that overlap, padded", f32(1, 2, 7, 5), (x) => maxPool(x, [3, 2], { strides: [2, 1], padding: 1 })),
    pooled("of one axis, spread, over the end", f32(2, 9), (x) =>
      maxPool(x, [2], { dilation: 3, strides: 2, ceil: true }),
    ),
    rough("of ties", [of("ties", "f32", 1, 1, 6, 6)], (x) => maxPool(x, 3, { strides: 1 })),
    rough("of NaN and infinities", [of("edges", "f32", 2, 2, 9)], (x) => maxPool(x, 3, { padding: 1 })),
    rough("of integers", [of("edges", "i32", 1, 2, 9)], (x) => maxPool(x, 3, { padding: 1 })),
  ],
  averagePool: [
    pooled("of two axes, padded", f32(2, 1, 5, 4), (x) => averagePool(c.exp(x), [3, 2], { strides: 1, padding: 1 })),
    pooled("of the elements that there are", f32(1, 2, 5, 7), (x) =>
      averagePool(x, 3, { strides: 2, padding: 1, countPadding: false, ceil: true }),
    ),
    pooled("of three axes", f32(1, 1, 4, 2, 6), (x) => averagePool(x, [2, 1, 3])),
  ],
  sumPool: [
    pooled("that overlap", f32(2, 1, 8), (x) => sumPool(c.exp(x), 4, { strides: 3, dilation: 2 })),
    pooled("of a named size", f32(1, 2, "n"), (x) => sumPool(x, 2, { strides: 1 })),
  ],
};
