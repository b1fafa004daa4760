/// The bodies of loops: blocks of their own, since they are closed. `scan(h0, x, body=step1, result=0)` refers to one.
import { formatName } from "../notation/form.ts";
import { bodyResults, scanBody, scanLetters, scanOp, scanResult, type ScanBody } from "../ops/scan.ts";
import { formatType } from "../type.ts";
import { postorder, underLayouts, type Value } from "../value.ts";
import { formatDefinition, formatReference, type Vocabulary } from "./expression.ts";
import { planPage, type Plan } from "./plan.ts";

/** Names of bodies, by their identity. */
export type BodyNames = ReadonlyMap<object, string>;

/** The bodies of all loops below the roots, inner ones first. */
export function bodiesBelow(roots: readonly Value[]): readonly ScanBody[] {
  return loopsBelow(roots).map((loop) => scanBody(loop.attrs));
}

/** For every body below the roots, inner ones first, a loop that repeats it. */
export function loopsBelow(roots: readonly Value[]): readonly Value[] {
  const found = new Map<object, Value>();
  const collect = (values: readonly Value[]): void => {
    for (const value of postorder(values)) {
      const body = value.op === scanOp ? scanBody(value.attrs) : undefined;
      if (!body || found.has(body.identity)) continue;
      collect(bodyResults(body));
      found.set(body.identity, value);
    }
  };
  collect(roots);
  return [...found.values()];
}

/** `step1`, `step2`… */
export function nameBodies(bodies: readonly ScanBody[]): BodyNames {
  return new Map(bodies.map(({ identity }, i) => [identity, `step${i + 1}`]));
}

/** A letter of a body, and what it is called there. */
export interface NamedLetter {
  readonly role: "carry" | "element" | "capture" | "position";
  readonly value: Value;
  readonly name: string;
}

/**
 * The letters of a body in their order: what it captures is called what it is called outside, or what it repeats or moves
 * is, a carry without a name what it is in the end, others by their parts. `loop` is a value that repeats the body, `names` are the names of the graph.
 */
export function bodyLetters(loop: Value, names: ReadonlyMap<Value, string>): readonly NamedLetter[] {
  const body = scanBody(loop.attrs);
  const captured = new Map(scanLetters(body).map((each, place) => [each, loop.operands[place]]));
  const order = postorder([...scanLetters(body), ...bodyResults(body)]);
  const taken = new Set(order.flatMap((value) => names.get(value) ?? []));
  const finals = namesOfFinals(body, names);
  const direct = new Set([...captured.values()].flatMap((value) => names.get(value) ?? []));
  const nameOutside = (value: Value): string | undefined => {
    const under = names.get(underLayouts(value));
    return names.get(value) ?? (under !== undefined && direct.has(under) ? undefined : under);
  };
  const outside = (value: Value): string | undefined => {
    const name = body.captures.includes(value) ? nameOutside(captured.get(value)!) : finals.get(value);
    if (name === undefined || taken.has(name)) return undefined;
    taken.add(name);
    return name;
  };
  const parts = {
    carry: body.carries,
    element: body.elements,
    capture: body.captures,
    position: order.filter((value) => value === body.position),
  };
  return (["carry", "element", "capture", "position"] as const).flatMap((role) => {
    return parts[role].map((value, i) => {
      return { role, value, name: names.get(value) ?? outside(value) ?? freeName(taken, role, i) };
    });
  });
}

/** Carries whose final value has a name, and one only. */
function namesOfFinals(body: ScanBody, names: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> {
  const found = new Map<Value, string | undefined>();
  for (const [value, name] of names) {
    if (value.op !== scanOp || scanBody(value.attrs) !== body) continue;
    const { tag, index } = scanResult(value.attrs);
    if (tag === "carry") found.set(body.carries[index], found.has(body.carries[index]) ? undefined : name);
  }
  return new Map([...found].flatMap(([carry, name]) => (name === undefined ? [] : [[carry, name] as const])));
}

/** The body of a loop as it is printed: its letters, its lines in order, and what everything in it is called. */
export interface BodyPage {
  readonly body: ScanBody;
  readonly letters: readonly NamedLetter[];
  readonly plan: Plan;
  readonly lines: readonly Value[];
  /** Names of letters and of values with names. */
  readonly names: ReadonlyMap<Value, string>;
  /** `v1`, `v2`… for lines without a name. */
  readonly automatic: ReadonlyMap<Value, string>;
}

/** Lays out the body that a loop repeats; `names` are the names of the graph. */
export function layOutBody(loop: Value, names: ReadonlyMap<Value, string>): BodyPage {
  const body = scanBody(loop.attrs);
  const results = bodyResults(body);
  const letters = bodyLetters(loop, names);
  const own = new Map(letters.map(({ value, name }) => [value, name]));
  for (const value of postorder(results)) if (names.has(value)) own.set(value, names.get(value)!);
  const taken = new Set(own.values());
  const plan = planPage([{ roots: results }], own);
  const lines = plan.order(results).filter((value) => plan.lines.has(value));
  const automatic = new Map<Value, string>();
  for (const value of lines) if (!own.has(value)) automatic.set(value, freeName(taken, "v", automatic.size));
  return { body, letters, plan, lines, names: own, automatic };
}

/** `step1 reversed over time`. */
export function bodyTitle({ length, reverse }: ScanBody, name: string): string {
  return `${name}${reverse ? " reversed" : ""} over ${length}`;
}

/** The lines of the body that a loop repeats; `names` are the names of the graph. */
export function formatBody(loop: Value, names: ReadonlyMap<Value, string>, bodies: BodyNames): readonly string[] {
  const { body, letters, plan, lines, names: own, automatic } = layOutBody(loop, names);
  const taken = new Set([...own.values(), ...automatic.values()]);
  const words: Vocabulary = {
    view: plan.view,
    isTaken: (name) => taken.has(name),
    reference: (value) => (own.has(value) ? formatName(own.get(value)!) : automatic.get(value)),
    bodyName: ({ identity }) => bodies.get(identity),
  };
  return [
    `body ${bodyTitle(body, bodies.get(body.identity)!)}`,
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
