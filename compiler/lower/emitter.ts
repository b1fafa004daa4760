/// Values of the graph → expressions of a kernel. Layout ops become index arithmetic, elementwise ops become
/// expressions; what is used more than once, or has a name of the user's, becomes a `let` in the innermost scope.
import type { Graph } from "../../ir/graph.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import { constantOp, iotaOp, settingOp, sizeOp } from "../../ir/ops/leaf.ts";
import type { Dim } from "../../ir/dim.ts";
import { selectOp } from "../../ir/ops/choose.ts";
import { batchAxes } from "../../ir/ops/gather.ts";
import type { ElementwiseOp, HelperFunction, PiecewiseOp, Value } from "../../ir/value.ts";
import { gatherIndex } from "../cluster/access.ts";
import { placeName, placeOp } from "../cluster/loop.ts";
import { identifier, type Namer } from "../wgsl/names.ts";
import { conditionAlgebra, isUniformAlong, type Conjunct } from "./condition.ts";
import { atLane, constantIndex, indexAlgebra, indexKey, laneAccess, variableIndex, type Index } from "./index.ts";
import type { Expression, Statement } from "./kernel.ts";

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
}

/** A variable that steps by four, for `vec4` access. */
export interface Lane {
  readonly variable: string;
  readonly extent: Dim;
}

/** Builds the expressions of one kernel. */
export interface Emitter {
  /** The value at an index; with a lane, four values along it where they differ, one where they do not. */
  emit(value: Value, index: readonly Index[], lane?: Lane): Expression;
  /** Statements written while `action` runs go to a new scope, which is returned. */
  scope(action: () => void): Statement[];
  push(statement: Statement): void;
  /** Holds an expression in a variable, unless it is one or a number; the value gives the name. */
  hold(value: Value, expression: Expression): Expression;
  /** Statements that hold for the whole kernel: scalars computed once. */
  readonly preamble: readonly Statement[];
  readonly helpers: ReadonlySet<HelperFunction>;
  /** Elementwise operations written so far, for counting. */
  operations(): number;
}

interface Scope {
  readonly statements: Statement[];
  readonly known: Map<Value, { readonly key: string; readonly expression: Expression }[]>;
}

/** How many applications an expression may nest before a part of it gets a name. */
const largestNest = 7;

/** What an emitter keeps while it writes a kernel. */
interface Progress {
  readonly view: KernelView;
  readonly roots: readonly Value[];
  readonly uses: ReadonlyMap<Value, number>;
  /** From the whole kernel to the innermost block. */
  readonly scopes: Scope[];
  readonly helpers: Set<HelperFunction>;
  readonly anchored: Map<Value, boolean>;
  operations: number;
  /** Inside a scalar that is written at the top. */
  hoisting: boolean;
}

/** An emitter for the kernel that stores `roots`. */
export function createEmitter(view: KernelView, roots: readonly Value[]): Emitter {
  const bottom: Scope = { statements: [], known: new Map() };
  const progress: Progress = {
    ...{ view, roots, uses: countUses(roots, view), scopes: [bottom] },
    ...{ helpers: new Set<HelperFunction>(), anchored: new Map<Value, boolean>() },
    ...{ operations: 0, hoisting: false },
  };
  const { scopes } = progress;
  return {
    emit: (value, index, lane) => emit(value, index, lane, progress),
    scope(action) {
      const scope: Scope = { statements: [], known: new Map() };
      scopes.push(scope);
      action();
      scopes.pop();
      return scope.statements;
    },
    hold: (value, expression) =>
      expression.tag === "name" || expression.tag === "literal"
        ? expression
        : bind(value, expression, scopes[scopes.length - 1], progress),
    push: (statement) => scopes[scopes.length - 1].statements.push(statement),
    preamble: bottom.statements,
    helpers: progress.helpers,
    operations: () => progress.operations,
  };
}

function emit(value: Value, index: readonly Index[], lane: Lane | undefined, progress: Progress): Expression {
  const computed = progress.view.computed(value);
  if (computed) return computed;
  const { op } = value;
  if (op.kind === "leaf" || progress.view.isLoaded(value)) return leaf(value, index, lane);
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
  progress.scopes[progress.scopes.length - 1].statements.push({
    ...{ tag: "assign", before: `let ${place} = u32(`, value: read, after: ");" },
  });
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
    return emit(value, at, undefined, progress);
  });
  return { tag: "vector", parts, dtype: value.type.dtype, lanes: 4 };
}

