/// The named values between a parameter and a loss: what a person writes the chain rule with.
import type { Graph } from "../../ir/graph.ts";
import { suppliedOp } from "../../ir/ops/derivative.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { leadingTo } from "../autodiff/reverse.ts";

/** A named value on the way, and the stations that its formula reads: what it hands its derivative on to. */
export interface Station {
  readonly name: string;
  readonly value: Value;
  /** Stations on the way that its formula mentions. */
  readonly reads: readonly Value[];
}

/** The stations whose formulas read one of them. */
export function readersOf({ value }: Station, stations: readonly Station[]): readonly Station[] {
  return stations.filter(({ reads }) => reads.includes(value));
}

/** True where the chain rule is one product: the way from the loss to the target does not branch. */
export function isOneProduct(stations: readonly Station[]): boolean {
  return stations.slice(1).every((station) => readersOf(station, stations).length === 1);
}

/** Names of values: how a reader knows them. */
export function namesOf(graph: Graph): ReadonlyMap<Value, string> {
  return new Map([...graph.notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name] as const])));
}

/** `∂L/∂W`. */
export function derivativeName(loss: { readonly name: string }, name: string): string {
  return `∂${loss.name}/∂${name}`;
}

/**
 * What a step of the chain rule is called, `∂z/∂W`. Where the loss reads a value itself and by way of others, its step is
 * not its whole derivative: ∂⁺L/∂W, the immediate one (Pascanu, Mikolov, Bengio 2013).
 */
export function stepName(of: Station, by: Station, stations: readonly Station[]): string {
  const others = stations.some((station) => station !== of && station.reads.includes(by.value));
  return others && of === stations[0] ? `${immediate}${of.name}/∂${by.name}` : derivativeName(of, by.name);
}

const immediate = "∂⁺";

/** True for the name of an immediate derivative. */
export function isImmediate(name: string): boolean {
  return name.startsWith(immediate);
}

/** The stations from the loss back to the target, each after all that read it. Empty where there is no way. */
export function stationsBetween(loss: Value, target: Value, names: ReadonlyMap<Value, string>): readonly Station[] {
  const order = postorder([loss]);
  const active = leadingTo(order, new Set([target]));
  if (!active.has(loss)) return [];
  const isStation = (value: Value): boolean => value === target || names.has(value);
  const stations = order
    .filter((value) => active.has(value) && (value === loss || isStation(value)))
    .filter((value) => value === target || value.op.kind !== "leaf")
    .toReversed()
    .map((value) => ({
      name: names.get(value) ?? "loss",
      value,
      reads: value === target ? [] : below(value, isStation, (each) => active.has(each)),
    }));
  // What only a formula in front of a supplied rule reads is not on the way.
  const reached = new Set([loss]);
  const onTheWay = stations.filter(({ value, reads }) => {
    if (!reached.has(value)) return false;
    for (const each of reads) reached.add(each);
    return true;
  });
  return reached.has(target) ? onTheWay : [];
}

/** The operands that a value has a derivative with respect to: the formula in front of a supplied rule has no say in it. */
function derived({ op, operands }: Value): readonly Value[] {
  return op === suppliedOp ? operands.slice(1) : operands;
}

/**
 * The nearest values below one that satisfy a condition, in order of appearance. Only `open` ones are looked at: no
 * derivative passes through a comparison, though it reads its operands.
 */
export function below(
  root: Value,
  isEnd: (value: Value) => boolean,
  open: (value: Value) => boolean = () => true,
): readonly Value[] {
  const found = new Set<Value>();
  const seen = new Set<Value>(derived(root));
  for (const value of seen) {
    if (!open(value)) continue;
    if (isEnd(value)) found.add(value);
    else for (const operand of derived(value)) seen.add(operand);
  }
  return [...found];
}
