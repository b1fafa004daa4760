/// The catalogue of warnings: what survives simplification and can overflow, or be no number. Each says what can happen,
/// for which values, and what to write instead.
import type { Diagnostic, Explanation, Place } from "../../ir/diagnostic.ts";

/** A pattern in a model that is right for some numbers only. The program is compiled as it is written. */
export type Warning = Diagnostic;

/** An entry of the catalogue: makes the warning, and documents its code. */
export interface WarningKind {
  (finding: Finding): Warning;
  readonly code: string;
  readonly doc: string;
}

/** What a warning is about. */
export interface Finding {
  /** The operation as text: `log(p)`. */
  readonly formula: string;
  /** Its operands as text, in quotes: `x`; what is too long is "its operand". */
  readonly operands: readonly string[];
  /** The operand is the negative of what `operands` says. */
  readonly mirrored: boolean;
  /** Name of the op. */
  readonly op: string;
  /** What it can give. */
  readonly infinite: boolean;
  readonly undefined: boolean;
  /** The operation is no part of the model but of a derivative. */
  readonly derived: boolean;
  /** What it fails on, as text; undefined where that is too long. */
  readonly subject: string | undefined;
  /** It stands in the model as it is. */
  readonly verbatim: boolean;
  readonly place?: Place | undefined;
  /** The operation below the second operand, through layouts. */
  readonly divisor?: string;
}

function defineWarning(code: string, doc: string, explain: (finding: Finding) => Explanation): WarningKind {
  const make = (finding: Finding): Warning => {
    const { message, help } = explain(finding);
    return { code, message: finding.derived ? `in the derivative, ${message}` : message, help, place: finding.place };
  };
  return Object.assign(make, { code, doc });
}

const outcomes = ({ infinite, undefined: isUndefined }: Finding, infinity = "∞"): string =>
  [infinite ? infinity : "", isUndefined ? "NaN" : ""].filter((each) => each !== "").join(" or ");

/** The largest exponents that float32 has a power for. */
const limits: Readonly<Record<string, string>> = {
  exp: "88.7",
  expm1: "88.7",
  exp2: "128",
  sinh: "89.4",
  cosh: "89.4",
};

/** Where an exponential overflows. */
function tooLarge({ op, operands: [x], mirrored }: Finding): string {
  if (op === "sinh" || op === "cosh") return `${x} is beyond ±${limits[op]}`;
  return mirrored ? `${x} is below −${limits[op]}` : `${x} is above ${limits[op]}`;
}

export const overflow = defineWarning(
  "overflow",
  "An exponential whose operand has no upper bound overflows, and what comes of it is not bounded again.",
  (finding) => ({
    message: `\`${finding.formula}\` is ∞ where ${tooLarge(finding)}`,
    help:
      `bound the operand, as in ${finding.op}(minimum(x, 80)), or compute with logarithms: ` +
      "logsumexp, logaddexp, softplus, softmax and sigmoid do not overflow",
  }),
);

/** Where the domain of a logarithm ends, and what lies beyond. */
function endOfLogarithm({ op, mirrored }: Finding): readonly [string, string] {
  if (op === "log1mexp") return ["0", mirrored ? "negative" : "positive"];
  if (op === "log1p") return mirrored ? ["1", "above 1"] : ["−1", "below −1"];
  return ["0", mirrored ? "positive" : "negative"];
}

export const logOfZero = defineWarning(
  "log-of-zero",
  "A logarithm whose operand can be 0 is −∞ there, and NaN below.",
  (finding) => {
    const { formula, operands, infinite, undefined: isUndefined } = finding;
    const [end, beyond] = endOfLogarithm(finding);
    const atEnd = infinite ? [`−∞ where ${operands[0]} is ${end}`] : [];
    const outside = isUndefined ? [`NaN where ${infinite ? "it" : operands[0]} is ${beyond}`] : [];
    return {
      message: `\`${formula}\` is ${[...atEnd, ...outside].join(", and ")}`,
      help:
        "compute a loss from logits, with softmaxCrossEntropy, sigmoidCrossEntropy or logSoftmax; " +
        "else keep the operand above 0, as in log(maximum(x, 1e-12)), or use xlogy for x·ln x",
    };
  },
);

