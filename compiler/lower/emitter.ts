/// Values of the graph → expressions of a kernel. Layout ops become index arithmetic, elementwise ops become
/// expressions; what is used more than once, or has a name of the user's, becomes a `let` in the innermost scope.
import type { Graph } from "../../ir/graph.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import { constantOp, iotaOp, settingOp, sizeOp } from "../../ir/ops/leaf.ts";
import type { Dim } from "../../ir/dim.ts";
import type { HelperFunction, Value } from "../../ir/value.ts";
import { identifier, type Namer } from "../wgsl/names.ts";
import { atLane } from "../wgsl/expression.ts";
import { indexAlgebra, indexKey, laneAccess, type Index } from "./index.ts";
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

/** An emitter for the kernel that stores `roots`. */
export function createEmitter(view: KernelView, roots: readonly Value[]): Emitter {
  const uses = countUses(roots, view);
  const bottom: Scope = { statements: [], known: new Map() };
  const scopes: Scope[] = [bottom];
  const helpers = new Set<HelperFunction>();
  const anchored = new Map<Value, boolean>();
  let operations = 0;

  function emit(value: Value, index: readonly Index[], lane?: Lane): Expression {
    const computed = view.computed(value);
    if (computed) return computed;
    const { op } = value;
    if (op.kind === "leaf" || view.isLoaded(value)) return leaf(value, index, lane);
    if (op.kind === "layout") {
      const [operand] = value.operands;
      return emit(operand, op.source(index, operand.type.shape, value.type.shape, value.attrs, indexAlgebra), lane);
    }
    if (op.kind !== "elementwise") throw new TypeError(`${op.name} is not available in this kernel`);
    return elementwise(value, index, lane);
  }

  function elementwise(value: Value, index: readonly Index[], lane?: Lane): Expression {
    const key = `${lane?.variable ?? ""}|${index.map(indexKey).join("|")}`;
    const hoisted = value.type.shape.length === 0 && !touchesAnchor(value);
    for (const { known } of hoisted ? [bottom] : scopes) {
      const found = known.get(value)?.find((each) => each.key === key);
      if (found) return found.expression;
    }
    const home = hoisted ? bottom : scopes[scopes.length - 1];
    if (hoisted) scopes.push(bottom);
    const expression = bind(value, apply(value, index, lane), home, hoisted);
    if (hoisted) scopes.pop();
    const known = home.known.get(value) ?? [];
    home.known.set(value, [...known, { key, expression }]);
    return expression;
  }

  function apply(value: Value, index: readonly Index[], lane?: Lane): Expression {
    if (value.op.kind !== "elementwise") throw new TypeError(value.op.name);
    const { op } = value;
    const operands = value.operands.map((operand) => emit(operand, index, lane));
    for (const helper of op.helpers ?? []) helpers.add(helper);
    operations++;
    const lanes = operands.some((operand) => operand.lanes === 4) ? 4 : 1;
    return { tag: "apply", op, operands, dtype: value.type.dtype, lanes };
  }

  function bind(value: Value, expression: Expression, home: Scope, hoisted: boolean): Expression {
    const shared = (uses.get(value) ?? 0) > 1;
    const named = view.notes.get(value)?.name !== undefined && !roots.includes(value);
    if (!named && !shared && !hoisted && nesting(expression) <= largestNest) return expression;
    const variable = view.namer(identifier(view.hint(value)));
    home.statements.push({ tag: "let", name: variable, value: expression });
    return { tag: "name", text: variable, dtype: expression.dtype, lanes: expression.lanes };
  }

  function touchesAnchor(value: Value): boolean {
    const known = anchored.get(value);
    if (known !== undefined) return known;
    const touches = view.isAnchor(value) || (!view.isLoaded(value) && value.operands.some(touchesAnchor));
    anchored.set(value, touches);
    return touches;
  }

  return {
    emit,
    scope(action) {
      const scope: Scope = { statements: [], known: new Map() };
      scopes.push(scope);
      action();
      scopes.pop();
      return scope.statements;
    },
    push: (statement) => scopes[scopes.length - 1].statements.push(statement),
    preamble: bottom.statements,
    helpers,
    operations: () => operations,
  };
}

function leaf(value: Value, index: readonly Index[], lane?: Lane): Expression {
  const { dtype } = value.type;
  switch (value.op) {
    case constantOp:
      return { tag: "literal", value: value.attrs.value as number, dtype, lanes: 1 };
    case sizeOp:
      return { tag: "extent", extent: value.attrs.size as Dim, dtype, lanes: 1 };
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
