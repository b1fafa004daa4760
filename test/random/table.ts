/// What random graphs are made of: applications that take values of a few shapes to values of the same shapes, of ordinary
/// size, so that graphs of hundreds of them still have numbers to compare.
import * as c from "chainrule";
import type { Value } from "chainrule";
import { allOps } from "../../ir/ops/all.ts";
import { apply, type ElementwiseOp } from "../../ir/value.ts";
import { apart, f32, move, rough, tame, within, type F32, type Move } from "./parts.ts";
import { spelled } from "./spelled.ts";

/** Every function of floats, at numbers where it is finite. */
function functionMoves(): readonly Move[] {
  return allOps().flatMap((op) => {
    if (op.kind !== "elementwise" || op.name === "stopGradient") return [];
    return functionMove(op, 1) ?? functionMove(op, 2) ?? [];
  });
}

function functionMove(op: ElementwiseOp, arity: number): Move | undefined {
  const kinds = Array.from({ length: arity }, () => "f32" as const);
  const types = kinds.map((dtype) => ({ dtype, shape: [2] }));
  const names = ["first", "second"].slice(0, arity);
  try {
    const result = op.infer(types, {});
    const spelled = op.wgsl(names, { result: result.dtype, operands: kinds, lanes: 1 });
    if (result.dtype !== "f32" || !names.every((name) => spelled.includes(name))) return undefined;
    if (spelled.includes("undefined")) return undefined;
  } catch {
    // An op says what it takes by refusing the rest.
    return undefined;
  }
  const shift = [0, -1, 1].find((by) =>
    [0.2, 0.5, 0.8].every((at) => {
      const at2 = [at + by, 0.9 - at].slice(0, arity);
      return Number.isFinite(op.reference(at2, { result: "f32", operands: kinds }));
    }),
  );
  if (shift === undefined) return undefined;
  return move(op.name, ({ a, b }) =>
    c.mul(0.5, tame(f32(apply(op, [c.add(within(a), shift), c.sub(0.9, within(b))].slice(0, arity))))),
  );
}

const arithmetic: readonly Move[] = [
  move("sum", ({ a, b }) => c.mul(c.add(a, b), 0.7)),
  move("difference", ({ a, b }) => c.sub(a, c.mul(0.3, b))),
  move("product", ({ a, b }) => c.mul(tame(a), b)),
  move("quotient", ({ a, b }) => c.div(a, c.add(1, c.square(b)))),
  move("square", ({ a }) => c.square(tame(a))),
  move("cube", ({ a }) => c.pow(tame(a), 3)),
  move("power of a sigmoid", ({ a }) => c.pow(c.sigmoid(a), 2.5)),
  move("linear", ({ a, number }) => c.sub(c.mul(a, -0.5), number % 3)),
  move("of a row", ({ a, row, rows }) => c.add(c.mul(a, 0.5), c.reshape(row, [rows, 1]))),
  move("of a column", ({ a, column }) => c.mul(a, c.sigmoid(column))),
  move("rows", ({ row, row2 }) => c.tanh(c.sub(row, c.mul(row2, row)))),
  move("logistic spelled out", ({ a }) => c.div(a, c.add(1, c.exp(c.neg(a))))),
  move("entropy spelled out", ({ a }) => c.neg(c.mul(c.sigmoid(a), c.log(c.sigmoid(a))))),
  move("log of one minus", ({ a }) => c.mul(0.3, c.log(c.sub(1, c.sigmoid(c.mul(0.5, a)))))),
];

const choices: readonly Move[] = [
  move("relu", (draw) => c.relu(apart(draw.a, draw))),
  move("selection", (draw) => c.where(c.greater(apart(draw.a, draw), 0.1234), draw.a, c.mul(draw.b, 0.5))),
  move("guarded", (draw) => c.where(c.greater(apart(draw.a, draw), 0.3), c.log(c.maximum(draw.a, 0.1)), 0)),
  move("selection with 0", (draw) => c.where(c.less(apart(draw.b, draw), 0.2171), 0, draw.a)),
  move("logic", (draw) => {
    const [p, q] = [c.greater(apart(draw.a, draw), 0.1), c.lessEqual(apart(draw.b, draw), 0.4)];
    const r = c.notEqual(draw.place, 0);
    return c.where(c.or(c.and(p, c.not(q)), c.and(c.xor(p, q), r)), draw.a, draw.b);
  }),
  move("extremes", (draw) => c.add(c.maximum(apart(draw.a, draw), draw.b), c.minimum(draw.a, 0.77))),
  move("whole numbers", (draw) => {
    const whole = c.cast(c.add(c.mul(apart(draw.a, draw), 7), 0.123), "i32");
    const mixed = c.bitOr(c.shiftLeft(whole, 1), c.bitNot(c.shiftRight(whole, 2)));
    return c.mul(c.cast(c.bitXor(c.bitAnd(whole, 13), mixed), "f32"), 0.05);
  }),
  move("unsigned", (draw) => {
    const whole = c.cast(c.add(c.mul(c.abs(apart(draw.a, draw)), 9), 0.123), "u32");
    const rest = c.add(c.remainder(c.add(whole, 5), 7), c.quotient(whole, 3));
    return c.where(c.greaterEqual(whole, 4), c.mul(c.cast(rest, "f32"), 0.1), draw.b);
  }),
  move("counts", (draw) => c.mul(0.1, c.sum(c.cast(c.greater(apart(draw.a, draw), 0), "f32"), { axis: 1 }))),
  move("any", (draw) => c.where(c.any(c.greater(apart(draw.a, draw), 1), { axis: 1 }), draw.row, 0.25)),
];

