/// Values of the graph → expressions of a kernel. Layout ops become index arithmetic, elementwise ops become
/// expressions; what is used more than once, or has a name of the user's, becomes a `let` in the innermost scope.
import type { Graph } from "../../ir/graph.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { batchAxes } from "../../ir/ops/gather.ts";
import type { ElementwiseOp, HelperFunction, PiecewiseOp, Value } from "../../ir/value.ts";
import { gatherIndex } from "../cluster/access.ts";
import type { Namer } from "../wgsl/names.ts";
import { conditionAlgebra, isUniformAlong, type Conjunct } from "./condition.ts";
import { atLane, constantIndex, createPlaces, indexAlgebra, laneAccess, variableIndex, type Index } from "./index.ts";
import { componentOf, nesting, type Expression, type Statement } from "./kernel.ts";
import { emitLeaf, type Lane } from "./leaf.ts";
import { depthOf, fillRegister, makeScope, readRegister, type Loop, type Register, type Scope } from "./scope.ts";

/** What emission must know about the kernel around it. */
export interface KernelView {
  readonly notes: Graph["notes"];
  readonly namer: Namer;
  /** What to call a value that gets a variable. */
  hint(value: Value): string;
  /** True when the value is read from memory here. */
  isLoaded(value: Value): boolean;
  /** The variable in which the template holds a value that it computes itself, at the current place in the text. */
  computed(value: Value): Expression | undefined;
  /** True for values that the template computes: nothing that depends on them can be hoisted. */
  isAnchor(value: Value): boolean;
  /** Where the value at this index is kept from one loop to those after it, in kernels that have several. */
  registerOf?(value: Value, index: string): Register | undefined;
}

/** Builds the expressions of one kernel. */
export interface Emitter {
  /** The value at an index; with a lane, four values along it where they differ, one where they do not. */
  emit(value: Value, index: readonly Index[], lane?: Lane): Expression;
  /** Statements written while `action` runs go to a new scope, which is returned. */
  scope(action: () => void): Statement[];
  /** A scope that is gone through for each value of a variable; what does not hang on it is written before. */
  loop(variable: string, action: () => void): Loop;
  push(statement: Statement): void;
  /** Holds an expression in a variable, unless it is one or a number; the value gives the name. */
  hold(value: Value, expression: Expression): Expression;
  /** Statements that hold for the whole kernel: scalars computed once. */
  readonly preamble: readonly Statement[];
  readonly helpers: ReadonlySet<HelperFunction>;
  /** Elementwise operations written so far, for counting. */
  operations(): number;
}

/** How many applications an expression may nest before a part of it gets a name. */
const largestNest = 7;

/** What an emitter keeps while it writes a kernel. */
interface Progress {
  readonly view: KernelView;
  readonly roots: readonly Value[];
  readonly uses: ReadonlyMap<Value, number>;
  /** From the whole kernel to the innermost block. */
  scopes: readonly Scope[];
  readonly helpers: Set<HelperFunction>;
  readonly anchored: Map<Value, boolean>;
  readonly placeOf: (index: readonly Index[]) => string;
  operations: number;
  /** Which of four elements is written, where they are written one by one. */
  step?: number | undefined;
}

/** An emitter for the kernel that stores `roots`. */
export function createEmitter(view: KernelView, roots: readonly Value[]): Emitter {
  const bottom = makeScope();
  const progress: Progress = {
    ...{ view, roots, uses: countUses(roots, view), scopes: [bottom] },
    ...{ helpers: new Set<HelperFunction>(), anchored: new Map<Value, boolean>(), placeOf: createPlaces() },
    operations: 0,
  };
  const innermost = (): Scope => progress.scopes[progress.scopes.length - 1];
  const within = (scope: Scope, action: () => void): void => {
    const around = progress.scopes;
    progress.scopes = [...around, scope];
    action();
    progress.scopes = around;
  };
  return {
    emit: (value, index, lane) => emit(value, index, lane, progress),
    scope(action) {
      const scope = makeScope();
      within(scope, action);
      return scope.statements;
    },
    loop(variable, action) {
      const scope = makeScope(variable);
      within(scope, action);
      return { body: scope.statements, operations: scope.operations };
    },
    hold: (value, expression) =>
      expression.tag === "name" || expression.tag === "literal"
        ? expression
        : bind(value, expression, innermost(), progress),
    push: (statement) => innermost().statements.push(statement),
    preamble: bottom.statements,
    helpers: progress.helpers,
    operations: () => progress.operations,
  };
}

