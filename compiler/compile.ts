/// The pipeline: from a model to a program. One line and one reason per step.
import type { Graph } from "../ir/graph.ts";
import { checkOptions, flag, isRecord, oneOf, type KnownOptions } from "../ir/options.ts";
import type { Program } from "../runtime/abi.ts";
import type { Storage } from "./half.ts";
import { runPasses } from "./pass.ts";
import { lint, type Warning } from "./lint/index.ts";
import { derive, simplifyAfterBinding } from "./passes/all.ts";
import { bindSizes, type Dims } from "./passes/bind-sizes.ts";
import { kernelPasses, takesProductsApart } from "./passes/kernel-passes.ts";
import { lowerScans } from "./passes/lower-scans.ts";
import { countContracts, type ContractCounts } from "./rewrite/contracts.ts";
import { assemble, type EntryFacts } from "./program.ts";

/** How to compile. */
export interface CompileOptions {
  /** Numbers for named sizes: `{ batch: 64 }`, or for one entry point `{ "predict.batch": 1 }`. */
  readonly dims?: Dims;
  /**
   * Keeps the order of operations as it is written, and ∞ and NaN where they arise: rules that reassociate or assume
   * finite values are left out; those that compute the same more accurately stay.
   */
  readonly strictFloat?: boolean;
  /** What activations are kept as between kernels: `f16` takes half the bytes; arithmetic is float32. Default `f32`. */
  readonly storage?: Storage;
  /**
   * So many bytes may the tensors between kernels take, those of all entry points together. Kernels run in another order and
   * some of them again, until that holds: results are the same bits, a step takes longer. The search tries
   * a bounded number of orders, and rarely a somewhat larger budget makes more again. A positive whole number; default: no
   * limit.
   */
  readonly memoryBudget?: number;
  /**
   * Attention of so many queries × keys or more goes without a tensor of that size: its scores are computed block by block,
   * and again for derivatives. Default: where that saves time, or memory that is worth it (`passes/block-attention.ts`).
   */
  readonly blockedScores?: number;
}

/** What each option must be. */
const known: KnownOptions<CompileOptions> = {
  dims: { must: "a record of sizes", holds: isRecord, help: "{ dims: { batch: 64 } }" },
  strictFloat: flag,
  storage: oneOf("f32", "f16"),
  memoryBudget: true, // a number of bytes is checked where it is kept
  blockedScores: { must: "a number from 1", holds: (value) => typeof value === "number" && value >= 1 },
};

/** A program, and what the compiler knows about it. */
export interface Compilation {
  readonly program: Program;
  /** The graph in its simplest form, named sizes still named: what `print` shows. */
  readonly derived: Graph;
  /** The same with numbers for named sizes. */
  readonly bound: Graph;
  /** The same in the ops that kernels have, with all of its contractions: what kernels bind is measured by those. */
  readonly contracted: Graph;
  /** The same with long ones in parts and those of few terms written out, its loops still as scans. */
  readonly ready: Graph;
  /** The same with the tensors of its loops: what kernels were planned for. */
  readonly planned: Graph;
  readonly entries: readonly EntryFacts[];
  /** How many rewrites rest on each promise about floats. */
  readonly contracts: ContractCounts;
  /** What can overflow or be no number, and is not made stable; looked for when it is asked for. */
  readonly warnings: readonly Warning[];
}

/**
 * Compiles a model, and says what it came to. Errors: `unknown-option`, `option-invalid`, `size-unbound`, `size-unknown`, and
 * those of the passes.
 */
export function compileWithFacts(graph: Graph, options: CompileOptions = {}): Compilation {
  checkOptions("compile", options, known);
  const { strictFloat = false, storage, memoryBudget, blockedScores } = options;
  const { log, counts } = countContracts();
  const symbolic = { log, strictFloat, fruitless: new Set<string>() };
  const derived = derive(graph, symbolic); // gradients in simplest form, while sizes are still names
  const bound = bindSizes(derived, options.dims ?? {}); // kernels are written for sizes that are numbers
  const simple = simplifyAfterBinding(bound, symbolic); // 1/batch is a constant now
  let contracted: Graph | undefined;
  const ready = runPasses(simple, kernelPasses({ log, strictFloat, blockedScores }), (pass, before) => {
    if (takesProductsApart.has(pass)) contracted ??= before;
  }); // in ops that kernels have, none too large
  const planned = lowerScans.run(ready); // carries and outputs of loops are rows of tensors
  const { program, facts } = assemble(planned, undefined, { storage, memoryBudget }); // kernels, memory and tables
  const contracts = counts();
  return {
    ...{ program, derived, bound, contracted: contracted!, ready, planned, entries: facts, contracts },
    get warnings() {
      return lint(simple, graph);
    },
  };
}

/** Compiles a model to the program that `load()` of chainrule/runtime runs. */
export function compile(graph: Graph, options: CompileOptions = {}): Program {
  return compileWithFacts(graph, options).program;
}
