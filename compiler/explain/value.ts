/// How one value of the compiled graph came about: source line, derivative rule, rewrites.
import { placeText, type Place } from "../../ir/diagnostic.ts";
import { graphRoots, graphValues, type Graph } from "../../ir/graph.ts";
import { bodyResults, scanBody, scanLetters } from "../../ir/ops/scan.ts";
import { isDerivative } from "../../ir/ops/derivative.ts";
import { letter, letterOp } from "../../ir/ops/leaf.ts";
import { layOutLoops, loopsBelow } from "../../ir/print/bodies.ts";
import { postorder, withOperands, type Value } from "../../ir/value.ts";
import { differentiate, operandCotangents } from "../autodiff/reverse.ts";
import { derive } from "../passes/all.ts";
import { substitution } from "../rewrite/bottom-up.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { expandedBy, makeLog, phasesOf, type DerivationLog } from "../rewrite/log.ts";
import { aloneSections, derivativeAlone, type Alone } from "./alone.ts";
import { cotangentLetter } from "./chain.ts";
import { lineWriter, rulesSection, withLetters } from "./document.ts";
import { explainGradient } from "./gradient.ts";
import { holdsWayBack, lettersBack, lettersInSteps, stepsBack, stepsWithin, wayBack } from "./loops.ts";
import { inPrintedLetters, printedLetters, renamedLine, shownFirst } from "./letters.ts";
import { formulaText, linesOf, primed, type Formula, type Line, type Row, type Section } from "./lines.ts";
import { inOrder } from "./order.ts";
import { nameParts, partNumbering } from "./parts.ts";
import { replayOf, type Moment, type Step } from "./replay.ts";
import { tidyRules } from "./rules.ts";
import { namesOf } from "./stations.ts";
import { withStepsDerived } from "./prepare.ts";
import { findSubject, subjectsOf, unknownValue, unnamedSubject, type Subject } from "./subjects.ts";

/** What a reader of a value hands back to it. */
export interface ReaderRule {
  /** The reader's op, the place among its operands, and its formula. */
  readonly op: string;
  readonly operand: number;
  readonly reader: Formula;
  /** What becomes of the reader's cotangent G. */
  readonly rule: Formula;
}

/** A derivative within the step of a loop, or one that the model has not of a loss with a name. */
export interface InStep {
  readonly of: Line;
  readonly rules: readonly ReaderRule[];
}

/** How a value came about. */
export interface ValueExplanation {
  readonly title: string;
  readonly place: Place | undefined;
  /** Of a derivative: its part in the derivation of a gradient, or the value that it is with respect to, and what reads that. */
  readonly derivative: Alone | InStep | undefined;
  readonly line: Line;
  /** What the line shares, each part before what is made of it. */
  readonly parts: readonly Line[];
  readonly steps: readonly Step[];
  /** What the loop that the value is a result of repeats. */
  readonly repeated: readonly Section[];
  /** What the letters of loops are called. */
  readonly letters: ReadonlyMap<Value, string>;
}

/**
 * Explains a value of the model or of its derived graph, by its name (`hidden`, `∂loss/∂hidden`), the name of a state that
 * is updated, or the name of the kernel that computes it (`d_loss_d_hidden`, `update_hidden_weight`). Throws
 * `value-unknown`.
 */
export function explainValue(model: Graph, name: string): ValueExplanation {
  const graph = withStepsDerived(model);
  const log = makeLog();
  const derived = derive(graph, { log });
  const subjects = subjectsOf(graph, log);
  const subject = findSubject(subjects, graph, name) ?? unnamedSubject(graph, derived, log, name);
  if (!subject) throw unknownValue(subjects, name);
  return explainDerivative(model, subject) ?? explainSubject(graph, derived, log, subjects, subject);
}

