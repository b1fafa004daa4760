/// The page about reading explains the words that printed graphs are made of.
import { expect, test } from "vitest";
import { derive } from "../../compiler/passes/all.ts";
import { notation } from "../../docs/reading-page.ts";
import { broadcastTo, exp, grad, input, model, mul, param, reshape, scan, slice, sum, tanh } from "../../ir/index.ts";
import { printGraph } from "../../ir/print.ts";
import type { Tensor } from "../../ir/value.ts";
import { as } from "../compiler/symbolic.ts";

const recurrent = model("recurrent", () => {
  const [x, w, start] = [input("x", "f32", [5, 3]), param([3], { name: "w" }), input("start", "f32", [3])];
  const { carry, outputs } = scan(
    ([h], [place]) => {
      const next = as("next", () => tanh(mul(mul(h, place), w))) as Tensor<"f32", readonly [3]>;
      return { carry: [next], outputs: [next, h] };
    },
    { initial: [start], sequences: [x] },
  );
  const kept = as("kept", () => sum(mul(outputs[0], broadcastTo(exp(w), [5, 3]))));
  const first = as("first", () => sum(reshape(slice(outputs[1], [[0, 2]]), [6])));
  const loss = as("loss", () => mul(mul(kept, first), sum(carry[0])));
  return { run: { loss, slope: grad(loss, w) } };
});

/** The first words of the lines of a loop's body, and what its results are called. */
function wordsOfLoops(text: string): ReadonlySet<string> {
  const bodies = [...text.matchAll(/^body [^]*?\n\n/gm)].map(([body]) => body);
  const starts = bodies.flatMap((body) => [...body.matchAll(/^ *(\w+) [\w`∂/.]+(?: over|:| ←| reversed)/gm)]);
  const results = [...text.matchAll(/results?=\[?([^\])]*)/g)].flatMap(([, list]) => list.split(", "));
  return new Set([...starts.map(([, word]) => word), ...results.map((each) => each.trim().split(" ")[0])]);
}

const explained = [...notation.matchAll(/^\| (.*?) \|/gm)].map(([, first]) => first).join("\n");

test("every word of a printed loop has a row", () => {
  const text = [printGraph(recurrent), printGraph(derive(recurrent))].join("\n");
  const words = wordsOfLoops(text);
  expect([...words].toSorted()).toEqual(["body", "capture", "carry", "element", "every", "final", "next", "output"]);
  for (const word of [...words, "reversed"]) expect(notation, word).toMatch(new RegExp(`\`${word}\\b`));
});

test.each(["broadcast", "reshape", "slice", "select", "iota", "fill", "einsum", "scan"])("%s has a row", (name) => {
  expect(explained).toContain(`${name}(`);
});
