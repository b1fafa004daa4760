/// The lint: which operations of a simplified graph can give ∞ or NaN that reaches a result, and where the user wrote them.
import { graphRoots, type Graph, type UnusedUpdates } from "../../ir/graph.ts";
import { neg } from "../../ir/ops/arithmetic.ts";
import { underLayouts, type Value } from "../../ir/value.ts";
import { analyse, openFrame } from "./analysis.ts";
import { special } from "./bounds.ts";
import { cancelled } from "./cancel.ts";
import { meetings, type Meeting } from "./columns.ts";
import type { Node } from "./node.ts";
import { spoiltIn, type Spoilt } from "./numbers.ts";
import { reaching } from "./reach.ts";
import { lineOf, makeSources, nodesBelow, type Source } from "./sources.ts";
import { stateNodes } from "./states.ts";
import { formulaOf, textOf, type Names } from "./text.ts";
import * as warnings from "./warnings.ts";
import type { Finding, Warning, WarningKind } from "./warnings.ts";

export type { Warning } from "./warnings.ts";

/**
 * The warnings about a graph in its simplest form, in the order of its source, one for each pattern and what it fails on;
 * `written` is the graph as the user wrote it, from a file or in process. What simplification has made stable gives none.
 */
export function lint(simple: Graph, written: Graph): readonly Warning[] {
  const results = analyse(graphRoots(simple), openFrame(stateNodes(simple)));
  const reach = reaching(results);
  const suspects = nodesBelow(results).flatMap((node) => {
    const bits = node.arises & (reach.get(node) ?? 0);
    return bits !== 0 || cancelled(node.value) ? [{ node, bits }] : [];
  });
  const asWritten = [
    ...meetings(written).map((meeting) => describePairs(meeting, written)),
    ...spoiltIn(written).map((each) => describeSpoilt(each, written)),
    ...(written.unused ?? []).map(describeUnused),
  ];
  if (suspects.length === 0) return inOrder(asWritten);
  const names = namesIn(simple);
  const sourceOf = makeSources(results, simple, written, names);
  const found = suspects.map(({ node, bits }): Found => {
    const kind = bits === 0 ? warnings.cancellation : kindOf(node);
    return { kind, finding: describe(node.value, bits, sourceOf(node), names) };
  });
  return inOrder([...found, ...asWritten]);
}

const namesIn = ({ notes }: Graph): Names =>
  new Map([...notes].flatMap(([value, { name }]) => (name === undefined ? [] : [[value, name]])));

interface Found {
  readonly kind: WarningKind;
  readonly finding: Finding;
}

const kinds: Readonly<Record<string, WarningKind>> = {
  ...{ exp: warnings.overflow, expm1: warnings.overflow, exp2: warnings.overflow },
  ...{ sinh: warnings.overflow, cosh: warnings.overflow },
  ...{ log: warnings.logOfZero, log1p: warnings.logOfZero, log1mexp: warnings.logOfZero },
  ...{ sqrt: warnings.rootOfNegative, rsqrt: warnings.rootOfNegative },
  ...{ div: warnings.divisionByZero, pow: warnings.powerUndefined },
};

/** What arises from an infinite constant is about that. */
function kindOf({ value, inputs }: Node): WarningKind {
  const hasGiven = inputs.some(({ bounds }) => (bounds.specials & (special.givenPlus | special.givenMinus)) !== 0);
  return hasGiven ? warnings.infinityUndefined : (kinds[value.op.name] ?? warnings.outsideDomain);
}

function describe(value: Value, bits: number, source: Source, names: Names): Finding {
  const mirrored = value.operands.length === 1 && value.operands[0].op === neg.op && !names.has(value.operands[0]);
  const parts = mirrored ? value.operands[0].operands : value.operands;
  const texts = parts.map((operand) => textOf(operand, names));
  const formula = formulaOf(value, names) ?? `${value.op.name}(${texts.map((text) => text ?? "…").join(", ")})`;
  const operands = texts.map((text, i) =>
    text === undefined ? (i === 0 ? "its operand" : "its divisor") : `\`${text}\``,
  );
  const divisor = value.operands.length > 1 ? underLayouts(value.operands[1]).op.name : undefined;
  return {
    ...{ formula, operands, mirrored, op: value.op.name, divisor, ...source },
    ...{ infinite: (bits & (special.plus | special.minus)) !== 0, undefined: (bits & special.nan) !== 0 },
  };
}

/** An operation that stands in the model as it is. */
function describeWritten(value: Value, written: Graph, names: Names): Finding {
  const place = written.notes.get(value)?.place;
  return describe(value, 0, { place, derived: false, verbatim: true, subject: formulaOf(value, names) }, names);
}

/** All pairs of a column and a vector. */
function describePairs({ value, column, vector }: Meeting, written: Graph): Found {
  const names = namesIn(written);
  const operands = [column, vector].map((side) => {
    const text = textOf(side, names);
    return text === undefined ? "its operand" : `\`${text}\``;
  });
  return { kind: warnings.allPairs, finding: { ...describeWritten(value, written, names), operands } };
}

/** What is computed with a number that is none. */
function describeSpoilt({ value, number }: Spoilt, written: Graph): Found {
  const operands = [String(number).replace("Infinity", "∞")];
  return { kind: warnings.notFinite, finding: { ...describeWritten(value, written, namesIn(written)), operands } };
}

/** An optimizer, or an update of a state, that changes nothing. */
function describeUnused({ by, state, beside, place }: UnusedUpdates): Found {
  const given = (optimizer: string): string => `${optimizer}(…)`;
  const own = by === undefined ? "{ state, value }" : given(by);
  const called =
    by === undefined ? `the update of ${state === undefined ? "a state" : `\`${state}\``}` : `what \`${own}\` gives`;
  const formula = by === undefined || beside.length > 0 ? `[${[...beside.map(given), own].join(", ")}]` : own;
  const nothing = { mirrored: false, op: "update", infinite: false, undefined: false, derived: false, verbatim: true };
  const subject = by === undefined ? called : undefined;
  return { kind: warnings.unusedUpdates, finding: { ...nothing, formula, operands: [called], subject, place } };
}

/**
 * By file and line; of what fails on one subject, what is written before what is derived, which tells the same, and each
 * pattern once. Without names or source it is told by its formula.
 */
function inOrder(found: readonly Found[]): readonly Warning[] {
  const key = ({ finding: { subject, place, formula } }: Found): string => subject ?? (place ? lineOf(place) : formula);
  const written = new Set(found.flatMap((each) => (each.finding.derived ? [] : [key(each), each.finding.formula])));
  const seen = new Set<string>();
  const asWritten = found.toSorted((a, b) => Number(b.finding.verbatim) - Number(a.finding.verbatim));
  const kept = asWritten.filter((each) => {
    const pattern = `${each.kind.code} ${key(each)}`;
    if ((each.finding.derived && written.has(key(each))) || seen.has(pattern)) return false;
    seen.add(pattern);
    return true;
  });
  return kept.toSorted(bySource).map(({ kind, finding }) => kind(finding));
}

function bySource(a: Found, b: Found): number {
  const [left, right] = [a.finding.place, b.finding.place];
  if (!left || !right) return Number(!left) - Number(!right);
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
