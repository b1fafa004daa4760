/// The order of elements along an axis: a bitonic network over positions, one workgroup a row. Every merge begins with
/// its second half turned around, so that all comparisons go one way and a row of any length is sorted as if it were
/// filled up with elements that come last. Positions break ties: the result is stable.
import type { Dim } from "../../ir/dim.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import { elementCount, isFloat } from "../../ir/type.ts";
import type { Value } from "../../ir/value.ts";
import type { Traffic } from "../cluster/store.ts";
import { extentText, indexText } from "../wgsl/expression.ts";
import { createNamer, type Namer } from "../wgsl/names.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { indexAlgebra } from "./index.ts";
import { foldGrid, hintFor, nameTensors, powerOfTwo, targetTensor, type Kernel, type LowerContext } from "./kernel.ts";
import { rowsOf, type Rows } from "./rows.ts";

/** Positions of a row that workgroup memory holds; longer rows are sorted where the result lies. */
const mostShared = 2048;
const mostThreads = 256;

/** Lowers argsort. */
export function lowerSort(traffic: Traffic, context: LowerContext): Kernel {
  const { cluster } = traffic;
  const root = [...cluster.members].find((member) => member.op.kind === "sort")!;
  const loaded = new Set(traffic.loads);
  const namer = context.shared?.names.inside() ?? createNamer();
  const tensorNames = nameTensors(traffic, context, namer.outside);
  const names = namesFrom(namer);
  const emitter = createEmitter(
    {
      ...{ notes: context.notes, hint: (value: Value) => hintFor(value, context), namer },
      isLoaded: (value) => loaded.has(value),
      computed: () => undefined,
      isAnchor: (value) => value === root,
    },
    root.operands,
  );
  const rows = rowsOf(root.type.shape, cluster.axes);
  const padded = paddedLength(rows.length);
  const threads = Math.max(1, Math.min(mostThreads, padded / 2));
  const shared = padded <= mostShared;
  const [target, ...others] = context.targets(root);
  const result = tensorNames.get(targetTensor(target))!;
  const at = (name: string): string =>
    shared
      ? `${names.order}[${name}]`
      : `${result}[${indexText(joinIndex(rows.at(name), root.type.shape, indexAlgebra))}]`;
  const body = emitter.scope(() => {
    const line = (text: string): void => emitter.push({ tag: "line", text });
    if (rows.rowCount !== 1) line(`let row = ${foldGrid(rows.rowCount, 1).group};`);
    const barrier = shared ? "workgroupBarrier();" : "storageBarrier();";
    const each = `for (var i = local.x; i < ${extentText(rows.length)}; i += ${threads}u)`;
    const number = (text: string) => ({ tag: "name", text, dtype: "i32", lanes: 1 }) as const;
    const store = (to: typeof target, text: string): void =>
      emitter.push({
        tag: "store",
        target: to,
        index: joinIndex(rows.at("i"), root.type.shape, indexAlgebra),
        value: number(text),
      });
    const start = emitter.scope(() => (shared ? line(`${names.order}[i] = i32(i);`) : store(target, "i32(i)")));
    emitter.push({ tag: "block", head: each, body: start });
    line(barrier);
    emitter.push(network({ root, rows, padded, threads, barrier, at, names }, emitter));
    const finish = emitter.scope(() => {
      for (const to of shared ? [target, ...others] : others) store(to, at("i"));
    });
    if (finish.length > 0) emitter.push({ tag: "block", head: each, body: finish });
  });
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    workgroupSize: [threads, 1, 1],
    grid: foldGrid(rows.rowCount, 1).grid,
    declarations: shared ? [`var<workgroup> ${names.order}: array<i32, ${padded}>;`] : [],
    tensorNames,
    helpers: [...emitter.helpers],
    flops: elementCount(root.type.shape),
  };
}

/** A power of two that a row fits into. */
function paddedLength(length: Dim): number {
  return Math.max(2, powerOfTwo(length, 2 ** 30));
}

