/// Endings that functions of a module have in common, such as the step of an optimizer: written once, in `main`, for which
/// each function leaves its fours of numbers and their places in `ending`. Compilers of shaders write out every call, so
/// that a function for it would be as much text as all of them.
import { indexAlgebra, indexKey, variableIndex, type Index } from "../lower/index.ts";
import type { Expression, Kernel, Statement } from "../lower/kernel.ts";
import { abstract, commonText, familiesOf, type Abstracted, type Family, type PartText } from "./alike.ts";
import { indexText, type BindingView } from "./expression.ts";
import { statementLines } from "./statements.ts";

/** Functions without the ending that several have in common, and that ending. */
export interface SharedEnding {
  readonly families: readonly Family[];
  readonly declarations: readonly string[];
  /** The end of `main`. */
  readonly lines: readonly string[];
  readonly tied: Family["tied"];
}

/** What a module has around its functions. */
interface ModuleView {
  readonly view: BindingView;
  /** Constants that say where tensors begin. */
  readonly starts: ReadonlySet<string>;
  /** How many of its first statements a kernel leaves to `main`. */
  count(kernel: Kernel): number;
}

/** What functions leave for an ending, and what finds it, is as much text as one ending: sharing spares two at least. */
const fewest = 3;

/** The ending that most functions have in common, functions that are alike counted once; none for too few. */
export function shareEnding(texts: readonly PartText[], around: ModuleView): SharedEnding | undefined {
  const bySkeleton = new Map<string, Abstracted[]>();
  for (const part of texts) {
    const lines = endingLines(part.kernel, around);
    if (!lines) continue;
    const own = abstract(part, around.starts, lines);
    bySkeleton.set(own.skeleton, [...(bySkeleton.get(own.skeleton) ?? []), own]);
  }
  const several = [...bySkeleton.values()].filter((all) => all.length >= fewest);
  const shared = several.flatMap((all) => withEnding(texts, all, around) ?? []);
  const [best] = shared.toSorted((one, other) => other.sharing - one.sharing);
  return best && best.sharing >= fewest ? best : undefined;
}

function withEnding(
  texts: readonly PartText[],
  all: readonly Abstracted[],
  around: ModuleView,
): (SharedEnding & { readonly sharing: number }) | undefined {
  const common = commonText(all);
  if (!common) return undefined;
  const { columns, names, text, tied } = common;
  const sharing = new Set<PartText>();
  const replaced = new Map<PartText, PartText>();
  const endings = all.map(({ part }) => part.kernel.ending!);
  const most = Math.max(...endings.map(({ blocks }) => blocks.length));
  const hasEnd = endings.some(({ end }) => end !== undefined);
  for (const part of texts) {
    const row = all.findIndex((each) => each.part === part);
    const like = part.like && { ...part.like, part: replaced.get(part.like.part)! };
    const starts = columns.map((column) => column[row]);
    const lines = (): readonly string[] => linesWithout(part.kernel, hasEnd, starts, around);
    const own = { ...part, ...(like && { like }), ...(row >= 0 && { lines }) };
    replaced.set(part, own);
    if (row >= 0) sharing.add(own);
  }
  const families = familiesOf([...replaced.values()], around.starts);
  const fields = [
    ...[`tile: array<mat4x4f, ${most}>`, "fours: u32", "first: u32", "apart: vec3u"],
    ...(hasEnd ? ["end: u32"] : []),
    ...(columns.length > 0 ? [`starts: array<u32, ${columns.length}>`] : []),
  ];
  return {
    families,
    sharing: families.filter(({ members }) => members.some((part) => sharing.has(part))).length,
    declarations: [`struct Ending { ${fields.join(", ")} }`, "var<private> ending: Ending;"],
    lines: [
      ...names.map((name, column) => `  let ${name} = ending.starts[${column}];`),
      // As far as the largest tile, and not as far as `fours`, so that compilers may write the loop out.
      `  for (var i = 0u; i < ${4 * most}u; i++) {`,
      "    if (i >= ending.fours) { break; }",
      "    let at = ending.first + i % 4u * ending.apart.x + i / 4u % 2u * ending.apart.y + i / 8u * ending.apart.z;",
      ...(hasEnd ? ["    if (at >= ending.end) { continue; }"] : []),
      "    let four = ending.tile[i / 4u][i % 4u];",
      text,
      "  }",
    ],
    tied,
  };
}