export const divisionByZero = defineWarning(
  "division-by-zero",
  "A quotient whose divisor can be 0 is ±∞ there, and NaN for 0/0.",
  (finding) => ({
    message: `\`${finding.formula}\` is ${outcomes(finding, "±∞")} where ${finding.operands[1]} is 0`,
    help:
      finding.divisor === "sqrt" || finding.divisor === "rsqrt"
        ? "add a small number under the root, as in sqrt(add(x, 1e-12)); norm and standardDeviation have gradient 0 at 0"
        : "keep the divisor away from 0, as in div(a, maximum(b, 1e-6)), or replace it where it is 0 before dividing: " +
          "where(zero, 0, div(a, where(zero, 1, b)))",
  }),
);

export const rootOfNegative = defineWarning(
  "root-of-negative",
  "A square root whose operand can be negative is NaN there; an inverse square root is ∞ at 0.",
  (finding) => {
    const { formula, operands, mirrored, infinite, undefined: isUndefined } = finding;
    const atEnd = infinite ? [`∞ where ${operands[0]} is 0`] : [];
    const below = isUndefined ? [`NaN where ${operands[0]} is ${mirrored ? "positive" : "negative"}`] : [];
    return {
      message: `\`${formula}\` is ${[...atEnd, ...below].join(", and ")}`,
      help: "keep the operand above 0, as in sqrt(maximum(x, 1e-12)); variance, norm and standardDeviation do not fall below 0",
    };
  },
);

export const powerUndefined = defineWarning(
  "power-undefined",
  "A power is NaN for a negative base unless the exponent is whole, and ∞ for base 0 with a negative exponent.",
  (finding) => ({
    message: `\`${finding.formula}\` is ${outcomes(finding)} for some values of ${finding.operands[0]}`,
    help: "keep the base above 0, as in pow(maximum(x, 1e-12), y), and the exponent bounded; write squares as square(x)",
  }),
);

export const outsideDomain = defineWarning(
  "outside-domain",
  "A function whose operands can lie where it is not defined.",
  (finding) => ({
    message:
      `\`${finding.formula}\` is ${outcomes(finding, "±∞")} for some values of ` + finding.operands.join(" and "),
    help: "bring the operands into the domain of the function, as in clamp(x, -0.999999, 0.999999)",
  }),
);

export const infinityUndefined = defineWarning(
  "infinity-undefined",
  "A constant ∞ is multiplied by 0 or taken from itself, which gives NaN.",
  ({ formula }) => ({
    message: `\`${formula}\` is NaN where an infinite constant is multiplied by 0, or taken from itself`,
    help: "choose by the mask after the operation, where(mask, …, 0), or write a large finite number such as -1e9",
  }),
);

export const cancellation = defineWarning(
  "cancellation",
  "A variance as E[x²] − E[x]², or a covariance, loses its digits where the means are large next to the spread.",
  ({ formula }) => ({
    message: `\`${formula}\` keeps few digits where the means are large next to the spread, and a variance can be negative`,
    help: "take the mean away first: variance(x), or mean(mul(sub(x, mean(x)), sub(y, mean(y))))",
  }),
);

export const notFinite = defineWarning(
  "not-finite",
  "Nothing comes of an operation on a constant NaN, nor of a sum with a constant ∞ or a quotient of it.",
  ({ formula, operands: [number] }) => ({
    message: `\`${formula}\` is computed with ${number}, a constant of the model`,
    help:
      "write the number that is meant: in JavaScript 0 / 0 and Math.log(-1) are NaN, 1 / 0 is ∞, and beyond 3.4e38 a " +
      "float32 is ∞ too; elements that are missing are replaced by where(isNaN(x), 0, x)",
  }),
);

export const unusedUpdates = defineWarning(
  "unused-updates",
  "What an optimizer gives belongs to an entry point, and so does a new value for a state: otherwise nothing changes.",
  ({ formula, operands: [called] }) => ({
    message: `${called} changes nothing: no entry point returns it`,
    help: `return it from an entry point, as in { …, update: ${formula} }`,
  }),
);

export const allPairs = defineWarning(
  "all-pairs",
  "A column f32[n, 1] and a vector f32[n] that follow from different inputs meet element by element, which gives f32[n, n].",
  ({ formula, operands: [column, vector] }) => ({
    message: `\`${formula}\` takes every element of ${column}, a column, with every element of ${vector}, a vector`,
    help: "make a vector of the column, as in squeeze(x, [1]); where all pairs are meant, write expandDims(y, 0) for the vector",
  }),
);
