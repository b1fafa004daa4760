/// Trains the digits network on WebGPU and prints how well it reads test images: `npm start`, see README.md.

import { access, constants, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadCheckpoint, saveCheckpoint } from "chainrule/runtime";
import type { StateRecord } from "chainrule/runtime";
import type { Dataset } from "./data/dataset.ts";
import { loadMnist } from "./data/idx.ts";
import { synthesizeDigits } from "./data/synthesize.ts";
import { describeError, SampleError } from "./errors.ts";
import { countCorrect, fit, stepsPerEpoch } from "./fit.ts";
import type { Predictor, Trainable } from "./fit.ts";
import { parseCommand, usage } from "./options.ts";
import type { Command } from "./options.ts";
import { createProgress } from "./progress.ts";
import { readPosition } from "./resume.ts";

/** The batch size that both modules are compiled for. */
const batchSize = 64;

const learningRate = 1e-3;

/** Where checkpoints go unless `--save` says otherwise. */
const checkpoints = fileURLToPath(new URL("./checkpoints", import.meta.url));

/** The made digits are the same in every run: a checkpoint can be judged by another run, and a resumed run goes on. */
const dataSeed = 1;

/** What both generated modules have, whatever the size of their images. */
interface Digits extends Trainable, Predictor {
  readonly adapter: string;
  readState(): Promise<StateRecord>;
  destroy(): void;
}

/** What differs between the two data sets. */
interface Task {
  readonly name: string;
  readonly epochs: number;
  readonly train: Dataset;
  readonly test: Dataset;
  readonly create: (options: { readonly seed: number; readonly state?: StateRecord }) => Promise<Digits>;
}

/** Loads the data, and names the module that was compiled for its size of image. */
async function loadTask(directory: string | undefined): Promise<Task> {
  if (directory === undefined) {
    const train = synthesizeDigits("train", 10_000, dataSeed);
    const test = synthesizeDigits("test", 1_000, dataSeed);
    const { createDigits } = await import("./generated/digits.gen.ts");
    return { name: "digits", epochs: 10, train, test, create: createDigits };
  }
  const { createDigits } = await import("./generated/mnist.gen.ts");
  return { name: "mnist", epochs: 5, ...(await loadMnist(directory)), create: createDigits };
}

/** Loads the module, from a checkpoint where one is given, and says where it runs. */
async function createModule(task: Task, seed: number, checkpoint: string | undefined): Promise<Digits> {
  const state = checkpoint === undefined ? undefined : await loadCheckpoint(checkpoint);
  const digits = await task.create({ seed, state }).catch((error: unknown) => {
    throw checkpoint === undefined ? error : otherImages(error, checkpoint, task);
  });
  console.log(`adapter: ${digits.adapter}`);
  return digits;
}

/** A checkpoint whose states have other shapes was as a rule trained on the other data set. */
function otherImages(error: unknown, checkpoint: string, task: Task): unknown {
  if (!(error instanceof Error && "code" in error && error.code === "state-value")) return error;
  const other = task.name === "digits" ? "name its MNIST files with --data DIR" : "leave out --data";
  const message = `${checkpoint} must be of the ${task.name} network:${error.message.replace(/^error\[.*?\]:/, "")}`;
  return new SampleError("checkpoint-images", `${message}\n  help: if it was trained on the other images, ${other}`);
}

async function train(command: Extract<Command, { tag: "train" }>): Promise<void> {
  const task = await loadTask(command.data);
  const epochs = command.epochs ?? task.epochs;
  const steps = stepsPerEpoch(task.train, batchSize);
  const file = await openFolder(command.save ?? join(checkpoints, `${task.name}.safetensors`));
  const digits = await createModule(task, command.seed, command.resume);
  try {
    const { step: firstStep, key } = readPosition(await digits.readState());
    if (firstStep >= epochs * steps) throw nothingToTrain(firstStep, epochs, steps);
    const plan = `${epochs} ${epochs === 1 ? "epoch" : "epochs"} of ${steps} steps`;
    console.log(`${task.name}: ${task.train.count} images, ${plan}, from step ${firstStep}`);
    const progress = createProgress({ epochs, stepsPerEpoch: steps, firstStep });
    try {
      await fit(digits, { dataset: task.train, batchSize, epochs, learningRate, key, firstStep, progress });
    } finally {
      progress.stop();
    }
    await printAccuracy(digits, task.test);
    await saveCheckpoint(file, await digits.readState());
    console.log(`saved: ${file}`);
  } finally {
    digits.destroy();
  }
}

/** Makes sure, before the training, that its result can be written; returns the path of the file. */
async function openFolder(file: string): Promise<string> {
  const folder = dirname(file);
  if (folder === checkpoints) await mkdir(folder, { recursive: true });
  // With the dot, a file in the place of the folder is refused as well.
  await access(`${folder}/.`, constants.W_OK).catch((error: unknown) => {
    throw new SampleError("save-folder", `expected a folder to write ${file} to: ${String(error)}`);
  });
  return file;
}

function nothingToTrain(step: number, epochs: number, steps: number): SampleError {
  const done = `the state stands at step ${step}, and ${epochs} epochs of ${steps} steps end at ${epochs * steps}`;
  const next = Math.floor(step / steps) + 1;
  return new SampleError("nothing-to-train", `${done}\n  help: to go on, ask for more: --epochs ${next}`);
}

async function evaluate(command: Extract<Command, { tag: "evaluate" }>): Promise<void> {
  const task = await loadTask(command.data);
  const digits = await createModule(task, 0, command.checkpoint);
  try {
    await printAccuracy(digits, task.test);
  } finally {
    digits.destroy();
  }
}

async function printAccuracy(digits: Digits, test: Dataset): Promise<void> {
  const correct = await countCorrect(digits, test, batchSize);
  console.log(`test accuracy: ${((100 * correct) / test.count).toFixed(2)} % (${correct} of ${test.count} images)`);
}

/** Runs one command and returns the exit code: 0 done, 1 failed, 2 called wrongly. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const command = parseCommand(argv);
    if (command.tag === "help") console.log(usage);
    else if (command.tag === "evaluate") await evaluate(command);
    else await train(command);
    return 0;
  } catch (error) {
    console.error(describeError(error));
    const misused = error instanceof SampleError && error.code === "usage";
    if (misused) console.error("  help: npm start -- --help");
    return misused ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
