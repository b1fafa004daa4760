/// What a drawing of a graph shows, for every format: leaves and operations, which part each belongs to, and the arrows.
import type { Graph, Update } from "../../ir/graph.ts";
import { letterOp, stateOp, type StateIdentity } from "../../ir/ops/leaf.ts";
import { bodyResults, scanBody, scanOp } from "../../ir/ops/scan.ts";
import { bodyTitle, loopWords, type LoopPage } from "../../ir/print/bodies.ts";
import { leafName, type Vocabulary } from "../../ir/print/expression.ts";
import { layOutPage, type Page, type PrintOptions } from "../../ir/print/page.ts";
import { firstOfLoops, type Plan } from "../../ir/print/plan.ts";
import { formatType } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { labelOf } from "./label.ts";

/** Which part of a training step a value belongs to. */
export type Role = "forward" | "backward" | "update";

/** The parts in drawing order. */
export const roles: readonly Role[] = ["forward", "backward", "update"];

interface Colors {
  readonly border: string;
  readonly fill: string;
  readonly area: string;
}

/** Colours of the parts: border of operations and arrows, fill, and area behind them. */
export const colors: Readonly<Record<Role, Colors>> = {
  forward: { border: "#2f6db3", fill: "#ffffff", area: "#eaf2fb" },
  backward: { border: "#c2571a", fill: "#ffffff", area: "#fdf0e7" },
  update: { border: "#3f8a4d", fill: "#ffffff", area: "#edf7ee" },
};

/** Something drawn. */
export interface DrawnNode {
  readonly id: string;
  readonly kind: "input" | "parameter" | "state" | "letter" | "operation";
  readonly role: Role;
  readonly title: string | undefined;
  /** Type of a leaf, formula of an operation; undefined for the new value of a state. */
  readonly text: string | undefined;
  readonly isOutput: boolean;
  /** Nodes that it is computed from. */
  readonly sources: readonly string[];
  /** The places of sources among the operands, where the formula does not tell them apart by name. */
  readonly marks?: ReadonlyMap<string, number>;
  /** Of a loop: the name of the body that it repeats. */
  readonly repeats?: string;
}

/** The step of a loop: nodes of its own, since it is closed. */
export interface DrawnBody {
  /** As loops refer to it: `step1`. */
  readonly name: string;
  /** `step1 reversed over time`. */
  readonly title: string;
  readonly role: Role;
  readonly nodes: readonly DrawnNode[];
}

/** What is drawn of a graph: operands before users. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly bodies: readonly DrawnBody[];
}

/** A page on which values are drawn. */
interface Sheet {
  readonly plan: Plan;
  readonly names: ReadonlyMap<Value, string>;
  readonly aliases: Page["aliases"];
  readonly ids: ReadonlyMap<Value, string>;
  readonly outputs: ReadonlySet<Value>;
  readonly loop: NonNullable<Vocabulary["loop"]>;
  /** Updates are drawn without what they read besides derivatives and results. */
  readonly folds: boolean;
  roleOf(value: Value): Role;
  isLeaf(value: Value): boolean;
  /** Name of the state that a value is the new value of. */
  stateOf(value: Value): string | undefined;
}

/**
 * What is drawn; arithmetic inside an update is part of the update. Of a step of training the update of each parameter is
 * one node that its derivative leads to: moments and rates would be arrows from everywhere to everywhere.
 */
