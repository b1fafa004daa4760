/// The bodies of loops: blocks of their own, since they are closed. `scan(h0, x, body=step1, result=0)` refers to one.
import { formatName } from "../notation/form.ts";
import { bodyResults, scanBody, scanLetters, scanOp, type ScanBody } from "../ops/scan.ts";
import { formatType } from "../type.ts";
import { postorder, type Value } from "../value.ts";
import { formatDefinition, formatReference, type Vocabulary } from "./expression.ts";
import { planPage } from "./plan.ts";

/** Names of bodies, by their identity. */
export type BodyNames = ReadonlyMap<object, string>;

/** The bodies of all loops below the roots, inner ones first. */
export function bodiesBelow(roots: readonly Value[]): readonly ScanBody[] {
  const found = new Map<object, ScanBody>();
  const collect = (values: readonly Value[]): void => {
    for (const value of postorder(values)) {
      const body = value.op === scanOp ? scanBody(value.attrs) : undefined;
      if (!body || found.has(body.identity)) continue;
      collect(bodyResults(body));
      found.set(body.identity, body);
    }
  };
  collect(roots);
  return [...found.values()];
}

/** `step1`, `step2`… */
export function nameBodies(bodies: readonly ScanBody[]): BodyNames {
  return new Map(bodies.map(({ identity }, i) => [identity, `step${i + 1}`]));
}

/** The lines of a body; `names` are the names of the graph. */
export function formatBody(body: ScanBody, names: ReadonlyMap<Value, string>, bodies: BodyNames): readonly string[] {
  const results = bodyResults(body);
  const own = new Map<Value, string>();
  const order = postorder([...scanLetters(body), ...results]);
  for (const value of order) {
    if (names.has(value)) own.set(value, names.get(value)!);
  }
  const taken = new Set(own.values());
  const parts = {
    carry: body.carries,
    element: body.elements,
    capture: body.captures,
    position: order.filter((value) => value === body.position),
  };
  const letters = Object.entries(parts).flatMap(([role, values]) => {
    return values.map((value, i) => ({ role, value, name: own.get(value) ?? freeName(taken, role, i) }));
  });
  for (const { value, name } of letters) own.set(value, name);
  const plan = planPage([{ roots: results }], own);
  const lines = plan.order(results).filter((value) => plan.lines.has(value));
  const automatic = new Map<Value, string>();
  for (const value of lines) if (!own.has(value)) automatic.set(value, freeName(taken, "v", automatic.size));
  const words: Vocabulary = {
    view: plan.view,
    isTaken: (name) => taken.has(name),
    reference: (value) => (own.has(value) ? formatName(own.get(value)!) : automatic.get(value)),
    bodyName: ({ identity }) => bodies.get(identity),
  };
  return [
    `body ${bodies.get(body.identity)}${body.reverse ? " reversed" : ""} over ${body.length}`,
    ...letters.map(({ role, value, name }) => `  ${role} ${formatName(name)}: ${formatType(value.type)}`),
    ...lines.map((value) => `  ${words.reference(value)} = ${formatDefinition(value, words)}`),
    ...body.next.map((value) => `  next ${formatReference(value, words)}`),
    ...body.outputs.map((value) => `  output ${formatReference(value, words)}`),
  ];
}

function freeName(taken: Set<string>, role: string, position: number): string {
  let count = position + 1;
  while (taken.has(`${role}${count}`)) count++;
  taken.add(`${role}${count}`);
  return `${role}${count}`;
}
