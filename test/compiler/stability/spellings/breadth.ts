/// Sums of exponentials with weights beside a number, over one another, and what shares of a softmax leave: at scores
/// where every exponential vanishes or overflows.
import {
  add,
  div,
  exp,
  expm1,
  input,
  log,
  log1p,
  max,
  mul,
  neg,
  rsqrt,
  sigmoid,
  slice,
  softmax,
  softplus,
  sub,
  sum,
  type Value,
} from "chainrule";
import type { Family, Leaves, Numbers } from "./family.ts";

type Spelling = (leaves: Leaves) => Value;

/** A loss of three scores, and of what else the cases name. */
function family(name: string, cases: readonly Numbers[], spellings: Readonly<Record<string, Spelling>>): Family {
  const names = Object.keys(cases[0]);
  const leaves = (): Leaves => Object.fromEntries(names.map((each) => [each, input(each, "f32", [3])]));
  return { name, leaves, canonical: Object.values(spellings)[0], cases, spellings, textbook: false };
}

const weighted: readonly Numbers[] = [
  { z: [0.5, -1, 2], w: [1, 0, 1] },
  { z: [200, -100, 150], w: [1, 0, 1] },
  { z: [200, -100, -150], w: [0, 1, 1] },
  { z: [-200, -190, -210], w: [1, 0, 1] },
];
/** Where the hits do not vanish beside the misses. */
const comparable = weighted.filter(({ z, w }) => !(z[0] === 200 && w[0] === 0));
const plain: readonly Numbers[] = [{ z: [0.5, -1, 2] }, { z: [200, 0, 3] }, { z: [-200, 5, -9] }];

const weightedSum = (w: Value, z: Value): Value => sum(mul(w, exp(z)));
const hits = ({ z, w }: Leaves): Value => sum(mul(sigmoid(z), w));
const misses = ({ z, w }: Leaves): Value => sum(mul(sigmoid(z), sub(1, w)));

/** Losses of this kind, each by itself. */
export const breadth: readonly Family[] = [
  family("the logarithm of 1 beside weighted exponentials", weighted, {
    "ln(1 + Σ w eᶻ)": ({ z, w }) => log(add(1, weightedSum(w, z))),
    "log1p of the sum": ({ z, w }) => log1p(weightedSum(w, z)),
  }),
  family("the logarithm of two weighted sums", weighted, {
    "ln(Σ w eᶻ + Σ (1 − w) e⁻ᶻ)": ({ z, w }) => log(add(weightedSum(w, z), weightedSum(sub(1, w), neg(z)))),
  }),
  family("the logarithm of a Tversky index", comparable, {
    "ln of the quotient": (leaves) => log(div(hits(leaves), add(hits(leaves), mul(0.3, misses(leaves))))),
  }),
  family("a Tversky index", weighted, {
    "hits over hits and misses": (leaves) => div(hits(leaves), add(hits(leaves), mul(0.3, misses(leaves)))),
  }),
  family("a mean under a mask of numbers", weighted, {
    "Σ e·z / Σ e": ({ z, w }) => div(sum(mul(mul(exp(z), w), z)), weightedSum(w, z)),
  }),
  family("what the largest share leaves", plain, {
    "ln(1 − max p)": ({ z }) => log(sub(1, max(softmax(z)))),
  }),
  family("what each of some shares leaves", plain, {
    "Σ ln(1 − p), of the first two": ({ z }) => sum(log(sub(1, slice(softmax(z), [[0, 2]])))),
  }),
  family("what some shares leave together", plain, {
    "ln(1 − Σ p), of the first two": ({ z }) => log(sub(1, sum(slice(softmax(z), [[0, 2]])))),
  }),
  family("complementary log-log", plain, {
    "ln(1 − e^−eᶻ)": ({ z }) => sum(log(sub(1, exp(neg(exp(z)))))),
    "by expm1": ({ z }) => sum(log(neg(expm1(neg(exp(z)))))),
  }),
  family("the logarithm of an inverse root", plain, {
    "−½ softplus(−z)": ({ z }) => sum(mul(-0.5, softplus(neg(z)))),
    "ln rsqrt(1 + e⁻ᶻ)": ({ z }) => sum(log(rsqrt(add(1, exp(neg(z)))))),
  }),
];
