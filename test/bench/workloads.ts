/// What is measured: models of chainrule by name, and the numbers that every contender computes them with.
import type { Graph } from "chainrule";
import cnn from "./models/cnn.ts";
import deep from "./models/deep.ts";
import { attention, layerNorm, matmul, softmax, type MatmulForm } from "./models/forward.ts";
import gpt from "./models/gpt.ts";
import mlp from "./models/mlp.ts";
import classifier from "./models/small.ts";

/** One thing to measure. */
export interface Workload {
  readonly name: string;
  readonly entry: "train" | "run";
  readonly graph: Graph;
  /** Integers of inputs are below this where the program does not say. */
  readonly classes?: number;
  /** Products of a matrix multiplication, for its rate. */
  readonly flops?: number;
}

const forms: readonly MatmulForm[] = ["NN", "NT", "TN"];

const products: readonly Workload[] = [256, 512, 1000, 1024].flatMap((size) =>
  forms.map((form): Workload => {
    return { name: `matmul${size}${form}`, entry: "run", graph: matmul(size, form), flops: 2 * size ** 3 };
  }),
);

/** All of them: training steps, then single operations. */
export const workloads: readonly Workload[] = [
  { name: "mlp", entry: "train", graph: mlp },
  { name: "deep", entry: "train", graph: deep },
  { name: "cnn", entry: "train", graph: cnn },
  { name: "gpt", entry: "train", graph: gpt, classes: 256 },
  { name: "softmax", entry: "run", graph: softmax() },
  { name: "layerNorm", entry: "run", graph: layerNorm() },
  { name: "attention", entry: "run", graph: attention() },
  ...products,
];

/** For questions of many steps: a classifier so small that a step is all overhead. */
export const small: Workload = { name: "small", entry: "train", graph: classifier };
