/// The command line: commands, options, errors and exit codes (0 ok, 1 the model is wrong, 2 usage).
import { cac, type CAC } from "cac";
import { CompileError } from "../../ir/diagnostic.ts";
import { packageInfo } from "../load/package.ts";
import type { Storage } from "../half.ts";
import { didYouMean, nearest, suggestion } from "../../ir/suggest.ts";
import { showDiagnostic } from "./diagnostic.ts";
import type { Terminal } from "./terminal.ts";
import {
  checkBytes,
  isUsageError,
  parseBytes,
  parseChoice,
  parseDims,
  parseInteger,
  parseText,
  parseTexts,
  usageError,
} from "./usage.ts";

type Options = Readonly<Record<string, unknown>>;

/** Runs the command that `args` (without interpreter and script) name; returns the exit code. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const cli = commands(terminal);
  try {
    checkBytes("memory-budget", args);
    cli.parse(["node", "chainrule", ...args], { run: false });
    const { help, version } = cli.options as Options;
    if (help || version) return 0;
    if (!cli.matchedCommand) {
      const [unknown] = cli.args;
      throw usageError(unknown === undefined ? "a command is missing" : `there is no command ${unknown}`);
    }
    return (await cli.runMatchedCommand()) as number;
  } catch (error) {
    return explain(error, terminal, meantBy(error, cli), helpOf(args, cli));
  }
}

/** The command that tells what the one that failed takes. */
function helpOf(args: readonly string[], { commands }: CAC): string {
  const command = commands.find(({ name }) => name === args[0]);
  return `chainrule ${command ? `${command.name} ` : ""}--help`;
}

/** The question after a mistyped command or option. */
function meantBy(error: unknown, { args, commands, globalCommand, matchedCommand }: CAC): string | undefined {
  if (!isUsageError(error)) return undefined;
  if (!matchedCommand) {
    const names = commands.map(({ name }) => name);
    return args.length > 0 ? suggestion(args[0], names) : undefined;
  }
  const [, option] = /^Unknown option `-+(.*)`$/.exec(error.message) ?? [];
  const options = [...matchedCommand.options, ...globalCommand.options].map(({ name }) => name);
  if (option === undefined) return undefined;
  const having = commands.filter((each) => each.options.some(({ name }) => name === option)).map(({ name }) => name);
  if (having.length > 0) {
    const [first, ...others] = having.toReversed();
    const names = [others.toReversed().join(", "), first].filter(Boolean).join(" and ");
    const why = lacking[matchedCommand.name]?.[option];
    return `--${kebab(option)} is an option of ${names}${why ? `; ${why}` : ""}.`;
  }
  const near = nearest(option, options);
  return near === undefined ? undefined : didYouMean(`--${kebab(near)}`);
}

/** Why a command that compiles lacks an option of others. */
const lacking: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  check: {
    storage: "check compares kernels to 1e-4, and halves round by more",
    memoryBudget: "it changes no result, so that there is nothing to check",
  },
};

/** As options are typed: the parser calls `--memory-budget` memoryBudget. */
const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Commands are imported when they run: `--help` need not wait for the TypeScript compiler. */
function commands(terminal: Terminal) {
  const cli = cac("chainrule");
  addCompile(cli, terminal);
  addPrint(cli, terminal);
  addReport(cli, terminal);
  addCheck(cli, terminal);
  addBench(cli, terminal);
  const options = { title: "For the options of a command", body: "  $ chainrule COMMAND --help" };
  cli.help((sections) => sections.map((each) => (each.title?.startsWith("For more info") ? options : each)));
  return cli.version(packageInfo().version);
}

/** Options that several commands have. */
const dim = ["--dim <name=size>", "Number for a named size; train.batch=64 for one entry point"] as const;
const strict = ["--strict-float", "Leave out rewrites that reassociate or assume finite values"] as const;
const storage = ["--storage <type>", "What activations are kept as: f32, or f16 for half the bytes"] as const;
const storageOf = (options: Options): Storage => parseChoice("storage", options.storage, ["f32", "f16"]);
const memoryBudget = [
  "--memory-budget <bytes>",
  "Most bytes between kernels, such as 64MB or 64MiB; takes time",
] as const;
const budgetOf = (options: Options): number | undefined => parseBytes("memory-budget", options.memoryBudget);
const isStrict = ({ strictFloat }: Options): boolean => strictFloat === true;

/** What the options say about floats. */
const floatsOf = (options: Options) => ({ strictFloat: isStrict(options), storage: storageOf(options) });

