/// Losses, with their reductions, weights and margins.
import {
  abs,
  add,
  cast,
  cumsum,
  div,
  equal,
  exp,
  expandDims,
  greater,
  less,
  log,
  logSigmoid,
  logSoftmax,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  norm,
  notEqual,
  oneHot,
  relu,
  sigmoidCrossEntropy,
  softplus,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  where,
  xlogy,
  moveAxis,
  type Value,
} from "chainrule";
import { axisOf, operator, shapeOf, together, type Call, type Mapping, type Operators } from "../opinfo/call.ts";
import { countOf } from "../opinfo/data.ts";
import { reshaped } from "./parts.ts";

/** The losses of examples as the call reduces them. `size_average` and `reduce` are old spellings of the same. */
function reduced(call: Call, losses: Value): Value {
  const reduction = reductionOf(call);
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  return reduction === "batchmean" ? div(sum(losses), shapeOf(losses)[0]) : mean(losses);
}

function reductionOf(call: Call): string {
  if (!call.has("reduce") && !call.has("size_average")) return call.text("reduction", "mean");
  if (!call.flag("reduce", true)) return "none";
  return call.flag("size_average", true) ? "mean" : "sum";
}

const old = "size_average reduce reduction";

/** A loss element by element, of a prediction and a target that broadcast. */
function elementwise(build: (x: Value, target: Value, call: Call) => Value, more = ""): Mapping {
  return operator(`input target ${old}${more && " "}${more}`, (call) => {
    const [x, target] = together(call.float("input"), call.float("target"));
    return reduced(call, build(x, target, call));
  });
}

function weighted(losses: Value, weight: Value | undefined): Value {
  return weight ? mul(losses, weight) : losses;
}

/** −ln p and −ln(1 − p) are at most 100, as in PyTorch. */
function binary(p: Value, target: Value): Value {
  const bounded = (x: Value): Value => maximum(log(x), -100);
  return neg(add(mul(target, bounded(p)), mul(sub(1, target), bounded(sub(1, p)))));
}

function fromLogits(call: Call): Value {
  const [x, target] = together(call.float("input"), call.float("target"));
  const positive = call.maybe("pos_weight");
  const losses = positive
    ? add(mul(sub(1, target), x), mul(add(mul(sub(positive, 1), target), 1), softplus(neg(x))))
    : sigmoidCrossEntropy(x, target, { reduction: "none" });
  return reduced(call, weighted(losses, call.maybe("weight")));
}

/** Classes along the axis after the examples, or the only one; moved to the end. */
function classesLast(x: Value): Value {
  return shapeOf(x).length < 2 ? x : moveAxis(x, 1, -1);
}

interface Labelled {
  readonly hot: Value;
  /** The weight of each example: that of its class, 0 where its label is ignored. */
  readonly weight: Value;
}

function labelled(call: Call, target: Value, classes: number): Labelled {
  const hot = oneHot(target, classes);
  const kept = cast(notEqual(target, call.number("ignore_index", -100)), "f32");
  const weight = call.maybe("weight");
  return { hot, weight: weight ? mul(kept, sum(mul(hot, weight), { axis: -1 })) : kept };
}

/** The negative log-likelihood of labels; its mean is by weight. */
function likelihood(call: Call, logs: Value, { hot, weight }: Labelled): Value {
  const losses = mul(weight, neg(sum(where(greater(hot, 0), logs, 0), { axis: -1 })));
  return byWeight(call, losses, weight);
}

function byWeight(call: Call, losses: Value, weight: Value): Value {
  const reduction = reductionOf(call);
  if (reduction === "none") return losses;
  return reduction === "sum" ? sum(losses) : div(sum(losses), sum(weight));
}

function crossEntropy(call: Call): Value {
  const logs = logSoftmax(classesLast(call.float("input")), -1);
  const classes = shapeOf(logs).at(-1)!;
  const target = call.tensor("target");
  const smoothing = call.number("label_smoothing", 0);
  const weight = call.maybe("weight");
  if (target.type.dtype === "f32") {
    const probabilities = classesLast(target);
    const smooth = smoothing === 0 ? probabilities : add(mul(probabilities, 1 - smoothing), smoothing / classes);
    const losses = neg(sum(weighted(mul(smooth, logs), weight), { axis: -1 }));
    if (reductionOf(call) !== "mean") return reduced(call, losses);
    return div(sum(losses), countOf(shapeOf(losses)));
  }
  const labels = labelled(call, target, classes);
  if (smoothing === 0) return likelihood(call, logs, labels);
  const kept = cast(notEqual(target, call.number("ignore_index", -100)), "f32");
  const exact = neg(sum(where(greater(labels.hot, 0), logs, 0), { axis: -1 }));
  const spread = mul(kept, neg(sum(weighted(logs, weight), { axis: -1 })));
  const losses = add(mul(1 - smoothing, mul(labels.weight, exact)), mul(smoothing / classes, spread));
  return byWeight(call, losses, labels.weight);
}

