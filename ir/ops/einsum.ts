/// Einstein's notation: sums of products by letters for axes, `einsum("bij,bjk->bik", a, b)`. A composition of
/// contractions, products, sums and transposes.
import { checkArgument, checkTensor, text } from "../options.ts";
import type { Dim } from "../dim.ts";
import { sameShape, type DType } from "../type.ts";
import type { Tensor, Value } from "../value.ts";
import { mul } from "./arithmetic.ts";
import { contract } from "./contract.ts";
import { einsumEquation } from "./errors.ts";
import { reshapeTo, transpose } from "./layout.ts";
import { diagonal } from "./linear.ts";
import { broadcastAlong, sum } from "./sum.ts";

/** A tensor with a label for each axis. Labels of an ellipsis are numbers, counted from the last axis: -1, -2, … */
interface Labelled {
  readonly value: Value;
  readonly labels: readonly Label[];
}
type Label = string | number;

/**
 * Sum of products by letters: each letter of an operand names an axis; equal letters run together; letters that do not
 * stand after `->` are summed over. `...` stands for leading axes that broadcast. Without `->` the result has the letters
 * that stand once, in the order of the alphabet. Axes of extent 1 broadcast. Errors: `einsum-equation`.
 */
export function einsum<D extends DType>(equation: string, ...operands: readonly Tensor<D>[]): Tensor<D>;
export function einsum(equation: string, ...operands: readonly Value[]): Value {
  checkArgument("einsum", "the equation", equation, text);
  operands.forEach((operand, place) => checkTensor("einsum", `operand ${place + 1}`, operand));
  const { inputs, output } = parseEquation(equation, operands);
  const extents = extentsOf(equation, operands, inputs);
  let terms = operands.map((value, i) => withoutOnes(diagonalOf({ value, labels: inputs[i] }, extents), extents));
  while (terms.length > 1) {
    const [left, right, ...rest] = terms;
    const needed = new Set([...output, ...rest.flatMap(({ labels }) => labels)]);
    terms = [
      multiply(summed(left, union(needed, right.labels)), summed(right, union(needed, left.labels)), needed),
      ...rest,
    ];
  }
  return arranged(summed(terms[0], new Set(output)), output, extents);
}

function union(a: ReadonlySet<Label>, b: readonly Label[]): ReadonlySet<Label> {
  return new Set([...a, ...b]);
}

interface Equation {
  readonly inputs: readonly (readonly Label[])[];
  readonly output: readonly Label[];
}

function parseEquation(equation: string, operands: readonly Value[]): Equation {
  const fail = (problem: string): never => {
    throw einsumEquation(equation, problem);
  };
  const sides = equation.replaceAll(" ", "").split("->");
  if (sides.length > 2) fail("has more than one arrow");
  const terms = sides[0].split(",");
  if (terms.length !== operands.length) fail(`is of ${terms.length}, found ${operands.length}`);
  const inputs = terms.map((term, i) => labelsOf(term, operands[i].type.shape.length, fail));
  const known = new Set(inputs.flat());
  const ellipsis = [...known].filter((label) => typeof label === "number").sort((a, b) => a - b);
  if (sides.length === 1) return { inputs, output: [...ellipsis, ...lettersThatStandOnce(inputs)] };
  const parts = sides[1].split("...");
  if (parts.length > 2) fail("has more than one ellipsis in a term");
  const letters = [...parts.join("")];
  if (letters.some((letter) => !known.has(letter))) fail("has a letter in its result that no operand has");
  if (new Set(letters).size !== letters.length) fail("repeats a letter in its result");
  const before = [...parts[0]];
  return { inputs, output: parts.length === 2 ? [...before, ...ellipsis, ...letters.slice(before.length)] : letters };
}

/** The labels of one term; an ellipsis stands for as many axes as the letters leave. */
function labelsOf(term: string, rank: number, fail: (problem: string) => never): readonly Label[] {
  const parts = term.split("...");
  const letters = parts.join("");
  if (parts.length > 2) fail("has more than one ellipsis in a term");
  if (!/^[A-Za-z]*$/.test(letters)) fail("has other signs than letters");
  const rest = rank - letters.length;
  if (rest < 0 || (parts.length === 1 && rest > 0))
    fail(`names ${letters.length} axes in "${term}", the operand has ${rank}`);
  if (parts.length === 1) return [...letters];
  return [...parts[0], ...Array.from({ length: rest }, (_, i) => i - rest), ...parts[1]];
}

