/// How a gradient is derived: the chain rule on the model's formulas, and every rule on the way to the compiled form.
import { graphValues, type Graph } from "../../ir/graph.ts";
import { grad, isDerivative } from "../../ir/ops/derivative.ts";
import { gradientOfInteger, lossNotScalar } from "../../ir/ops/errors.ts";
import { constantValue } from "../../ir/ops/leaf.ts";
import { isFloat } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { scaledSlope } from "../autodiff/scaled.ts";
import { derive } from "../passes/all.ts";
import { dce } from "../passes/dce.ts";
import { rewritePass } from "../passes/rewrite-pass.ts";
import { valueNamed } from "../passes/stop-at.ts";
import { expandedBy, makeLog, type DerivationLog } from "../rewrite/log.ts";
import { askedFor } from "./asked.ts";
import { derivationAsWritten, deriveByHand } from "./by-hand.ts";
import type { Chain } from "./chain.ts";
import { changedBelow } from "./changed.ts";
import { derivativesBetween, endOf, endingWith, type Derivation } from "./derivation.ts";
import { calledAt, formulasOf, type Factor } from "./formulas.ts";
import { withMentioned } from "./given.ts";
import {
  inPrintedLetters,
  printedLetters,
  renamedDefinition,
  renamedFormula,
  renamedLine,
  shownFirst,
  type PrintedLetters,
  type Renaming,
} from "./letters.ts";
import { linesOf, type Definition, type Formula, type Line } from "./lines.ts";
import { renamedNames } from "./names.ts";
import { lettersInSteps } from "./loops.ts";
import { inOrder, isStated, namesInLine, sortedByUse } from "./order.ts";
import { nameParts, numberingBeside, partNumbering, shareParts, type Numbering, type Parts } from "./parts.ts";
import { withStepsPrepared } from "./prepare.ts";
import { recordedDerivation } from "./recorded.ts";
import type { Step } from "./replay.ts";
import { notationRules } from "./rules.ts";
import { derivativeName, namesOf, stationsBetween } from "./stations.ts";

/** A derivation of ∂loss/∂target. */
export interface GradientExplanation {
  readonly graph: Graph;
  readonly loss: string;
  readonly target: string;
  /** Names of outputs that were asked for → what their values are called. */
  readonly aliases: readonly (readonly [string, string])[];
  /** Names of the values that the chain is written with. */
  readonly names: ReadonlyMap<Value, string>;
  readonly chain: Chain;
  /** The formulas of the chain as the model has them, each after the parts that it shares. */
  readonly definitions: readonly Definition[];
  /** The local derivatives, each after the parts that it shares. */
  readonly factors: readonly (Definition | Factor)[];
  /** Formulas of the model that rules changed before they were differentiated. */
  readonly prepared: readonly Line[];
  /** Derivatives from the loss back, the last one the gradient itself. */
  readonly lines: readonly Line[];
  /** Formulas of the model that rules changed afterwards. */
  readonly forward: readonly Line[];
  /** The gradient in its compiled form, in terms of the model's own values, and the parts that it shares. */
  readonly compiled: Formula;
  readonly compiledParts: readonly Definition[];
  /** What is left to do under a loss scale: the gradient is that of a multiple of the loss, and is divided by the factor. */
  readonly divided?: Definition;
  /** Names of the graph as it is compiled. */
  readonly compiledNames: ReadonlyMap<Value, string>;
  /** What is called what in the steps of loops. */
  readonly inSteps: ReadonlyMap<Value, string>;
  /** All that was done, also where it shows in no line. */
  readonly steps: readonly Step[];
}

/**
 * Explains ∂loss/∂target of two named values or outputs of a model; undefined where the loss does not depend on the target. Throws
 * `value-unknown`, and `loss-not-scalar` or `gradient-of-integer`.
 */
