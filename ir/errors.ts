/// The catalogue: one function per error code. docs/errors.md is generated from it.
import { defineError, type Place } from "./diagnostic.ts";
import type { Dim } from "./dim.ts";
import { axesToInsert, axisInstead, shown, shownAxes } from "./shown.ts";
import { suggestion } from "./suggest.ts";
import { computedTypes, formatType, type Shape, type TensorType } from "./type.ts";

const show = (shape: Shape): string => `[${shape.join(", ")}]`;

export const broadcastMismatch = defineError(
  "broadcast-mismatch",
  "Operands of an elementwise op must have equal extents on every axis, counted from the last; an extent of 1 stretches.",
  (op: string, a: TensorType, b: TensorType) => ({
    message: `${op}: operands must have shapes that broadcast: $0 is ${show(a.shape)}, $1 is ${show(b.shape)}`,
    help: axesToInsert(a.shape, b.shape),
  }),
);

export const dtypeMismatch = defineError(
  "dtype-mismatch",
  "An op takes operands of certain element types only, and never mixes two by itself.",
  (
    op: string,
    wanted: string,
    found: readonly TensorType[],
    conversion: string = "one side with cast(x, dtype)",
    help: string = `convert ${conversion}`,
    what: string = "operands",
  ) => ({
    message: `${op}: ${what} must be ${wanted}: found ${found.map(formatType).join(" and ")}`,
    help,
  }),
);

export const contractionExtent = defineError(
  "contraction-extent",
  "Axes that are summed over together must have equal extents.",
  (op: string, leftAxis: number, rightAxis: number, extents: Shape) => ({
    message:
      `${op}: contracted axes must have equal extents: ` +
      `$0 axis ${leftAxis} is ${extents[0]}, $1 axis ${rightAxis} is ${extents[1]}`,
    help: "transpose an operand, or declare matching extents",
  }),
);

export const rankMismatch = defineError(
  "rank-mismatch",
  "An op or layer takes operands of certain ranks only.",
  (op: string, wanted: string, found: readonly TensorType[]) => ({
    message: `${op}: operands must have ${wanted}: found ${found.map(formatType).join(" and ")}`,
  }),
);

export const axisRange = defineError(
  "axis-range",
  "An axis must lie in [-rank, rank) and be named once.",
  (op: string, axes: readonly number[], rank: number, isPermutation = false) => ({
    message:
      isPermutation && axes.length !== rank
        ? `${op}: axes must be ${rank}, one for each of the operand: found ${shownAxes(axes)}`
        : `${op}: axes must be distinct and lie in [${isPermutation ? 0 : -rank}, ${rank}): found ${shownAxes(axes)}`,
    help: isPermutation
      ? "name every axis once, also those that stay; swapAxes(x, a, b) exchanges two"
      : axisInstead(axes),
  }),
);

export const reshapeCount = defineError(
  "reshape-count",
  "A reshape keeps the number of elements.",
  (from: Shape, to: Shape, [have, want]: Shape) => ({
    message: `reshape: both shapes must have equally many elements: ${show(from)} has ${have}, ${show(to)} ${to.includes(-1) ? `a multiple of ${want}` : `has ${want}`}`,
    help: to.includes(-1) ? "-1 is what the other sizes leave of the number of elements, for one size" : undefined,
  }),
);

export const sizeSyntax = defineError(
  "size-syntax",
  "A size is a non-negative integer, a name, or a polynomial in names such as 4*batch+1.",
  (size: unknown) => ({
    message: `a size must be a non-negative integer or a polynomial in names: found ${shown(size)}`,
  }),
);

export const duplicateName = defineError(
  "duplicate-name",
  "Inputs, parameters, states and named layers of a model have different names.",
  (name: string, first: string, second: string, firstPlace?: Place) => ({
    message: `names must be unique in a model: "${name}" names ${first} and ${second}`,
    help: `rename one of them${firstPlace ? `; the first stands at ${firstPlace.file}:${firstPlace.line}:${firstPlace.column}` : ""}`,
  }),
);

export const nameCharacters = defineError(
  "name-characters",
  "Names are visible text on one line: they stand in formulas, in comments of kernels and in the generated module.",
  (what: string, shown: string) => ({
    message: `names must be visible text on one line, without control characters: ${what} is called ${shown}`,
  }),
);

export const unknownOption = defineError(
  "unknown-option",
  "An option of a layer, optimizer or function is one that it has.",
  (of: string, name: string, known: readonly string[]) => ({
    message: `an option of ${of} must be among ${known.map((each) => `"${each}"`).join(", ")}: found "${name}"`,
    help: suggestion(name, known),
  }),
);

export const optionValue = defineError(
  "option-invalid",
  "The value of an option is one that the function can work with.",
  (
    of: string,
    name: string | undefined,
    wanted: string,
    found: unknown,
    help: string = "left out, it has its default",
  ) => ({
    message: `${name === undefined ? "options" : `option "${name}"`} of ${of} must be ${wanted}: found ${shown(found)}`,
    help,
  }),
);

export const argumentValue = defineError(
  "argument-invalid",
  "An argument of a function is one that it can work with.",
  (of: string, name: string, wanted: string, found: unknown, help?: string) => ({
    message: `${of}: ${name} must be ${wanted}: found ${shown(found)}`,
    help,
  }),
);

export const unknownDtype = defineError(
  "unknown-dtype",
  "The elements of a tensor have one of the types of the language.",
  (of: string, found: unknown) => ({
    message: `an element type must be one of ${computedTypes.map((each) => `"${each}"`).join(", ")}: found ${shown(found)} in ${of}`,
    help:
      found === "f16"
        ? "declare it f32: --storage f16 keeps it in half precision"
        : typeof found === "string"
          ? suggestion(found, computedTypes)
          : undefined,
  }),
);

