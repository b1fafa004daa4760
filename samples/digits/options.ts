import { parseArgs } from "node:util";
import { SampleError } from "./errors.ts";

/** What the user asked for. */
export type Command =
  | { readonly tag: "help" }
  | { readonly tag: "evaluate"; readonly checkpoint: string; readonly data?: string }
  | {
      readonly tag: "train";
      /** Directory with MNIST's files; without it, the sample makes its digits. */
      readonly data?: string;
      readonly epochs?: number;
      readonly seed: number;
      /** Where the trained state goes. */
      readonly save?: string;
      /** Checkpoint to go on from. */
      readonly resume?: string;
    };

/** The text of `--help`. */
export const usage = `Trains a network of one hidden layer to read digits, on WebGPU.

Usage: npm start [-- options]

  --data DIR       train on MNIST: DIR holds its four IDX files, plain or .gz
                   (without this, on digits that the sample draws itself)
  --epochs N       passes over the training set, those of a resumed run included (10; MNIST: 5)
  --seed N         seed of the initial weights and of the order of examples (0)
  --save FILE      where the trained state is written
                   (samples/digits/checkpoints/digits.safetensors; MNIST: mnist.safetensors)
  --resume FILE    go on from a saved state, as if the run had never stopped
  --evaluate FILE  print the test accuracy of a saved state; train nothing
  --help           print this`;

const descriptions = {
  data: { type: "string" },
  epochs: { type: "string" },
  seed: { type: "string" },
  save: { type: "string" },
  resume: { type: "string" },
  evaluate: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the command line.
 *
 * @param argv the arguments alone, without interpreter and script
 * @throws SampleError with code `usage`
 */
export function parseCommand(argv: readonly string[]): Command {
  const values = parseStrictly(argv);
  if (values.help) return { tag: "help" };
  for (const name of ["data", "save", "resume", "evaluate"] as const) {
    if (values[name] === "") throw new SampleError("usage", `expected a path after --${name}, found nothing`);
  }
  if (values.evaluate !== undefined) {
    exclude("evaluate", values, ["epochs", "seed", "save", "resume"]);
    return { tag: "evaluate", checkpoint: values.evaluate, data: values.data };
  }
  // The checkpoint holds the key that the seed stands for.
  if (values.resume !== undefined) exclude("resume", values, ["seed"]);
  return {
    tag: "train",
    data: values.data,
    epochs: values.epochs === undefined ? undefined : integer("epochs", values.epochs, 1, 1_000_000),
    seed: integer("seed", values.seed ?? "0", 0, Number.MAX_SAFE_INTEGER),
    save: values.save,
    resume: values.resume,
  };
}

function parseStrictly(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: descriptions, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new SampleError("usage", error instanceof Error ? error.message : String(error));
  }
}

/** Refuses options that would have no effect beside `chosen`. */
function exclude(chosen: string, values: Readonly<Record<string, unknown>>, others: readonly string[]): void {
  const found = others.filter((name) => values[name] !== undefined);
  if (found.length === 0) return;
  throw new SampleError("usage", `--${chosen} excludes ${found.map((name) => `--${name}`).join(", ")}`);
}

/** Reads a decimal integer in [low, high]. */
function integer(name: string, text: string, low: number, high: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= low && value <= high) return value;
  throw new SampleError("usage", `expected an integer from ${low} to ${high} after --${name}, found '${text}'`);
}
