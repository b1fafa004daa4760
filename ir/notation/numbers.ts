/// Numbers as text that reads back to the same number.
import type { DType } from "../type.ts";

/** The shortest text: for f32 the shortest that rounds to the same float32. */
export function formatNumber(value: number, dtype: DType): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (Object.is(value, -0)) return "-0";
  if (dtype === "bool") return value === 0 ? "false" : "true";
  return dtype === "f32" ? shortestFloat32(value) : `${value}`;
}

function shortestFloat32(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return `${candidate}`;
  }
  return `${value}`;
}