export function explainGradient(model: Graph, askedLoss: string, askedTarget: string): GradientExplanation | undefined {
  const ofLoss = askedFor(model, askedLoss);
  const ofTarget = askedFor(ofLoss.graph, askedTarget);
  const [lossName, targetName] = [ofLoss.name, ofTarget.name];
  const multiple = scaledLoss(ofTarget.graph, lossName, targetName);
  if (multiple !== undefined) return ofMultiple(ofTarget.graph, multiple, lossName, targetName);
  const graph = inOneNotation(withStepsPrepared(ofTarget.graph), [lossName, targetName]);
  const [loss, target] = [valueNamed(graph, lossName), valueNamed(graph, targetName)];
  if (loss.type.shape.length > 0 || !isFloat(loss.type.dtype)) throw lossNotScalar(loss.type, askedLoss);
  if (!isFloat(target.type.dtype)) throw gradientOfInteger(target.type, askedTarget);
  const placeholder = grad(loss, target);
  if (stationsBetween(loss, target, namesOf(graph)).length === 0) return undefined;
  const { compiled, derived, log, wanted, printed } = compiledGradient(
    graph,
    placeholder,
    derivativeName({ name: lossName }, targetName),
  );
  const nested = postorder([loss]).some(isDerivative);
  const derivation =
    (nested ? undefined : deriveByHand(wanted, loss, target, compiled)) ??
    recordedDerivation(wanted, loss, target, log) ??
    // The derivative of a loss, unlike the loss, need not depend on its value: then it is 0, and there is nothing to show.
    (nested || constantValue(compiled) === 0 ? undefined : derivationAsWritten(wanted, loss, target));
  if (!derivation) return undefined;
  const compiledNames = namesOf(derived);
  const gradient = derivativeName({ name: lossName }, targetName);
  const whole = endingWith(derivation, gradient, compiled, compiledNames);
  const roots = [
    { root: loss, names: namesOf(graph) },
    { root: compiled, names: compiledNames },
  ];
  const inSteps = lettersInSteps(roots, printed);
  const taken = [...inSteps.values()];
  const { parts, ...written } = explanation(
    graph,
    lossName,
    targetName,
    whole,
    (value) => expandedBy(log, value),
    taken,
  );
  const others = [...whole.forward.start.keys(), ...taken];
  const explained = inLetters(written, inPrintedLetters(shownFirst(parts, definedIn(written)), printed, others));
  const pairs = [
    [askedTarget, targetName],
    [askedLoss, lossName],
  ] as const;
  const aliases = pairs.filter(([asked, name]) => asked !== name);
  return { ...explained, aliases, compiledNames, inSteps };
}

/** The name of the multiple of a loss that is differentiated in its place, where the model asks for no other gradient. */
function scaledLoss(graph: Graph, loss: string, target: string): string | undefined {
  const nameOf = (value: Value): string | undefined => graph.notes.get(value)?.name;
  const values = graphValues(graph);
  const slope = values
    .map(scaledSlope)
    .find((each) => each && nameOf(each.loss) === loss && nameOf(each.target) === target);
  const isTaken = slope && values.includes(grad(slope.loss as never, slope.target as never) as Value);
  return slope && !isTaken ? nameOf(slope.scaled) : undefined;
}

function ofMultiple(graph: Graph, multiple: string, loss: string, target: string): GradientExplanation | undefined {
  const explained = explainGradient(graph, multiple, target);
  const name = derivativeName({ name: loss }, target);
  const [value] = [...(explained?.compiledNames ?? [])].find(([, each]) => each === name) ?? [];
  if (!explained || !value) return explained;
  const inTermsOf = (own: Value, names: ReadonlyMap<Value, string>): Formula => {
    return { value: own, names: new Map([...names].filter(([each]) => each !== own)) };
  };
  const [before, last] = [explained.definitions.slice(0, -1), explained.definitions.at(-1)!];
  const isShown = before.some((each) => each.name === loss);
  const itself = { name: loss, formula: inTermsOf(valueNamed(explained.graph, loss), namesOf(explained.graph)) };
  return {
    ...explained,
    definitions: isShown ? explained.definitions : [...before, itself, last],
    divided: { name, formula: inTermsOf(value, explained.compiledNames) },
  };
}