/** |x|, ½x² near 0: with derivative at most δ. */
function huber(difference: Value, delta: number): Value {
  const size = abs(difference);
  return where(less(size, delta), mul(0.5, square(difference)), mul(delta, sub(size, 0.5 * delta)));
}

function smooth(difference: Value, beta: number): Value {
  const size = abs(difference);
  if (beta === 0) return size;
  return where(less(size, beta), div(mul(0.5, square(difference)), beta), sub(size, 0.5 * beta));
}

function poisson(call: Call): Value {
  const [x, target] = together(call.float("input"), call.float("target"));
  const isLog = call.flag("log_input", true);
  const base = isLog ? sub(exp(x), mul(target, x)) : sub(x, mul(target, log(add(x, call.number("eps", 1e-8)))));
  if (!call.flag("full")) return reduced(call, base);
  const isAbove = greater(target, 1);
  const stirling = add(sub(xlogy(target, target), target), mul(0.5, log(mul(2 * Math.PI, where(isAbove, target, 1)))));
  return reduced(call, add(base, where(isAbove, stirling, 0)));
}

function gaussian(call: Call): Value {
  const [x, target, given] = [call.float("input"), call.float("target"), call.float("var")];
  // A variance of one axis less is that of the whole row.
  const rank = shapeOf(x).length;
  const isRow = shapeOf(given).length === rank - 1 && shapeOf(given).join() === shapeOf(x).slice(0, -1).join();
  const variance = isRow ? reshaped(given, [...shapeOf(given), 1]) : given;
  // The bound is a change of the number alone: the gradient passes it by.
  const low = call.number("eps", 1e-6);
  const bounded = add(variance, stopGradient(sub(maximum(variance, low), variance)));
  const losses = mul(0.5, add(log(bounded), div(square(sub(x, target)), bounded)));
  return reduced(call, call.flag("full") ? add(losses, 0.5 * Math.log(2 * Math.PI)) : losses);
}

/** a·b / (‖a‖‖b‖) along an axis, each norm at least ε. */
function cosine(a: Value, b: Value, axis: number, eps: number): Value {
  const [left, right] = together(a, b);
  const along = axisOf(left, axis);
  const size = (x: Value): Value => {
    const found = norm(x, { axes: [along], keepAxes: true });
    // As in PyTorch, the bound counts in the number and not in the derivative.
    return add(found, stopGradient(sub(maximum(found, eps), found)));
  };
  return sum(mul(div(left, size(left)), div(right, size(right))), { axes: [along] });
}

function cosineEmbedding(call: Call): Value {
  const [a, b, target] = [call.float("input1"), call.float("input2"), call.float("target")];
  const dot = (x: Value, y: Value): Value => sum(mul(x, y), { axis: -1 });
  const tiny = 1e-12;
  const size = (x: Value): Value => add(dot(x, x), tiny);
  const similarity = div(dot(a, b), sqrt(mul(size(a), size(b))));
  const apart = relu(sub(similarity, call.number("margin", 0)));
  const losses = add(where(equal(target, 1), sub(1, similarity), 0), where(equal(target, -1), apart, 0));
  return reduced(call, losses);
}

function distance(a: Value, b: Value, p: number, eps: number, keepAxes = false): Value {
  const difference = add(sub(a, b), eps);
  return norm(difference, { order: p, axes: [shapeOf(difference).length - 1], keepAxes });
}

function triplet(call: Call): Value {
  const [anchor, positive, negative] = [call.float("anchor"), call.float("positive"), call.float("negative")];
  const [p, eps] = [call.number("p", 2), call.number("eps", 1e-6)];
  const near = distance(anchor, positive, p, eps);
  const far = distance(anchor, negative, p, eps);
  const other = call.flag("swap") ? minimum(far, distance(positive, negative, p, eps)) : far;
  return reduced(call, relu(add(sub(near, other), call.number("margin", 1))));
}

/** Σ over wrong classes of (margin − x[y] + x[i])₊ᵖ, divided by the number of classes. */
function multiMargin(call: Call): Value {
  const given = call.float("input");
  const classes = shapeOf(given).at(-1) ?? 1;
  const x = reshaped(given, [shapeOf(given).length < 2 ? 1 : shapeOf(given)[0], classes]);
  const target = reshaped(call.tensor("target"), [shapeOf(x)[0]]);
  const hot = oneHot(target, classes);
  const own = sum(mul(hot, x), { axis: 1, keepAxes: true });
  const gap = maximum(add(sub(call.number("margin", 1), own), x), 0);
  const power = call.number("p", 1) === 1 ? gap : square(gap);
  const weight = call.maybe("weight");
  const scaled = weight ? mul(power, sum(mul(hot, weight), { axis: 1, keepAxes: true })) : power;
  const losses = div(sum(where(greater(hot, 0), 0, scaled), { axis: 1 }), classes);
  return reduced(call, shapeOf(given).length < 2 ? reshaped(losses, []) : losses);
}

