/// Which values get a line of their own, and where: named ones, and shared ones that would otherwise be written twice.
import { viewOf, type View } from "../notation/view.ts";
import { isNotation, namesDerivative } from "../notation/form.ts";
import { scanBody, scanOp, scanSiblings } from "../ops/scan.ts";
import type { Value } from "../value.ts";

/** Values that one part of a page shows: an entry point, or the whole of a page without entry points. */
export interface Part {
  readonly roots: readonly Value[];
}

/** What the planner found out. */
export interface Plan {
  view(value: Value): View;
  /** Values below the roots as far as they are visible, operands before users. */
  order(roots: readonly Value[]): readonly Value[];
  /** Values with a line of their own. */
  readonly lines: ReadonlySet<Value>;
  /** Parts that show the value. */
  partsOf(value: Value): ReadonlySet<Part>;
  /** Results of the loop that a value is a result of, as far as they are visible: one line gives names to all of them. */
  siblings(value: Value): readonly Value[];
  /** Values with lines that the definition of `value` refers to. */
  references(value: Value): readonly Value[];
}

/** An expression of more applications than this is split. */
const heaviest = 30;

/** What a page is for. */
export interface Purpose {
  /** A page only for reading need not read back. */
  readonly reading?: boolean;
  /** Values whose names are enough: what they are made of stands elsewhere. */
  isGiven?(value: Value): boolean;
}

/** Plans the lines of a page. `names` are the values that have names. */
export function planPage(
  parts: readonly Part[],
  names: ReadonlyMap<Value, string>,
  { reading = false, isGiven = () => false }: Purpose = {},
): Plan {
  const views = new Map<Value, View>();
  const view = (value: Value): View => {
    let known = views.get(value);
    if (!known) views.set(value, (known = viewOf(value, isOpaqueIn(value, names), reading)));
    return known;
  };
  const operands = (value: Value): readonly Value[] => (isGiven(value) ? [] : written(view(value)));
  const order = (roots: readonly Value[]): readonly Value[] => visibleOrder(roots, operands);
  const membership = new Map<Value, Set<Part>>();
  for (const part of parts) {
    for (const value of order(part.roots)) {
      const known = membership.get(value);
      if (known) known.add(part);
      else membership.set(value, new Set([part]));
    }
  }
  const roots = parts.flatMap((part) => part.roots);
  const all = order(roots);
  const loops = scanSiblings(all);
  for (const siblings of new Set(loops.values())) {
    const together = new Set(siblings.flatMap((value) => [...membership.get(value)!]));
    for (const value of siblings) membership.set(value, together);
  }
  const lines = chooseLines(all, roots, { view, isGiven }, names, loops);
  return {
    view,
    order,
    lines,
    siblings: (value) => loops.get(value)?.toSorted((a, b) => resultOf(a) - resultOf(b)) ?? [value],
    partsOf: (value) => membership.get(value) ?? new Set(),
    references: (value) => visibleReferences(value, view, lines),
  };
}

/** Values with lines, of the results of a loop the first alone. */
export function firstOfLoops(values: readonly Value[], { siblings }: Pick<Plan, "siblings">): readonly Value[] {
  const done = new Set<Value>();
  return values.filter((value) => {
    if (done.has(value)) return false;
    for (const each of siblings(value)) done.add(each);
    return true;
  });
}

/**
 * Operands of a value that must stay visible are those with names. Derivatives that a loop adds up start at 0, whatever else
 * of a model starts there and has a name.
 */
function isOpaqueIn({ op, attrs }: Value, names: ReadonlyMap<Value, string>): (operand: Value) => boolean {
  const isBack = op === scanOp && scanBody(attrs).carries.some((carry) => namesDerivative(names.get(carry) ?? ""));
  return (operand) => names.has(operand) && !(isBack && operand.constant);
}

const resultOf = ({ attrs }: Value): number => attrs.result as number;

/** Postorder through what is written, which may skip values that an abbreviation hides. */
function visibleOrder(roots: readonly Value[], operands: (value: Value) => readonly Value[]): readonly Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { readonly value: Value; readonly operands: readonly Value[]; next: number }[] = [];
  const enter = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    stack.push({ value, operands: operands(value), next: 0 });
  };
  for (const root of roots) {
    enter(root);
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      if (frame.next < frame.operands.length) enter(frame.operands[frame.next++]);
      else {
        order.push(frame.value);
        stack.pop();
      }
    }
  }
  return order;
}

function written(view: View): readonly Value[] {
  return view.operands.filter((operand) => !operand.literal).map((operand) => operand.value);
}

function chooseLines(
  order: readonly Value[],
  roots: readonly Value[],
  { view, isGiven }: Pick<Plan, "view"> & Required<Pick<Purpose, "isGiven">>,
  names: ReadonlyMap<Value, string>,
  loops: ReadonlyMap<Value, readonly Value[]>,
): ReadonlySet<Value> {
  const uses = new Map<Value, number>();
  const used = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  roots.forEach(used);
  // The results of a loop are one application of it.
  const open = order.filter((value) => !isGiven(value));
  for (const value of open) if ((loops.get(value)?.[0] ?? value) === value) written(view(value)).forEach(used);
  const lines = new Set(order.filter(isGiven));
  const weights = new Map<Value, number>();
  for (const value of open) {
    const { form, operands } = view(value);
    if (form.tag === "name" || (form.tag === "number" && !names.has(value))) continue;
    const inlined = operands.filter((operand) => !operand.literal && !lines.has(operand.value));
    const weight = inlined.reduce((total, operand) => total + (weights.get(operand.value) ?? 0), 1);
    const shared = uses.get(value)! > 1 && !(isNotation(form) && weight <= 1);
    if (names.has(value) || shared || weight > heaviest || loops.has(value)) lines.add(value);
    else weights.set(value, weight);
  }
  return lines;
}

function visibleReferences(value: Value, view: (value: Value) => View, lines: ReadonlySet<Value>): readonly Value[] {
  const found = new Set<Value>();
  const pending = [...written(view(value))];
  for (let next = pending.pop(); next; next = pending.pop()) {
    if (lines.has(next)) found.add(next);
    else pending.push(...written(view(next)));
  }
  return [...found];
}

/** A formula by itself: how it is written, and what it shares too much of to be written out. */
export interface FormulaPlan {
  readonly plan: Plan;
  /** Values that need lines of their own before it; none where it is short enough with everything written out. */
  readonly shared: readonly Value[];
}

/**
 * Plans one formula in terms of `names`, which must not name the value itself. It is written out whole unless it has more
 * words than `most`.
 */
export function planFormula(
  value: Value,
  names: ReadonlyMap<Value, string>,
  { most = longest, reading = false }: { readonly most?: number; readonly reading?: boolean } = {},
): FormulaPlan {
  const plan = planPage([{ roots: [value] }], names, { reading, isGiven: (each) => names.has(each) });
  const order = plan.order([value]);
  if (writtenLength(value, order, plan, names) <= most) return { plan, shared: [] };
  return { plan, shared: order.filter((each) => each !== value && plan.lines.has(each) && !names.has(each)) };
}

/** A formula of more words than this is not written out. */
const longest = 200;

/** How many words a formula would have with everything written out. */
function writtenLength(value: Value, order: readonly Value[], plan: Plan, names: ReadonlyMap<Value, string>): number {
  const lengths = new Map<Value, number>();
  for (const each of order) {
    const parts = names.has(each) ? [] : plan.view(each).operands;
    lengths.set(
      each,
      parts.reduce((total, part) => total + (part.literal ? 1 : lengths.get(part.value)!), 1),
    );
  }
  return lengths.get(value)!;
}