/** The graph with one spelling of products, unless a value that is asked for goes with the other one. */
function inOneNotation(graph: Graph, asked: readonly string[]): Graph {
  const spelled = dce.run(notation.run(graph));
  const named = new Set(graphValues(spelled).map((value) => spelled.notes.get(value)?.name));
  return asked.every((name) => named.has(name)) ? spelled : graph;
}

/** `aᵀ @ b` is one and the same, whichever way a model makes it. */
const notation = rewritePass("notation", "Products of transposed matrices in one spelling.", notationRules);

function explanation(
  graph: Graph,
  loss: string,
  target: string,
  { chain, forward: written, backward: derived, untidy }: Derivation,
  expanded: (value: Value) => Value,
  taken: readonly string[],
): Written & { readonly parts: Parts } {
  const numbering = (): Numbering => partNumbering([...written.start.keys(), ...taken]);
  const known = new Set(written.start.keys());
  const onTheWay = chain.stations.map((station) => station.name).filter((name) => known.has(name));
  const { model, ofModel, forward, names, local, number } = formulasOf(
    { graph, chain, written, onTheWay: [...onTheWay.toReversed(), ...changedBelow(written, onTheWay)], expanded },
    numbering,
  );
  const gradient = derivativeName({ name: loss }, target);
  const end = endOf(derived);
  const { kept, dissolved } = derivativesBetween({ chain, backward: derived }, gradient, known);
  const given = new Set(local.parts.keys());
  const shown = [...onTheWay, ...given, ...kept, gradient];
  const backward = nameParts(derived, shown, known, local.parts, number);
  const isChanged = ({ equalities }: Line): boolean => equalities.length > 0;
  const ofForward = new Set([...onTheWay, ...forward.parts.keys()]);
  const all = linesOf(backward.course.start, backward.course.steps, backward.shown, known, untidy);
  const lines = inOrder(
    all.filter((each) => isChanged(each) || !(ofForward.has(each.name) || given.has(each.name))),
    (name) => backward.parts.has(name) || dissolved.has(name),
  );
  const visible = calledAt(new Map([...end].filter(([name]) => known.has(name))));
  // What a line has come to keeps its name.
  const called = [...kept, ...lines.map(({ name }) => name).filter((name) => backward.parts.has(name))];
  const ends = called.map((name) => [name, end.get(name) ?? backward.parts.get(name)!] as const);
  const numberOf = numberingBeside([...ends, ...backward.parts], number);
  const compiled = shareParts({ value: end.get(gradient)!, names: visible }, new Map(), numberOf);
  const outside = local.factors.flatMap((each) => ("by" in each ? [] : [each]));
  const said = [...model.definitions, ...outside, ...lines.map(({ name, last }) => ({ name, formula: last }))];
  const madeSafe = linesOf(forward.course.start, forward.course.steps, forward.shown, known);
  const isTold = (each: Line): boolean => isChanged(each) || !(known.has(each.name) || ofModel.has(each.name));
  const prepared = sortedByUse(madeSafe.filter(isTold), namesInLine);
  const compiledParts = compiled.definitions.filter((each) => !backward.parts.has(each.name) || !isStated(each, said));
  const ofLines = [...prepared, ...lines].flatMap(({ first, equalities }) => [first, ...equalities.map(formulaOf)]);
  const ofEnd = [...compiledParts, compiled].map(formulaOf);
  const formulas = [...local.factors.flatMap(formulasOfFactor), ...ofLines, ...ofEnd];
  const begun = [...forward.course.start].filter(([name]) => forward.parts.has(name));
  const definitions = withMentioned(graph, model.definitions, formulas, model.parts, numberingBeside(begun, number));
  const defined = new Set(definitions.map(({ name }) => name));
  return {
    ...{ graph, loss, target, chain, names, definitions, compiledParts },
    prepared: prepared.filter((each) => isChanged(each) || !defined.has(each.name)),
    factors: local.factors,
    lines: lines.filter((each) => !ofForward.has(each.name)),
    forward: lines.filter((each) => ofForward.has(each.name)),
    compiled: compiled.formula,
    steps: [...written.steps, ...derived.steps],
    parts: endsOf([...definitions, ...withinFactors(local.factors)], new Map([...backward.parts, ...compiled.parts]), [
      ...namesOf(graph).values(),
      ...derived.start.keys(),
    ]),
  };
}

