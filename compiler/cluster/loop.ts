/// What a loop is once its tensors are decided: carries as rows of tensors, so that a step reads one row and writes
/// another and nothing is copied. Ops of the compiler alone: no model and no printed graph has them.
import { addDims, type Dim } from "../../ir/dim.ts";
import type { ScanBody } from "../../ir/ops/scan.ts";
import type { TensorType } from "../../ir/type.ts";
import { settingOp } from "../../ir/ops/leaf.ts";
import { apply, postorder, type Attrs, type LayoutOp, type LeafOp, type ScanOp, type Value } from "../../ir/value.ts";
import { indexAlgebra, variableIndex, type Index } from "../lower/index.ts";

/** The tensors of a scan. Compared by identity. */
export interface Loop {
  readonly identity: object;
  readonly body: ScanBody;
  /** Rows of the tensor of each carry: all that it ever was, or the one that is read and the one that is written. */
  readonly rows: readonly Dim[];
}

/** The variable of a kernel that holds the place of a loop. */
export const placeName = "place";

/** The place of a loop as an index. */
export const placeIndex = ({ body }: Loop): Index => variableIndex(placeName, body.length);

/** Row numbers of a carry's tensor: where the first carry is put, and where the last one is found. */
export interface CarryRows {
  readonly first: Dim;
  readonly last: Dim;
  /** Row that a step reads, and the row that it writes. */
  readonly read: Index;
  readonly written: Index;
  /** The row of what was before place 0; the others follow. Only where all rows are kept. */
  readonly history: Dim;
}

/** True when every value that the carry has is kept. */
export const keepsHistory = ({ body, rows }: Loop, carry: number): boolean => rows[carry] === addDims(body.length, 1);

/** How the rows of a carry's tensor are used. */
export function carryRows(loop: Loop, carry: number): CarryRows {
  const { length, reverse } = loop.body;
  const place = placeIndex(loop);
  const after = indexAlgebra.add(place, indexAlgebra.constant(1));
  const [read, written] = reverse ? [after, place] : [place, after];
  if (keepsHistory(loop, carry)) {
    return { first: reverse ? length : 0, last: reverse ? 0 : length, read, written, history: reverse ? 1 : 0 };
  }
  const far = (length as number) % 2;
  const turn = (index: Index): Index => indexAlgebra.remainder(index, 2);
  return { first: reverse ? far : 0, last: reverse ? 0 : far, read: turn(read), written: turn(written), history: 0 };
}

const loopOf = (attrs: Attrs): Loop => attrs.loop as Loop;

/** The loop that a value is a tensor of, and its number: carries first, then outputs. */
export function loopTensor({ attrs }: Value): { readonly loop: Loop; readonly tensor: number } {
  return { loop: loopOf(attrs), tensor: attrs.tensor as number };
}

function tensorType({ body, rows }: Loop, tensor: number): TensorType {
  const isCarry = tensor < rows.length;
  const { dtype, shape } = isCarry ? body.carries[tensor].type : body.outputs[tensor - rows.length].type;
  return { dtype, shape: [isCarry ? rows[tensor] : body.length, ...shape] };
}

/** A whole tensor of a loop: the rows of a carry, or an output at all places. Its operands are those of the scan. */
export const loopOp: ScanOp = {
  name: "loop",
  doc: "A tensor that a loop writes.",
  kind: "scan",
  infer: (_, attrs) => tensorType(loopOf(attrs), attrs.tensor as number),
  inner: ({ loop }) => [...(loop as Loop).body.next, ...(loop as Loop).body.outputs],
};

/** One row of a tensor, at an index of the kernel. */
const rowOp: LayoutOp = {
  name: "row",
  doc: "A row of a tensor at the place of a loop.",
  kind: "layout",
  infer: ([{ dtype, shape }]) => ({ dtype, shape: shape.slice(1) }),
  // The index is one of kernels: nothing else reads this op.
  source: <I>(index: readonly I[], _operand: unknown, _result: unknown, attrs: Attrs): readonly I[] => [
    attrs.at as I,
    ...index,
  ],
  transpose() {
    throw new TypeError("loops are derived before their tensors are decided");
  },
};

/** What a loop reads to have an operand: the tensor under layouts, which are index arithmetic in its kernels. */
export function tensorUnder(operand: Value): Value {
  let under = operand;
  while (under.op.kind === "layout" && under.op !== rowOp) [under] = under.operands;
  // A row at the place of a loop around it is a tensor to this one.
  return under.op === rowOp ? operand : under;
}

/** A row of a tensor. */
export const rowOf = (tensor: Value, at: Index): Value => apply(rowOp, [tensor], { at });

/** The place of a loop as a number. */
export const placeOp: LeafOp = {
  name: "place",
  doc: "The place that a loop is at.",
  kind: "leaf",
  structural: true,
  infer: () => ({ dtype: "i32", shape: [] }),
};

/**
 * True for what a kernel of a loop computes by itself: settings and constants. What hangs on the place of a loop around it
 * is a tensor to that loop, whose kernels know their own place alone.
 */
export function isNumber(value: Value): boolean {
  if (value.op === settingOp) return true;
  return value.constant && postorder([value]).every(({ op }) => op !== placeOp && op !== rowOp);
}
