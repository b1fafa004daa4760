/// What a product computes while it reads: an operand that is made of smaller tensors alone, such as the slopes of a pool,
/// or of those and what a pool is of. Those are read instead of it, and it is not written.
import type { Dim } from "../../ir/dim.ts";
import { copyOp } from "../../ir/ops/choose.ts";
import { elementCount } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import { throughRenaming } from "./access.ts";
import { descend } from "./descend.ts";

/** A product reads an element many times: only so few ops are done again each time. */
const mostOps = 4;

/** What is read for an element, in elements: where it is not much more than one, it is less than to write it as well. */
const mostRead = 1.5;

/**
 * The values that only those compute who read them: few ops between operands of products and smaller tensors. Windows of a
 * convolution show an element many times; what is read through them is written.
 */
export function prologues(values: readonly Value[]): ReadonlySet<Value> {
  const operands = new Set(values.flatMap(({ op, operands }) => (op.kind === "contraction" ? operands : [])));
  const bases = [...operands].map((value) => throughRenaming(value).under);
  const found = new Set(bases.flatMap((value) => [...(spreadOf(value) ?? [])]));
  const isView = ({ op }: Value): boolean => op.kind === "layout" || op.kind === "piecewise";
  descend(bases.filter(isView), (value) => {
    if (!isView(value)) for (const each of spreadOf(value) ?? []) found.delete(each);
    return isView(value);
  });
  return found;
}

/**
 * The ops between a value and the smaller tensors that it is made of, with at most one that its kernel writes as it lies;
 * undefined where it is made of others, or by many.
 */
function spreadOf(value: Value): ReadonlySet<Value> | undefined {
  if (value.op.kind !== "elementwise") return undefined;
  const size = elementCount(value.type.shape);
  const ops = new Set<Value>();
  let [isMade, read] = [true, 0];
  descend([value], (each) => {
    const { op, type, constant } = each;
    if (!isMade || constant) return false;
    const count = elementCount(type.shape);
    if (op.kind === "layout") return true;
    if (isSmaller(count, size) || isOfCopies(each)) {
      read += (count as number) / (size as number);
      return false;
    }
    ops.add(each);
    isMade = op.kind === "elementwise" && (op.helpers?.length ?? 0) === 0 && ops.size <= mostOps;
    return isMade;
  });
  return isMade && read > 0 && read < mostRead ? ops : undefined;
}

/** True for numbers that the kernel which copies a tensor as it lies can write instead: a formula of that alone. */
function isOfCopies(value: Value): boolean {
  let [isOf, found] = [value.type.dtype !== "bool", false];
  descend([value], (each) => {
    if (!isOf || each.constant) return false;
    found ||= each.op === copyOp;
    isOf = each.op.kind === "elementwise";
    return isOf && each.op !== copyOp;
  });
  return isOf && found;
}

const isSmaller = (count: Dim, size: Dim): count is number =>
  typeof count === "number" && typeof size === "number" && count < size;
