/// Python's brackets, embeddings, and what else reads rows.
import {
  add,
  div,
  expandDims,
  gather,
  iota,
  mul,
  norm,
  notEqual,
  stopGradient,
  sub,
  sum,
  where,
  greater,
  cast,
  equal,
  transpose,
  flatten,
  type Value,
} from "chainrule";
import { isValue, operator, shapeOf, type Argument, type Call, type Operators, type Slice } from "../opinfo/call.ts";
import { asPositions, picked } from "./indexing.ts";
import { selected } from "./parts.ts";
import { range } from "./shaping.ts";

const isList = (argument: Argument): argument is readonly Argument[] => Array.isArray(argument);
const isSlice = (argument: Argument): argument is Slice =>
  typeof argument === "object" && argument !== null && !isList(argument) && "slice" in argument;
const isEllipsis = (argument: Argument): boolean =>
  typeof argument === "object" && argument !== null && "ellipsis" in argument;

/** The subscripts of x[…]: a list of numbers is one subscript, any other list is several. */
function subscriptsOf(argument: Argument): readonly Argument[] {
  if (!isList(argument)) return [argument];
  return argument.length > 0 && argument.every((each) => typeof each === "number") ? [argument] : argument;
}

/** Positions that a subscript lists, for as many axes as it covers; nothing for a subscript of another kind. */
function positionsOf(call: Call, subscript: Argument): readonly Value[] | undefined {
  if (isValue(subscript)) return asPositions(call, subscript);
  if (!isList(subscript)) return undefined;
  const numbers = subscript as readonly number[];
  return [call.inputs.given(numbers, [numbers.length], "i32")];
}

/** How many axes a subscript takes. */
function axesTaken(subscript: Argument): number {
  if (subscript === null || isEllipsis(subscript)) return 0;
  return isValue(subscript) && subscript.type.dtype === "bool" ? shapeOf(subscript).length : 1;
}

function subscripted(call: Call): Value {
  let x = call.float("input");
  const given = subscriptsOf(call.any("index"));
  const missing = shapeOf(x).length - given.reduce<number>((count, each) => count + axesTaken(each), 0);
  const everything: Slice = { slice: [null, null, null] };
  const rest = new Array<Slice>(missing).fill(everything);
  const at = given.findIndex(isEllipsis);
  const subscripts = at < 0 ? [...given, ...rest] : [...given.slice(0, at), ...rest, ...given.slice(at + 1)];
  let axis = 0;
  const lists: { readonly axis: number; readonly positions: readonly Value[] }[] = [];
  for (const subscript of subscripts) {
    if (typeof subscript === "number") {
      x = selected(x, axis, subscript);
    } else if (subscript === null) {
      x = expandDims(x, axis++);
    } else if (isSlice(subscript)) {
      const [start, end, step] = subscript.slice;
      x = range(x, axis++, start, end, step ?? 1);
    } else {
      const positions = positionsOf(call, subscript);
      if (!positions) throw new Error("a subscript of an unknown kind");
      lists.push({ axis, positions });
      axis += positions.length;
    }
  }
  return advanced(x, lists);
}

/** Lists of positions: their axis stays in its place where they are neighbours, else it comes first. */
function advanced(x: Value, lists: readonly { readonly axis: number; readonly positions: readonly Value[] }[]): Value {
  if (lists.length === 0) return x;
  const axes = lists.flatMap(({ axis, positions }) => positions.map((_, i) => axis + i));
  const positions = lists.flatMap((list) => list.positions);
  const first = axes[0];
  const areNeighbours = axes.every((axis, i) => axis === first + i);
  if (areNeighbours) return picked(x, first, positions);
  const others = shapeOf(x).flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  return picked(transpose(x, [...axes, ...others]), 0, positions);
}

/** Rows of a table; a padding row has no gradient, rows may be bounded in norm or share their gradient. */
function embedded(call: Call): Value {
  const [weight, tokens] = [call.float("weight"), call.tensor("input")];
  const rows = shapeOf(weight)[0];
  let table = weight;
  if (call.has("max_norm")) {
    const size = norm(table, { order: call.number("norm_type", 2), axes: [1], keepAxes: true });
    const most = call.number("max_norm");
    const used = usesOf(tokens, rows);
    const isLong = greater(where(greater(used, 0), size, 0), most);
    const bounded = where(isLong, mul(table, div(most, add(size, 1e-7))), table);
    table = add(table, stopGradient(sub(bounded, table)));
  }
  if (call.has("padding_idx")) {
    const padding = call.number("padding_idx");
    const row = iota([rows, 1], 0);
    table = where(notEqual(row, padding < 0 ? padding + rows : padding), table, stopGradient(table));
  }
  const found = gather(table, tokens);
  if (!call.flag("scale_grad_by_freq")) return found;
  const share = div(1, gather(usesOf(tokens, rows), tokens));
  const scaled = mul(found, share);
  return add(scaled, stopGradient(sub(found, scaled)));
}

/** How often each row is asked for, [rows, 1]. */
function usesOf(tokens: Value, rows: number): Value {
  const asked = equal(iota([rows, 1], 0), flatten(tokens));
  return sum(cast(asked, "f32"), { axis: 1, keepAxes: true });
}

export const selecting: Operators = {
  __getitem__: operator("input index", subscripted),
  "nn.functional.embedding": operator(
    "weight input padding_idx max_norm norm_type scale_grad_by_freq sparse",
    embedded,
  ),
};