function lettersThatStandOnce(inputs: readonly (readonly Label[])[]): readonly string[] {
  const all = inputs.flat().filter((label) => typeof label === "string");
  return all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
}

/** The extent of every label: what is not 1, and the same wherever it stands. */
function extentsOf(
  equation: string,
  operands: readonly Value[],
  inputs: readonly (readonly Label[])[],
): ReadonlyMap<Label, Dim> {
  const extents = new Map<Label, Dim>();
  inputs.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const extent = operands[i].type.shape[axis];
      const known = extents.get(label) ?? 1;
      if (known !== 1 && extent !== 1 && !sameShape([known], [extent])) {
        throw einsumEquation(equation, `has ${label} for axes of ${known} and of ${extent}`);
      }
      extents.set(label, known === 1 ? extent : known);
    }),
  );
  return extents;
}

/** An operand that names an axis twice is read on its diagonal. */
function diagonalOf(term: Labelled, extents: ReadonlyMap<Label, Dim>): Labelled {
  const { value, labels } = term;
  const second = labels.findIndex((label, axis) => labels.indexOf(label) < axis);
  if (second < 0) return term;
  const first = labels.indexOf(labels[second]);
  const shape = value.type.shape.map((extent, axis) =>
    axis === first || axis === second ? extents.get(labels[first])! : extent,
  );
  const stretched = broadcastAlong(
    value,
    shape,
    shape.map((_, axis) => axis),
  );
  const rest = labels.filter((_, axis) => axis !== first && axis !== second);
  const read = diagonal(stretched, { axes: [first, second] });
  return diagonalOf({ value: read, labels: [...rest, labels[first]] }, extents);
}

/** Axes of extent 1 that broadcast carry nothing. */
function withoutOnes({ value, labels }: Labelled, extents: ReadonlyMap<Label, Dim>): Labelled {
  const stays = labels.map((label, axis) => value.type.shape[axis] !== 1 || extents.get(label) === 1);
  return {
    value: reshapeTo(
      value,
      value.type.shape.filter((_, axis) => stays[axis]),
    ),
    labels: labels.filter((_, axis) => stays[axis]),
  };
}

/** Summed over all labels that nobody needs. */
function summed({ value, labels }: Labelled, needed: ReadonlySet<Label>): Labelled {
  const axes = labels.flatMap((label, axis) => (needed.has(label) ? [] : [axis]));
  return { value: sum(value, { axes }), labels: labels.filter((label) => needed.has(label)) };
}

/** The product of two terms, summed over the labels that they share and nobody else needs. */
function multiply(left: Labelled, right: Labelled, needed: ReadonlySet<Label>): Labelled {
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const pairs = (labels: readonly Label[]): (readonly [number, number])[] =>
    labels.map((label) => [left.labels.indexOf(label), right.labels.indexOf(label)]);
  const batch = shared.filter((label) => needed.has(label));
  const contracted = shared.filter((label) => !needed.has(label));
  const free = (term: Labelled): readonly Label[] => term.labels.filter((label) => !shared.includes(label));
  const labels = [...batch, ...free(left), ...free(right)];
  if (contracted.length > 0) {
    return { value: contract(left.value, right.value, { batch: pairs(batch), contracted: pairs(contracted) }), labels };
  }
  const extent = (label: Label): Dim => {
    const term = left.labels.includes(label) ? left : right;
    return term.value.type.shape[term.labels.indexOf(label)];
  };
  const shape = labels.map(extent);
  const [a, b] = [left, right].map((term) =>
    broadcastAlong(
      term.value,
      shape,
      term.labels.map((label) => labels.indexOf(label)),
    ),
  );
  return { value: mul(a, b), labels };
}

/** In the order of the result; an axis that every operand has left out as 1 comes back. */
function arranged({ value, labels }: Labelled, output: readonly Label[], extents: ReadonlyMap<Label, Dim>): Value {
  const present = output.filter((label) => labels.includes(label));
  const ordered = transpose(
    value,
    present.map((label) => labels.indexOf(label)),
  );
  return reshapeTo(
    ordered,
    output.map((label) => extents.get(label)!),
  );
}
