/// Helper functions as WGSL text: those that a kernel calls, directly or through others, each once.
import { wgslType } from "../../ir/ops/define.ts";
import type { HelperFunction } from "../../ir/value.ts";

/** Functions for the calls in a text, each after those that it calls; `helpers` are those that may be called. */
export function helperLines(helpers: readonly HelperFunction[], text: string): readonly string[] {
  const lines: string[] = [];
  const written = new Set<HelperFunction>();
  const write = (helper: HelperFunction): void => {
    if (written.has(helper)) return;
    written.add(helper);
    helper.uses?.forEach(write);
    lines.push(scalarText(helper), "");
  };
  const calls = (name: string): boolean => text.includes(`${name}(`) && new RegExp(`\\b${name}\\(`).test(text);
  for (const helper of helpers) {
    const four = calls(`${helper.name}4`);
    if (four || calls(helper.name)) write(helper);
    if (four) lines.push(laneText(helper), "");
  }
  return lines;
}

function scalarText({ name, parameters, result, body }: HelperFunction): string {
  const list = Object.entries(parameters).map(([parameter, dtype]) => `${parameter}: ${dtype}`);
  const indented = body.split("\n").map((line) => `  ${line}`);
  return [`fn ${name}(${list.join(", ")}) -> ${result} {`, ...indented, "}"].join("\n");
}

/** The function of four lanes. Adapters compute lanes one after the other, so nothing is lost by calling for each. */
function laneText({ name, parameters, result }: HelperFunction): string {
  if (result === "vec2f" || result === "vec2u") throw new TypeError(`${name} has no form of four lanes`);
  const list = Object.entries(parameters).map(([parameter, dtype]) => `${parameter}: ${wgslType(dtype, 4)}`);
  const calls = ["x", "y", "z", "w"].map((lane) => {
    return `${name}(${Object.keys(parameters)
      .map((parameter) => `${parameter}.${lane}`)
      .join(", ")})`;
  });
  const type = wgslType(result, 4);
  return `fn ${name}4(${list.join(", ")}) -> ${type} {\n  return ${type}(${calls.join(", ")});\n}`;
}

/** True when a text mentions a word, by itself and not as a part of another. */
export function mentionsWord(text: string, word: string): boolean {
  // Most do not have it even as a part: that is found out at once.
  return text.includes(word) && new RegExp(`\\b${word}\\b`).test(text);
}

/**
 * ∞ and NaN have no literal, and WGSL refuses constant expressions that give them, overrides as well. A private variable
 * with a constant initialiser can be folded by a driver, which then may assume that neither exists. So both are set when
 * the kernel starts, from the length of one of its tensors: run-time data that every kernel has, and whose upper bit is 0.
 */
export function nonFinite(
  texts: readonly string[],
  tensor: string,
): { readonly declarations: readonly string[]; readonly assignments: readonly string[] } {
  const used = (
    [
      ["infinity", "0x7f800000u"],
      ["nan", "0x7fc00000u"],
    ] as const
  ).filter(([name]) => texts.some((text) => mentionsWord(text, name)));
  return {
    declarations: used.map(([name]) => `var<private> ${name}: f32;`),
    assignments: used.map(([name, bits]) => `  ${name} = bitcast<f32>(${bits} | (arrayLength(&${tensor}) >> 31u));`),
  };
}

/** Lanes of a quad leave their numbers for each other in memory of the workgroup, which has at most 64 threads. */
const exchangeInMemory = `var<workgroup> exchanged: array<vec4f, 64>;
fn exchange(own: vec4f, thread: u32) -> mat4x4f {
  workgroupBarrier();
  exchanged[thread] = own;
  workgroupBarrier();
  let first = thread / 4u * 4u;
  return mat4x4f(exchanged[first], exchanged[first + 1u], exchanged[first + 2u], exchanged[first + 3u]);
}`;

/** The same for a number of each lane that is added up. */
const sumInMemory = `var<workgroup> added: array<f32, 64>;
fn quadSum(own: f32, thread: u32) -> f32 {
  workgroupBarrier();
  added[thread] = own;
  workgroupBarrier();
  let first = thread / 4u * 4u;
  return added[first] + added[first + 1u] + (added[first + 2u] + added[first + 3u]);
}`;

/** What stands in the place of functions that give what lanes have computed, where a device has no subgroups. */
const inMemory: Readonly<Record<string, string>> = { exchange: exchangeInMemory, quadSum: sumInMemory };

/**
 * What lanes of a quad share: each gives its own, and all get the four of them. The runtime knows these functions, and
 * spells out what they stand for where a device has no subgroups (`runtime/quads.ts`): of `quad` and `quads` what each lane
 * reads from memory; of `exchange` and `quadSum`, what it has computed, the form behind `//-` then stands in their place.
 */
export function quadLines(text: string): {
  readonly directives: readonly string[];
  readonly functions: readonly string[];
} {
  const from = [0, 1, 2, 3].map((lane) => `quadBroadcast(own, ${lane}u)`).join(", ");
  // A column by its number, without memory in which there are numbers of columns.
  const picked = "select(select(all[0], all[1], at == 1u), select(all[2], all[3], at == 3u), at > 1u)";
  const swapped = (along: string): string =>
    `mat4x4f(${[0, 1, 2, 3].map((column) => `quadSwap${along}(own[${column}])`).join(", ")})`;
  const functions = (
    [
      ["quad", "own: f32", "vec4f", `vec4f(${from})`],
      ["quads", "own: vec4f", "mat4x4f", `mat4x4f(${from})`],
      ["exchange", "own: vec4f, thread: u32", "mat4x4f", `mat4x4f(${from})`],
      ["quadSum", "own: f32, thread: u32", "f32", "own + quadSwapX(own) + quadSwapY(own + quadSwapX(own))"],
      ["pick", "all: mat4x4f, at: u32", "vec4f", picked],
      ["beside", "own: vec4f", "vec4f", "quadSwapX(own)"],
      ["besides", "own: mat4x4f", "mat4x4f", swapped("X")],
      ["below", "own: vec4f", "vec4f", "quadSwapY(own)"],
      ["belows", "own: mat4x4f", "mat4x4f", swapped("Y")],
      ...(["f32", "u32", "i32"] as const).flatMap((type) => [
        [`beside_${type}`, `own: ${type}`, type, "quadSwapX(own)"] as const,
        [`below_${type}`, `own: ${type}`, type, "quadSwapY(own)"] as const,
      ]),
    ] as const
  ).filter(([name]) => text.includes(` ${name}(`) || text.includes(`(${name}(`));
  return {
    directives: functions.length > 0 ? ["enable subgroups;"] : [],
    functions: functions.flatMap(([name, parameters, all, body]) => [
      ...[`fn ${name}(${parameters}) -> ${all} {`, `  return ${body};`, "}"],
      ...(inMemory[name]?.split("\n").map((line) => `//- ${line}`) ?? []),
      // What it stands for is read in a line of its own.
      ...(/^be/.test(name) ? [`//- fn ${name}(given: ${all}) -> ${all} { return given; }`] : []),
      "",
    ]),
  };
}
