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
