/// Sums of given numbers whose parts cancel are one value: what their parts have in common, each for itself, is not taken
/// away from them, and where a part has an offset it still is.
import { expect, it } from "vitest";
import { runPasses } from "../../../compiler/pass.ts";
import { derive, simplifyAfterBinding } from "../../../compiler/passes/all.ts";
import { expandComposites } from "../../../compiler/passes/expand-composites.ts";
import { kernelPasses } from "../../../compiler/passes/kernel-passes.ts";
import { truthOf, worstError } from "../stability/scoreboard/measure.ts";
import { flat, programOf, type Numbers } from "../stability/scoreboard/row.ts";
import { float32Values } from "./float32.ts";

const near: Readonly<Record<string, Numbers>> = { z: [[0.137, 100.3, 10000.1]], c: [[0.921, 101.7, 10000.6]] };
const far: Readonly<Record<string, Numbers>> = { z: [[-10000.5, -9999.25, -10001.75]], c: [[0.921, 1.7, 0.6]] };
const negative = { ...near, z: [[-0.137, -100.3, -10000.1]] };
const targets = { y: [[0, 0.5, 0.5]] };

it.each([
  ["neg(sum(mul(y, logSoftmax(div(sub(c, z), t)))))", { ...near, ...targets, t: 0.5 }],
  ["neg(sum(mul(y, logSoftmax(sub(c, z)))))", { ...far, ...targets }],
  ["neg(sum(mul(y, logSoftmax(mul(add(c, z), t)))))", { ...negative, ...targets, t: 2 }],
  ["neg(sum(mul(y, logSoftmax(sub(c, z)))))", { ...near, ...targets }],
  ["sum(mul(y, softmax(neg(div(sub(c, z), t)))))", { ...near, ...targets, t: 0.5 }],
  ["neg(sum(mul(y, logSoftmax(div(sub(c, z), t)))))", { ...near, c: [0.921, 101.7, 10000.6], ...targets, t: 0.5 }],
  ["sum(mul(softmax(s), sub(c, z)))", { ...near, s: [[1, 2, 0]] }],
  ["sum(mul(softmax(s), sub(c, mul(2, z))))", { z: [[0.07, 50.2, 5000.1]], c: near.c, s: [[1, 2, 0]] }],
] as readonly (readonly [string, Readonly<Record<string, Numbers>>])[])("%s keeps the digits of %j", (text, at) => {
  const program = programOf({ name: text, about: "", program: text, given: ["y"], points: [{ at }] });
  const compiled = runPasses(simplifyAfterBinding(derive(program.graph)), kernelPasses());
  const { outputs } = expandComposites.run(compiled).entryPoints[0];
  const feeds = new Map([...program.inputs].map(([name, input]) => [input, flat(at[name]).map(Math.fround)]));
  const values = float32Values(
    outputs.map(({ value }) => value),
    feeds,
  );
  const found = new Map(outputs.map(({ name, value }) => [name, Array.from(values.get(value)!)]));
  const gradients = program.differentiated.map((name) => [name, found.get(`gradient_${name}`)!] as const);
  const results = { loss: found.get("loss")![0], gradients: Object.fromEntries(gradients) };
  expect(worstError(results, truthOf(program, { at }))).toBeLessThan(1);
});