const layouts: readonly Move[] = [
  move("reshape across", ({ a, rows, columns }) =>
    c.reshape(c.transpose(c.reshape(a, [columns, rows])), [rows, columns]),
  ),
  move("reverse", ({ a, number }) => c.reverse(a, [number % 2])),
  move("roll", ({ a, number }) => c.roll(a, (number % 5) - 2, [1])),
  move("halves", ({ a, b }) => c.concatenate([c.slice(a, [null, [0, 1]]), c.slice(b, [null, [1, null]])], 1)),
  move("stacked", ({ a, b, rows, columns }) =>
    c.slice(c.reshape(c.stack([a, b], 1), [`2*${rows}`, columns] as never), [[0, null, 2]]),
  ),
  move("padding", ({ a, number }) => {
    const before = number % 3;
    return c.slice(
      c.pad(
        a,
        [
          [0, 0],
          [before, 2],
        ],
        { value: 0.5 },
      ),
      [null, [before === 0 ? 2 : before - 1, before === 0 ? null : -3]],
    );
  }),
  move("spread", ({ a, columns }) =>
    c.slice(
      c.pad(
        a,
        [
          [0, 0],
          [1, 0],
        ],
        { interior: [0, 1] },
      ),
      [null, [columns, null]],
    ),
  ),
  move("windows", ({ a }) => {
    const padded = c.pad(a, [
      [0, 0],
      [2, 0],
    ]);
    return c.mean(c.windows(padded, { axis: 1, size: 3 }), { axis: 2 });
  }),
  move("largest of windows", (draw) => {
    const padded = c.pad(apart(draw.a, draw), [
      [1, 1],
      [0, 0],
    ]);
    return c.max(c.windows(padded, { axis: 0, size: 3 }), { axis: 1 });
  }),
  move("triangle", ({ a }) => c.tril(a)),
];

const reductions: readonly Move[] = [
  move("mean of rows", ({ a }) => c.mean(a, { axis: 1 })),
  move("mean of columns", ({ a }) => c.mean(a, { axis: 0 })),
  move("less its mean", ({ a }) => c.sub(a, c.expandDims(c.mean(a, { axis: 1 }), 1))),
  move("total", ({ a, b }) => c.mul(a, c.tanh(c.mean(b)))),
  move("largest of rows", (draw) => c.max(apart(draw.a, draw), { axis: 1 })),
  move("smallest of columns", (draw) => c.min(apart(draw.a, draw), { axis: 0 })),
  move("logsumexp", ({ a }) => c.mul(0.5, c.logsumexp(a, { axis: 1 }))),
  move("product of rows", ({ a }) => c.product(c.add(1, c.mul(0.2, tame(a))), { axis: 1 })),
  move("place of the largest", (draw) => c.mul(0.1, c.cast(c.argmax(apart(draw.a, draw), { axis: 1 }), "f32"))),
  move("place of the smallest", (draw) => c.mul(0.1, c.cast(c.argmin(apart(draw.b, draw), { axis: 0 }), "f32"))),
  move("softmax", ({ a }) => c.softmax(a)),
  move("softmax with a temperature", ({ a, b }) => c.mul(c.softmax(c.mul(a, 2)), b)),
  move("log of a softmax", ({ a }) => c.mul(0.3, c.log(c.softmax(a)))),
  move("normalised", ({ a }) => c.div(a, c.sqrt(c.add(1, c.variance(a))))),
  move("of length", ({ a }) => c.mul(0.5, c.norm(c.add(a, 0.3), { axis: 1 }))),
];

