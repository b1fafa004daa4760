/// What the values in formulas are called: looked up, not copied, since each formula may refer to all the others.
import { constantValue } from "../../ir/ops/leaf.ts";
import { sameType } from "../../ir/type.ts";
import { sameAttrs, type Value } from "../../ir/value.ts";
import type { Moment } from "./replay.ts";

/** Names of values. */
export type Names = ReadonlyMap<Value, string>;

/** A formula: a value, and what the values in it are called. */
export interface Formula {
  readonly value: Value;
  readonly names: Names;
}

/** Names that are looked up one by one: to make them costs nothing, however many there are. */
abstract class LookedUp implements Names {
  abstract get(value: Value): string | undefined;
  protected abstract all(): Iterable<readonly [Value, string]>;

  has(value: Value): boolean {
    return this.get(value) !== undefined;
  }
  get size(): number {
    return new Map(this.all()).size;
  }
  forEach(visit: Parameters<Names["forEach"]>[0]): void {
    for (const [value, name] of this.all()) visit(name, value, this);
  }
  entries(): ReturnType<Names["entries"]> {
    return new Map(this.all()).entries();
  }
  keys(): ReturnType<Names["keys"]> {
    return new Map(this.all()).keys();
  }
  values(): ReturnType<Names["values"]> {
    return new Map(this.all()).values();
  }
  [Symbol.iterator](): ReturnType<Names["entries"]> {
    return this.entries();
  }
}

class NamesBut extends LookedUp {
  readonly #others: Names;
  readonly #changed: ReadonlyMap<Value, string | undefined>;

  constructor(others: Names, changed: ReadonlyMap<Value, string | undefined>) {
    super();
    [this.#others, this.#changed] = [others, changed];
  }
  get(value: Value): string | undefined {
    return this.#changed.has(value) ? this.#changed.get(value) : this.#others.get(value);
  }
  protected *all(): Iterable<readonly [Value, string]> {
    for (const entry of this.#others) if (!this.#changed.has(entry[0])) yield entry;
    for (const [value, name] of this.#changed) if (name !== undefined) yield [value, name];
  }
}

class RenamedNames extends LookedUp {
  readonly #names: Names;
  readonly #renaming: ReadonlyMap<string, string>;

  constructor(names: Names, renaming: ReadonlyMap<string, string>) {
    super();
    [this.#names, this.#renaming] = [names, renaming];
  }
  get(value: Value): string | undefined {
    const name = this.#names.get(value);
    return name === undefined ? undefined : (this.#renaming.get(name) ?? name);
  }
  protected *all(): Iterable<readonly [Value, string]> {
    for (const [value, name] of this.#names) yield [value, this.#renaming.get(name) ?? name];
  }
}

/** The names of others, but for some values: those have the names given, or none. */
export function namesBut(others: Names, changed: ReadonlyMap<Value, string | undefined>): Names {
  return new NamesBut(others, changed);
}

/** The names of others but for that of one value. */
export function namesBeside(others: Names, own: Value): Names {
  return namesBut(others, new Map([[own, undefined]]));
}

/** Names of values, those that are letters in other ones. */
export function renamedNames(names: Names, renaming: ReadonlyMap<string, string>): Names {
  return new RenamedNames(names, renaming);
}

/** What the formula of a name may refer to at one moment. */
export type Naming = (name: string) => Names;

/** What formulas of `visible` names may refer to at a moment: others of these. */
export function namingOf(moment: Moment, visible: ReadonlySet<string>): Naming {
  const all = new Map<Value, string>();
  // Nearly every value has one name.
  const several = new Map<Value, string[]>();
  for (const [name, value] of moment) {
    if (!visible.has(name) || isBareNumber(value)) continue;
    const known = all.get(value);
    if (known === undefined) all.set(value, name);
    else if (several.has(value)) several.get(value)!.push(name);
    else several.set(value, [known, name]);
  }
  for (const [value, names] of several) all.set(value, widest(names)!);
  return (name) => {
    const own = moment.get(name)!;
    const others = several.get(own);
    // A name for the very same value says something only where it does not come to mean this one.
    if (others) return namesBut(all, new Map([[own, widest(others.slice(0, others.indexOf(name)))]]));
    return all.get(own) === name ? namesBeside(all, own) : all;
  };
}

/** The last of the names of a value; but a variable says more than what its initialiser calls its last value. */
function widest(names: readonly string[]): string | undefined {
  let found: string | undefined;
  for (const name of names) if (found?.startsWith(`${name}.`) ?? true) found = name;
  return found;
}

/** 0 and 1 stand in many places, and what a model calls one of them is no name of the others. */
export function isBareNumber(value: Value): boolean {
  return [0, 1].includes(constantValue(value) ?? NaN);
}

/**
 * True where two formulas must read the same: they differ in values that have names alone, and these have the same names.
 * What names stand for is not gone through, as long as it may be.
 */
export function readsAlike(first: Formula, second: Formula): boolean {
  const images = new Map([[first.value, second.value]]);
  const origins = new Map([[second.value, first.value]]);
  for (const [one, other] of images) {
    const name = first.names.get(one);
    if (name !== second.names.get(other)) return false;
    if (one.constant !== other.constant || !sameType(one.type, other.type)) return false;
    if (name !== undefined) continue;
    if (one.op !== other.op || !sameAttrs(one.attrs, other.attrs)) return false;
    if (one !== other && one.operands.length === 0) return false;
    for (let i = 0; i < one.operands.length; i++) {
      const [left, right] = [one.operands[i], other.operands[i]];
      if (!images.has(left) && !origins.has(right)) {
        images.set(left, right);
        origins.set(right, left);
      } else if (images.get(left) !== right) return false;
    }
  }
  return true;
}
