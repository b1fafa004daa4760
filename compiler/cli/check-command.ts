/// `chainrule check`: gradients against differences, kernels against the interpreter, on this machine.
import { placeText } from "../../ir/diagnostic.ts";
import { notFiniteText } from "../check/finite.ts";
import { allGradients, checkedDims, checkOnDevice } from "../check/index.ts";
import type { DeviceCheck, GradientCheck, GradientToCheck, KernelCheck } from "../check/index.ts";
import { compile } from "../compile.ts";
import { loadModel } from "../load/index.ts";
import { openDeviceModule } from "./device.ts";
import { counted, table, tableLine, type Alignment, type Terminal } from "./terminal.ts";

/** What to check. */
export interface CheckCommand {
  readonly model: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly strictFloat: boolean;
}

/** Checks, prints the worst of each item, and returns the exit code. */
export async function checkCommand(command: CheckCommand, terminal: Terminal): Promise<number> {
  const { model, ...options } = command;
  const graph = await loadModel(model);
  // The interpreter takes any numbers; compiling says which sizes the model does not have.
  compile(graph, { dims: checkedDims(graph, options) });
  const sizes = Object.entries(checkedDims(graph, options)).map(([name, size]) => `${name}=${size}`);
  if (sizes.length > 0) terminal.print(`sizes: ${sizes.join(", ")}`);
  const gradients = printGradients(allGradients(graph, options), terminal);
  const device = await checkOnDevice(graph, openDeviceModule, options);
  printKernels(device, terminal);
  return [...gradients, ...device.kernels].every((each) => each.ok) ? 0 : 1;
}

const columns: readonly Alignment[] = ["left", "left", "left", "right", "left"];

/** Checks one gradient after the other, and prints what was found as soon as it is known. */
export function printGradients(all: readonly GradientToCheck[], terminal: Terminal): readonly GradientCheck[] {
  terminal.print(terminal.style("bold", "gradients against central differences in float64, to 1e-6 relative"));
  if (all.length === 0) terminal.print("  the model has none");
  const compared = all.filter(({ inexact }) => inexact === undefined);
  const widest = (text: (each: GradientToCheck) => string): number =>
    Math.max(0, ...compared.map((each) => text(each).length));
  const widths = [widest(titleOf), widest(comparedEntries), "worst".length, "1.0e-10".length, 0];
  const found = compared.map((each) => {
    const check = each.check();
    printLine(tableLine(gradientRow(check), widths, columns), check.ok, terminal);
    return check;
  });
  for (const { entryPoint, name, inexact } of all) {
    if (inexact === undefined) continue;
    terminal.print(
      `  not checked ${entryPoint}: ${name}, since the rule of ${inexact} is not meant to be its derivative`,
    );
  }
  return found;
}

const titleOf = ({ entryPoint, name }: Pick<GradientCheck, "entryPoint" | "name">): string => `${entryPoint}: ${name}`;

const comparedEntries = ({ count, checked }: Pick<GradientCheck, "count" | "checked">): string =>
  checked === count ? entries(count) : `${checked} of ${entries(count)}`;

function gradientRow(check: GradientCheck): readonly string[] {
  const { count, place, worst, index, derived, measured, ok } = check;
  if (count === 0) return [titleOf(check), "nothing", "to compare", "", neverSmooth(check)];
  const at = describeWorst(ok, index, derived, measured) + (ok || !place ? "" : `, ${placeText(place)}`);
  return [titleOf(check), comparedEntries(check), "worst", worst.toExponential(1), at + givenUp(check)];
}

type Draws = Pick<GradientCheck, "kinks" | "notFinite" | "origin">;

/** Of a loss without a slope at any of the points: why, and where it stops being a number. */
function neverSmooth({ origin, ...draws }: Draws): string {
  return `none but ${reasons(draws)}${origin ? `: ${notFiniteText(origin)}` : ""}`;
}

/** Points at which there was nothing to compare. */
function givenUp(draws: Draws): string {
  return draws.kinks + draws.notFinite === 0 ? "" : ` (after ${reasons(draws)})`;
}

function reasons({ kinks, notFinite }: Draws): string {
  const parts = [
    ...(kinks > 0 ? [`${counted(kinks, "point", "points")} on a kink`] : []),
    ...(notFinite > 0 ? [`${counted(notFinite, "point", "points")} where it is not finite`] : []),
  ];
  return parts.join(" and ");
}

function printKernels({ kernels, adapter }: DeviceCheck, terminal: Terminal): void {
  terminal.print(terminal.style("bold", `kernels on ${adapter} against the interpreter, to 1e-4 relative`));
  const rows = kernels.map((kernel) => [
    `${kernel.entryPoint}: ${kernel.kind} ${kernel.name}`,
    entries(kernel.count),
    "worst",
    kernel.worst.toExponential(1),
    [...blamed(kernel), ...notWitnessed(kernel)].join("; "),
  ]);
  printRows(
    rows,
    kernels.map((each) => each.ok),
    terminal,
  );
}

/** Of a wrong result: both numbers, and whether the rewriting has made them differ. */
function blamed({ ok, index, device, interpreter, simplified }: KernelCheck): readonly string[] {
  if (ok) return [];
  return [`${describeWorst(ok, index, device, interpreter)}; the simplified formula gives ${simplified}`];
}

/** Results that say nothing about rewriting, since the formula as written has none there. */
function notWitnessed({ onlySimplified }: KernelCheck): readonly string[] {
  if (onlySimplified === 0) return [];
  return [`${entries(onlySimplified)} not finite as written, compared with the simplified formula`];
}

const entries = (count: number): string => counted(count, "entry", "entries");

function describeWorst(ok: boolean, index: number, found: number, expected: number): string {
  return ok ? "" : `at entry ${index}: found ${found}, expected ${expected}`;
}

function printRows(rows: readonly (readonly string[])[], ok: readonly boolean[], terminal: Terminal): void {
  table(rows, columns).forEach((line, row) => printLine(line, ok[row], terminal));
}

function printLine(line: string, ok: boolean, terminal: Terminal): void {
  terminal.print(`${ok ? terminal.style("green", "  ok ") : terminal.style("red", "  BAD")} ${line}`);
}
