/// What tells kernels apart before they are lowered: everything but names and places in memory. The layers of a network are
/// alike, and so are their gradients and updates; what is alike is lowered and written once.
import { isValue, type OpKind, type Value } from "../ir/value.ts";
import { targetTensor } from "./lower/kernel.ts";
import type { PlannedStep } from "./plan.ts";

/** What a kernel is, as a text, and the tensors that the text knows by their numbers. */
export interface Signature {
  /** Kernels of one text do the same with their tensors. */
  readonly text: string;
  readonly tensors: readonly Value[];
}

/** Gives signatures; those of steps are remembered. */
export interface Signer {
  of(step: PlannedStep): Signature;
  /** Of kernels side by side: those of each, and which tensors they have in common. */
  ofAll(steps: readonly PlannedStep[]): Signature;
}

/** A signer for the steps of a program. */
export function createSigner(): Signer {
  const known = new Map<PlannedStep, Signature>();
  const identities = new Map<unknown, number>();
  const identify = (object: unknown): string => `#${numberOf(object, identities)}`;
  const of = (step: PlannedStep): Signature => {
    const signature = known.get(step) ?? sign(step, identify);
    known.set(step, signature);
    return signature;
  };
  return {
    of,
    ofAll(steps) {
      if (steps.length === 1) return of(steps[0]);
      const numbers = new Map<unknown, number>();
      const texts = steps.map(of).map(({ text, tensors }) => {
        return `${text}\n${tensors.map((each) => numberOf(each, numbers)).join()}`;
      });
      return { text: texts.join("\n\n"), tensors: [...numbers.keys()] as Value[] };
    },
  };
}

/** Things are numbered as they come. */
function numberOf(thing: unknown, numbers: Map<unknown, number>): number {
  const known = numbers.get(thing);
  if (known !== undefined) return known;
  numbers.set(thing, numbers.size);
  return numbers.size - 1;
}

/** Kinds of members that a kernel computes only where a store is made of them. */
const onDemand: readonly OpKind[] = ["leaf", "layout", "elementwise", "piecewise", "gather"];

type Identify = (object: unknown) => string;

function sign({ traffic: { cluster, loads, stores }, targets, over }: PlannedStep, identify: Identify): Signature {
  const tensors = new Map<unknown, number>();
  const numbers = new Map<Value, number>();
  const lines: string[] = [];
  const number = (value: Value, line: string): void => {
    lines.push(`${line}${value.type.dtype} ${value.type.shape.join()}`);
    numbers.set(value, numbers.size);
  };
  const numbered = (values: readonly Value[]): string => values.map((value) => numbers.get(value)).join();
  const visit = (value: Value): void => {
    if (numbers.has(value)) return;
    value.operands.forEach(visit);
    number(value, `${identify(value.op)} ${numbered(value.operands)} ${attrsText(value, identify)} `);
  };
  for (const load of loads) number(load, `load ${numberOf(load, tensors)} `);
  // What is under a tensor that is read is no part of the kernel.
  stores.forEach(visit);
  for (const store of stores) {
    const written = targets.get(store)!.map((target) => {
      const own = targetTensor(target);
      const tensor = over?.get(own) ?? own;
      const at = target.row ? textOf(target.row.at, identify) : "";
      return `${at} ${numberOf(tensor, tensors)} ${tensor.type.shape.join()}`;
    });
    lines.push(`store ${numbers.get(store)}: ${written.join("; ")}`);
  }
  // Anything else is computed where a store needs it, and others may compute it again in their own kernels.
  const anchors = [...cluster.members].filter(({ op }) => !onDemand.includes(op.kind));
  const members = anchors.map((member) => numbers.get(member) ?? identify(member));
  const views = (cluster.views ?? []).map(
    ({ shape, layouts }) =>
      `${shape.join()}: ${layouts.map((layout) => numbers.get(layout) ?? identify(layout)).join()}`,
  );
  lines.push([cluster.kind, cluster.space, cluster.axes, members, ...views].join(" | "));
  return { text: lines.join("\n"), tensors: [...tensors.keys()] as Value[] };
}

/** Attributes as a text; a setting is itself. */
function attrsText(value: Value, identify: Identify): string {
  return "identity" in value.attrs ? identify(value) : textOf(value.attrs, identify);
}

/** Plain data by what it says, anything else by what it is. */
function textOf(data: unknown, identify: Identify): string {
  if (typeof data === "number") return Object.is(data, -0) ? "-0" : String(data);
  if (typeof data === "string") return JSON.stringify(data);
  if (Array.isArray(data)) return `[${data.map((item) => textOf(item, identify)).join()}]`;
  if (typeof data === "function") return identify(data);
  if (typeof data !== "object" || data === null) return String(data);
  if (isValue(data) || "identity" in data) return identify(data);
  const entries = Object.entries(data).map(([name, item]) => `${name}:${textOf(item, identify)}`);
  return `{${entries.join()}}`;
}
