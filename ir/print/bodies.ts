/// The bodies of loops: blocks of their own, since they are closed. `h = scan(h0, x, body=step1, result=final h)` refers to one.
import { formatName } from "../notation/form.ts";
import { bodyResults, scanBody, scanLetters, scanOp, scanResult, type ScanBody } from "../ops/scan.ts";
import { formatType } from "../type.ts";
import { broadcastOp } from "../ops/sum.ts";
import { postorder, underLayouts, withOperands, type Value } from "../value.ts";
import { formatDefinition, formatReference, type Vocabulary } from "./expression.ts";
import { firstOfLoops, planPage, type Plan } from "./plan.ts";
import { pageWidth, wrap } from "./wrap.ts";

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

/** A letter of a body, and what it is called there. */
export interface NamedLetter {
  readonly role: "carry" | "element" | "capture" | "position";
  readonly value: Value;
  readonly name: string;
}

/**
 * The letters of a body in their order: what it captures or walks along is called what that is called outside, or what it
 * repeats or moves is, a carry without a name what it is in the end, others by their parts. `loop` is a value that repeats
 * the body, `names` are the names of the graph, `madeUp` those that other bodies of the page made up, `given` what values
 * without a name are called already.
 */
function bodyLetters(
  loop: Value,
  names: ReadonlyMap<Value, string>,
  madeUp: Set<string>,
  given: ReadonlyMap<Value, string>,
): readonly NamedLetter[] {
  const body = scanBody(loop.attrs);
  const bound = new Map(scanLetters(body).map((each, place) => [each, loop.operands[place]]));
  const order = postorder([...scanLetters(body), ...bodyResults(body)]);
  const taken = new Set(order.flatMap((value) => names.get(value) ?? []));
  const finals = namesOfFinals(body, names);
  const direct = new Set([...bound.values()].flatMap((value) => names.get(value) ?? []));
  const nameOutside = (value: Value): string | undefined => {
    const under = names.get(underLayouts(value));
    return names.get(value) ?? (under !== undefined && direct.has(under) ? undefined : under);
  };
  const outside = (value: Value): string | undefined => {
    const name = body.carries.includes(value) ? finals.get(value) : nameOutside(bound.get(value) ?? value);
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
      const name = names.get(value) ?? outside(value) ?? freely(given.get(value), taken);
      return { role, value, name: name ?? freeName(role, i, [taken, madeUp]) };
    });
  });
}

