/// Values that need no kernel of their own, since one other reads them: where they find no company, their reader may.
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";

/** Fewer elements are written and read in no time. */
const manyElements = 4096;

/** Says which large values are read by one elementwise value alone, element by element. */
export function passing(values: readonly Value[], roots: readonly Value[]): (value: Value) => boolean {
  const readers = new Map<Value, Value | "several">();
  for (const value of values) {
    for (const operand of new Set(value.operands)) readers.set(operand, readers.has(operand) ? "several" : value);
  }
  for (const root of roots) readers.set(root, "several");
  return (value) => {
    const [reader, count] = [readers.get(value), elementCount(value.type.shape)];
    if (value.op.kind !== "elementwise" || typeof reader !== "object" || reader.op.kind !== "elementwise") return false;
    return typeof count === "number" && count > manyElements;
  };
}
