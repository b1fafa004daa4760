/// Scalars that several functions of a module compute first, from data of the call alone: `main` computes them once.
import { wgslType } from "../../ir/ops/define.ts";
import type { Kernel } from "../lower/kernel.ts";
import type { BindingView } from "./expression.ts";
import { mentionsWord } from "./helpers.ts";
import { statementLines } from "./statements.ts";

/** Scalars that `main` computes, as text, and the statements that functions have them from no longer. */
export interface SharedScalars {
  readonly declarations: readonly string[];
  readonly assignments: readonly string[];
  /** How many of its first statements a kernel leaves out. */
  count(kernel: Kernel): number;
}

/** A scalar that a kernel begins with. */
interface Scalar {
  readonly name: string;
  readonly type: string;
  readonly line: string;
}

/** What changes from thread to thread, or from workgroup to workgroup. */
const ownWords = ["group", "local"];

/** The scalars with which at least two kernels begin, under one name. */
export function sharedScalars(kernels: readonly Kernel[], view: BindingView): SharedScalars {
  const scalars = new Map(kernels.map((kernel) => [kernel, firstScalars(kernel, view)]));
  const all = [...scalars.values()].flat();
  const users = new Map<string, number>();
  for (const { line } of all) users.set(line, (users.get(line) ?? 0) + 1);
  // Of several scalars under one name the first is shared.
  const known = new Map(
    all
      .filter(({ line }) => users.get(line)! > 1)
      .toReversed()
      .map((each) => [each.name, each]),
  );
  const isShared = ({ name, line }: Scalar): boolean => known.get(name)?.line === line;
  // Those after one that is a kernel's own may hang on it.
  const own = [...scalars].map(([kernel, each]) => [kernel, [...each.map(isShared), false].indexOf(false)] as const);
  const counts = new Map(own);
  const shared = new Map(own.flatMap(([kernel, count]) => scalars.get(kernel)!.slice(0, count).map(byName)));
  return {
    declarations: [...shared.values()].map(({ name, type }) => `var<private> ${name}: ${type};`),
    assignments: [...shared.values()].map(({ line }) => line.replace("let ", "")),
    count: (kernel) => counts.get(kernel)!,
  };
}

const byName = (scalar: Scalar): readonly [string, Scalar] => [scalar.name, scalar];

function firstScalars({ body }: Kernel, view: BindingView): readonly Scalar[] {
  const scalars: Scalar[] = [];
  for (const statement of body) {
    if (statement.tag !== "let" || statement.value.lanes !== 1) break;
    const lines = statementLines(statement, view, "  ");
    if (lines.length > 1 || ownWords.some((word) => mentionsWord(lines[0], word))) break;
    scalars.push({ name: statement.name, type: wgslType(statement.value.dtype, 1), line: lines[0] });
  }
  return scalars;
}
