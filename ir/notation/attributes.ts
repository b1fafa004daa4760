/// Attributes of ops as text, `key=value`, for every op alike: what is written reads back to equal data.
import { parseDim } from "../dim.ts";
import { sameAttrs, type Value } from "../value.ts";

/** Data that an attribute may be. Sizes are numbers or texts such as `2*batch`. */
export type Attribute = number | string | boolean | readonly Attribute[] | { readonly [key: string]: Attribute };

/** Words that mean something else than a text where an attribute stands. */
const words = new Set(["true", "false", "nan"]);

/** `key=value` for each attribute that is there, in their order. What makes a value itself is no data, and is left out. */
export function formatAttributes(attrs: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(attrs).flatMap(([key, attribute]) =>
    attribute === undefined || key === "identity" ? [] : [`${key}=${formatAttribute(attribute)}`],
  );
}

/** `key=value` for the attributes of a value, those that its op does not take for granted; what it has defaults for last. */
export function statedAttributes({ op, operands, attrs }: Value): readonly string[] {
  const granted = op.defaults?.(operands.map(({ type }) => type)) ?? {};
  const needed = Object.entries(attrs).filter(([key]) => !(key in granted));
  const changed = Object.entries(granted).filter(([key, usual]) => !sameAttrs(attrs[key], usual));
  return formatAttributes(Object.fromEntries([...needed, ...changed.map(([key]) => [key, attrs[key]] as const)]));
}

/** `axis=1`, `axes=[0, 1]`, or nothing for all axes of a reduction; then whatever else its op keeps. */
export function reductionAttributes({ attrs, operands: [x] }: Value): readonly string[] {
  const { axes, ...rest } = attrs as { readonly axes: readonly number[] };
  const all = axes.length === x.type.shape.length;
  const along = all ? [] : axes.length === 1 ? [`axis=${axes[0]}`] : [`axes=[${axes.join(", ")}]`];
  return [...along, ...formatAttributes(rest)];
}

/** Numbers, truths, names and sizes as they are, other text quoted, lists in brackets, records in braces. */
export function formatAttribute(attribute: unknown): string {
  if (typeof attribute === "number") return formatAnyNumber(attribute);
  if (typeof attribute === "string") return isBare(attribute) ? attribute : JSON.stringify(attribute);
  if (Array.isArray(attribute)) return `[${attribute.map(formatAttribute).join(", ")}]`;
  if (typeof attribute === "object" && attribute !== null) {
    return `{${formatAttributes(attribute as Readonly<Record<string, unknown>>).join(", ")}}`;
  }
  return String(attribute);
}

/** A name or size that reads back to itself. */
function isBare(text: string): boolean {
  return !words.has(text) && /^[\w*+-]+$/.test(text) && parseDim(text) === text;
}

function formatAnyNumber(number: number): string {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "-∞";
  return Object.is(number, -0) ? "-0" : `${number}`;
}
