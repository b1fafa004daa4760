/// Tensors in half precision: two to a word, read and written through functions. Where a device has `shader-f16`, they are
/// read as such, in what stands behind `//+` and takes the line's place there (`runtime/quads.ts`); elsewhere by
/// `unpack2x16float`. Both are exact for normal halves; of those below 2⁻¹⁴, the subnormal ones, WGSL lets a device read 0.
/// How numbers become halves WGSL leaves open: some drivers cut digits off, some flush the smallest, and what comes of
/// numbers beyond the largest is indeterminate, by `f16(…)` as by `pack2x16float`. So halves are made here on every device,
/// rounded to nearest, with ∞ and NaN as they are.

/** The functions, as kernels call them. */
export const [readHalf, readHalves, writeHalves] = ["read_half", "read_halves", "write_halves"];

/** A line, and what takes its place on a device with `shader-f16`. */
const either = (packed: string, native: string): string => `${packed} //+ ${native}`;

const functions: Readonly<Record<string, readonly string[]>> = {
  [readHalf]: [
    `fn ${readHalf}(word: u32, at: u32) -> f32 {`,
    "  let own = word >> (at * 16u);",
    either("  return unpack2x16float(own).x;", "return f32(bitcast<vec2<f16>>(own).x);"),
    "}",
    "",
  ],
  [readHalves]: [
    `fn ${readHalves}(words: vec2u) -> vec4f {`,
    either(
      "  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));",
      "return vec4f(bitcast<vec4<f16>>(words));",
    ),
    "}",
    "",
  ],
  [writeHalves]: [
    `fn ${writeHalves}(four: vec4f) -> vec2u {`,
    "  let bits = bitcast<vec4u>(four);",
    "  let whole = bits & vec4u(0x7fffffffu);",
    "  // From 65520 on all are ∞, as 65536 is.",
    "  let size = min(whole, vec4u(0x47800000u));",
    "  let normal = (size + ((size >> vec4u(13u)) & vec4u(1u)) - 0x37fff001u) >> vec4u(13u);",
    "  // Beside ½ a float has as many digits as the smallest halves.",
    "  let small = bitcast<vec4u>(bitcast<vec4f>(min(size, vec4u(0x38800000u))) + 0.5) - 0x3f000000u;",
    "  let number = select(normal, small, size < vec4u(0x38800000u));",
    "  let signless = select(number, vec4u(0x7e00u), whole > vec4u(0x7f800000u));",
    "  let halves = signless | ((bits >> vec4u(16u)) & vec4u(0x8000u));",
    "  return halves.xz | (halves.yw << vec2u(16u));",
    "}",
    "",
  ],
};

/** The functions that a text calls, and what must stand before all else for them. */
export function halfLines(text: string): {
  readonly directives: readonly string[];
  readonly functions: readonly string[];
} {
  const called = Object.entries(functions).flatMap(([name, lines]) => (text.includes(`${name}(`) ? lines : []));
  const isEither = called.some((line) => line.includes(" //+ "));
  return { directives: isEither ? ["//+ enable f16;"] : [], functions: called };
}
