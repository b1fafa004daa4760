/// The table of DESIGN §2: who may import whom. A row is a file or a folder; the first row that matches a path is its own.

/** One row. A file imports its own row, and the rows that `imports` names; nothing else of this project. */
export interface Layer {
  readonly row: string;
  readonly imports: readonly string[];
  /** Rows of which only types are imported. */
  readonly types?: readonly string[];
  /** Packages and Node's own modules. */
  readonly packages?: readonly string[];
}

const value = [
  "ir/dim.ts",
  "ir/type.ts",
  "ir/diagnostic.ts",
  "ir/errors.ts",
  "ir/initializer.ts",
  "ir/parts.ts",
  "ir/intern.ts",
  "ir/value.ts",
  "ir/graph.ts",
];
const language = [
  ...[...value, "ir/ops/", "ir/static.ts", "ir/static-axes.ts", "ir/static-parts.ts", "ir/build.ts", "ir/naming.ts"],
  "ir/random.ts",
  "ir/options.ts",
];
const whole = ["ir/"];
const kernelIr = [
  "compiler/cluster/loop.ts",
  "compiler/lower/index.ts",
  "compiler/lower/condition.ts",
  "compiler/lower/kernel.ts",
];

/** The table, the narrower rows before the wider ones. */
export const layers: readonly Layer[] = [
  { row: "ir/dim.ts", imports: [] },
  { row: "ir/type.ts", imports: ["ir/dim.ts"] },
  { row: "ir/initializer.ts", imports: ["ir/options.ts"] },
  { row: "ir/diagnostic.ts", imports: [] },
  { row: "ir/other-words.ts", imports: [] },
  { row: "ir/suggest.ts", imports: ["ir/other-words.ts"] },
  { row: "ir/shown.ts", imports: ["ir/type.ts", "ir/value.ts"] },
  {
    row: "ir/errors.ts",
    imports: ["ir/dim.ts", "ir/type.ts", "ir/diagnostic.ts", "ir/shown.ts", "ir/suggest.ts"],
  },
  { row: "ir/parts.ts", imports: ["ir/dim.ts", "ir/type.ts"] },
  { row: "ir/intern.ts", imports: [] },
  {
    row: "ir/value.ts",
    imports: ["ir/dim.ts", "ir/type.ts", "ir/diagnostic.ts", "ir/parts.ts", "ir/intern.ts"],
  },
  { row: "ir/graph.ts", imports: ["ir/dim.ts", "ir/diagnostic.ts", "ir/intern.ts", "ir/value.ts"] },
  // Types alone: nothing of these three exists at run time.
  { row: "ir/static-axes.ts", imports: value, types: ["ir/static.ts"] },
  { row: "ir/static.ts", imports: [...value, "ir/static-axes.ts"] },
  { row: "ir/static-parts.ts", imports: value, types: ["ir/static.ts", "ir/static-axes.ts"] },
  { row: "ir/ops/", imports: [...value, "ir/options.ts", "ir/static.ts", "ir/static-axes.ts", "ir/static-parts.ts"] },
  { row: "ir/options.ts", imports: [...value, "ir/shown.ts"] },
  { row: "ir/naming.ts", imports: [...value, "ir/ops/"] },
  { row: "ir/steps.ts", imports: [...value, "ir/ops/", "ir/naming.ts"] },
  { row: "ir/random-key.ts", imports: [...value, "ir/ops/", "ir/naming.ts", "ir/steps.ts"] },
  { row: "ir/state-options.ts", imports: [...value, "ir/options.ts", "ir/naming.ts"] },
  { row: "ir/written.ts", imports: ["ir/diagnostic.ts"] },
  {
    row: "ir/build.ts",
    imports: [
      ...value,
      "ir/ops/",
      "ir/static.ts",
      "ir/naming.ts",
      "ir/random-key.ts",
      "ir/state-options.ts",
      "ir/steps.ts",
      "ir/written.ts",
    ],
  },
  { row: "ir/traced.ts", imports: [...value, "ir/build.ts", "ir/naming.ts", "ir/written.ts"] },
  { row: "ir/random.ts", imports: language, types: ["ir/steps.ts"] },
  { row: "ir/training.ts", imports: [...value, "ir/ops/"] },
  {
    row: "ir/scan.ts",
    imports: [...value, "ir/options.ts", "ir/ops/", "ir/static.ts", "ir/static-axes.ts", "ir/build.ts"],
  },
  { row: "ir/nn/", imports: language },
  { row: "ir/optim/", imports: [...language, "ir/shown.ts"] },
  { row: "ir/classes.ts", imports: [...value, "ir/ops/"] },
  { row: "ir/model.ts", imports: [...language, "ir/classes.ts", "ir/training.ts", "ir/written.ts"] },
  { row: "ir/notation/", imports: [...value, "ir/ops/"] },
  { row: "ir/print/", imports: [...value, "ir/ops/", "ir/notation/"] },
  { row: "ir/print.ts", imports: [...value, "ir/options.ts", "ir/ops/", "ir/notation/", "ir/print/"] },
  { row: "ir/parse/", imports: [...value, "ir/ops/", "ir/notation/"] },
  { row: "ir/parse.ts", imports: [...value, "ir/ops/", "ir/notation/", "ir/parse/", "ir/classes.ts"] },
  { row: "ir/verify.ts", imports: [...value, "ir/ops/"] },
  { row: "ir/evaluate/", imports: [...value, "ir/suggest.ts", "ir/ops/"] },
  { row: "ir/evaluate.ts", imports: [...value, "ir/options.ts", "ir/ops/", "ir/evaluate/"] },
  { row: "ir/", imports: whole },

  { row: "runtime/abi.ts", imports: [] },
  { row: "runtime/node.ts", imports: ["runtime/"], packages: ["node:", "webgpu"] },
  { row: "runtime/tuning-node.ts", imports: ["runtime/"], packages: ["node:"] },
  { row: "runtime/train/checkpoint-node.ts", imports: ["runtime/"], packages: ["node:"] },
  { row: "runtime/", imports: ["runtime/"], packages: ["#platform"] },

  { row: "compiler/errors.ts", imports: whole },
  { row: "compiler/pass.ts", imports: whole },
  { row: "compiler/rewrite/", imports: [...whole, "compiler/errors.ts"] },
  { row: "compiler/autodiff/", imports: [...whole, "compiler/errors.ts", "compiler/rewrite/"] },
  {
    row: "compiler/passes/",
    imports: [
      ...[...whole, "compiler/errors.ts", "compiler/pass.ts", "compiler/rewrite/"],
      "compiler/autodiff/",
      // A reduction is split where a kernel would have too little to do in parallel.
      "compiler/cluster/access.ts",
      // So is a concatenation of more tensors than one binds.
      "compiler/cluster/partition.ts",
      // So are sums of columns that a kernel of rows has.
      "compiler/cluster/columns.ts",
      // And sums of runs, of which its rows are made.
      "compiler/cluster/row-parts.ts",
      // A loop becomes the tensors that its kernels write.
      "compiler/cluster/loop.ts",
      // Attention becomes what its kernels compute.
      "compiler/cluster/attention.ts",
      // Which operand of a product has the rows hangs on how its kernel would read them.
      "compiler/lower/contraction-shape.ts",
    ],
  },
  { row: "compiler/format/", imports: [...whole, "compiler/errors.ts", "compiler/rewrite/"] },
  { row: "compiler/lint/", imports: [...whole, "compiler/rewrite/"] },
  {
    row: "compiler/explain/",
    imports: [
      ...[...whole, "compiler/errors.ts", "compiler/pass.ts", "compiler/rewrite/"],
      ...["compiler/autodiff/", "compiler/passes/", "compiler/format/", "compiler/wgsl/names.ts"],
      // Kernels of values without names.
      "compiler/lower/kernel.ts",
    ],
  },
  // Index arithmetic is older than kernels: clusters and schedules are found with it.
  { row: "compiler/lower/index.ts", imports: whole },
  { row: "compiler/lower/condition.ts", imports: [...whole, "compiler/lower/index.ts"] },
  { row: "compiler/cluster/loop.ts", imports: [...whole, "compiler/lower/index.ts"] },
  { row: "compiler/cluster/attention.ts", imports: [...whole, "compiler/rewrite/"] },
  {
    row: "compiler/cluster/",
    imports: [
      ...[...whole, "compiler/lower/index.ts", "compiler/lower/condition.ts", "compiler/cluster/loop.ts"],
      "compiler/cluster/attention.ts",
      // Which values have elements of which: rules ask that as well.
      "compiler/rewrite/selected.ts",
    ],
  },
  { row: "compiler/wgsl/names.ts", imports: whole },
  {
    row: "compiler/lower/kernel.ts",
    imports: [...whole, "compiler/lower/index.ts"],
    types: ["compiler/cluster/", "compiler/lower/condition.ts", "compiler/wgsl/names.ts"],
  },
  { row: "compiler/schedule/", imports: [...whole, ...kernelIr, "compiler/cluster/"] },
  {
    row: "compiler/wgsl/",
    imports: [...whole, ...kernelIr, "compiler/cluster/partition.ts", "compiler/wgsl/names.ts"],
    types: ["runtime/abi.ts"],
  },
  {
    row: "compiler/lower/",
    imports: [
      ...[...whole, ...kernelIr, "compiler/errors.ts", "compiler/cluster/", "compiler/schedule/"],
      ...["compiler/wgsl/", "compiler/wgsl/names.ts"],
    ],
  },
  {
    row: "compiler/check/",
    imports: [...whole, "compiler/compile.ts", "compiler/passes/", "compiler/rewrite/"],
    types: ["runtime/abi.ts"],
  },
  { row: "compiler/load/", imports: [...whole, "compiler/errors.ts"], packages: ["node:", "ts-morph", "jiti"] },
  { row: "compiler/emit/", imports: [], types: ["runtime/abi.ts"], packages: ["ts-morph"] },
  // It times what the runtime launches, one dispatch at a time.
  { row: "compiler/cli/profile.ts", imports: ["compiler/", "runtime/"] },
  {
    row: "compiler/cli/",
    imports: ["ir/", "compiler/", "runtime/index.ts", "runtime/tuning.ts"],
    packages: ["node:", "cac"],
  },
  // compile.ts, program.ts, report.ts, index.ts: the pipeline. It knows every stage, and neither files nor commands.
  {
    row: "compiler/",
    imports: [
      ...[
        ...whole,
        "compiler/errors.ts",
        "compiler/pass.ts",
        "compiler/rewrite/",
        "compiler/autodiff/",
        "compiler/passes/",
      ],
      ...["compiler/format/", "compiler/lint/", "compiler/cluster/", "compiler/schedule/", "compiler/lower/"],
      ...["compiler/wgsl/"],
      // Of the contract's values there is one, its version.
      "runtime/abi.ts",
    ],
  },
];

/** The row that a path belongs to. */
export function layerOf(path: string): Layer | undefined {
  return layers.find(({ row }) => covers(row, path));
}

/** True when a row is the path, or a folder above it. */
export function covers(row: string, path: string): boolean {
  return row.endsWith("/") ? path.startsWith(row) : path === row;
}
