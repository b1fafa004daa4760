/// Formulas that are written out where an op has a name for them, or come to less than they say.
import * as c from "chainrule";
import { apart, move, tame, within, type Move } from "./parts.ts";

/** What one computes by hand, and what nobody would write, but a library or a constant comes to. */
export const spelled: readonly Move[] = [
  ...[-1, 0, 1].map((power) => move(`to the power ${power}`, ({ a }) => c.tanh(c.pow(c.add(0.5, c.square(a)), power)))),
  move("over minus one", ({ a }) => c.div(a, -1)),
  move("over itself", ({ a, b }) => c.mul(b, c.div(c.cos(a), c.cos(a)))),
  move("log of one plus less one", ({ a }) => c.log1p(c.expm1(tame(a)))),
  move("reciprocal of a reciprocal", ({ a }) => c.div(1, c.div(1, within(a)))),
  move("log of a product", ({ a }) => c.mul(0.2, c.log(c.product(c.add(0.5, c.square(c.sin(a))), { axis: 1 })))),
  move("hypotenuse", ({ a, b }) => c.mul(0.6, c.sqrt(c.add(c.mul(a, a), c.square(within(b)))))),
  move("absolute value", (draw) => c.sqrt(c.square(apart(draw.a, draw)))),
  move("inverse of cosh", ({ a }) => {
    const x = c.add(1.5, c.sigmoid(a));
    return c.log(c.add(x, c.sqrt(c.sub(c.mul(x, x), 1))));
  }),
  move("inverse of tanh", ({ a }) => {
    const t = c.mul(0.8, tame(a));
    return c.mul(0.5, c.log(c.div(c.add(1, t), c.sub(1, t))));
  }),
  move("selections by one condition", (draw) => {
    const p = c.greater(apart(draw.a, draw), 0.1234);
    return c.mul(c.where(p, draw.a, 0), c.where(c.and(p, p), tame(draw.b), 0));
  }),
  move("log where it matches", ({ row, places: at, place }) =>
    c.mul(c.cast(c.equal(at, place), "f32"), c.log(within(row))),
  ),
  move("product with a number", ({ a, columns }) => c.matmul(a, c.constant(0.2, "f32", [columns]))),
];