/** An application: known from an enclosing scope, or written now. A scalar of inputs alone is written once, at the top. */
function elementwise(
  value: Value,
  op: ElementwiseOp,
  index: readonly Index[],
  lane: Lane | undefined,
  progress: Progress,
): Expression {
  const { scopes } = progress;
  const key = `${lane?.variable ?? ""}|${index.map(indexKey).join("|")}`;
  const hoisted = value.type.shape.length === 0 && !touchesAnchor(value, progress);
  // What is written at the top can only mention what stands there.
  for (const { known } of hoisted || progress.hoisting ? [scopes[0]] : scopes) {
    const found = known.get(value)?.find((each) => each.key === key);
    if (found) return found.expression;
  }
  const home = hoisted ? scopes[0] : scopes[scopes.length - 1];
  const outermost = hoisted && !progress.hoisting;
  if (hoisted) scopes.push(home);
  progress.hoisting ||= hoisted;
  const operands = value.operands.map((operand) => {
    const emitted = emit(operand, index, lane, progress);
    return op.repeats && emitted.tag === "apply" ? bind(operand, emitted, home, progress) : emitted;
  });
  if (hoisted) scopes.pop();
  if (outermost) progress.hoisting = false;
  for (const helper of op.helpers ?? []) progress.helpers.add(helper);
  progress.operations += op.flops ?? 1;
  const lanes = operands.some((operand) => operand.lanes === 4) ? 4 : 1;
  const application: Expression = { tag: "apply", op, operands, dtype: value.type.dtype, lanes };
  const expression =
    outermost || deservesName(value, application, progress) ? bind(value, application, home, progress) : application;
  home.known.set(value, [...(home.known.get(value) ?? []), { key, expression }]);
  return expression;
}

/** Named by the user, used more than once, or part of an expression that would get too long. */
function deservesName(value: Value, expression: Expression, { view, roots, uses }: Progress): boolean {
  const named = view.notes.get(value)?.name !== undefined && !roots.includes(value);
  return named || (uses.get(value) ?? 0) > 1 || nesting(expression) > largestNest;
}

function bind(value: Value, expression: Expression, home: Scope, { view }: Progress): Expression {
  const variable = view.namer(identifier(view.hint(value)));
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

function leaf(value: Value, index: readonly Index[], lane?: Lane): Expression {
  const { dtype } = value.type;
  switch (value.op) {
    case constantOp:
      return { tag: "literal", value: value.attrs.value as number, dtype, lanes: 1 };
    case sizeOp:
      return { tag: "extent", extent: value.attrs.size as Dim, dtype, lanes: 1 };
    case placeOp: {
      const at = variableIndex(placeName, value.attrs.extent as Dim);
      return { tag: "index", index: at, access: "uniform", dtype, lanes: 1 };
    }
    case settingOp:
      return { tag: "setting", setting: value, dtype, lanes: 1 };
    case iotaOp:
      return atIndex(index[value.attrs.axis as number], lane, (at, access) => ({
        ...{ tag: "index", index: at, dtype, access },
        lanes: access === "contiguous" ? 4 : 1,
      }));
    default:
      return atIndex(joinIndex(index, value.type.shape, indexAlgebra), lane, (at, access) => ({
        ...{ tag: "load", tensor: value, index: at, dtype },
        lanes: access === "contiguous" ? 4 : 1,
      }));
  }
}

type Access = "uniform" | "contiguous";

/** One access, or four side by side where four consecutive lanes are not four consecutive elements. */
function atIndex(index: Index, lane: Lane | undefined, make: (at: Index, access: Access) => Expression): Expression {
  if (!lane) return make(index, "uniform");
  const access = laneAccess(index, lane.variable);
  if (access !== "scattered") return make(index, access);
  const parts = [0, 1, 2, 3].map((step) => make(atLane(index, lane.variable, lane.extent, step), "uniform"));
  return { tag: "vector", parts, dtype: parts[0].dtype, lanes: 4 };
}

function nesting(expression: Expression): number {
  return expression.tag === "apply"
    ? 1 + expression.operands.reduce((total, operand) => total + nesting(operand), 0)
    : 0;
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
