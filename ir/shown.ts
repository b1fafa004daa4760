/// What was given, in messages: without types it may be anything, as a record of options in the place of an axis.
import { formatType } from "./type.ts";
import { isValue } from "./value.ts";

/** So many elements of an array are shown. */
const mostElements = 12;

/** So many fields of a record are. */
const mostFields = 3;

/** A value as a model file would have it; a tensor as its type. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (isValue(value)) return formatType(value.type);
  if (Array.isArray(value))
    return value.length > mostElements ? `an array of ${value.length}` : `[${value.map(shown).join(",")}]`;
  return isRecord(value) ? shownRecord(value) : String(value);
}

/** `{ axis: 0 }`, of what holds few numbers or texts. */
function shownRecord(value: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(value);
  const isShort = fields.length <= mostFields && fields.every(([, field]) => typeof field !== "object");
  const isPlain = Object.getPrototypeOf(value) === Object.prototype;
  if (!isPlain || !isShort) return "an object";
  return fields.length === 0 ? "{}" : `{ ${fields.map(([name, field]) => `${name}: ${shown(field)}`).join(", ")} }`;
}

/** What makes a tensor of what is none. */
export function tensorInstead(value: unknown): string {
  if (typeof value === "function") return "a layer is applied to a tensor, and gives one: layer(x)";
  if (typeof value === "bigint") return `a number: ${value}`;
  if (typeof value === "number") return "constant(3) makes a tensor of a number";
  if (Array.isArray(value))
    return value.length > 0 && value.every(isValue)
      ? "one of them, as in parts[0]; stack(parts) and concatenate(parts) make one tensor of several"
      : "numbers that stay are a parameter: param([2], { init: values([1, 2]), trainable: false })";
  const fields = typeof value === "object" && value !== null ? Object.entries(value) : [];
  const tensors = fields.flatMap(([name, field]) => (isValue(field) ? [name] : []));
  return tensors.length > 0
    ? `one of its fields: ${tensors.join(", ")}`
    : "input, param, layers and operations give tensors";
}

/** `[0, 2]`. */
export function shownAxes(axes: readonly unknown[]): string {
  return `[${axes.map(shown).join(", ")}]`;
}

/** What to write in the place of a record of options; undefined where there is none. */
export function axisInstead(axes: readonly unknown[]): string | undefined {
  const record = axes.find(isRecord);
  if (!record) return undefined;
  const { axis } = record;
  const instead =
    typeof axis === "number" ? `${axis} in the place of { axis: ${axis} }` : "such as 0, or -1 for the last";
  return `an axis is a number here, ${instead}`;
}

const isRecord = (axis: unknown): axis is Readonly<Record<string, unknown>> =>
  typeof axis === "object" && axis !== null;

/**
 * What to do about shapes that do not broadcast: where one is the other without some of its axes, as after a reduction,
 * those are to stay.
 */
export function axesToInsert(a: readonly unknown[], b: readonly unknown[]): string {
  const [few, many] = a.length < b.length ? [a, b] : [b, a];
  let found = 0;
  for (const extent of many) if (found < few.length && extent === few[found]) found++;
  if (few.length === 0 || few.length === many.length || found < few.length)
    return "reshape one operand, or insert axes of extent 1";
  return "an axis that a reduction takes stays with keepAxes: true, as in mean(x, { axis: 1, keepAxes: true }); expandDims(x, axis) inserts one";
}