const running: readonly Move[] = [
  move("running sum", ({ a, number }) => c.mul(0.3, c.cumsum(a, number % 2, { reverse: number % 3 === 0 }))),
  move("running sum before", ({ a }) => c.mul(0.3, c.cumsum(a, 1, { exclusive: true }))),
  move("running product", ({ a }) => c.cumprod(c.add(1, c.mul(0.2, tame(a))), 1)),
  move("running maximum", (draw) => c.cummax(apart(draw.a, draw), 0)),
  move("running minimum", (draw) => c.cummin(apart(draw.a, draw), 1, { reverse: true })),
  move("running logsumexp", ({ a }) => c.mul(0.5, c.logcumsumexp(a, 1))),
  move("recurrence", ({ a, b, number }) => c.mul(0.5, c.recurrence(tame(a), b, number % 2))),
  move("sorted", (draw) => c.sort(apart(draw.a, draw), { axis: draw.number % 2, descending: draw.number % 3 === 0 })),
  move("ordered by another", (draw) => c.takeAlongAxis(draw.b, c.argsort(apart(draw.a, draw), { axis: 1 }), 1)),
  move("top", (draw) => c.sum(c.topK(apart(draw.a, draw), 2, { axis: 1 }).values, { axis: 1 })),
  move("loop", ({ a, column }) => {
    const { carry, outputs } = c.scan(
      ([h], [x]) => {
        const next = c.tanh(c.add(c.mul(h!, 0.6), x!));
        return { carry: [next], outputs: [c.mul(next, x!)] };
      },
      { initial: [column] as readonly Value[], sequences: [a] as readonly Value[] },
    );
    return c.add(outputs[0]!, carry[0]!);
  }),
  move("loop from the end", ({ a, row, rows, columns }) => {
    const { outputs } = c.scan(
      ([h], [x], place) => {
        const next = c.sub(c.mul(c.sigmoid(h!), x!), c.mul(0.01, c.cast(place, "f32")));
        return { carry: [c.softmax(next)], outputs: [next] };
      },
      { initial: [row] as readonly Value[], sequences: [c.transpose(a)] as readonly Value[], reverse: true },
    );
    return c.reshape(c.transpose(outputs[0]!), [rows, columns]);
  }),
];

const products: readonly Move[] = [
  move("products of rows", ({ a, b, columns }) =>
    c.div(c.matmul(c.matmul(a, c.transpose(b)), tame(a)), columns * columns),
  ),
  move("products of columns", ({ a, b, columns }) =>
    c.div(c.matmul(a, c.matmul(c.transpose(a), tame(b))), columns * columns),
  ),
  move("products row by row", ({ a, b, columns }) => c.div(c.einsum("rc,rc->r", a, tame(b)), columns)),
  move("a vector's product", ({ a, column, columns }) => c.div(c.matmul(a, column), columns)),
  move("outer", ({ row, column }) => c.tanh(c.outer(row, column))),
  move("sliding", ({ a, kernel, rows, columns }) => {
    const slid = c.convolve(c.reshape(a, [rows, 1, columns]), kernel, { padding: "same" });
    return c.mul(0.5, c.mean(slid, { axis: 1 }));
  }),
  move("sliding over rows", ({ a, kernel, rows, columns }) => {
    const image = c.reshape(a, [1, 1, rows, columns]);
    const slid = c.convolve(image, c.reshape(kernel, [2, 1, 3, 1]), { padding: "same" });
    return c.mul(0.5, c.reshape(c.max(slid, { axis: 1 }), [rows, columns]));
  }),
];

const places: readonly Move[] = [
  move("rows at places", ({ a, places: at }) => c.take(a, at, 0)),
  move("rows added at places", ({ a, b, places: at }) => c.mul(0.4, c.scatterAdd(a, at, b))),
  move("entries at places", ({ a, places: at, rows, columns }) => {
    const along = c.remainder(at, columns);
    return c.reshape(c.takeAlongAxis(a, c.reshape(along, [rows, 1]), 1), [rows]);
  }),
  move("a part somewhere", ({ a, rows, columns, place }) => {
    const part = c.dynamicSlice(a, [c.constant(0, "i32"), place], [rows, columns - 1]);
    return c.pad(part, [
      [0, 0],
      [0, 1],
    ]);
  }),
  move("one of classes", ({ a, places: at, columns }) =>
    c.sub(c.softmax(a), c.oneHot(c.remainder(at, columns), columns)),
  ),
];

const supplied: readonly Move[] = [
  move("a derivative of its own", ({ a }) => {
    const smooth = c.withDerivative(
      (x: F32) => c.mul(x, c.sigmoid(x)) as F32,
      (ct, { operands: [x] }) => {
        const s = c.sigmoid(x);
        return [c.mul(ct, c.add(s, c.mul(x, c.mul(s, c.sub(1, s)))))];
      },
      { name: "swish" },
    );
    return smooth(a);
  }),
  rough("without a gradient", ({ a, b }) => c.sub(a, c.mul(0.5, c.stopGradient(b)))),
  rough("in training", ({ a }) => c.where(c.training(), c.mul(a, 0.5), a)),
];

/** All of them. */
export const moves: readonly Move[] = [
  ...[...arithmetic, ...spelled, ...choices, ...layouts, ...reductions],
  ...[...running, ...products, ...places, ...supplied, ...functionMoves()],
];
