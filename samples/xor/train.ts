/// Trains XOR and prints its truth table; see README.md.

import { cases, trainXor } from "./fit.ts";
import { createXor } from "./generated/xor.gen.ts";

export { trainXor };

const steps = 1000;

const { adapter, losses, outputs } = await trainXor(() => createXor(), steps);
console.log(`adapter: ${adapter}`);
console.log(`loss: ${losses[0].toFixed(4)} before the first step, ${losses[steps - 1].toFixed(4)} before the last`);
cases.forEach(({ x: [left, right], y }, row) => {
  const verdict = Math.round(outputs[row]) === y ? "right" : "wrong";
  console.log(`${left} xor ${right} = ${outputs[row].toFixed(3)}  (${verdict})`);
});
