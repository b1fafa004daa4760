/// Clusters while they are filled: what each reads so far, and which others it waits for.
import { settingOp } from "../../ir/ops/leaf.ts";
import type { Shape } from "../../ir/type.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { spaceIndex } from "./access.ts";
import { countBindings, type Shares } from "./bindings.ts";
import {
  accumulatorLength,
  mostBindings,
  mostMembers,
  type Cluster,
  type Lessons,
  type Refusal,
  type View,
} from "./partition.ts";
import { createPrecedence, longestChains, type Precedence } from "./precedence.ts";
import { accumulatorCount } from "./size.ts";

/** A cluster that still grows. */
export interface Draft extends Cluster {
  /** A kernel of elements becomes one that adds them up as well. */
  kind: Cluster["kind"];
  axes: readonly number[];
  /** Its place in the list of clusters. */
  readonly position: number;
  readonly first: Value;
  readonly members: Set<Value>;
  readonly views: View[];
  /** What its members read, constants aside: values of any cluster, leaves, and what is recomputed on the way. */
  readonly inputs: Set<Value>;
  /** Those of them that lie in memory, leaves and values of other clusters; and tensors that members are written to. */
  readonly tensors: Set<Value>;
  /** How much text its members are: as of so many elementwise values. */
  length: number;
  /** Room kept for a result: one tensor at least, as long as none is known. */
  reserve: number;
}

/** The clusters so far. */
export interface Growth {
  readonly drafts: readonly Draft[];
  readonly home: ReadonlyMap<Value, Draft>;
  start(value: Value, kind: Cluster["kind"], space: Shape, axes?: readonly number[]): Draft;
  join(value: Value, target: Draft): void;
  /** What a value reads through layouts, down to leaves and to values that a cluster computes. */
  inputsOf(value: Value): ReadonlySet<Value>;
  /** The clusters with room that compute or read one of the inputs, in the order in which they were started. */
  beside(inputs: readonly Value[]): readonly Draft[];
  /** The clusters that compute what the value reads. */
  sourcesOf(value: Value): ReadonlySet<Draft>;
  /**
   * Has all others that read a value of the cluster read it from memory, instead of computing it again. False where the
   * cluster waits for one of them.
   */
  share(value: Value, target: Draft): boolean;
  /** True for a cluster that another waits for. */
  isAwaited(target: Draft): boolean;
  /** True where kernels would follow each other in a longer chain if all that read the value waited for the cluster. */
  delays(value: Value, target: Draft): boolean;
  /** True when the cluster has room for the value, and nothing that the value reads waits for the cluster. */
  admits(target: Draft, value: Value): boolean;
  /** Notes why a cluster does not take a value in; gives false, which a caller may hand on. */
  refuse(value: Value, target: Draft, reason: Refusal): false;
}

/** No clusters yet; values in `cuts` get one that nothing joins. */
export function createGrowth(lessons: Lessons): Growth {
  const { cuts, written, refused } = lessons;
  const drafts: Draft[] = [];
  const [home, known] = [new Map<Value, Draft>(), new Map<Value, ReadonlySet<Value>>()];
  const [readers, precedence] = [createReaders(home, lessons.shares), createPrecedence()];

  const inputsOf = (value: Value): ReadonlySet<Value> => {
    const inputs = known.get(value) ?? findInputs(value, home);
    known.set(value, inputs);
    return inputs;
  };
  const sourcesOf = (value: Value): ReadonlySet<Draft> => homesOf(inputsOf(value), home);

  const join = (value: Value, target: Draft): void => {
    for (const input of inputsOf(value)) {
      if (input.constant) continue;
      target.inputs.add(input);
      readers.add(input, target);
      if (isTensor(input, target, home)) target.tensors.add(input);
    }
    for (const tensor of written.get(value) ?? []) {
      target.tensors.add(tensor);
      target.reserve = 0;
    }
    for (const source of sourcesOf(value)) {
      if (source !== target) precedence.add(target.position, source.position);
      if (source !== target) refused?.(value, source, "elsewhere");
    }
    target.members.add(value);
    target.length += Math.max(1, accumulatorLength * accumulatorCount(value));
    home.set(value, target);
  };
  const refuse = refuseTo(lessons);
  return {
    ...{ drafts, home, refuse, inputsOf, sourcesOf, join },
    beside: (inputs) => readers.beside(inputs),
    start(value, kind, space, axes = []) {
      const sets = { members: new Set<Value>(), inputs: new Set<Value>(), tensors: new Set<Value>() };
      const sealed = cuts.has(value) || kind === "sort" || kind === "attention" || kind === "loop";
      const place = { position: drafts.length, first: value };
      const index = spaceIndex(space);
      const draft: Draft = { kind, space, index, axes, sealed, ...place, views: [], length: 0, reserve: 1, ...sets };
      drafts.push(draft);
      for (const source of sourcesOf(value)) refused?.(value, source, cuts.has(value) ? "bindings" : "starts");
      join(value, draft);
      return draft;
    },
    share: (value, target) => letUsersWait(value, target, drafts, precedence),
    isAwaited: ({ position }) => precedence.isAwaited(position),
    delays: (value, target) => wouldWaitLonger(value, target, drafts, precedence),
    admits(target, value) {
      const reason = objection(target, value, inputsOf(value), lessons, home, precedence);
      return reason === undefined || refuse(value, target, reason);
    },
  };
}

