/// Index expressions of kernels: sums of variables times extents, with quotients and remainders where a reshape needs
/// them. Extents are literals or named sizes, so that a kernel can be lowered before its sizes are bound.
import { addDims, divideDims, isMultipleOf, multiplyDims, type Dim } from "../../ir/dim.ts";
import type { IndexAlgebra } from "../../ir/value.ts";

/** An index: `constant + Σ coefficient·atom`. It is not negative where the element exists; elsewhere its value is not used. */
export interface Index {
  readonly constant: Dim;
  readonly terms: readonly Term[];
}

interface Term {
  readonly atom: Atom;
  readonly coefficient: Dim;
}

type Atom =
  /** A variable of the kernel; `extent` bounds it, and it is a multiple of `step`. */
  | { readonly tag: "variable"; readonly name: string; readonly extent: Dim; readonly step: number }
  | { readonly tag: "divide" | "remainder"; readonly operand: Index; readonly by: Dim };

/** How an index changes when its lane variable, a multiple of 4, steps through four values. */
export type LaneAccess = "uniform" | "contiguous" | "scattered";

/** The index that is a variable of the kernel with values in [0, extent), multiples of `step`. */
export function variableIndex(name: string, extent: Dim, step = 1): Index {
  return { constant: 0, terms: [{ atom: { tag: "variable", name, extent, step }, coefficient: 1 }] };
}

/** The index that is always the same number. */
export function constantIndex(constant: Dim): Index {
  return { constant, terms: [] };
}

/** Arithmetic on indices, simplifying as it goes. */
export const indexAlgebra: IndexAlgebra<Index> = {
  constant: constantIndex,
  add,
  multiply: scale,
  divide,
  remainder,
};

function add(a: Index, b: Index): Index {
  const constant = addDims(a.constant, b.constant);
  // The terms of one index are collected already.
  if (a.terms.length === 0) return { constant, terms: b.terms };
  if (b.terms.length === 0) return { constant, terms: a.terms };
  const terms = [...a.terms, ...b.terms];
  return hasDistinctVariables(terms) ? { constant, terms } : collect(constant, terms);
}

/** True for multiples of different variables: there is nothing to merge. */
function hasDistinctVariables(terms: readonly Term[]): boolean {
  for (let i = 0; i < terms.length; i++) {
    const { atom, coefficient } = terms[i];
    if (atom.tag !== "variable" || coefficient === 0) return false;
    for (let j = 0; j < i; j++) if ((terms[j].atom as { name: string }).name === atom.name) return false;
  }
  return true;
}

function scale(a: Index, by: Dim): Index {
  if (by === 1) return a;
  if (by === 0) return constantIndex(0);
  const terms = a.terms.map((term) => ({ ...term, coefficient: multiplyDims(term.coefficient, by) }));
  return { constant: multiplyDims(a.constant, by), terms };
}

/** Merges equal atoms, and q·(x mod c) + q·c·(x div c) into q·x. */
function collect(constant: Dim, terms: readonly Term[]): Index {
  const merged = new Map<string, Term>();
  for (const term of terms) {
    const key = atomKey(term.atom);
    const known = merged.get(key);
    const coefficient = known ? addDims(known.coefficient, term.coefficient) : term.coefficient;
    if (coefficient === 0) merged.delete(key);
    else merged.set(key, { atom: term.atom, coefficient });
  }
  for (const [key, { atom, coefficient }] of merged) {
    if (atom.tag !== "remainder") continue;
    const [quotient] = divide(atom.operand, atom.by).terms;
    const partner = quotient ? atomKey(quotient.atom) : "";
    if (merged.get(partner)?.coefficient !== multiplyDims(coefficient, atom.by)) continue;
    merged.delete(key);
    merged.delete(partner);
    const whole = scale(atom.operand, coefficient);
    return collect(addDims(constant, whole.constant), [...merged.values(), ...whole.terms]);
  }
  return { constant, terms: [...merged.values()] };
}

/** Parts of an index that `by` divides, already divided, and the rest. */
function split(a: Index, by: Dim): { readonly quotient: Index; readonly rest: Index } {
  const quotient: Term[] = [];
  const rest: Term[] = [];
  for (const term of a.terms) {
    const divided = divideDims(term.coefficient, by);
    if (divided === undefined) rest.push(term);
    else quotient.push({ atom: term.atom, coefficient: divided });
  }
  const whole = typeof a.constant === "number" && typeof by === "number" ? Math.floor(a.constant / by) : 0;
  const left = whole === 0 ? a.constant : (a.constant as number) - whole * (by as number);
  return { quotient: { constant: whole, terms: quotient }, rest: { constant: left, terms: rest } };
}

