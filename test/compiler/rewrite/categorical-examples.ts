/// Values on which rules about distributions fire that are functions themselves.
import { logSoftmax, softmax } from "../../../ir/nn/softmax.ts";
import { add, div, mul, neg, sub } from "../../../ir/ops/arithmetic.ts";
import { cast, where } from "../../../ir/ops/choose.ts";
import { equal, greater } from "../../../ir/ops/compare.ts";
import { contract } from "../../../ir/ops/contract.ts";
import { cumsum } from "../../../ir/ops/cumulative.ts";
import { abs, exp, log, log1p, maximum, pow, sigmoid, softplus, tanh } from "../../../ir/ops/functions.ts";
import { takeAlongAxis } from "../../../ir/ops/gather.ts";
import { inputOp, iota } from "../../../ir/ops/leaf.ts";
import { log1mexp } from "../../../ir/ops/logspace.ts";
import { sliceOp } from "../../../ir/ops/pad.ts";
import { argmax, logsumexp, max, mean } from "../../../ir/ops/reduce.ts";
import { broadcastAlong, broadcastTo, sum } from "../../../ir/ops/sum.ts";
import { apply, type Value } from "../../../ir/value.ts";

function leaf(name: string): Value {
  return apply(inputOp, [], { identity: { name, dtype: "f32", shape: [3, 4] } });
}

const x = leaf("x");
const y = leaf("y");
/** As many rows as columns. */
const table = apply(inputOp, [], { identity: { name: "table", dtype: "f32", shape: [3, 3] } });
/** A number for each row. */
const factor = apply(inputOp, [], { identity: { name: "factor", dtype: "f32", shape: [3] } });
const scale = broadcastAlong(factor, [3, 4], [0]);
/** Scores beyond these differ by more than decimal arithmetic has exponents for. */
const scores = mul(300, tanh(x)) as Value;
const total = (): Value => logsumexp(scores, { axis: 1 });
const some = (): Value => greater(iota([3, 4], 1) as never, 1) as Value;
/** ln of a softmax at a temperature. */
const atTemperature = (value: Value): Value => logSoftmax(div(tanh(value), 4) as Value) as Value;
/** ln of a softmax, and of its first two classes, as slices of both parts. */
const ofAll = (): Value => sub(scores, broadcastAlong(total(), [3, 4], [0]));
function ofFirst(): Value {
  const part = { starts: [0, 0], limits: [3, 2], strides: [1, 1] };
  const [a, b] = ofAll().operands.map((each) => apply(sliceOp, [each], part));
  return sub(a, b);
}
/** ln of a distribution over some of the classes. */
function ofSome(value: Value): Value {
  const masked = where(some() as never, mul(30, tanh(value)) as never, -Infinity) as Value;
  return sub(masked, broadcastAlong(logsumexp(masked, { axis: 1 }), [3, 4], [0]));
}
const match = (): Value =>
  equal(iota([3, 4], 1), broadcastAlong(argmax(y, { axis: 1 }) as Value, [3, 4], [0]) as never) as Value;

/** Shares of positive numbers. */
const parts = (): Value => {
  const size = exp(tanh(y)) as Value;
  return div(size, broadcastAlong(sum(size, { axis: 1 }), [3, 4], [0]));
};
const shares = (): Value => exp(scores) as Value;
const rows = (): Value => sum(shares(), { axis: 1, keepAxes: true });
/** Σ over the places of a row, of weights times five numbers of each place. */
const pooled = (): Value =>
  sum(mul(broadcastAlong(shares(), [3, 4, 5], [0, 1]), broadcastAlong(abs(y), [3, 4, 5], [0, 1])), { axis: 1 });