/** A derivative as the derivation of the gradient has it, so that both say the same. */
function explainDerivative(model: Graph, { name, title, place, derivative }: Subject): ValueExplanation | undefined {
  const names = namesOf(model);
  const [loss, target] = [derivative?.taken.loss, derivative?.forward].map((value) => value && names.get(value));
  const isAround = derivative && graphValues(model).includes(derivative.forward);
  const explained = isAround && loss && target ? explainGradient(model, loss, target) : undefined;
  if (!explained || explained.lines.at(-1)?.name !== name) return undefined;
  const alone = derivativeAlone(explained);
  const { value } = alone.line.last;
  return {
    ...{ title, place, derivative: alone, line: alone.line, parts: alone.parts, steps: explained.steps },
    repeated: stepsBack(value, explained.compiledNames, explained.inSteps),
    letters: lettersBack(value, explained.compiledNames, explained.inSteps),
  };
}

function explainSubject(
  graph: Graph,
  derived: Graph,
  log: DerivationLog,
  subjects: readonly Subject[],
  subject: Subject,
): ValueExplanation {
  // A name for a derivative that the model asks for would hide the derivative.
  const written = [...namesOf(graph)].filter(([value]) => !isDerivative(value));
  const names = written.map(([value, each]): [string, Value] => [each, expandedBy(log, value)]);
  const derivatives = subjects.filter((each) => each.derivative && isAlive(derived, each.name));
  const start: Moment = new Map([
    ...names,
    ...derivatives.map((each): [string, Value] => [each.name, each.value]),
    ...subjects.flatMap((each): [string, Value][] => (each.name.endsWith(primed) ? [[each.name, each.value]] : [])),
    ...lettersOf([graph, derived], subject, names),
    [subject.name, subject.value],
  ]);
  const steps = replayOf(subject.name, start, phasesOf(log));
  const known = new Set(start.keys());
  const named = nameParts({ start, steps }, [subject.name], known, new Map(), partNumbering(known));
  const { course, shown } = named;
  const shownLines = inOrder(linesOf(course.start, course.steps, shown, known), (each) => each !== subject.name);
  const counted = shownFirst(
    named.parts,
    shownLines.map((each) => each.name),
  );
  const printed = printedLetters(derived);
  const renaming = inPrintedLetters(counted, printed, known);
  const lines = shownLines.map((each) => renamedLine(each, renaming));
  const [parts, line] = [lines.slice(0, -1), lines.at(-1)!];
  const { title, place, derivative } = subject;
  const derivedNames = namesOf(derived);
  const tangents = [...derivedNames].filter(([{ op }, each]) => op === letterOp && each.endsWith(".tangent"));
  const { last, first } = line;
  const within = { value: first.value, names: new Map([...tangents, ...first.names]) };
  const roots = [derivative ? { root: last.value, names: derivedNames } : { root: first.value, names: within.names }];
  const inSteps = lettersInSteps(roots, printed);
  const repeated = derivative ? stepsBack(last.value, derivedNames, inSteps) : stepsWithin(within, inSteps);
  const letters = new Map([...tangents, ...lettersBack(last.value, derivedNames, inSteps)]);
  return {
    ...{ repeated, letters },
    title,
    place,
    line,
    parts,
    steps,
    derivative: derivative && derivativeOf(graph, derivative, start, log),
  };
}

/** What the letters in a value of a loop's body are called: a body is closed, so their names may be those of others. */
function lettersOf(graphs: readonly Graph[], { name, value }: Subject, outside: readonly (readonly [string, Value])[]) {
  const used = postorder([value]).filter(({ op }) => op === letterOp);
  if (used.length === 0) return [];
  const known = new Map([
    ...outside.map(([each, known]) => [known, each] as const),
    ...graphs.flatMap((graph) => [...namesOf(graph)]),
  ]);
  const pages = graphs.flatMap((graph) => [...layOutLoops(graphRoots(graph), known).values()]);
  const found = pages.find(({ body }) => {
    return used.every((each) => each === body.position || scanLetters(body).includes(each));
  });
  const letters = found?.letters ?? [];
  return letters
    .filter((letter) => letter.name !== name)
    .map(({ name: each, value: stand }): [string, Value] => [each, stand]);
}

function isAlive(derived: Graph, name: string): boolean {
  return [...derived.notes.values()].some((note) => note.name === name);
}

