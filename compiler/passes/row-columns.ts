/// Sums of columns that a kernel of rows can add up on its way: slopes of a normalisation's scale and shift, whose terms
/// are made of what the slope of its operand is made of. They become sums of sums over the rows of a workgroup.
import type { Dim } from "../../ir/dim.ts";
import { reshapeTo } from "../../ir/ops/layout.ts";
import { axesOf, sumOp } from "../../ir/ops/sum.ts";
import { elementCount, type Shape } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { isRenaming } from "../cluster/access.ts";
import { firstOfRow, groupedShape, rowsTogether } from "../cluster/columns.ts";
import type { Parts } from "./quad-parts.ts";

/** What terms are made of: tensors, those of them that are as large, and reductions of rows of the same space. */
interface Sources {
  readonly tensors: ReadonlySet<Value>;
  readonly large: ReadonlySet<Value>;
  readonly rows: ReadonlySet<Value>;
}

/** What is known of sums: nothing but results follows from one that is free, and some have a kernel of columns otherwise. */
export interface SumFacts {
  isFree(sum: Value): boolean;
  hasOwnKernel(sum: Value): boolean;
}

/**
 * Those of the sums that a kernel of rows can add up, from which nothing follows but results: `isFree` says so. One is made
 * of rows' reductions, or stands beside one that is, and reads no tensor that the kernel does not read for its rows.
 */
export function rowColumns(
  values: readonly Value[],
  users: ReadonlyMap<Value, readonly Value[]>,
  { isFree, hasOwnKernel }: SumFacts,
): ReadonlySet<Value> {
  const found = new Set<Value>();
  const sums = values.filter((value) => firstColumn(value) !== undefined);
  if (sums.length === 0) return found;
  for (const [space, rows] of reductionsOfRows(values)) {
    const near = sums.filter((sum) => spaceOf(sum) === space && !isWritten(sum.operands[0], users) && isFree(sum));
    if (near.length === 0) continue;
    const read = rows.map((row) => sourcesOf(row.operands[0], rows).large);
    const besides = near
      .map((sum) => ({ sum, sources: sourcesOf(sum.operands[0], rows) }))
      .filter(({ sources }) => read.some((large) => isWithin(sources.large, large)));
    const made = besides.filter(
      ({ sum, sources }) => sources.rows.size > 0 && !(hasOwnKernel(sum) && isKnownBefore(sources, values)),
    );
    for (const { sum, sources } of besides) {
      if (made.some((other) => isWithin(sources.large, other.sources.large))) found.add(sum);
    }
  }
  return found;
}

/** The terms of such a sum in the parts that workgroups have. */
export function partsOfColumns(sum: Value): Parts {
  const [terms] = sum.operands;
  const { shape } = terms.type;
  const first = firstColumn(sum)!;
  return { parts: reshapeTo(terms, groupedShape(shape, first, rowsTogether(shape, first)!)), inner: [1], outer: [0] };
}

/** The first axis of columns, where those are summed over all rows before them and worth the kernel of these. */
function firstColumn(value: Value): number | undefined {
  if (value.op !== sumOp || value.type.dtype !== "f32") return undefined;
  const axes = axesOf(value);
  const isLeading = axes.every((axis, at) => axis === at);
  const { shape } = value.operands[0].type;
  return isLeading && rowsTogether(shape, axes.length) !== undefined ? axes.length : undefined;
}

/** A space with the first axis of its columns, as a text. */
const keyOf = (shape: Shape, first: number): string => `${shape.join()}|${first}`;

const spaceOf = (sum: Value): string => keyOf(sum.operands[0].type.shape, firstColumn(sum)!);

/** Reductions of rows, by the space and the first axis of its columns. */
function reductionsOfRows(values: readonly Value[]): ReadonlyMap<string, readonly Value[]> {
  const found = new Map<string, Value[]>();
  for (const value of values) {
    if (value.op.kind !== "reduction") continue;
    const { shape } = value.operands[0].type;
    const first = firstOfRow(shape, axesOf(value));
    if (first === undefined) continue;
    const key = keyOf(shape, first);
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}

/** What the terms are computed from element by element. */
function sourcesOf(terms: Value, rows: readonly Value[]): Sources {
  const [tensors, large, reductions] = [new Set<Value>(), new Set<Value>(), new Set<Value>()];
  const size = elementCount(terms.type.shape);
  const isExpression = ({ op }: Value): boolean => op.kind === "elementwise" || op.kind === "layout";
  for (const value of postorder([terms], isExpression)) {
    if (rows.includes(value)) reductions.add(value);
    if (isExpression(value) || rows.includes(value) || value.constant) continue;
    tensors.add(value);
    if (!isSmaller(elementCount(value.type.shape), size)) large.add(value);
  }
  return { tensors, large, rows: reductions };
}

const isSmaller = (size: Dim, other: Dim): boolean =>
  typeof size === "number" && typeof other === "number" && size < other;

const isWithin = (some: ReadonlySet<Value>, all: ReadonlySet<Value>): boolean =>
  [...some].every((each) => all.has(each));

/**
 * True where the rows' reductions are known before the tensors that terms are made of as well, as those of a normalisation
 * are whose result a product reads: a kernel of columns needs nothing else then, and runs beside that of rows.
 */
const isKnownBefore = ({ tensors, rows }: Sources, values: readonly Value[]): boolean =>
  [...rows].every((row) => {
    const waiting = new Set([row]);
    for (const value of values) if (value.operands.some((operand) => waiting.has(operand))) waiting.add(value);
    return [...tensors].some((tensor) => waiting.has(tensor));
  });

/** True for terms that are written in any case, since a product reads them: one dispatch adds them up beside it. */
function isWritten(terms: Value, users: ReadonlyMap<Value, readonly Value[]>): boolean {
  const isRead = (value: Value): boolean =>
    (users.get(value) ?? []).some((user) => user.op.kind === "contraction" || (isRenaming(user) && isRead(user)));
  return isRead(isRenaming(terms) ? terms.operands[0] : terms);
}