export function drawGraph(graph: Graph, options: PrintOptions): Drawing {
  const page = layOutPage(graph, options);
  const { plan, parts, names, aliases, loops } = page;
  const roleOf = classify(page, graph);
  const isLeaf = leavesOf(plan);
  const updates = parts.flatMap((part) => part.updates);
  const updated = new Set(updates.map((update) => update.value));
  const roots = parts.flatMap((part) => part.roots);
  const folded = foldedUpdates(page, graph, roleOf);
  const shown = plan.order(roots).filter((value) => {
    if (folded) return roleOf(value) !== "update" || folded.has(value);
    return isLeaf(value) || roleOf(value) !== "update" || plan.lines.has(value) || updated.has(value);
  });
  const drawn = firstOfLoops(shown, plan);
  const loop = loopWords(loops);
  const nodes = draw(drawn, {
    ...{ plan, names, aliases, roleOf, isLeaf, loop, ids: number(drawn, 0, plan), folds: folded !== undefined },
    outputs: new Set(parts.flatMap((part) => part.entry.outputs.map((output) => output.value))),
    stateOf(value) {
      const update = updates.find((each) => each.value === value);
      return update && names.get(update.state);
    },
  });
  let count = nodes.length;
  const bodies = [...loops.values()].map((step) => {
    // Whatever else the derivative of a loop is made of, its carries are cotangents.
    const role = [...step.names.keys()].some((value) => isBackward(graph, value)) ? "backward" : "forward";
    const body = drawBody(step, role, loop, count);
    count += body.nodes.length;
    return body;
  });
  return { nodes, bodies };
}

/**
 * The new values of states that a step of training shows: those that derivatives or results lead to, without those that
 * only serve the update of a parameter. Undefined where nothing is derived: then all there is are the updates.
 */
function foldedUpdates(
  { plan, parts }: Page,
  graph: Graph,
  roleOf: (value: Value) => Role,
): ReadonlySet<Value> | undefined {
  const updates = parts.flatMap((part) => part.updates).filter(({ value }) => roleOf(value) === "update");
  const order = plan.order(updates.map(({ value }) => value));
  if (!order.some((value) => isBackward(graph, value))) return undefined;
  const isParameter = ({ state }: Update): boolean => (state.attrs.identity as StateIdentity).parameter;
  const parameters = new Set(updates.filter(isParameter).map(({ value }) => value));
  const serving = new Set([...parameters].flatMap((value) => plan.order([value]).filter((each) => each !== value)));
  const hangs = (value: Value): boolean =>
    plan.order([value]).some((each) => roleOf(each) !== "update" && each.op.kind !== "leaf");
  const kept = updates.filter((update) => isParameter(update) || (!serving.has(update.value) && hangs(update.value)));
  return new Set(kept.map(({ value }) => value));
}

/** A step: its letters, what it computes from them, and for every carry what the next step finds in it. */
function drawBody(page: LoopPage, role: Role, loop: Sheet["loop"], first: number): DrawnBody {
  const { body, plan, names, letters } = page;
  const drawn = firstOfLoops(
    [...new Set([...letters.map(({ value }) => value), ...plan.order(bodyResults(body))])],
    plan,
  );
  const ids = number(drawn, first, plan);
  const sheet: Sheet = {
    ...{
      plan,
      names,
      aliases: () => [],
      ids,
      loop,
      folds: false,
      isLeaf: leavesOf(plan),
      outputs: new Set(body.outputs),
    },
    roleOf: () => role,
    stateOf: () => undefined,
  };
  const roleTexts = new Map(letters.map((letter) => [ids.get(letter.value), letter.role]));
  const nodes = draw(drawn, sheet).map((node): DrawnNode => {
    const letterRole = roleTexts.get(node.id);
    return letterRole === undefined ? node : { ...node, text: `${letterRole} ${node.text}` };
  });
  const handedOn = body.next.map((value, index): DrawnNode => {
    const id = `n${first + drawn.length + index}`;
    const [title, sources] = [names.get(body.carries[index]), [ids.get(value)!]];
    return { id, kind: "operation", role, title, text: undefined, isOutput: false, sources };
  });
  return { name: page.title, title: bodyTitle(body, page.title), role, nodes: [...nodes, ...handedOn] };
}

/** The results of a loop are one node. */
function number(drawn: readonly Value[], first: number, { siblings }: Plan): ReadonlyMap<Value, string> {
  return new Map(drawn.flatMap((value, i) => siblings(value).map((each) => [each, `n${first + i}`] as const)));
}

