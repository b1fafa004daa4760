/// The bodies of loops are graphs of their own: passes that rewrite a graph rewrite them as well, each by itself. No
/// rewrite crosses the boundary.
import { graphRoots, graphValues, type Graph, type Note } from "../../ir/graph.ts";
import { bodyResults, scanBody, scanLetters, scanOp, type ScanBody } from "../../ir/ops/scan.ts";
import { apply, postorder, withOperands, type Value } from "../../ir/value.ts";
import { runPasses, type Pass } from "../pass.ts";
import { bottomUp } from "../rewrite/bottom-up.ts";
import type { DerivationLog } from "../rewrite/log.ts";
import { replaceValues } from "./replace.ts";

/** Why a log says that a loop has another body. */
const insideOut = {
  name: "a loop's body rewritten by itself",
  identity: "scan(f, x) = scan(f, x)",
  contract: "exact",
} as const;

/** The pass that runs others inside every loop, the innermost first; `log` notes which loops have other bodies. */
export function insideScans(passes: readonly Pass[], log?: DerivationLog): Pass {
  const pass: Pass = {
    name: "insideScans",
    doc: "The body of every loop has gone through the passes as well, and takes nothing that it does not read.",
    run(graph) {
      if (graphValues(graph).every((value) => value.op !== scanOp)) return graph;
      const bodies = new Map<object, Rewritten>();
      const notes = new Map(graph.notes);
      const done = new Map<Value, Value>();
      const observe = log?.phase(pass.name);
      const replace = (root: Value): Value =>
        bottomUp(root, done, (value, operands) => {
          if (value.op !== scanOp) return withOperands(value, operands);
          const body = scanBody(value.attrs);
          const known = bodies.get(body.identity) ?? rewriteBody(body, [pass, ...passes], notes);
          bodies.set(body.identity, known);
          if (known.body === body) return withOperands(value, operands);
          const kept = operands.filter((_, place) => known.kept[place]);
          const after = apply(scanOp, kept, { ...value.attrs, body: known.body });
          observe?.(insideOut, withOperands(value, operands), after);
          return after;
        });
      graphRoots(graph).forEach(replace);
      return replaceValues({ ...graph, notes }, replace);
    },
  };
  return pass;
}

interface Rewritten {
  readonly body: ScanBody;
  /** Which operands of the loop are still read. */
  readonly kept: readonly boolean[];
}

/** A body as a graph of one entry point, through the passes and back. */
function rewriteBody(body: ScanBody, passes: readonly Pass[], notes: Map<Value, Note>): Rewritten {
  const letters = scanLetters(body);
  const before = bodyResults(body);
  const own = new Set(postorder([...letters, ...before]));
  const outputs = before.map((value, index) => ({ name: `${index}`, value }));
  const graph: Graph = {
    name: "body",
    entryPoints: [{ name: "body", outputs, updates: [] }],
    inputs: [...letters, body.position],
    states: [],
    notes: new Map([...notes].filter(([value]) => own.has(value))),
  };
  const after = runPasses(graph, passes);
  const results = after.entryPoints[0].outputs.map(({ value }) => value);
  const read = new Set(postorder(results));
  const kept = letters.map((each, place) => place < body.carries.length || read.has(each));
  if (kept.every((each) => each) && results.every((value, index) => value === before[index])) return { body, kept };
  for (const [value, note] of after.notes) notes.set(value, note);
  const next = results.slice(0, body.next.length);
  const rewritten: ScanBody = {
    ...body,
    identity: {},
    elements: body.elements.filter((each) => read.has(each)),
    captures: body.captures.filter((each) => read.has(each)),
    next,
    outputs: results.slice(next.length),
  };
  return { body: rewritten, kept };
}