export const initialValues = defineError(
  "initial-values",
  "Given initial values are as many as the state has elements.",
  (state: string, wanted: number, found: number) => ({
    message: `initial values must be as many as the state has elements: "${state}" has ${wanted}, found ${found}`,
  }),
);

export const outsideModel = defineError(
  "outside-model",
  "Inputs, parameters and layers exist only while model() runs its function.",
  (what: string) => ({
    message: `${what} must be called inside the function given to model(): no model is being built`,
    help: `write model("name", () => { … ${what} … })`,
  }),
);

export const emptyModel = defineError(
  "empty-model",
  "A model returns at least one entry point, and an entry point returns at least one value or update.",
  (what: string) => ({
    message: `${what} must return at least one value: found none`,
    help: "return { predict: { output } }",
  }),
);

export const entryPointRecord = defineError(
  "entry-point-record",
  "A model returns a record of entry points, and each of them is a record of values.",
  (what: string, found: string, hasUpdate = false) => ({
    message: `${what}: found ${found}`,
    help: `return { ${hasUpdate ? "train: { loss, update: … }" : "predict: { output }"} }: the name of an entry point, and in it the names of its outputs`,
  }),
);

export const entryPointValue = defineError(
  "entry-point-value",
  "An entry point is a record of values; its key `update` holds the result of an optimizer.",
  (entry: string, key: string, found: string, holdsUpdates: boolean) => ({
    message: `entry point "${entry}": "${key}" must be ${key === "update" ? "the result of an optimizer, or updates by hand" : "a value of the graph"}: found ${found}`,
    help:
      key === "update"
        ? "update: adam(loss), or by hand [{ state: W, value: sub(W, step) }], or both: [adam(loss), { state, value }]"
        : [
            suggestion(key, ["update"]),
            holdsUpdates
              ? "what an optimizer returns belongs to the key `update`; several go there as an array"
              : "an entry point returns what inputs, layers and operations give",
          ]
            .filter(Boolean)
            .join(" "),
  }),
);

export const foreignValue = defineError(
  "foreign-value",
  "Inputs, parameters, states and settings are those of the model that declares them.",
  (entry: string, what: string, name: string) => ({
    message: `entry point "${entry}": what it reads must be declared in its model: found ${what} "${name}" of another one`,
    help: "declare it in the function that model() is given; an output of one model may be an input of the other",
  }),
);

export const reservedName = defineError(
  "reserved-name",
  "Entry points and outputs become members of the generated module, beside its own.",
  (what: string, name: string) => ({
    message: `${what} must not take the name of a member of the generated module: found "${name}"`,
    help: "rename it",
  }),
);

export const notAState = defineError(
  "not-a-state",
  "What an update gives a value is a state or a parameter: it is kept between calls.",
  (name: string | undefined, found: TensorType) => ({
    message: `an update must be of a state or parameter: found ${name === undefined ? "a value" : `\`${name}\``}, ${formatType(found)}`,
    help: "declare what is kept between calls with state() or param()",
  }),
);

export const stateUpdate = defineError(
  "state-update",
  "An update gives a state a value of its own type.",
  (state: string, wanted: TensorType, found: TensorType) => ({
    message: `an update of "${state}" must give it a value of its own type, ${formatType(wanted)}: found ${formatType(found)}`,
    help: "reduce, reshape or cast the value, or declare the state with its type",
  }),
);

export const updatedTwice = defineError(
  "updated-twice",
  "An entry point updates a state once: two optimizers of one entry point train different parameters.",
  (state: string, entry: string, isParameter: boolean, first?: Place) => ({
    message: `a state must be updated once in an entry point: "${entry}" updates "${state}" twice`,
    help:
      (isParameter
        ? "give each optimizer parameters of its own, adam(loss, { parameters: parametersOf(…) }), or put them into two entry points"
        : "give it one value that is made of both, or put the updates into two entry points") +
      (first ? `; the first update stands at ${first.file}:${first.line}:${first.column}` : ""),
  }),
);

export const dropoutRate = defineError(
  "dropout-rate",
  "A rate of dropout is the probability that an element is left out; some are kept.",
  (found: number) => ({
    message: `dropout: the rate must be at least 0 and below 1: found ${found}`,
    help: "the rate is the part that is left out, not the part that is kept",
  }),
);

export const noParameters = defineError(
  "no-parameters",
  "An optimizer needs at least one trainable parameter that its loss depends on, and a penalty one that it is of.",
  (user: string, penalty = false) => ({
    message: `${user}: ${penalty ? "a parameter must be given" : "the loss must depend on a trainable parameter"}: found none`,
    help: penalty
      ? "leave the penalty out, or pass what parametersOf(loss) finds"
      : "pass { parameters: [...] }, or check that the loss uses the layers",
  }),
);

export const underivedGradient = defineError(
  "underived-gradient",
  "A graph is evaluated after the compiler has derived its gradients.",
  () => ({
    message: "gradients must be derived before a graph is evaluated: found a grad placeholder",
    help: 'derive the graph first: import { derive } from "chainrule/compiler"',
  }),
);

export const layerInput = defineError(
  "layer-input",
  "A layer that is applied several times has one set of weights, so all its inputs have the same last extent.",
  (expected: Dim, found: TensorType) => ({
    message: `a layer must be applied to inputs of one size: it was made for ${expected}, $0 is ${formatType(found)}`,
    help: "make a second layer, or bring the inputs to one size",
  }),
);

export const invalidGraph = defineError(
  "invalid-graph",
  "The graph that a pass leaves keeps the invariants of the language. This is an error of chainrule, not of the model.",
  (wanted: string, found: string) => ({ message: `${wanted}: found ${found}` }),
);