function draw(drawn: readonly Value[], sheet: Sheet): readonly DrawnNode[] {
  return drawn.map((value) => (sheet.isLeaf(value) ? leafNode(value, sheet) : operationNode(value, sheet)));
}

function leavesOf(plan: Plan): Sheet["isLeaf"] {
  return (value) => value.op.kind !== "scan" && plan.view(value).operands.every((operand) => operand.literal);
}

/** Forward is what outputs need that look at no derivative; backward what derivatives need besides. */
function classify({ plan, parts }: Page, graph: Graph): (value: Value) => Role {
  const derivatives = [...graph.notes.keys()].filter((value) => isBackward(graph, value));
  const isDerived = (root: Value): boolean => plan.order([root]).some((value) => isBackward(graph, value));
  const outputs = parts.flatMap((part) => part.entry.outputs.map((output) => output.value));
  const forward = new Set(plan.order(outputs.filter((output) => !isDerived(output))));
  const backward = new Set(plan.order(derivatives));
  return (value) => {
    if (forward.has(value)) return "forward";
    return backward.has(value) || !parts.some((part) => part.updates.length > 0) ? "backward" : "update";
  };
}

function isBackward({ notes }: Graph, value: Value): boolean {
  return notes.get(value)?.derivative === "backward";
}

function leafNode(value: Value, sheet: Sheet): DrawnNode {
  const title = sheet.names.get(value) ?? (value.attrs.identity === undefined ? undefined : leafName(value));
  return {
    id: sheet.ids.get(value)!,
    kind: leafKind(value),
    role: sheet.roleOf(value),
    title,
    text: title === undefined || value.constant ? labelOf(value, sheet, []).text : formatType(value.type),
    isOutput: false,
    sources: [],
  };
}

function leafKind(value: Value): DrawnNode["kind"] {
  if (value.op === letterOp) return "letter";
  if (value.op !== stateOp) return "input";
  return (value.attrs.identity as StateIdentity).parameter ? "parameter" : "state";
}

function operationNode(value: Value, sheet: Sheet): DrawnNode {
  const role = sheet.roleOf(value);
  const isArrow = (source: Value): boolean => !(sheet.folds && role === "update" && sheet.isLeaf(source));
  const state = role === "update" ? sheet.stateOf(value) : undefined;
  // The results of a loop are one node.
  const reads = [...new Set([...sources(value, sheet)].filter(isArrow).map((source) => sheet.ids.get(source)!))];
  const { text, marks } = labelOf(value, sheet, reads);
  return {
    id: sheet.ids.get(value)!,
    kind: "operation",
    role,
    title: state ?? titleOf(value, sheet),
    text: state === undefined ? text : undefined,
    isOutput: sheet.plan.siblings(value).some((each) => sheet.outputs.has(each)),
    sources: reads,
    ...(state === undefined && marks.size > 1 ? { marks } : {}),
    repeats: value.op === scanOp ? sheet.loop(scanBody(value.attrs))?.name : undefined,
  };
}

/** The name of a value; of a loop those of its results. */
function titleOf(value: Value, { names, aliases, plan }: Sheet): string | undefined {
  const titles = plan.siblings(value).flatMap((each) => {
    const name = names.get(each);
    return name === undefined ? [] : [[name, ...aliases(each)].join(" = ")];
  });
  return titles.length === 0 ? undefined : titles.join(", ");
}

/** Drawn values that a value is computed from. */
function sources(value: Value, { plan, ids }: Sheet): ReadonlySet<Value> {
  const found = new Set<Value>();
  const seen = new Set<Value>([value]);
  for (const next of seen) {
    for (const operand of plan.view(next).operands) {
      if (operand.literal) continue;
      if (ids.has(operand.value)) found.add(operand.value);
      else seen.add(operand.value);
    }
  }
  return found;
}
