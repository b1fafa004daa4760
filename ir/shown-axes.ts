/// Axes in messages: without types they may be anything, as a record of options.

/** `[0, 2]`; a record as it is written in JSON. */
export function shownAxes(axes: readonly unknown[]): string {
  return `[${axes.map((axis) => (isRecord(axis) ? JSON.stringify(axis) : String(axis))).join(", ")}]`;
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
