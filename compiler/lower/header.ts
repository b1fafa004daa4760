/// Names and header comments of kernels: the formula that a kernel computes, in the user's names, and where it stands.
import type { Graph } from "../../ir/graph.ts";
import { viewOf } from "../../ir/notation/view.ts";
import { formatDefinition, type Vocabulary } from "../../ir/print/expression.ts";
import { wrap } from "../../ir/print/wrap.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { Step } from "../schedule/order.ts";
import { identifier } from "../wgsl/names.ts";
import { nounOf, type Kernel } from "./kernel.ts";

const headerWidth = 110;

/** `update_hidden_weight` for a kernel that writes states, else the name of what it stores. */
export function kernelName({ targets }: Step, notes: Graph["notes"]): string {
  const all = [...targets.values()].flat();
  const parameter = all.find(({ state }) => state && isParameter(state));
  const named = all.find(({ value, state }) => !state && notes.get(value)?.name);
  const updated = parameter ?? (named ? undefined : all.find(({ state }) => state));
  if (updated?.state) return identifier(`update ${notes.get(updated.state)?.name ?? "state"}`);
  return identifier(named ? notes.get(named.value)!.name! : nounOf(all[0].value));
}

function isParameter(state: Value): boolean {
  return (state.attrs.identity as { parameter: boolean }).parameter;
}

/** The comment on top of a kernel: formulas, model line, work and traffic. */
export function kernelHeader(step: Step, graph: Graph, kernel: Kernel, bytes: number): readonly string[] {
  const { notes } = graph;
  const { cluster, stores, loads } = step.traffic;
  const shown = [...new Set([...[...cluster.members].filter((member) => notes.get(member)?.name), ...stores])];
  const nameOf = (value: Value): string | undefined => notes.get(value)?.name ?? kernel.tensorNames.get(value);
  const words = vocabulary(nameOf, new Set([...loads, ...shown]));
  const formulas = shown.flatMap((value) => {
    const targets = step.targets.get(value) ?? [];
    const name = nameOf(value);
    const states = targets.flatMap(({ state }) => (state ? [notes.get(state)?.name ?? "state"] : []));
    const formula = loads.includes(value) ? (name ?? "intermediate") : formatDefinition(value, words);
    const lines = name && !(states.length > 0 && loads.includes(value)) ? [`${name} = ${formula}`] : [];
    return [
      ...lines,
      ...states.map((state) => `${state} ← ${name ?? formula}`),
      ...(name || states.length > 0 ? [] : [formula]),
    ];
  });
  const places = new Set(
    shown.flatMap((value) => {
      const place = notes.get(value)?.place;
      return place ? [`${place.file}:${place.line}:${place.column}`] : [];
    }),
  );
  const types = [...new Set(stores.map((value) => formatType(value.type)))].join(", ");
  return [
    ...formulas.flatMap((formula) => wrap(formula, headerWidth, "  ")),
    ...(places.size > 0 ? [[...places].join(", ")] : []),
    `${types}; ${count(kernel.flops as number, "FLOP")}, ${count(bytes, "B")}`,
  ];
}

function vocabulary(nameOf: (value: Value) => string | undefined, visible: ReadonlySet<Value>): Vocabulary {
  const name = (value: Value): string | undefined =>
    visible.has(value) || value.op.kind === "leaf" ? nameOf(value) : undefined;
  const taken = new Set([...visible].map(nameOf));
  return {
    reference: name,
    view: (value) => viewOf(value, (each) => name(each) !== undefined),
    isTaken: (candidate) => taken.has(candidate),
  };
}

/** 12 800 000 FLOP → `12.8 MFLOP`. */
export function count(amount: number, unit: string): string {
  const scale = amount >= 1e9 ? ([1e9, "G"] as const) : amount >= 1e6 ? ([1e6, "M"] as const) : ([1e3, "k"] as const);
  if (amount < 1000) return `${amount} ${unit}`;
  return `${Number((amount / scale[0]).toPrecision(3))} ${scale[1]}${unit}`;
}
