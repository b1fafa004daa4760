/// docs/language.md: what a model file imports, by what it is for.
import { language, type OptionEntry, type WordEntry } from "./language.ts";
import { cell, generatedNote } from "./page.ts";

/** A part of the language: which words belong to it. The first part that takes a word has it. */
interface Group {
  readonly title: string;
  readonly about?: string;
  /** In a table, one row a word; else one heading a word. */
  readonly table?: boolean;
  /** The word to begin with, where it is not the first export. */
  readonly first?: string;
  readonly has: (word: WordEntry) => boolean;
}

const inFiles = (...files: readonly string[]): Group["has"] => {
  return ({ file }) => files.includes(file.replace(/^ir\//, "").replace(/\.ts$/, ""));
};

const named = (...names: readonly string[]): Group["has"] => {
  return ({ name }) => names.includes(name);
};

const either = (...kinds: readonly Group["has"][]): Group["has"] => {
  return (word) => kinds.some((has) => has(word));
};

const groups: readonly Group[] = [
  { title: "Building a model", first: "model", has: either(inFiles("build", "model"), named("training")) },
  {
    title: "Losses",
    about:
      "Labels that are an input are classes, and the gradient rests on it: p − y, where each row of y sums to 1. The " +
      "runtime refuses others. It does not look into GPU buffers: a label there that is no class has the loss 0 and the " +
      "gradient p, as if all classes were wrong. Labels that a model computes may be no class: their loss and gradient " +
      "are 0.",
    has: inFiles("nn/losses"),
  },
  { title: "Metrics and penalties", has: inFiles("nn/metrics", "nn/regularizers") },
  { title: "Optimizers", has: ({ file }) => file.startsWith("ir/optim/") },
  { title: "Initialisers", table: true, has: inFiles("initializer") },
  { title: "Derivatives", first: "grad", has: inFiles("ops/derivative", "with-derivative") },
  { title: "Loops", has: inFiles("scan") },
  { title: "Random numbers", table: true, first: "randomKey", has: inFiles("random") },
  {
    title: "Activations",
    table: true,
    has: either(
      inFiles("nn/activations"),
      named("relu", "sigmoid", "softplus", "step", "tanh", "heaviside", "softmax", "logSoftmax"),
    ),
  },
  {
    title: "Comparisons, choices and limits",
    table: true,
    has: either(
      inFiles("ops/compare", "ops/choose"),
      named("maximum", "minimum", "clamp", "isFinite", "isInfinite", "isNaN", "nanToNum"),
    ),
  },
  {
    title: "Arithmetic",
    table: true,
    has: either(
      inFiles("ops/arithmetic", "ops/rounding"),
      named("abs", "sign", "copysign", "reciprocal", "lerp", "floorDivide", "truncDivide"),
    ),
  },
  {
    title: "Powers, exponentials and logarithms",
    table: true,
    has: either(
      inFiles("ops/powers", "ops/logspace"),
      named("exp", "expm1", "log", "log1p", "log2", "log10", "logit", "pow", "sqrt", "xlogy"),
    ),
  },
  {
    title: "Trigonometric and hyperbolic functions",
    table: true,
    has: either(inFiles("ops/trigonometric", "ops/hyperbolic"), named("sinc")),
  },
  { title: "Special functions", table: true, has: inFiles("ops/special") },
  { title: "Bits", table: true, has: inFiles("ops/bits") },
  {
    title: "Shapes",
    table: true,
    has: either(inFiles("ops/layout", "ops/compose", "ops/pad"), named("broadcastTo")),
  },
  {
    title: "Reductions",
    table: true,
    has: inFiles("ops/sum", "ops/reduce", "ops/product", "ops/norm", "ops/statistics"),
  },
  { title: "Running sums and recurrences", table: true, has: inFiles("ops/cumulative") },
  { title: "Products and matrices", table: true, has: inFiles("ops/contract", "ops/einsum", "ops/linear") },
  { title: "Windows, convolution and pooling", table: true, has: inFiles("ops/windows", "ops/convolve", "ops/pool") },
  {
    title: "Reading and adding at positions",
    table: true,
    has: either(inFiles("ops/gather"), named("oneHot")),
  },
  { title: "Order", table: true, has: inFiles("ops/sort") },
  { title: "Constants", table: true, has: inFiles("ops/leaf") },
  { title: "More ops", table: true, has: ({ file }) => file.startsWith("ir/ops/") },
  { title: "Layers", first: "dense", has: ({ file }) => file.startsWith("ir/nn/") },
  { title: "Tools", about: "For scripts and tests; a model file needs none of them.", has: () => true },
];

/** The order of the page, where it is not that in which groups take their words. */
const pageOrder = ["Building a model", "Layers", "Activations"];

/** docs/language.md. */
export function languagePage(): string {
  const { words, types } = language();
  const groupOf = new Map(words.map((word) => [word, groups.find(({ has }) => has(word))]));
  const ordered = groups.toSorted((a, b) => rank(a) - rank(b));
  const parts = ["# The language", generatedNote, languageIntroduction];
  for (const group of ordered) {
    const all = words.filter((word) => groupOf.get(word) === group);
    const members = all.toSorted((a, b) => Number(b.name === group.first) - Number(a.name === group.first));
    if (members.length === 0) continue;
    parts.push(`## ${group.title}`, ...(group.about === undefined ? [] : [group.about]));
    parts.push(...(group.table ? wordTable(members) : wordSections(members)));
  }
  const rows = types.map(({ name, text, doc }) => {
    return `| \`${name}\` | ${cell(text === "" ? doc : `${doc} \`${text}\``)} |`;
  });
  parts.push("## Types", ["| type | meaning |", "| --- | --- |", ...rows].join("\n"));
  return parts.join("\n\n");
}

function rank({ title }: Group): number {
  const at = pageOrder.indexOf(title);
  return at < 0 ? pageOrder.length : at;
}

/** A heading for each word; options that another word has had already are not told again. */
function wordSections(words: readonly WordEntry[]): readonly string[] {
  const told = new Map<string, string>();
  return words.flatMap(({ name, call, doc, options, optionsType = name }) => {
    const before = told.get(optionsType);
    if (before !== undefined) return [`### \`${call}\``, doc, `The options are those of \`${before}\`.`];
    if (options.length > 0) told.set(optionsType, name);
    return [`### \`${call}\``, doc, ...(options.length > 0 ? [optionList(options)] : [])];
  });
}

