/// Random bits as a function: Threefry-2x32 turns a key and a counter into two words, each an op of its own.
import type { DType } from "../type.ts";
import { apply, type ElementwiseOp, type HelperFunction, type Value } from "../value.ts";
import { applyBroadcasting, calls, elementwise, type Operand } from "./define.ts";

/** Two 32-bit words, unsigned. */
export type Words = readonly [number, number];

/** How far the second word is turned in each round, for two blocks of four; they repeat. */
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const parity = 0x1bd11bda;
const blocks = 5;

/**
 * Threefry-2x32 with 20 rounds. Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011), and
 * Random123's threefry.h. The runtime draws initial values from the same function.
 */
export function threefryWords([key0, key1]: Words, [counter0, counter1]: Words): Words {
  const keys = [key0, key1, parity ^ key0 ^ key1];
  let x = (counter0 + key0) | 0;
  let y = (counter1 + key1) | 0;
  for (let block = 0; block < blocks; block++) {
    for (const turn of rotations[block % 2]) {
      x = (x + y) | 0;
      y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    }
    x = (x + keys[(block + 1) % 3]) | 0;
    y = (y + keys[(block + 2) % 3] + block + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

const words = { key0: "u32", key1: "u32", counter0: "u32", counter1: "u32" } as const;

const threefryHelper: HelperFunction = {
  name: "threefry",
  parameters: words,
  result: "vec2u",
  body: [
    "// Threefry-2x32, 20 rounds (Salmon et al. 2011): two random words from a key and a counter.",
    `let key2 = key0 ^ key1 ^ 0x${parity.toString(16)}u;`,
    "var x = counter0 + key0;",
    "var y = counter1 + key1;",
    ...Array.from({ length: blocks }, (_, block) => [
      ...rotations[block % 2].map((turn) => `x += y; y = ((y << ${turn}u) | (y >> ${32 - turn}u)) ^ x;`),
      `x += key${(block + 1) % 3}; y += key${(block + 2) % 3} + ${block + 1}u;`,
    ]).flat(),
    "return vec2u(x, y);",
  ].join("\n"),
};

/** One word as a function, since only scalars have a form of four lanes. */
function wordHelper(part: "x" | "y"): HelperFunction {
  const body = `return threefry(key0, key1, counter0, counter1).${part};`;
  return { name: `threefry_${part}`, parameters: words, result: "u32", body, uses: [threefryHelper] };
}

function wordOp(word: 0 | 1): ElementwiseOp {
  return elementwise({
    name: `threefry${word}`,
    doc: `${word === 0 ? "First" : "Second"} word of Threefry-2x32: random bits from a key and a counter, two words each.`,
    types: {
      wanted: "u32: two words of a key, two of a counter",
      accepts: (dtypes: readonly DType[]) => dtypes.length === 4 && dtypes.every((dtype) => dtype === "u32"),
      result: () => "u32",
    },
    partials: () => [null, null, null, null],
    ...calls(wordHelper(word === 0 ? "x" : "y")),
    reference: ([key0, key1, counter0, counter1]) => threefryWords([key0, key1], [counter0, counter1])[word],
  });
}

export const threefry0Op: ElementwiseOp = wordOp(0);
export const threefry1Op: ElementwiseOp = wordOp(1);

export const unitOp: ElementwiseOp = elementwise({
  name: "unit",
  doc: "Random bits as a number in [0, 1): the upper 24, which are what a float32 holds exactly.",
  types: { wanted: "u32", accepts: ([dtype]) => dtype === "u32", result: () => "f32" },
  partials: () => [null],
  wgsl: ([x], { lanes }) =>
    lanes === 4 ? `vec4f(${x} >> vec4u(8u)) * 5.9604644775390625e-8` : `f32(${x} >> 8u) * 5.9604644775390625e-8`,
  infix: true,
  reference: ([x]) => (x >>> 8) * 2 ** -24,
});

/** Random bits as uniform numbers in [0, 1). */
export function unit(bits: Value): Value {
  return apply(unitOp, [bits]);
}

/** The first (0) or second (1) of the two random words that follow from a key and a counter; all are u32 and broadcast. */
export function threefry(word: 0 | 1, key: readonly [Operand, Operand], counter: readonly [Operand, Operand]): Value {
  return applyBroadcasting(word === 0 ? threefry0Op : threefry1Op, [...key, ...counter], "u32");
}