function emit(value: Value, index: readonly Index[], lane: Lane | undefined, progress: Progress): Expression {
  const computed = progress.view.computed(value);
  if (computed) return lane || computed.lanes === 1 ? computed : componentOf(computed, progress.step!);
  const { op } = value;
  if (op.kind === "leaf" || progress.view.isLoaded(value)) return emitLeaf(value, index, lane);
  if (op.kind === "layout") {
    const [operand] = value.operands;
    const source = op.source(index, operand.type.shape, value.type.shape, value.attrs, indexAlgebra);
    return emit(operand, source, lane, progress);
  }
  switch (op.kind) {
    case "elementwise":
      return elementwise(value, op, index, lane, progress);
    case "piecewise":
      return piecewise(value, op, index, lane, progress);
    case "gather":
      return gather(value, index, lane, progress);
    default:
      throw new TypeError(`${op.name} is not available in this kernel`);
  }
}

/** The pieces that may hold at this index, chosen between by their conditions. */
function piecewise(
  value: Value,
  op: PiecewiseOp,
  index: readonly Index[],
  lane: Lane | undefined,
  progress: Progress,
): Expression {
  const { dtype } = value.type;
  const shapes = value.operands.map((operand) => operand.type.shape);
  const possible = op
    .pieces(index, shapes, value.attrs, conditionAlgebra)
    .map((piece) => ({ ...piece, condition: piece.condition ?? true }))
    .filter(({ condition }) => condition !== false);
  const certain = possible.findIndex(({ condition }) => condition === true);
  const pieces = certain < 0 ? possible : possible.slice(0, certain + 1);
  if (lane && !pieces.every(({ condition }) => isUniformAlong(condition, lane.variable))) {
    return laneByLane(value, index, lane, progress);
  }
  const fill: Expression = { tag: "literal", value: (value.attrs.fill as number | undefined) ?? 0, dtype, lanes: 1 };
  return pieces.reduceRight<Expression>((rest, { operand, index: at, condition }) => {
    const element = emit(value.operands[operand], at, lane, progress);
    return condition === true ? element : selected(condition as readonly Conjunct[], element, rest);
  }, fill);
}

/** The element at a position that data decides, and 0 where there is none. */
function gather(value: Value, index: readonly Index[], lane: Lane | undefined, progress: Progress): Expression {
  const { operands, attrs, type } = value;
  const extent = operands[0].type.shape[batchAxes(attrs)];
  const { inner } = gatherIndex(value, index, constantIndex(0));
  const read = emit(operands[1], inner, lane, progress);
  if (lane && read.lanes === 4) return laneByLane(value, index, lane, progress);
  const place = progress.view.namer("found");
  // As u32, what is negative lies outside as well.
  const scope = progress.scopes[progress.scopes.length - 1];
  scope.variables.add(place);
  scope.statements.push({ tag: "assign", before: `let ${place} = u32(`, value: read, after: ");" });
  const at = variableIndex(place, extent);
  const element = emit(operands[0], gatherIndex(value, index, at).at, lane, progress);
  const none: Expression = { tag: "literal", value: 0, dtype: type.dtype, lanes: 1 };
  return selected([{ tag: "within", index: at, by: extent }], element, none);
}

function selected(conjuncts: readonly Conjunct[], element: Expression, rest: Expression): Expression {
  const condition: Expression = { tag: "condition", conjuncts, dtype: "bool", lanes: 1 };
  const lanes = element.lanes === 4 || rest.lanes === 4 ? 4 : 1;
  return { tag: "apply", op: selectOp, operands: [condition, element, rest], dtype: element.dtype, lanes };
}

/** Four elements one by one, where they do not lie or do not exist together. */
function laneByLane(value: Value, index: readonly Index[], lane: Lane, progress: Progress): Expression {
  const parts = [0, 1, 2, 3].map((step) => {
    const at = index.map((part) => atLane(part, lane.variable, lane.extent, step));
    progress.step = step;
    return emit(value, at, undefined, progress);
  });
  progress.step = undefined;
  return { tag: "vector", parts, dtype: value.type.dtype, lanes: 4 };
}