/** The value that a derivative is taken with respect to, and what each of its readers hands back. */
function derivativeOf(
  graph: Graph,
  { taken, forward }: NonNullable<Subject["derivative"]>,
  start: Moment,
  log: DerivationLog,
): InStep {
  const image = taken.forward(forward)!;
  const names = namesOf(graph);
  const known = new Set(names.values());
  const outside = new Map([...names].flatMap(([value, name]) => [[taken.forward(value) ?? value, name] as const]));
  const pages = [...layOutLoops([taken.differentiated], outside).values()];
  const inside = pages.flatMap(({ letters }) => letters.map(({ value, name }) => [value, name] as const));
  const images = new Map([...inside, ...outside]);
  const tidy = makeRewriter(tidyRules);
  const rules: ReaderRule[] = [];
  const repeated = loopsBelow([taken.differentiated]).flatMap(({ attrs }) => bodyResults(scanBody(attrs)));
  for (const reader of postorder([taken.differentiated, ...repeated])) {
    if (!taken.cotangents.has(reader) || !reader.operands.includes(image)) continue;
    const cotangent = letter(reader.type);
    reader.operands.forEach((operand, position) => {
      const part = operand === image ? handedBack(reader, cotangent, position) : null;
      if (!part) return;
      rules.push({
        op: reader.op.name,
        operand: position + 1,
        reader: { value: reader, names: new Map([...images].filter(([value]) => value !== reader)) },
        rule: { value: tidy(part), names: new Map([...images, [cotangent, cotangentLetter]]) },
      });
    });
  }
  const name = names.get(forward)!;
  const [of] = linesOf(new Map([...start, [name, expandedBy(log, forward)]]), [], [name], known);
  return { of, rules };
}

/** What a reader makes of its cotangent for one of its operands; null where that has no derivative. */
function handedBack(reader: Value, cotangent: Value, position: number): Value | null {
  if (reader.op.kind !== "scan") return operandCotangents(reader, cotangent, (each) => each === position)[position];
  // The results of a loop hand back together: this is the part of one of them.
  const standIn = letter(reader.operands[position].type);
  const alone = withOperands(
    reader,
    reader.operands.map((operand, each) => (each === position ? standIn : operand)),
  );
  const restore = substitution(new Map([[standIn, reader.operands[position]]]));
  return restore(differentiate(alone, [standIn], cotangent).gradients[0]);
}

/** The explanation of a value as a document. */
export function valueDocument(explained: ValueExplanation): readonly Section[] {
  const { title: what, place, derivative, line, parts, repeated, letters } = explained;
  const title = place ? `${what} (${placeText(place)})` : what;
  if (derivative && "explained" in derivative) {
    const all = [...aloneSections(derivative, title), ...repeated, rulesSection([...parts, line])];
    return all.flatMap((each) => (each ? [withLetters(each, letters)] : []));
  }
  const readers = derivative?.rules.map(({ operand, reader, rule }): Row => {
    const words = holdsWayBack(rule) ? wayBack : undefined;
    return { left: undefined, label: `operand ${operand} of ${shortText(reader)}`, relation: "↦", right: rule, words };
  });
  const lineRows = lineWriter();
  const isLeaf = ({ first, equalities }: Line): boolean => first.value.op.kind === "leaf" && equalities.length === 0;
  const sections: readonly (Section | undefined)[] = [
    {
      title,
      rows: (derivative ? [derivative.of] : [...parts, line]).flatMap((each) =>
        isLeaf(each) ? [] : lineRows(each).slice(0, derivative && 1),
      ),
    },
    readers?.length
      ? { title: `What its readers hand back, each of its own derivative ${cotangentLetter}`, rows: readers }
      : undefined,
    derivative &&
      (isLeaf(line)
        ? { title: "A step gets it from the step that came after", rows: [] }
        : { title: "Together, rule by rule", rows: [...parts, line].flatMap(lineRows) }),
    ...repeated,
    rulesSection([...parts, line]),
  ];
  return sections.flatMap((each) => (each ? [withLetters(each, letters)] : []));
}

/** A formula, or the name of its op where that is long. */
function shortText(formula: Formula): string {
  const text = formulaText(formula);
  return text.length <= 40 && !text.includes("\n") ? text : formula.value.op.name;
}
