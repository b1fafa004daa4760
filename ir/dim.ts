/// Sizes of axes. A `Dim` is a number or a polynomial in named sizes, kept as its normalised text, so that equal sizes
/// are equal strings and a shape is plain data: `["batch", 784]`, `["4*batch", "time"]`, `["batch*time+1"]`.

/** A size: a non-negative integer, or a polynomial in named sizes in normal form (see `parseDim`). */
export type Dim = number | string;

/** Monomial (names joined by `*`, sorted; "" is the constant) → integer coefficient, never 0. */
type Polynomial = ReadonlyMap<string, number>;

const namePattern = /^[A-Za-z_][A-Za-z0-9_.]*$/;

/** Normal form of a size as a user writes it (`"batch * 4"` → `"4*batch"`); undefined when the text is not a polynomial. */
export function parseDim(text: number | string): Dim | undefined {
  if (typeof text === "number") return Number.isSafeInteger(text) && text >= 0 ? text : undefined;
  // Programs without types give anything.
  if (typeof text !== "string") return undefined;
  const polynomial = parsePolynomial(text);
  return polynomial && format(polynomial);
}

/** Sum of two sizes. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a === 0 || b === 0) return a === 0 ? b : a;
  return format(collect([...toPolynomial(a), ...toPolynomial(b)]));
}

/** Product of two sizes. */
export function multiplyDims(a: Dim, b: Dim): Dim {
  // An extent is never −0.
  if (typeof a === "number" && typeof b === "number") return a * b + 0;
  if (a === 1 || b === 1) return a === 1 ? b : a;
  const terms: [string, number][] = [];
  for (const [x, p] of toPolynomial(a)) for (const [y, q] of toPolynomial(b)) terms.push([joinMonomials(x, y), p * q]);
  return format(collect(terms));
}

/** The largest divisor of an extent up to `most`. */
export function largestDivisor(extent: number, most: number): number {
  let divisor = Math.min(extent, Math.floor(most));
  while (extent % divisor !== 0) divisor--;
  return divisor;
}

/** a ÷ b when b is a monomial that divides every term of a (or equals a); undefined otherwise. */
export function divideDims(a: Dim, b: Dim): Dim | undefined {
  if (a === b) return 1;
  if (a === 0) return 0;
  if (typeof a === "number" && typeof b === "number") return a % b === 0 ? a / b : undefined;
  const divisor = [...toPolynomial(b)];
  if (divisor.length !== 1) return undefined;
  const [names, factor] = divisor[0];
  const terms: [string, number][] = [];
  for (const [monomial, coefficient] of toPolynomial(a)) {
    const rest = divideMonomial(monomial, names);
    if (rest === undefined || coefficient % factor !== 0) return undefined;
    terms.push([rest, coefficient / factor]);
  }
  return format(collect(terms));
}

/** One of so many equal parts of an extent; undefined where it does not fall into them. */
export function partOf(extent: Dim | undefined, parts: number): Dim | undefined {
  return extent === undefined || !Number.isInteger(parts) || parts < 1 ? undefined : divideDims(extent, parts);
}

/** Names that a size mentions, sorted. */
export function dimNames(dim: Dim): readonly string[] {
  const names = new Set<string>();
  for (const monomial of toPolynomial(dim).keys()) for (const name of factors(monomial)) names.add(name);
  return [...names].sort();
}

/** The size with the given names replaced by numbers; names that are not given stay. */
export function bindDim(dim: Dim, sizes: Readonly<Record<string, number>>): Dim {
  if (typeof dim === "number") return dim;
  const terms: [string, number][] = [];
  for (const [monomial, coefficient] of toPolynomial(dim)) {
    let value = coefficient;
    const rest: string[] = [];
    for (const name of factors(monomial)) {
      if (Object.hasOwn(sizes, name)) value *= sizes[name];
      else rest.push(name);
    }
    terms.push([rest.join("*"), value]);
  }
  return format(collect(terms));
}

/** True when the size is a multiple of `divisor` for every binding of its names. */
export function isMultipleOf(dim: Dim, divisor: number): boolean {
  if (typeof dim === "number") return dim % divisor === 0;
  return [...toPolynomial(dim).values()].every((coefficient) => coefficient % divisor === 0);
}

/** Terms of a size: coefficient and the names multiplied, for writing it as an expression. */
export function dimTerms(dim: Dim): readonly { readonly coefficient: number; readonly names: readonly string[] }[] {
  return [...toPolynomial(dim)].map(([monomial, coefficient]) => ({ coefficient, names: factors(monomial) }));
}

function factors(monomial: string): string[] {
  return monomial === "" ? [] : monomial.split("*");
}

function joinMonomials(a: string, b: string): string {
  return [...factors(a), ...factors(b)].sort().join("*");
}

function divideMonomial(monomial: string, by: string): string | undefined {
  const rest = factors(monomial);
  for (const name of factors(by)) {
    const at = rest.indexOf(name);
    if (at < 0) return undefined;
    rest.splice(at, 1);
  }
  return rest.join("*");
}

function toPolynomial(dim: Dim): Polynomial {
  if (typeof dim === "number") return collect([["", dim]]);
  const polynomial = parsePolynomial(dim);
  if (!polynomial) throw new TypeError(`not a size: ${dim}`);
  return polynomial;
}

function parsePolynomial(text: string): Polynomial | undefined {
  // As most sizes are.
  if (namePattern.test(text)) return new Map([[text, 1]]);
  // Room inside a name would be lost: "batch size" is no size.
  const compact = text.trim().replace(/\s*([*+-])\s*/g, "$1");
  if (compact === "") return undefined;
  const terms: [string, number][] = [];
  for (const [term] of compact.matchAll(/[+-]?[^+-]+/g)) {
    let coefficient = term.startsWith("-") ? -1 : 1;
    const names: string[] = [];
    for (const factor of term.replace(/^[+-]/, "").split("*")) {
      if (/^\d+$/.test(factor)) coefficient *= Number(factor);
      else if (namePattern.test(factor)) names.push(factor);
      else return undefined;
    }
    terms.push([names.sort().join("*"), coefficient]);
  }
  return /[+-]$|[+-]{2}/.test(compact) ? undefined : collect(terms);
}

function collect(terms: readonly (readonly [string, number])[]): Polynomial {
  const sum = new Map<string, number>();
  for (const [monomial, coefficient] of terms) sum.set(monomial, (sum.get(monomial) ?? 0) + coefficient);
  for (const [monomial, coefficient] of sum) if (coefficient === 0) sum.delete(monomial);
  return sum;
}

function format(polynomial: Polynomial): Dim {
  const terms = [...polynomial].sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1));
  if (terms.length === 0) return 0;
  if (terms.length === 1 && terms[0][0] === "") return terms[0][1];
  return terms
    .map(([monomial, coefficient], position) => {
      const sign = coefficient < 0 ? "-" : position > 0 ? "+" : "";
      const size = Math.abs(coefficient);
      return sign + (monomial === "" ? `${size}` : size === 1 ? monomial : `${size}*${monomial}`);
    })
    .join("");
}