/** Carries whose final value has a name, and one only. */
function namesOfFinals(body: ScanBody, names: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> {
  const found = new Map<Value, Set<string>>();
  for (const [value, name] of names) {
    if (value.op !== scanOp || scanBody(value.attrs) !== body) continue;
    const { tag, index } = scanResult(value.attrs);
    const carry = body.carries[index];
    if (tag === "carry") found.set(carry, new Set([...(found.get(carry) ?? []), name]));
  }
  return new Map([...found].flatMap(([carry, own]) => (own.size === 1 ? [[carry, [...own][0]] as const] : [])));
}

/** What moves the elements of a captured value in a body is called what that is called outside. */
function namesOfPlacements(loop: Value, names: ReadonlyMap<Value, string>): ReadonlyMap<Value, string> {
  const body = scanBody(loop.attrs);
  const first = body.carries.length + body.elements.length;
  const outside = new Map(body.captures.map((capture, place) => [capture, loop.operands[first + place]]));
  const found = new Map<Value, string>();
  for (const value of postorder(bodyResults(body))) {
    const [operand] = value.operands;
    const captured = value.op.kind === "layout" ? outside.get(operand) : undefined;
    if (!captured) continue;
    outside.set(value, withOperands(value, [captured]));
    const name = names.get(outside.get(value)!);
    // Operands stretch without a word.
    if (name !== undefined && value.op !== broadcastOp) found.set(value, name);
  }
  return found;
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

/** A body with the name by which loops refer to it, `step1`. */
export interface LoopPage extends BodyPage {
  readonly title: string;
}

/**
 * Lays out the body that a loop repeats; `names` are the names of the graph, `madeUp` grows by what it makes up, and `given`
 * is what another page calls what has no name.
 */
export function layOutBody(
  loop: Value,
  names: ReadonlyMap<Value, string>,
  madeUp = new Set<string>(),
  given: ReadonlyMap<Value, string> = new Map(),
): BodyPage {
  const body = scanBody(loop.attrs);
  const results = bodyResults(body);
  const letters = bodyLetters(loop, names, madeUp, given);
  const own = new Map(letters.map(({ value, name }) => [value, name]));
  for (const value of postorder(results)) if (names.has(value)) own.set(value, names.get(value)!);
  const taken = new Set(own.values());
  for (const [value, name] of namesOfPlacements(loop, names)) {
    if (own.has(value) || taken.has(name)) continue;
    own.set(value, name);
    taken.add(name);
  }
  const plan = planPage([{ roots: results }], own);
  const lines = firstOfLoops(
    plan.order(results).filter((value) => plan.lines.has(value)),
    plan,
  );
  const automatic = new Map<Value, string>();
  for (const value of lines.flatMap(plan.siblings)) {
    if (own.has(value)) continue;
    automatic.set(value, freely(given.get(value), taken) ?? freeName("v", automatic.size, [taken, madeUp]));
  }
  return { body, letters, plan, lines, names: own, automatic };
}

/** `step1 reversed over time`. */
export function bodyTitle({ length, reverse }: ScanBody, name: string): string {
  return `${name}${reverse ? " reversed" : ""} over ${length}`;
}

/**
 * The bodies below the roots, inner ones first, by their identity; `names` are the names of the graph. What is made up,
 * `v1` or `carry1`, is the name of one value in all of them, and `madeUp` grows by it.
 */
export function layOutLoops(
  roots: readonly Value[],
  names: ReadonlyMap<Value, string>,
  madeUp = new Set<string>(),
): ReadonlyMap<object, LoopPage> {
  return new Map(
    loopsBelow(roots).map((loop, i) => {
      const page = layOutBody(loop, names, madeUp);
      return [page.body.identity, { ...page, title: `step${i + 1}` }];
    }),
  );
}

/** How formulas refer to bodies that are printed. */
export function loopWords(loops: ReadonlyMap<object, LoopPage>): NonNullable<Vocabulary["loop"]> {
  return ({ identity }) => {
    const page = loops.get(identity);
    return page && { name: page.title, inside: (value) => nameInBody(page, value) };
  };
}

function nameInBody({ names, automatic }: BodyPage, value: Value): string | undefined {
  const name = names.get(value);
  return name === undefined ? automatic.get(value) : formatName(name);
}

/** The lines of a body that a loop repeats. */
export function formatBody(page: LoopPage, loop: NonNullable<Vocabulary["loop"]>): readonly string[] {
  const { body, letters, plan, lines, names, automatic } = page;
  const taken = new Set([...names.values(), ...automatic.values()]);
  const words: Vocabulary = {
    ...{ view: plan.view, siblings: plan.siblings, loop },
    isTaken: (name) => taken.has(name),
    reference: (value) => nameInBody(page, value),
  };
  const left = (value: Value): string =>
    plan
      .siblings(value)
      .map((each) => words.reference(each))
      .join(", ");
  return [
    `body ${bodyTitle(body, page.title)}`,
    ...letters.map(({ role, value, name }) => `  ${role} ${formatName(name)}: ${formatType(value.type)}`),
    ...lines.map((value) => `  ${left(value)} = ${formatDefinition(value, words)}`),
    ...body.next.map((value, i) => `  next ${words.reference(body.carries[i])} ← ${formatReference(value, words)}`),
    ...body.outputs.map((value) => `  output ${formatReference(value, words)}`),
  ].flatMap((line, i) => (i === 0 ? [line] : wrap(line, pageWidth, "      ")));
}

/** A name that is not taken yet, which it then is. */
function freely(name: string | undefined, taken: Set<string>): string | undefined {
  if (name === undefined || taken.has(name)) return undefined;
  taken.add(name);
  return name;
}

/** `carry1` and its like, which is then taken. */
function freeName(role: string, position: number, taken: readonly Set<string>[]): string {
  let count = position + 1;
  while (taken.some((names) => names.has(`${role}${count}`))) count++;
  for (const names of taken) names.add(`${role}${count}`);
  return `${role}${count}`;
}