function addCompile(cli: CAC, terminal: Terminal): void {
  cli
    .command("compile <model>", "Compile a model file to a TypeScript module")
    .option("--out <file>", "Where the module goes")
    .option(...dim)
    .option("--check", "Write nothing; fail when the file is stale")
    .option(...strict)
    .option(...storage)
    .option(...memoryBudget)
    .action(async (model: unknown, options: Options) => {
      const out = parseText("out", options.out);
      if (out === undefined) throw usageError("--out FILE is missing");
      const dims = parseDims(options.dim);
      const [check, budget] = [options.check === true, budgetOf(options)];
      const { compileCommand } = await import("./compile-command.ts");
      return compileCommand(
        { model: String(model), out, dims, check, ...floatsOf(options), memoryBudget: budget },
        terminal,
      );
    });
}

function addPrint(cli: CAC, terminal: Terminal): void {
  cli
    .command("print <model>", "Print the graph of a model, or its gradient graph")
    .option("--gradient", "The graph after differentiation and simplification")
    .option("--entry <name>", "One entry point only")
    .option("--format <format>", "text, latex, dot, mermaid or json (default: text)")
    .option(
      "--stage <name>",
      "The graph after a pass, or NAME:before; list shows the names, and which of them stabilises",
    )
    .option("--stop-at <name>", "Show a named value as a letter; may be given several times")
    .option(...strict)
    .action(async (model: unknown, options: Options) => {
      const format = parseChoice("format", options.format, ["text", "latex", "dot", "mermaid", "json"]);
      const entry = parseText("entry", options.entry);
      const stage = parseText("stage", options.stage);
      const letters = parseTexts(options.stopAt);
      const { printCommand } = await import("./print-command.ts");
      const gradient = options.gradient === true;
      const strictFloat = isStrict(options);
      return printCommand(
        { model: String(model), gradient, entry, format, stage, stopAt: letters, strictFloat },
        terminal,
      );
    });
}

function addReport(cli: CAC, terminal: Terminal): void {
  cli
    .command("explain <model> <value> [parameter]", "Derive the gradient of a loss, or say how a value came about")
    .option("--format <format>", "text or latex (default: text)")
    .action(async (model: unknown, value: unknown, parameter: unknown, options: Options) => {
      const format = parseChoice("format", options.format, ["text", "latex"]);
      const { explainCommand } = await import("./explain-command.ts");
      const names = { value: String(value), parameter: parameter === undefined ? undefined : String(parameter) };
      return explainCommand({ model: String(model), ...names, format }, terminal);
    });
  cli
    .command("report <model>", "Print what a compiled model costs")
    .option(...dim)
    .option("--why", "Also say why neighbouring kernels are not one")
    .option("--json", "Print JSON")
    .option(...strict)
    .option(...storage)
    .option(...memoryBudget)
    .action(async (model: unknown, options: Options) => {
      const budget = budgetOf(options);
      const { reportCommand } = await import("./report-command.ts");
      const [dims, json, why] = [parseDims(options.dim), options.json === true, options.why === true];
      const command = { model: String(model), dims, json, ...floatsOf(options), memoryBudget: budget, why };
      return reportCommand(command, terminal);
    });
}

function addCheck(cli: CAC, terminal: Terminal): void {
  cli
    .command("check <model>", "Check gradients and kernels on this machine")
    .option(...dim)
    .option("--seed <n>", "Seed of the random data (default: 0)")
    .option(...strict)
    .action(async (model: unknown, options: Options) => {
      const seed = parseInteger("seed", options.seed, 0);
      const { checkCommand } = await import("./check-command.ts");
      const dims = parseDims(options.dim);
      return checkCommand({ model: String(model), dims, seed, strictFloat: isStrict(options) }, terminal);
    });
}

function addBench(cli: CAC, terminal: Terminal): void {
  cli
    .command("bench <model>", "Time each kernel on this machine")
    .option(...dim)
    .option("--json", "Print JSON")
    .option(...strict)
    .option(...storage)
    .option(...memoryBudget)
    .action(async (model: unknown, options: Options) => {
      const [dims, json, budget] = [parseDims(options.dim), options.json === true, budgetOf(options)];
      const { benchCommand } = await import("./bench-command.ts");
      const command = { model: String(model), dims, json, ...floatsOf(options), memoryBudget: budget };
      return benchCommand(command, terminal);
    });
}

function explain(error: unknown, terminal: Terminal, question: string | undefined, help: string): number {
  if (isUsageError(error)) {
    terminal.warn(`error[usage]: ${error.message}\n  help: ${question ? `${question} ` : ""}${help}`);
    return 2;
  }
  if (error instanceof CompileError) {
    terminal.warn(showDiagnostic("error", error, terminal));
    return 1;
  }
  // The runtime's errors carry their code and help in the message.
  if (error instanceof Error && error.name === "ChainruleError") {
    terminal.warn(error.message);
    return 1;
  }
  throw error;
}