/** What an explanation is before it has the letters of the printed page. */
type Written = Omit<GradientExplanation, "aliases" | "compiledNames" | "inSteps">;

const formulaOf = ({ formula }: { readonly formula: Formula }): Formula => formula;

const formulasOfFactor = (each: Definition | Factor): readonly Formula[] =>
  "by" in each ? [{ value: each.formula, names: each.names }, ...each.within.map(formulaOf)] : [each.formula];

/** All parts with what they are in the end, those that no step changes as they are defined; what is `named` is no part. */
function endsOf(definitions: readonly Definition[], ends: Parts, named: Iterable<string>): Parts {
  const known = new Set(named);
  const all = [...definitions.map(({ name, formula }) => [name, formula.value] as const), ...ends];
  return new Map(all.filter(([name]) => !known.has(name)));
}

const withinFactors = (all: readonly (Definition | Factor)[]): readonly Definition[] =>
  all.flatMap((each) => ("by" in each ? each.within : []));

/** All that an explanation says what it is. */
function definedIn({ definitions, factors, prepared, lines, forward, compiledParts }: Written): readonly string[] {
  const ofFactors = factors.flatMap((each) => ("by" in each ? each.within : [each]));
  return [...definitions, ...ofFactors, ...prepared, ...lines, ...forward, ...compiledParts].map(({ name }) => name);
}

/** The explanation in other letters. */
function inLetters(explained: Written, renaming: Renaming): Written {
  const { definitions, factors, prepared, lines, forward, compiled, compiledParts, names } = explained;
  const definition = (each: Definition): Definition => renamedDefinition(each, renaming);
  const factor = (each: Factor): Factor => {
    return { ...each, names: renamedNames(each.names, renaming), within: each.within.map(definition) };
  };
  const line = (each: Line): Line => renamedLine(each, renaming);
  return {
    ...explained,
    names: renamedNames(names, renaming),
    definitions: definitions.map(definition),
    factors: factors.map((each) => ("by" in each ? factor(each) : definition(each))),
    prepared: prepared.map(line),
    lines: lines.map(line),
    forward: forward.map(line),
    compiled: renamedFormula(compiled, renaming),
    compiledParts: compiledParts.map(definition),
  };
}

interface Compiled {
  /** The graph that was derived: the model, which may lack the gradient that is asked for. */
  readonly wanted: Graph;
  readonly compiled: Value;
  readonly derived: Graph;
  readonly log: DerivationLog;
  /** Letters of the model's own page, without what is asked for besides. */
  readonly printed: PrintedLetters;
}

/** The gradient as the compiler has it in the model, or would have it if the model asked for it. */
function compiledGradient(graph: Graph, placeholder: Value, name: string): Compiled {
  const log = makeLog();
  const derived = derive(graph, { log });
  const printed = printedLetters(derived);
  const alive = new Set(graphValues(derived));
  for (const [value, note] of derived.notes) {
    if (note.name === name && alive.has(value)) return { wanted: graph, compiled: value, derived, log, printed };
  }
  const entry = { name: "explain", outputs: [{ name, value: placeholder }], updates: [] };
  const wanted: Graph = { ...graph, entryPoints: [...graph.entryPoints, entry] };
  const second = makeLog();
  const extended = derive(wanted, { log: second });
  const compiled = extended.entryPoints.at(-1)!.outputs[0].value;
  return { wanted, compiled, derived: extended, log: second, printed };
}
