/// The terms of a sum may be added up in any order: a product goes along them as an operand lies in memory, where it would
/// read that element by element otherwise. What a pool gives back lies window by window, so that the weights' gradient of a
/// convolution before it reads a window at a time.
import type { Dim } from "../../ir/dim.ts";
import type { Graph } from "../../ir/graph.ts";
import { contract, contractAttrs, operandAxes, type AxisPair } from "../../ir/ops/contract.ts";
import { reshapeTo, transpose } from "../../ir/ops/layout.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { isRenaming, throughRenaming } from "../cluster/access.ts";
import { describeContraction } from "../lower/contraction-shape.ts";
import type { Pass } from "../pass.ts";
import { atomsAfter, type Atom } from "./atoms.ts";
import { rewriteValues } from "./replace.ts";

export const contractedOrder: Pass = {
  name: "contracted-order",
  doc: "A product adds up its terms in the order in which an operand lies.",
  run: (graph: Graph): Graph => rewriteValues(graph, productAsItLies),
};

/** What lies under the transposes and reshapes of an operand, and which parts of it the operand's axes are. */
function asItLies(operand: Value): {
  readonly under: Value;
  readonly after?: readonly (readonly Atom[])[] | undefined;
} {
  const { under, layouts } = throughRenaming(operand);
  return { under, after: layouts.length > 0 ? atomsAfter(under.type.shape, layouts) : undefined };
}

function productAsItLies(product: Value): Value {
  if (product.op.kind !== "contraction" || contractAttrs(product).picks === true) return product;
  if (!product.operands.some(isRenaming)) return product;
  const { modes } = describeContraction(product);
  for (const side of [0, 1] as const) {
    if (modes[side] !== "none") continue;
    const ordered = alongOperand(product, side);
    if (!ordered) continue;
    const { modes: after } = describeContraction(underLayouts(ordered));
    if (after[side] === "k" && (after[1 - side] !== "none" || modes[1 - side] === "none")) return ordered;
  }
  return product;
}

/** A part of what lies under an operand: an axis of the product, or parts that are summed along one after the other. */
interface Run {
  readonly atoms: readonly Atom[];
  /** The operand's axis; undefined where it is summed along. */
  readonly axis: number | undefined;
}

/** The product of what lies under an operand's layouts; undefined where these move more than what is summed along. */
function alongOperand(product: Value, side: 0 | 1): Value | undefined {
  const { under, after } = asItLies(product.operands[side]);
  if (!after) return undefined;
  const attrs = contractAttrs(product);
  const { batch, free } = operandAxes(attrs, side, after.length);
  const runs = runsOf(after, [...batch, ...free]);
  const rising = free
    .filter((axis) => after[axis].length > 0)
    .map((axis) => runs.findIndex((run) => run.axis === axis));
  const isWhole = [...batch, ...free].every(
    (axis) => runs.filter((run) => run.axis === axis).length === Math.min(after[axis].length, 1),
  );
  if (!isWhole || rising.some((place, at) => at > 0 && rising[at - 1] > place)) return undefined;
  // Axes of one element are no part of a sum; where they are axes of a batch, they come first.
  const units = batch.filter((axis) => after[axis].length === 0);
  const operand = reshapeTo(under, [...units.map(() => 1), ...runs.map(({ atoms }) => countOf(atoms))]);
  const placeOf = (axis: number): number =>
    units.includes(axis) ? units.indexOf(axis) : units.length + runs.findIndex((run) => run.axis === axis);
  const summed = runs.filter(({ axis }) => axis === undefined);
  const other = inParts(
    product.operands[1 - side],
    summed.map(({ atoms }) => atoms),
    new Map(attrs.contracted.map((pair) => [pair[1 - side], after[pair[side]]])),
  );
  const pair = (mine: number, its: number): AxisPair => (side === 0 ? [mine, its] : [its, mine]);
  const pairs = {
    batch: attrs.batch.map((each) => pair(placeOf(each[side]), other.places.get(each[1 - side])!)),
    contracted: summed.map((run, at) => pair(units.length + runs.indexOf(run), other.first + at)),
  };
  const ordered = side === 0 ? contract(operand, other.value, pairs) : contract(other.value, operand, pairs);
  return reshapeTo(ordered, product.type.shape);
}

/** The parts of all axes in the order in which they lie; those that follow each other and are summed along are one. */
function runsOf(after: readonly (readonly Atom[])[], kept: readonly number[]): readonly Run[] {
  const parts = after.flatMap((atoms, axis) =>
    atoms.map((atom) => ({ atom, axis: kept.includes(axis) ? axis : undefined })),
  );
  const runs: { atoms: Atom[]; axis: number | undefined }[] = [];
  for (const { atom, axis } of parts.toSorted((a, b) => a.atom.axis - b.atom.axis || b.atom.inner - a.atom.inner)) {
    const last = runs.at(-1);
    if (last && last.axis === axis && last.atoms[0].axis === atom.axis) last.atoms.push(atom);
    else runs.push({ atoms: [atom], axis });
  }
  return runs;
}

const countOf = (atoms: readonly Atom[]): number => atoms.reduce((count, { extent }) => count * extent, 1);

/** An operand whose last axes are made of these parts of others, and where the others are then. */
function inParts(
  operand: Value,
  last: readonly (readonly Atom[])[],
  atoms: ReadonlyMap<number, readonly Atom[]>,
): { readonly value: Value; readonly first: number; readonly places: ReadonlyMap<number, number> } {
  const { shape } = operand.type;
  const parts = shape.flatMap((extent, axis): readonly { axis?: number; extent: Dim; atom?: Atom }[] => {
    return atoms.get(axis)?.map((atom) => ({ extent: atom.extent, atom })) ?? [{ axis, extent }];
  });
  const stay = parts.filter(({ axis }) => axis !== undefined);
  const order = [
    ...stay.map((part) => parts.indexOf(part)),
    ...last.flat().map((atom) => parts.findIndex((part) => part.atom === atom)),
  ];
  const apart = reshapeTo(
    operand,
    parts.map(({ extent }) => extent),
  );
  return {
    value: reshapeTo(transpose(apart, order), [...stay.map(({ extent }) => extent), ...last.map(countOf)]),
    first: stay.length,
    places: new Map(stay.map(({ axis }, at) => [axis!, at])),
  };
}
