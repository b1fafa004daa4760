/// The compiler as functions: `compile(model, { dims })` gives the program that `load()` of chainrule/runtime runs.
export { compile, compileWithFacts } from "./compile.ts";
export type { Compilation, CompileOptions } from "./compile.ts";
export type { Warning } from "./lint/index.ts";
export { derive } from "./passes/all.ts";
export type { Dims } from "./passes/bind-sizes.ts";
export { report } from "./report.ts";
export type { EntryReport, KernelReport, ParameterReport, Report, ResidualReport } from "./report.ts";
export { residuals, type Residual } from "./autodiff/residuals.ts";
export { formatDot } from "./format/dot.ts";
export { formatJson, readGraphJson } from "./format/json.ts";
export { formatLatex } from "./format/latex.ts";
export { formatMermaid } from "./format/mermaid.ts";