/** Variables of the template: no tensor and no value is called the same. */
type Names = ReturnType<typeof namesFrom>;

function namesFrom(namer: Namer) {
  const side = (name: string) => ({
    place: namer(name),
    at: namer(`${name}_at`),
    key: namer(`${name}_key`),
    nan: namer(`${name}_nan`),
  });
  return {
    ...{ order: namer.outside("order"), size: namer("size"), pair: namer("pair"), swap: namer("swap") },
    ...{ low: namer("low"), high: namer("high"), turned: namer("turned"), a: side("a"), b: side("b") },
  };
}

interface Merge {
  readonly root: Value;
  readonly rows: Rows;
  readonly padded: number;
  readonly threads: number;
  readonly barrier: string;
  /** The text of the position that stands at a place of the row. */
  at(name: string): string;
  readonly names: Names;
}

/** Sorted runs of `size` elements, twice as long each time. */
function network(merge: Merge, emitter: Emitter): Kernel["body"][number] {
  const { size } = merge.names;
  const head = `for (var ${size} = 2u; ${size} <= ${merge.padded}u; ${size} *= 2u)`;
  return { tag: "block", head, body: writeMerge(merge, emitter) };
}

/** Merges neighbours of `size / 2` elements by comparisons at shrinking distances. */
function writeMerge(merge: Merge, emitter: Emitter): Kernel["body"] {
  const { padded, threads, barrier, names } = merge;
  const { size, pair } = names;
  const pairs = emitter.scope(() => writeComparison(merge, emitter));
  const head = `for (var ${pair} = local.x; ${pair} < ${padded / 2}u; ${pair} += ${threads}u)`;
  const step = [{ tag: "block", head, body: pairs } as const, { tag: "line", text: barrier } as const];
  return [{ tag: "block", head: `for (var stride = ${size} / 2u; stride > 0u; stride /= 2u)`, body: step }];
}

function writeComparison({ root, rows, at, names }: Merge, emitter: Emitter): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  const [operand] = root.operands;
  const { size, pair, low, high, turned, swap, a, b } = names;
  line(`let ${low} = ${pair} / stride * stride * 2u + ${pair} % stride;`);
  line(`let ${turned} = ${pair} / stride * ${size} + ${size} - 1u - ${pair} % stride;`);
  line(`let ${high} = select(${low} + stride, ${turned}, stride == ${size} / 2u);`);
  line(`if (${high} >= ${extentText(rows.length)}) { continue; }`);
  line(`let ${a.place} = ${at(low)};`);
  line(`let ${b.place} = ${at(high)};`);
  for (const side of [a, b]) line(`let ${side.at} = u32(${side.place});`);
  for (const side of [a, b]) {
    emitter.push({ tag: "let", name: side.key, value: emitter.emit(operand, rows.at(side.at)) });
  }
  const [before, after] = root.attrs.descending ? ["<", ">"] : [">", "<"];
  const isLater = `${a.place} > ${b.place}`;
  const ordered = `${a.key} ${before} ${b.key} || (!(${a.key} ${after} ${b.key}) && ${isLater})`;
  if (isFloat(operand.type.dtype)) {
    // By their bits, since comparisons with NaN are not to be trusted; NaN comes last.
    for (const { key, nan } of [a, b]) line(`let ${nan} = (bitcast<u32>(${key}) & 0x7fffffffu) > 0x7f800000u;`);
    line(`var ${swap} = ${ordered};`);
    line(`if (${a.nan} || ${b.nan}) { ${swap} = ${a.nan} && (!${b.nan} || ${isLater}); }`);
  } else line(`let ${swap} = ${ordered};`);
  emitter.push({
    tag: "block",
    head: `if (${swap})`,
    body: [
      { tag: "line", text: `${at(low)} = ${b.place};` },
      { tag: "line", text: `${at(high)} = ${a.place};` },
    ],
  });
}
