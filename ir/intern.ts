/// Finding equal values again, and what is known of a value. What was built on it and found out about it is kept with it,
/// out of sight, so that it dies with the graph.

type Attrs = Readonly<Record<string, unknown>>;

/** What is found again: something applied to operands. */
export interface Application {
  readonly op: object;
  readonly operands: readonly Application[];
  readonly attrs: Attrs;
  readonly constant: boolean;
}

/** What was built on one value, by op; where there is much, by what tells applications of one op apart. */
export type InternTable<V extends Application> = Map<object, V[] | Map<unknown, V[]>>;

/** So many applications are looked through one by one. */
const few = 8;

const keptKey: unique symbol = Symbol("kept");

/** What is kept with one value. */
interface Kept {
  applications: InternTable<never> | undefined;
  /** Whose fact, and the fact: of so few, looking through them is quicker than a table. */
  facts: unknown[] | undefined;
}

/**
 * The value with a place for what is kept with it, which must not show when the value is printed or compared structurally.
 * Every value has it from the start: objects of one shape are what engines make fast code for.
 */
export function withPlace<V extends object>(value: V): V {
  const kept: Kept = { applications: undefined, facts: undefined };
  return Object.defineProperty(value, keptKey, { value: kept, enumerable: false });
}

function keptWith(value: object & { [keptKey]?: Kept }): Kept {
  return value[keptKey] ?? keptWith(withPlace(value));
}

/** The table of a value. */
export function internTable<V extends Application>(anchor: V): InternTable<V> {
  const kept = keptWith(anchor as object) as { applications: InternTable<V> | undefined };
  return (kept.applications ??= new Map());
}

/** What is known of values, each value's own kept with it. */
export interface Facts<V extends object, T> {
  has(value: V): boolean;
  get(value: V): T | undefined;
  set(value: V, fact: T): void;
}

/** A place for one fact of every value. It must follow from the value alone: whoever asks next takes it as it is. */
export function makeFacts<V extends object, T>(): Facts<V, T> {
  const facts: Facts<V, T> = {
    has: (value) => placeOf(facts, keptWith(value).facts) >= 0,
    get(value) {
      const kept = keptWith(value);
      const place = placeOf(facts, kept.facts);
      return place < 0 ? undefined : (kept.facts![place] as T);
    },
    set: (value, fact) => noteFact(keptWith(value), facts, fact),
  };
  return facts;
}

/** The function, which finds out once what follows from a value alone. */
export function remembering<V extends object, T>(find: (value: V) => T): (value: V) => T {
  return (value) => {
    const kept = keptWith(value);
    const place = placeOf(find, kept.facts);
    if (place >= 0) return kept.facts![place] as T;
    const found = find(value);
    noteFact(kept, find, found);
    return found;
  };
}

function placeOf(whose: object, facts: readonly unknown[] | undefined): number {
  if (facts) for (let i = 0; i < facts.length; i += 2) if (facts[i] === whose) return i + 1;
  return -1;
}

function noteFact(kept: Kept, whose: object, fact: unknown): void {
  const place = placeOf(whose, kept.facts);
  if (place >= 0) kept.facts![place] = fact;
  else if (kept.facts) kept.facts.push(whose, fact);
  else kept.facts = [whose, fact];
}

// What follows runs for every value that any pass looks at: plain loops, since closures would cost more than the work.

/** The first operand that is not made of constants alone. */
export function firstVarying<V extends Application>(operands: readonly V[]): V | undefined {
  for (let i = 0; i < operands.length; i++) if (!operands[i].constant) return operands[i];
  return undefined;
}

/** True where the operands are these very objects. */
export function isMadeOf(value: Application, operands: readonly Application[]): boolean {
  for (let i = 0; i < operands.length; i++) if (operands[i] !== value.operands[i]) return false;
  return true;
}

