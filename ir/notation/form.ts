/// The forms that formulas take, and what printers and the parser agree on about names.
import type { ScanBody } from "../ops/scan.ts";

/** The form in which a value is written. */
export type Form =
  /** An input, state or setting. */
  | { readonly tag: "name" }
  /** A number, `true`, or a named size. */
  | { readonly tag: "number"; readonly text: string }
  | { readonly tag: "infix" | "prefix"; readonly symbol: string; readonly precedence: number }
  /** The operand times itself. */
  | { readonly tag: "square" }
  /** A value with its last two axes exchanged. */
  | { readonly tag: "transposed" }
  /** Sum of products over one axis, `aᵀ @ b`. */
  | { readonly tag: "product"; readonly transposed: readonly [boolean, boolean] }
  | CallForm;

/** `name(before, operands, attributes)`; attributes are texts such as `axis=1`. */
export interface CallForm {
  readonly tag: "call";
  readonly name: string;
  readonly before?: string;
  readonly attributes: readonly string[];
  /** Of a loop: what it repeats. */
  readonly body?: ScanBody;
  /** A number of a shape, a label as a row, or `grad(L, W)` before it is expanded: notation, where it is of names. */
  readonly light?: true;
}

/**
 * Whether a form of names and numbers is written wherever it is read: `Wᵀ`, `oneHot(label, 10)`, `fill(0, f32[2])` and
 * `grad(L, W)` are short for what they are, as `W` is. Whatever else is read twice has a line of its own.
 */
export function isNotation(form: Form): boolean {
  return form.tag === "transposed" || (form.tag === "call" && form.light === true);
}

/** How tightly forms bind that are no op's own; ops say theirs in `notation`. */
export const precedence = { comparison: 3, product: 5.5, prefix: 6, power: 7, postfix: 8, atom: 9 } as const;

/** Source of a pattern for one letter or digit of a name; a superscript is none. */
export const nameLetter = String.raw`(?:(?![ᵀ²])[\p{L}\p{M}\p{N}_$])`;
const plainName = String.raw`(?:(?![ᵀ²])[\p{L}_$])(?:${nameLetter}|\.(?=${nameLetter}))*`;

/** Source of a pattern for names that need no quotes: `hidden.weight`, `ŷ`, `∂loss/∂hidden.weight`. */
export const namePattern = String.raw`∂${plainName}/∂${plainName}|∂?${plainName}`;

/** True for the name `∂loss/∂hidden` of a derivative, which has the type of `hidden`. */
export function namesDerivative(name: string): boolean {
  return name.startsWith("∂");
}

/** A name as it is written: in backquotes where it would not read as one word, or as an automatic name such as `v1`. */
export function formatName(name: string): string {
  const plain = new RegExp(`^(?:${namePattern})$`, "u").test(name) && !/^(?:v\d+|true|false|nan|_)$/.test(name);
  return plain ? name : `\`${name.replaceAll("`", "``")}\``;
}