/** An application: known from an enclosing scope, or written now, as far out as what it reads is known. */
function elementwise(
  value: Value,
  op: ElementwiseOp,
  index: readonly Index[],
  along: Lane | undefined,
  progress: Progress,
): Expression {
  // What is the same for all four lanes is computed once.
  const lane = along && index.some((part) => laneAccess(part, along.variable) !== "uniform") ? along : undefined;
  const place = progress.placeOf(index);
  const key = `${lane?.variable ?? ""}|${place}`;
  const around = progress.scopes;
  // A scalar of inputs alone is written at the top. What is written outside can only mention what stands there.
  const isScalar = value.type.shape.length === 0 && !touchesAnchor(value, progress);
  progress.scopes = isScalar ? around.slice(0, 1) : around.slice(0, depthOf(around, index, lane?.variable));
  const expression = findKnown(value, key, progress) ?? write(value, op, index, lane, progress, { key, place });
  const isOutside = progress.scopes.length < around.length;
  const home = progress.scopes[progress.scopes.length - 1];
  progress.scopes = around;
  if (!isOutside || expression.tag !== "apply") return expression;
  const bound = bind(value, expression, home, progress);
  home.known.set(value, [{ key, expression: bound }, ...(home.known.get(value) ?? [])]);
  return bound;
}

function findKnown(value: Value, key: string, { scopes }: Progress): Expression | undefined {
  for (const { known } of scopes) {
    const found = known.get(value)?.find((each) => each.key === key);
    if (found) return found.expression;
  }
  return undefined;
}

/** An application, written in the innermost scope. */
function write(
  value: Value,
  op: ElementwiseOp,
  index: readonly Index[],
  lane: Lane | undefined,
  progress: Progress,
  { key, place }: { readonly key: string; readonly place: string },
): Expression {
  const home = progress.scopes[progress.scopes.length - 1];
  const kept = progress.view.registerOf?.(value, place);
  const register = kept?.expression.lanes === (lane ? 4 : 1) ? kept : undefined;
  if (register?.filled) return readKept(register, value, key, home, progress);
  const operands = value.operands.map((operand) => {
    const emitted = emit(operand, index, lane, progress);
    return op.repeats && emitted.tag === "apply" ? bind(operand, emitted, home, progress) : emitted;
  });
  for (const helper of op.helpers ?? []) progress.helpers.add(helper);
  progress.operations += op.flops ?? 1;
  home.operations += op.flops ?? 1;
  const lanes = operands.some((operand) => operand.lanes === 4) ? 4 : 1;
  const application: Expression = { tag: "apply", op, operands, dtype: value.type.dtype, lanes };
  const named = register?.needsName ? bind(value, application, home, progress) : application;
  const expression = register
    ? fillRegister(register, named, home)
    : deservesName(value, application, progress)
      ? bind(value, application, home, progress)
      : application;
  home.known.set(value, [...(home.known.get(value) ?? []), { key, expression }]);
  return expression;
}

/** What a loop before has computed, read once: in memory what is written there next takes its place. */
function readKept(register: Register, value: Value, key: string, home: Scope, progress: Progress): Expression {
  const read = readRegister(register);
  if (read.tag === "name" && !register.needsName) return read;
  const expression = bind(value, read, home, progress);
  home.known.set(value, [...(home.known.get(value) ?? []), { key, expression }]);
  return expression;
}

/** Named by the user, used more than once, or part of an expression that would get too long. */
function deservesName(value: Value, expression: Expression, { view, roots, uses }: Progress): boolean {
  const named = view.notes.get(value)?.name !== undefined && !roots.includes(value);
  return named || (uses.get(value) ?? 0) > 1 || nesting(expression) > largestNest;
}

function bind(value: Value, expression: Expression, home: Scope, { view }: Progress): Expression {
  const variable = view.namer(view.hint(value));
  home.statements.push({ tag: "let", name: variable, value: expression });
  return { tag: "name", text: variable, dtype: expression.dtype, lanes: expression.lanes };
}

/** True when the value depends on what the template computes, so that it cannot be written before. */
function touchesAnchor(value: Value, progress: Progress): boolean {
  const { view, anchored } = progress;
  const known = anchored.get(value);
  if (known !== undefined) return known;
  const inner = (): boolean => value.operands.some((operand) => touchesAnchor(operand, progress));
  const touches = view.isAnchor(value) || (!view.isLoaded(value) && inner());
  anchored.set(value, touches);
  return touches;
}

/** How often each value is used within the kernel. */
function countUses(roots: readonly Value[], view: KernelView): Map<Value, number> {
  const uses = new Map<Value, number>();
  const pending = [...roots];
  const seen = new Set<Value>();
  for (let value = pending.pop(); value; value = pending.pop()) {
    uses.set(value, (uses.get(value) ?? 0) + 1);
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.op.kind === "leaf" || view.isLoaded(value)) continue;
    pending.push(...value.operands);
  }
  return uses;
}