/** What of a divided index must stay together: a rest that may be negative has no quotient of its own. */
function splitSafely(a: Index, by: Dim): ReturnType<typeof split> {
  const parts = split(a, by);
  return isNegative(parts.rest) ? { quotient: constantIndex(0), rest: a } : parts;
}

function divide(a: Index, by: Dim): Index {
  if (by === 1) return a;
  const { quotient, rest: all } = splitSafely(a, by);
  const { rest } = withoutOdd(all, by);
  if (isBelow(rest, by)) return quotient;
  const [only] = rest.terms;
  const nested = rest.terms.length === 1 && rest.constant === 0 && only.coefficient === 1 && only.atom.tag === "divide";
  const atom: Atom = nested
    ? { ...only.atom, by: multiplyDims((only.atom as { by: Dim }).by, by) }
    : { tag: "divide", operand: rest, by };
  return indexAlgebra.add(quotient, { constant: 0, terms: [{ atom, coefficient: 1 }] });
}

function remainder(a: Index, by: Dim): Index {
  if (by === 1) return constantIndex(0);
  const { rest: all } = splitSafely(a, by);
  const { rest, odd } = withoutOdd(all, by);
  if (isBelow(rest, by)) return all;
  const operand = typeof by === "number" ? withoutMultiples(rest, by) : rest;
  if (isBelow(operand, by)) return add(operand, constantIndex(odd));
  return { constant: odd, terms: [{ atom: { tag: "remainder", operand, by }, coefficient: 1 }] };
}

/** What is left of an index after its terms that are multiples of `by`, where it is not negative without them. */
function withoutMultiples(a: Index, by: number): Index {
  const left = { ...a, terms: a.terms.filter((term) => stepOf([term], by) !== by) };
  return isNegative(left) ? a : left;
}

/**
 * What is left of an index after the part of its constant that reaches no further multiple of `by`: the next number after a
 * multiple of 4 has the same quotient by 128, and a remainder that is larger by 1.
 */
function withoutOdd(a: Index, by: Dim): { readonly rest: Index; readonly odd: number } {
  const { constant } = a;
  if (typeof constant !== "number" || typeof by !== "number" || constant <= 0) return { rest: a, odd: 0 };
  const odd = constant % stepOf(a.terms, by);
  const rest = { ...a, constant: constant - odd };
  return isNegative(rest) ? { rest: a, odd: 0 } : { rest, odd };
}

/** The largest number known to divide `by` and all of these terms. */
function stepOf(terms: readonly Term[], by: number): number {
  return terms.reduce((step, { atom, coefficient }) => {
    if (typeof coefficient !== "number") return 1;
    return commonDivisor(step, Math.abs(coefficient) * stepOfAtom(atom));
  }, by);
}

function stepOfAtom(atom: Atom): number {
  if (atom.tag === "variable") return atom.step;
  const { operand, by } = atom;
  if (atom.tag === "divide" || typeof by !== "number" || typeof operand.constant !== "number") return 1;
  return commonDivisor(stepOf(operand.terms, by), operand.constant);
}

const commonDivisor = (a: number, b: number): number => (b === 0 ? a : commonDivisor(b, a % b));

/** True when the index is known to lie in [0, extent). */
function isBelow(a: Index, extent: Dim): boolean {
  if (a.terms.length === 0 && a.constant === 0) return true;
  if (a.terms.length === 1 && a.constant === 0 && a.terms[0].coefficient === 1) {
    const { atom } = a.terms[0];
    if ((atom.tag === "variable" ? atom.extent : atom.tag === "remainder" ? atom.by : undefined) === extent)
      return true;
  }
  const { most } = rangeOf(a);
  return !isNegative(a) && most !== undefined && typeof extent === "number" && most < extent;
}

const isMinus = (size: Dim): boolean => (typeof size === "number" ? size < 0 : size.includes("-"));

/** True when the index may be negative as far as its parts tell. Named sizes count as positive. */
function isNegative(a: Index): boolean {
  if (!isMinus(a.constant) && !a.terms.some(({ coefficient }) => isMinus(coefficient))) return false;
  const { least } = rangeOf(a);
  return least === undefined || least < 0;
}