/** A new array, of one kind whoever made the operands: `map` and literals make several, and each means code of its own. */
export function packed<V>(operands: readonly V[]): readonly V[] {
  if (operands.length === 1) return [operands[0]];
  return operands.length === 2 ? [operands[0], operands[1]] : Array.of(...operands);
}

/** True when two values are the same value: one object, or equal expressions of constants. */
export function same(a: Application, b: Application): boolean {
  if (a === b) return true;
  if (!a.constant || !b.constant || a.op !== b.op) return false;
  return sameApplication(a, b.operands, b.attrs);
}

/** The type is the same where op, operands and attributes are. */
function sameApplication(value: Application, operands: readonly Application[], attrs: Attrs): boolean {
  const own = value.operands;
  if (own.length !== operands.length) return false;
  for (let i = 0; i < own.length; i++) if (own[i] !== operands[i] && !same(own[i], operands[i])) return false;
  return value.attrs === attrs || sameAttrs(value.attrs, attrs);
}

/** The equal application, if there is one. */
export function findSame<V extends Application>(
  table: InternTable<V>,
  op: object,
  operands: readonly V[],
  attrs: Attrs,
): V | undefined {
  const built = alike(table, op, operands, attrs);
  if (!built) return undefined;
  for (let i = 0; i < built.length; i++) if (sameApplication(built[i], operands, attrs)) return built[i];
  return undefined;
}

/** The applications among which an equal one is, if there is one. */
function alike<V extends Application>(
  table: InternTable<V>,
  op: object,
  operands: readonly V[],
  attrs: Attrs,
): readonly V[] | undefined {
  const built = table.get(op);
  return built instanceof Map ? built.get(distinction(operands, attrs)) : built;
}

/** Adds an application of `op`. */
export function keep<V extends Application>(table: InternTable<V>, op: object, value: V): void {
  const built = table.get(op);
  if (!built) table.set(op, [value]);
  else if (built instanceof Map) keepApart(built, value);
  else if (built.push(value) > few) {
    const many = new Map<unknown, V[]>();
    for (const each of built) keepApart(many, each);
    table.set(op, many);
  }
}

/** Finds `after` from now on where `before`, its equal, was found. */
export function replaceKept<V extends Application>(table: InternTable<V>, before: V, after: V): void {
  const built = alike(table, before.op, before.operands, before.attrs) as V[] | undefined;
  const place = built?.indexOf(before) ?? -1;
  if (built && place >= 0) built[place] = after;
  else keep(table, after.op, after);
}

function keepApart<V extends Application>(applications: Map<unknown, V[]>, value: V): void {
  const key = distinction(value.operands, value.attrs);
  const known = applications.get(key);
  if (known) known.push(value);
  else applications.set(key, [value]);
}

/** Equal applications have the same; most that differ do not: the last operand, or attributes and numbers as text. */
function distinction(operands: readonly Application[], attrs: Attrs): unknown {
  // The first one that varies holds the table.
  let varying = 0;
  for (const operand of operands) if (!operand.constant) varying++;
  if (varying > 1) return operands.findLast((operand) => !operand.constant);
  return [attrs, ...operands.map((operand) => operand.attrs)].map(attrsText).join("|");
}

/** The plain data among attributes, whatever the order of their names. */
function attrsText(attrs: Attrs): string {
  const entries = Object.entries(attrs).map(([name, data]) => `${name}:${plainText(data)}`);
  return entries.sort().join();
}

function plainText(data: unknown): string {
  if (Array.isArray(data)) return data.map(plainText).join();
  return typeof data === "object" || typeof data === "function" ? "" : String(data);
}

/** Deep equality of attributes; identity records are compared by reference. */
export function sameAttrs(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && sameItems(a, b);
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length || "identity" in a || "identity" in b) return false;
  for (const name of names) if (!sameAttrs((a as Attrs)[name], (b as Attrs)[name])) return false;
  return true;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i] && !sameAttrs(a[i], b[i])) return false;
  return true;
}