function refuseTo({ refused }: Lessons): Growth["refuse"] {
  return (value, target, reason) => {
    refused?.(value, target, reason);
    return false;
  };
}

/** The clusters that compute values. */
export function homesOf(inputs: Iterable<Value>, home: ReadonlyMap<Value, Draft>): ReadonlySet<Draft> {
  const homes = new Set<Draft>();
  for (const input of inputs) {
    const source = home.get(input);
    if (source) homes.add(source);
  }
  return homes;
}

/** True when a kernel can bind what a value reads as well, and what it is written to as far as that is known. */
function hasRoom(
  target: Draft,
  inputs: ReadonlySet<Value>,
  results: ReadonlySet<Value> | undefined,
  home: ReadonlyMap<Value, Draft>,
  shares: Shares,
): boolean {
  const tensors = new Set([...target.tensors, ...(results ?? [])]);
  for (const input of inputs) if (isTensor(input, target, home)) tensors.add(input);
  return countBindings(tensors, shares) <= mostBindings - (results ? 0 : target.reserve);
}

/** True when the cluster of an input waits for the target. */
function waitFor(
  target: Draft,
  inputs: ReadonlySet<Value>,
  home: ReadonlyMap<Value, Draft>,
  { waits }: Precedence,
): boolean {
  for (const input of inputs) {
    const source = home.get(input);
    if (source && source !== target && waits(source.position, target.position)) return true;
  }
  return false;
}

/** Has the clusters that read a value wait for the one that writes it, unless that waits for one of them. */
function letUsersWait(value: Value, target: Draft, drafts: readonly Draft[], { waits, add }: Precedence): boolean {
  const users = usersOf(value, target, drafts);
  if (users.some((user) => waits(target.position, user.position))) return false;
  for (const user of users) add(user.position, target.position);
  return true;
}

/** True where the longest chain of clusters would be longer if those that read a value waited for the one that writes it. */
function wouldWaitLonger(value: Value, target: Draft, drafts: readonly Draft[], precedence: Precedence): boolean {
  const users = usersOf(value, target, drafts);
  if (users.length === 0) return false;
  const { to, from } = longestChains(drafts.length, precedence);
  const longest = to.reduce((most, each) => Math.max(most, each));
  return users.some((user) => to[target.position] + from[user.position] > longest);
}

/** The other clusters that read a value. */
const usersOf = (value: Value, target: Draft, drafts: readonly Draft[]): readonly Draft[] =>
  drafts.filter((each) => each !== target && each.inputs.has(value));

/** True for what a kernel reads from memory: leaves, and values of other clusters. */
function isTensor(input: Value, target: Draft, home: ReadonlyMap<Value, Draft>): boolean {
  if (input.constant) return false;
  return input.op.kind === "leaf" ? input.op !== settingOp : home.has(input) && home.get(input) !== target;
}

/** What stands against a value in a cluster. */
function objection(
  target: Draft,
  value: Value,
  inputs: ReadonlySet<Value>,
  { apart, written, shares }: Lessons,
  home: ReadonlyMap<Value, Draft>,
  precedence: Precedence,
): Refusal | undefined {
  const full = fullness(target, shares);
  if (full) return full;
  const isApart = apart.get(value)?.has(target.first);
  if (isApart || !hasRoom(target, inputs, written.get(value), home, shares)) return "bindings";
  return waitFor(target, inputs, home, precedence) ? "waits" : undefined;
}

/** Why a cluster takes in nothing more, if that is so. */
function fullness({ sealed, length, tensors, reserve }: Draft, shares: Shares): Refusal | undefined {
  if (sealed) return "sealed";
  if (length >= mostMembers) return "members";
  return countBindings(tensors, shares) > mostBindings - reserve ? "bindings" : undefined;
}

/** Which clusters read what; those that are full are forgotten, since clusters only grow. */
function createReaders(home: ReadonlyMap<Value, Draft>, shares: Shares) {
  const readers = new Map<Value, Set<Draft>>();
  return {
    add(input: Value, draft: Draft): void {
      const known = readers.get(input);
      if (known) known.add(draft);
      else readers.set(input, new Set([draft]));
    },
    beside(inputs: readonly Value[]): readonly Draft[] {
      const found = new Set<Draft>();
      for (const input of inputs) {
        const known = readers.get(input) ?? new Set();
        for (const draft of known) if (fullness(draft, shares)) known.delete(draft);
        for (const draft of [...known, ...(home.has(input) ? [home.get(input)!] : [])]) found.add(draft);
      }
      return [...found].sort((a, b) => a.position - b.position);
    },
  };
}

function findInputs(value: Value, home: ReadonlyMap<Value, Cluster>): ReadonlySet<Value> {
  // What is written for a loop to read it, such as a row, is a tensor to it, and under layouts to others.
  const fed = (operand: Value): boolean => value.op.kind === "scan" && home.has(operand);
  const inputs = new Set<Value>(value.operands.filter(fed));
  const pending = value.operands.filter((operand) => !fed(operand)).toReversed();
  for (let each = pending.pop(); each; each = pending.pop()) {
    const base = underLayouts(each);
    if (inputs.has(base)) continue;
    inputs.add(base);
    if (home.has(base)) continue;
    for (let position = base.operands.length - 1; position >= 0; position--) pending.push(base.operands[position]);
  }
  return inputs;
}
