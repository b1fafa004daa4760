/// Finding equal values again, and what is known of a value. What was built on it and found out about it is kept with it,
/// out of sight, so that it dies with the graph.

type Attrs = Readonly<Record<string, unknown>>;

/** What is found again: something applied to operands. */
export interface Application {
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
  facts: Map<object, unknown> | undefined;
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
    has: (value) => factsOf(value).has(facts),
    get: (value) => factsOf(value).get(facts) as T | undefined,
    set: (value, fact) => void factsOf(value).set(facts, fact),
  };
  return facts;
}

/** The function, which finds out once what follows from a value alone. */
export function remembering<V extends object, T>(find: (value: V) => T): (value: V) => T {
  return (value) => {
    const facts = factsOf(value);
    const known = facts.get(find);
    if (known !== undefined || facts.has(find)) return known as T;
    const found = find(value);
    facts.set(find, found);
    return found;
  };
}

function factsOf(value: object): Map<object, unknown> {
  return (keptWith(value).facts ??= new Map());
}

/** The applications among which an equal one is, if there is one. */
export function alike<V extends Application>(
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
export function replaceKept<V extends Application & { readonly op: object }>(
  table: InternTable<V>,
  before: V,
  after: V,
): void {
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
  const others = operands.filter((operand) => !operand.constant).slice(1);
  if (others.length > 0) return others[others.length - 1];
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
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => sameAttrs(x, b[i]));
  }
  const left = Object.entries(a);
  if (left.length !== Object.keys(b).length || "identity" in a || "identity" in b) return false;
  return left.every(([key, x]) => sameAttrs(x, (b as Attrs)[key]));
}