/** The lines of a function without its ending, and what it leaves for that; `starts` is what differs in that. */
function linesWithout(
  kernel: Kernel,
  hasEnd: boolean,
  starts: readonly string[],
  { view, count }: Pick<ModuleView, "view" | "count">,
): readonly string[] {
  const { length, head, blocks, first, apart, end } = kernel.ending!;
  const own = kernel.body.slice(count(kernel), kernel.body.length - length);
  const isOne = head === undefined;
  return [
    ...own.flatMap((statement) => statementLines(statement, view, "  ")),
    ...blocks.map((block, n) => `  ending.tile[${n}]${isOne ? "[0]" : ""} = ${block};`),
    `  ending.fours = ${isOne ? 1 : 4 * blocks.length}u;`,
    `  ending.first = ${indexText(indexAlgebra.divide(first, 4))};`,
    ...(isOne ? [] : [`  ending.apart = vec3u(${apart.join(", ")});`]),
    ...(hasEnd ? [`  ending.end = ${end === undefined ? 0xffffffff : end / 4}u;`] : []),
    ...starts.map((start, n) => `  ending.starts[${n}] = ${start};`),
  ];
}

/** What an ending does with `four`, whose place among fours is `at`; nothing where it sees more than that. */
function endingLines(kernel: Kernel, { view, count }: ModuleView): readonly string[] | undefined {
  const { body, ending } = kernel;
  if (!ending) return undefined;
  const { length, head } = ending;
  const last = body.at(-1);
  const inside = head !== undefined && last?.tag === "block" ? last.body.slice(head) : body.slice(body.length - length);
  const names = new Map([[ending.four, "four"]]);
  for (const each of body.slice(0, count(kernel))) if (each.tag === "let") names.set(each.name, each.name);
  const flat = flatten(inside, ending.at, names);
  return flat?.flatMap((statement) => statementLines(statement, view, "    "));
}

/** Where a four begins in any tensor that is like the results. */
const here = indexAlgebra.multiply(variableIndex("at", 2 ** 30), 4);

/** The statements with `here` for a place, if they read and write there alone, and mention none but these names. */
function flatten(
  statements: readonly Statement[],
  place: Index,
  names: Map<string, string>,
): readonly Statement[] | undefined {
  const key = indexKey(place);
  const rewrite = (expression: Expression): Expression | undefined => {
    if (expression.tag === "literal" || expression.tag === "setting") return expression;
    if (expression.tag === "name") {
      const text = names.get(expression.text);
      return text === undefined ? undefined : { ...expression, text };
    }
    if (expression.tag === "load") {
      return expression.lanes === 4 && indexKey(expression.index) === key ? { ...expression, index: here } : undefined;
    }
    if (expression.tag === "splat") {
      const operand = rewrite(expression.operand);
      return operand && { ...expression, operand };
    }
    if (expression.tag !== "apply") return undefined;
    const operands = expression.operands.map(rewrite).filter((operand) => operand !== undefined);
    return operands.length < expression.operands.length ? undefined : { ...expression, operands };
  };
  const result: Statement[] = [];
  for (const statement of statements) {
    if (statement.tag !== "let" && statement.tag !== "store") return undefined;
    if (statement.tag === "store" && indexKey(statement.index) !== key) return undefined;
    if (statement.tag === "let" && (statement.name === "four" || names.has(statement.name))) return undefined;
    const value = rewrite(statement.value);
    if (!value || (statement.tag === "store" && value.lanes !== 4)) return undefined;
    if (statement.tag === "let") names.set(statement.name, statement.name);
    result.push(statement.tag === "let" ? { ...statement, value } : { ...statement, index: here, value });
  }
  return result;
}