/** Bounds of an index, as far as they are known numbers. */
export function rangeOf(a: Index): { readonly least?: number; readonly most?: number } {
  if (typeof a.constant !== "number") return {};
  let least: number | undefined = a.constant;
  let most: number | undefined = a.constant;
  for (const { atom, coefficient } of a.terms) {
    if (typeof coefficient !== "number") return {};
    const largest = largestOf(atom);
    const reach = largest === undefined ? undefined : coefficient * largest;
    if (coefficient < 0) least = least === undefined || reach === undefined ? undefined : least + reach;
    else most = most === undefined || reach === undefined ? undefined : most + reach;
  }
  return { least, most };
}

/** The largest value of an atom; the smallest is 0. */
function largestOf(atom: Atom): number | undefined {
  if (atom.tag === "variable") return typeof atom.extent === "number" ? atom.extent - 1 : undefined;
  if (typeof atom.by !== "number") return undefined;
  if (atom.tag === "remainder") return atom.by - 1;
  const { most } = rangeOf(atom.operand);
  return most === undefined ? undefined : Math.floor(most / atom.by);
}

/** A text that two indices share exactly when they are the same expression. */
export function indexKey(a: Index): string {
  const terms = a.terms.map(({ atom, coefficient }) => `${coefficient}*${atomKey(atom)}`);
  return terms.length === 0 ? `${a.constant}` : `${terms.sort().join("+")}+${a.constant}`;
}

/** The same for the index of an element, of as many parts as there are axes. */
export function placeKey(index: readonly Index[]): string {
  return index.map(indexKey).join("|");
}

/** `placeKey` for who asks about the very same index again and again. */
export function createPlaces(): (index: readonly Index[]) => string {
  const places = new Map<readonly Index[], string>();
  return (index) => {
    const place = places.get(index) ?? placeKey(index);
    places.set(index, place);
    return place;
  };
}

function atomKey(atom: Atom): string {
  return atom.tag === "variable"
    ? atom.name
    : `(${indexKey(atom.operand)}${atom.tag === "divide" ? "/" : "%"}${atom.by})`;
}

/** True when the index hangs on one of these variables. */
export function mentions({ terms }: Index, variables: ReadonlySet<string>): boolean {
  return terms.some(({ atom }) =>
    atom.tag === "variable" ? variables.has(atom.name) : mentions(atom.operand, variables),
  );
}

/** How the index behaves over four consecutive values of variable `lane`, which is a multiple of 4. */
export function laneAccess(a: Index, lane: string): LaneAccess {
  let contiguous = 0;
  let aligned = isMultipleOf(a.constant, 4);
  for (const { atom, coefficient } of a.terms) {
    const access = atomLaneAccess(atom, lane);
    if (access === "scattered") return "scattered";
    if (access === "contiguous" && coefficient === 1) contiguous++;
    else if (access === "contiguous") return "scattered";
    else aligned &&= isMultipleOf(coefficient, 4);
  }
  if (contiguous === 0) return "uniform";
  return contiguous === 1 && aligned ? "contiguous" : "scattered";
}

function atomLaneAccess(atom: Atom, lane: string): LaneAccess {
  if (atom.tag === "variable") return atom.name === lane ? "contiguous" : "uniform";
  const inner = laneAccess(atom.operand, lane);
  if (inner === "contiguous" && isMultipleOf(atom.by, 4)) return atom.tag === "divide" ? "uniform" : "contiguous";
  return inner === "uniform" ? "uniform" : "scattered";
}

/** The index with a variable replaced by another index. */
export function substitute(a: Index, name: string, replacement: Index): Index {
  return a.terms.reduce((total, { atom, coefficient }) => {
    const replaced = substituteAtom(atom, name, replacement);
    return indexAlgebra.add(total, scale(replaced, coefficient));
  }, constantIndex(a.constant));
}

function substituteAtom(atom: Atom, name: string, replacement: Index): Index {
  if (atom.tag === "variable") {
    return atom.name === name ? replacement : { constant: 0, terms: [{ atom, coefficient: 1 }] };
  }
  const operand = substitute(atom.operand, name, replacement);
  return atom.tag === "divide" ? divide(operand, atom.by) : remainder(operand, atom.by);
}

/** The index with its lane variable, a multiple of 4, moved on by `lane`. */
export function atLane(index: Index, variable: string, extent: Dim, lane: number): Index {
  return substitute(index, variable, indexAlgebra.add(variableIndex(variable, extent, 4), constantIndex(lane)));
}