/** A table of words, and below it each kind of options once, with the words that take it. */
function wordTable(words: readonly WordEntry[]): readonly string[] {
  const rows = words.map(({ call, doc }) => `| ${cell(`\`${call}\``)} | ${cell(doc)} |`);
  const kinds = new Map<string, WordEntry[]>();
  for (const word of words.filter(({ options }) => options.length > 0)) {
    const kind = word.optionsType ?? word.name;
    kinds.set(kind, [...(kinds.get(kind) ?? []), word]);
  }
  return [
    ["| call | meaning |", "| --- | --- |", ...rows].join("\n"),
    ...[...kinds.values()].flatMap((takers) => {
      const [{ options, optionsDoc }] = takers;
      const head = `Options of ${takers.map(({ name }) => `\`${name}\``).join(", ")}`;
      return [optionsDoc === "" ? `${head}:` : `${head}. ${optionsDoc}`, optionList(options)];
    }),
  ];
}

function optionList(options: readonly OptionEntry[]): string {
  return options.map(({ name, type, doc }) => `- \`${name}\` (\`${type}\`)${doc === "" ? "" : `: ${doc}`}`).join("\n");
}

const languageIntroduction = `
What a model file imports from \`chainrule\`. \`?\` marks what may be left out, \`= …\` what it is then, \`...\` as many as
there are; every option may be left out. Shapes are arrays of sizes, outermost first: numbers, names, or formulas of names
such as \`"2*batch"\`. An op of several operands stretches them to one shape, as NumPy does, and takes a number for all but
one of them.
[Ops](ops.md) says what each op is in a graph, [errors](errors.md) what a wrong call is told.
`.trim();