/** Labels come first, up to the first −1: every other class should be a margin below each of them. */
function multilabelMargin(call: Call): Value {
  const given = call.float("input");
  const classes = shapeOf(given).at(-1) ?? 1;
  const count = shapeOf(given).length < 2 ? 1 : shapeOf(given)[0];
  const [x, target] = [reshaped(given, [count, classes]), reshaped(call.tensor("target"), [count, classes])];
  const isLabel = equal(cumsum(cast(less(target, 0), "i32"), 1), 0);
  const hot = mul(oneHot(target, classes), expandDims(cast(isLabel, "f32"), 2));
  const isTarget = max(hot, { axis: 1 });
  const own = sum(mul(hot, expandDims(x, 1)), { axis: 2 });
  const gap = maximum(add(sub(1, expandDims(own, 2)), expandDims(x, 1)), 0);
  const counts = mul(expandDims(cast(isLabel, "f32"), 2), expandDims(sub(1, isTarget), 1));
  const losses = div(sum(mul(gap, counts), { axes: [1, 2] }), classes);
  return reduced(call, shapeOf(given).length < 2 ? reshaped(losses, []) : losses);
}

function multilabelSoftMargin(call: Call): Value {
  const [x, target] = together(call.float("input"), call.float("target"));
  const losses = neg(add(mul(target, logSigmoid(x)), mul(sub(1, target), logSigmoid(neg(x)))));
  const weighed = weighted(losses, call.maybe("weight"));
  return reduced(call, div(sum(weighed, { axis: -1 }), shapeOf(x).at(-1)!));
}

export const losses: Operators = {
  "nn.functional.mse_loss": elementwise((x, y, call) => weighted(square(sub(x, y)), call.maybe("weight")), "weight"),
  "nn.functional.l1_loss": elementwise((x, y, call) => weighted(abs(sub(x, y)), call.maybe("weight")), "weight"),
  "nn.functional.huber_loss": operator("input target reduction delta weight", (call) => {
    const [x, y] = together(call.float("input"), call.float("target"));
    return reduced(call, weighted(huber(sub(x, y), call.number("delta", 1)), call.maybe("weight")));
  }),
  "nn.functional.smooth_l1_loss": elementwise((x, y, call) => smooth(sub(x, y), call.number("beta", 1)), "beta"),
  "nn.functional.soft_margin_loss": elementwise((x, y) => softplus(neg(mul(x, y)))),
  "nn.functional.kl_div": elementwise(
    (x, y, call) => (call.flag("log_target") ? mul(exp(y), sub(y, x)) : sub(xlogy(y, y), mul(y, x))),
    "log_target",
  ),
  "nn.functional.hinge_embedding_loss": operator(`input target margin ${old}`, (call) => {
    const [x, y] = together(call.float("input"), call.float("target"));
    const apart = relu(sub(call.number("margin", 1), x));
    return reduced(call, add(where(notEqual(y, 1), apart, 0), where(notEqual(y, -1), x, 0)));
  }),
  "nn.functional.margin_ranking_loss": operator(`input1 input2 target margin ${old}`, (call) => {
    const gap = mul(neg(call.float("target")), sub(call.float("input1"), call.float("input2")));
    return reduced(call, relu(add(gap, call.number("margin", 0))));
  }),
  "nn.functional.binary_cross_entropy": operator(`input target weight ${old}`, (call) =>
    reduced(call, weighted(binary(call.float("input"), call.float("target")), call.maybe("weight"))),
  ),
  "nn.functional.binary_cross_entropy_with_logits": operator(`input target weight ${old} pos_weight`, fromLogits),
  "nn.functional.nll_loss": operator("input target weight size_average ignore_index reduce reduction", (call) => {
    const logs = classesLast(call.float("input"));
    return likelihood(call, logs, labelled(call, call.tensor("target"), shapeOf(logs).at(-1)!));
  }),
  "nn.functional.cross_entropy": operator(
    "input target weight size_average ignore_index reduce reduction label_smoothing",
    crossEntropy,
  ),
  "nn.functional.poisson_nll_loss": operator("input target log_input full size_average eps reduce reduction", poisson),
  "nn.functional.gaussian_nll_loss": operator("input target var full eps reduction", gaussian),
  "nn.functional.cosine_similarity": operator("x1 x2 dim eps", (call) =>
    cosine(call.float("x1"), call.float("x2"), call.number("dim", 1), call.number("eps", 1e-8)),
  ),
  "nn.functional.cosine_embedding_loss": operator(`input1 input2 target margin ${old}`, cosineEmbedding),
  "nn.functional.pairwise_distance": operator("x1 x2 p eps keepdim", (call) =>
    distance(call.float("x1"), call.float("x2"), call.number("p", 2), call.number("eps", 1e-6), call.flag("keepdim")),
  ),
  "nn.functional.triplet_margin_loss": operator(`anchor positive negative margin p eps swap ${old}`, triplet),
  "nn.functional.multi_margin_loss": operator(`input target p margin weight ${old}`, multiMargin),
  "nn.functional.multilabel_margin_loss": operator(`input target ${old}`, multilabelMargin),
  "nn.functional.multilabel_soft_margin_loss": operator(`input target weight ${old}`, multilabelSoftMargin),
};