/** Rule name → a value that it rewrites. */
export const categoricalExamples: readonly { readonly name: string; readonly value: () => Value }[] = [
  {
    name: "contraction of shares",
    value: () => div(contract(shares(), abs(y), { batch: [], contracted: [[1, 1]] }), broadcastTo(rows(), [3, 3])),
  },
  {
    name: "contraction of shares",
    value: () => {
      const inverse = div(1, rows()) as Value;
      return mul(broadcastTo(inverse, [3, 3]), contract(shares(), abs(y), { batch: [], contracted: [[1, 1]] }));
    },
  },
  {
    name: "deviation from a mean under shares",
    value: () => {
      const products = mul(softmax(y), x);
      return sub(products, mul(broadcastTo(sum(products, { axis: 1, keepAxes: true }), [3, 4]), softmax(y)));
    },
  },
  {
    name: "deviation from a mean under shares",
    value: () => {
      const products = mul(contract(table, x, { batch: [], contracted: [[1, 0]] }), softmax(y));
      return sub(products, mul(broadcastTo(sum(products, { axis: 1, keepAxes: true }), [3, 4]), softmax(y)));
    },
  },
  { name: "mean less what is near", value: () => sub(sum(mul(parts(), x), { axis: 1 }), factor) },
  { name: "sum of shares", value: () => div(pooled(), broadcastTo(rows(), [3, 5])) },
  {
    name: "complement of a share",
    value: () =>
      log1mexp(sub(logsumexp(where(some() as never, scores as never, -Infinity) as Value, { axis: 1 }), total())),
  },
  {
    name: "complement of a share",
    value: () => log1mexp(sub(sum(where(match() as never, scores as never, 0) as Value, { axis: 1 }), total())),
  },
  { name: "complement of a share", value: () => log1mexp(sub(scores, broadcastAlong(total(), [3, 4], [0]))) },
  { name: "complement of a share", value: () => log1mexp(max(ofAll(), { axis: 1 })) },
  { name: "complement of a share", value: () => log1mexp(logsumexp(ofFirst(), { axis: 1 })) },
  { name: "complement of a share", value: () => log1mexp(ofFirst()) },
  { name: "complement of an exponential of an exponential", value: () => log1mexp(neg(exp(x))) },
  { name: "complement of a product of complements", value: () => log1mexp(neg(sum(softplus(x), { axis: 1 }))) },
  { name: "complement of a product of complements", value: () => log1mexp(neg(cumsum(softplus(x), 1))) },
  { name: "complement of a product of complements", value: () => log1mexp(neg(add(softplus(x), softplus(y)))) },
  {
    name: "log of a contraction",
    value: () => log(contract(exp(x), exp(y), { batch: [], contracted: [[1, 1]] })),
  },
  {
    name: "log of a contraction",
    value: () =>
      log(contract(exp(x), cast(match() as never, "f32") as Value, { batch: [[0, 0]], contracted: [[1, 1]] })),
  },
  {
    name: "log of a contraction",
    value: () => log(contract(exp(x), abs(factor), { batch: [[0, 0]], contracted: [] })),
  },
  {
    name: "nothing of what is impossible",
    value: () => mul(exp(ofSome(x)), sub(ofSome(x), ofSome(y))),
  },
  { name: "scale under a mask", value: () => div(where(some() as never, x as never, -Infinity) as Value, exp(y)) },
  { name: "scale under a mask", value: () => mul(y, where(some() as never, x as never, -Infinity) as Value) },
  { name: "log of closeness", value: () => log(sub(1, abs(sub(y, sigmoid(x))))) },
  { name: "log of closeness", value: () => log1p(neg(abs(sub(sigmoid(x), y)))) },
  {
    name: "log of weighted exponentials",
    value: () => log(add(sub(sub(1, y), sigmoid(x)), mul(mul(2, y), sigmoid(x)))),
  },
  { name: "log of weighted exponentials", value: () => log(abs(sub(sub(1, y), sigmoid(x)))) },
  { name: "log of weighted exponentials", value: () => log(add(0.001, sum(mul(y, exp(x)), { axis: 1 }))) },
  { name: "log of one plus weighted exponentials", value: () => log1p(sum(mul(y, exp(x)), { axis: 1 })) },
  {
    name: "quotient of sums of weighted exponentials",
    value: () => div(sum(mul(y, exp(x)), { axis: 1 }), sum(exp(x), { axis: 1 })),
  },
  {
    name: "logarithm into a mean",
    value: () => sub(total(), sum(mul(exp(sub(scores, broadcastAlong(total(), [3, 4], [0]))), scores), { axis: 1 })),
  },
  {
    name: "log of what a mean leaves of one",
    value: () => log(sub(1, sum(mul(softmax(x), y), { axis: 1 }))),
  },
  {
    name: "log of what a mean leaves of one",
    value: () => log1p(neg(sum(mul(y, softmax(x)), { axis: 1 }))),
  },
  {
    name: "guard of what a branch divides by",
    value: () => {
      const [none, quotient] = [equal(x, 0) as Value, div(x, y) as Value];
      return where(none, 0, mul(div(y, where(none, 1, quotient)), div(quotient, y))) as Value;
    },
  },
  {
    name: "guard of what a branch divides by",
    value: () => where(some(), neg(div(mul(x, y), where(some(), x, 1))), 0) as Value,
  },
  {
    name: "share of weighted exponentials",
    value: () => div(mul(y, exp(x)), broadcastAlong(sum(mul(y, exp(x)), { axis: 1 }), [3, 4], [0])),
  },
  {
    name: "share of exponentials beside a number",
    value: () => div(exp(x), broadcastAlong(add(sum(exp(x), { axis: 1 }), 0.25), [3, 4], [0])),
  },
  {
    name: "share of exponentials beside a number",
    value: () => div(mul(y, exp(x)), broadcastAlong(add(sum(mul(y, exp(x)), { axis: 1 }), 1e-8), [3, 4], [0])),
  },
  {
    name: "share of exponentials beside a number",
    value: () => {
      const e = where(some(), exp(x) as Value, 0) as Value;
      return div(e, broadcastAlong(maximum(sum(e, { axis: 1 }), 1e-3) as Value, [3, 4], [0]));
    },
  },
  {
    name: "mean under exponentials beside a number",
    value: () => div(sum(mul(y, exp(x)), { axis: 1 }), add(sum(exp(x), { axis: 1 }), 0.25)),
  },
  {
    name: "mean under exponentials beside a number",
    value: () => {
      const e = where(some(), exp(x) as Value, 0) as Value;
      return div(sum(mul(e, y), { axis: 1 }), maximum(sum(e, { axis: 1 }), 1e-3) as Value);
    },
  },
  {
    name: "scores under weights of two softmaxes",
    value: () => {
      const picks = where(equal(iota([3, 3], 0) as never, iota([3, 3], 1) as never), -2, 0) as Value;
      const weights = add(add(softmax(mul(2, table)), softmax(mul(2, table), 0)), picks) as Value;
      return sum(mul(weights, div(table, 2)));
    },
  },
  {
    name: "scores under weights of a softmax",
    value: () => sum(mul(sub(softmax(mul(scale, x)), y), x), { axis: 1 }),
  },
  {
    name: "scores under weights of a softmax",
    value: () => {
      const p = softmax(div(x, scale)) as Value;
      const mean = broadcastAlong(sum(mul(p, y), { axis: 1 }), [3, 4], [0]);
      return sum(div(mul(sub(mul(p, y), mul(p, mean)), x), scale));
    },
  },
  {
    name: "entries of a scaled row",
    value: () => sub(logsumexp(mul(scale, x), { axis: 1 }), mul(factor, sum(mul(y, x), { axis: 1 }))),
  },
  {
    name: "entries of a scaled row",
    value: () => sub(div(sum(where(some(), x, 0), { axis: 1 }), factor), logsumexp(div(x, scale), { axis: 1 })),
  },
  { name: "power of weighted exponentials", value: () => pow(sum(mul(y, exp(x)), { axis: 1 }), 0.75) as Value },
  {
    name: "sum without the offset of its rows",
    value: () => sub(logsumexp(x, { axis: 1 }), mean(x, { axis: 1 }) as Value),
  },
  {
    name: "sum without the offset of its rows",
    value: () => sub(logsumexp(div(x, scale), { axis: 1 }), div(mean(x, { axis: 1 }) as Value, factor)),
  },
  {
    name: "sum without the offset of its rows",
    value: () => {
      const wanted = sum(mul(y, x), { axis: 1 });
      return sub(sub(logsumexp(x, { axis: 1 }), mul(0.9, wanted)), mul(0.1, mean(x, { axis: 1 }) as Value));
    },
  },
  {
    name: "sum without the offset of its rows",
    value: () => {
      const picked = takeAlongAxis(x, broadcastAlong(argmax(y, { axis: 1 }) as Value, [3, 1], [0]), 1);
      return sub(mean(logsumexp(x, { axis: 1 })) as Value, mean(picked as Value) as Value);
    },
  },
  {
    name: "divergence of near shares",
    value: () => sum(mul(exp(atTemperature(x)) as Value, sub(atTemperature(x), atTemperature(y))), { axis: 1 }),
  },
  {
    name: "divergence of near shares",
    value: () => {
      const [p, q] = [x, y].map(atTemperature);
      return sub(sum(mul(exp(p) as Value, q)), sum(mul(exp(p) as Value, p)));
    },
  },
  {
    name: "covariance by deviations",
    value: () => {
      const products = contract(x, y, { batch: [], contracted: [[0, 0]] });
      const [a, b] = [x, y].map((each) => mean(each, { axes: [0] }) as Value);
      return sub(div(products, 3), mul(broadcastAlong(a, [4, 4], [0]), broadcastAlong(b, [4, 4], [1])));
    },
  },
];
