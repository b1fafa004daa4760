/// Tensors in half precision: two to a word, read and written through functions. WGSL leaves open how `pack2x16float`
/// rounds and what it makes of numbers beyond the largest half; so halves are made here, rounded to nearest, with ∞ and
/// NaN as they are. To read them, its own function is exact.

/** The functions, as kernels call them. */
export const [readHalf, readHalves, writeHalves] = ["read_half", "read_halves", "write_halves"];

const functions: Readonly<Record<string, readonly string[]>> = {
  [readHalf]: [
    `fn ${readHalf}(word: u32, at: u32) -> f32 {`,
    "  return unpack2x16float(word >> (at * 16u)).x;",
    "}",
    "",
  ],
  [readHalves]: [
    `fn ${readHalves}(words: vec2u) -> vec4f {`,
    "  return vec4f(unpack2x16float(words.x), unpack2x16float(words.y));",
    "}",
    "",
  ],
  [writeHalves]: [
    `fn ${writeHalves}(four: vec4f) -> vec2u {`,
    "  let bits = bitcast<vec4u>(four);",
    "  let size = bits & vec4u(0x7fffffffu);",
    "  let normal = (size - 0x38000000u + 0xfffu + ((size >> vec4u(13u)) & vec4u(1u))) >> vec4u(13u);",
    "  // Beside ½ a float has as many digits as the smallest halves.",
    "  let small = bitcast<vec4u>(bitcast<vec4f>(min(size, vec4u(0x38800000u))) + 0.5) - 0x3f000000u;",
    "  let beyond = select(vec4u(0x7c00u), vec4u(0x7e00u), size > vec4u(0x7f800000u));",
    "  let finite = select(normal, small, size < vec4u(0x38800000u));",
    "  let halves = select(finite, beyond, size >= vec4u(0x477ff000u)) | ((bits >> vec4u(16u)) & vec4u(0x8000u));",
    "  return halves.xz | (halves.yw << vec2u(16u));",
    "}",
    "",
  ],
};

/** The functions that a text calls. */
export function halfLines(text: string): readonly string[] {
  return Object.entries(functions).flatMap(([name, lines]) => (text.includes(`${name}(`) ? lines : []));
}
