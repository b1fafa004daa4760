/// Cases of loops: carries, outputs and histories, both ways, inside each other.
import * as c from "chainrule";
import type { Tensor } from "chainrule";
import type { Value } from "../../../../ir/value.ts";
import { f32, of, rough, smooth, type Table } from "./case.ts";

type Float = Tensor<"f32">;

/** A recurrent cell over x, with weights w; the last state beside the mean of all. */
function recurrent(x: Float, w: Float, h: Float, reverse: boolean): Value {
  const { carry, outputs } = c.scan(
    ([state], [element]) => {
      const next = c.tanh(c.add(c.matmul(state, w), element as Float));
      return { carry: [next], outputs: [c.mul(next, state)] };
    },
    { initial: [h], sequences: [x], reverse },
  );
  return c.concatenate([c.reshape(carry[0], [1, 2, 3]), outputs[0] as Float], 0);
}

/** Loops. */
export const loops: Table = {
  scan: [
    smooth("of a recurrent cell", [f32(4, 2, 3), f32(3, 3), f32(2, 3)], (x, w, h) => recurrent(x, w, h, false)),
    smooth("from the end", [f32(3, 2, 3), f32(3, 3), f32(2, 3)], (x, w, h) => recurrent(x, w, h, true)),
    smooth("of one step", [f32(1, 2, 3), f32(3, 3), f32(2, 3)], (x, w, h) => recurrent(x, w, h, false)),
    smooth("of a named length", [f32("n", 2), f32(2)], (x, h) => {
      const step = c.scan(([a], [b]) => ({ carry: [c.sin(c.mul(a, c.add(b as Float, 1)))] }), {
        initial: [h],
        sequences: [x],
      });
      return step.carry[0];
    }),
    smooth("inside a loop", [f32(2, 3, 2), f32(2)], (x, h) => {
      const outer = c.scan(
        ([state], [rows]) => {
          const inner = c.scan(([a], [b]) => ({ carry: [c.tanh(c.add(a, b as Float))] }), {
            ...{ initial: [state], sequences: [rows as Float] },
          });
          return { carry: inner.carry, outputs: [c.square(inner.carry[0])] };
        },
        { initial: [h], sequences: [x] },
      );
      return c.add(outer.carry[0], c.sum(outer.outputs[0] as Float, { axis: 0 }));
    }),
    rough("of integers that count places", [of("ties", "i32", 5), of("ties", "i32")], (x, start) => {
      const total = c.scan(
        ([sum], [element], position) => {
          const next = c.add(sum, c.mul(element as Float, position as Value as Float));
          return { carry: [next], outputs: [next] };
        },
        { initial: [start], sequences: [x] },
      );
      return total.outputs[0];
    }),
    rough("of booleans", [of("ties", "bool", 7, 3), of("ties", "bool", 3)], (x, start) => {
      const parity = c.scan(
        ([odd], [element]) => {
          const next = c.xor(odd as never, element as never) as Value as Float;
          return { carry: [next], outputs: [next] };
        },
        { initial: [start], sequences: [x] },
      );
      return parity.outputs[0];
    }),
  ],
};
