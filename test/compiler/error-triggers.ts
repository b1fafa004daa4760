/// Programs that raise the errors that no model file does by itself: wrong calls, and the runtime's errors.
import { compile } from "../../compiler/compile.ts";
import { outputFile, tooManyBindings } from "../../compiler/errors.ts";
import { readGraphJson } from "../../compiler/format/json.ts";
import { loadModel } from "../../compiler/load/index.ts";
import { graphAtStage } from "../../compiler/passes/stages.ts";
import { stopAt } from "../../compiler/passes/stop-at.ts";
import { rewriteType, rewriteUnsettled } from "../../compiler/rewrite/errors.ts";
import {
  adam,
  add,
  dense,
  evaluate,
  input,
  matmul,
  mean,
  model,
  param,
  relu,
  square,
  sum,
  type Graph,
} from "../../ir/index.ts";
import { parseGraph } from "../../ir/parse.ts";
import { verifyGraph } from "../../ir/verify.ts";
import { runtimeErrors } from "../../runtime/errors.ts";
import { load, type LoadOptions, type Program } from "../../runtime/index.ts";
import { checkInputs, checkSettings } from "../../runtime/inputs.ts";
import { training } from "../runtime/programs.ts";

/** Code → what raises it; may return a promise. */
export const triggers: Readonly<Record<string, () => unknown>> = {
  "model-not-found": () => loadModel("samples/digit/model.ts"),
  "size-unknown": () => compile(named(), { dims: { batch: 4, pixel: 16 } }),
  "size-value": () => compile(named(), { dims: { batch: 0, pixels: 16 } }),
  "size-conflict": () => compile(named(), { dims: { batch: 4, "predict.pixels": 16, "train.pixels": 25 } }),
  "dispatch-size": () => compile(named(), { dims: { batch: 300_000_000, pixels: 16 } }),
  "memory-budget": () => compile(named(), { dims: { batch: 64, pixels: 16 }, memoryBudget: 100 }),
  "memory-budget-value": () => compile(named(), { dims: { batch: 64, pixels: 16 }, memoryBudget: NaN }),
  "value-unknown": () => stopAt(named(), ["hiden"]),
  "stage-unknown": () => graphAtStage(named(), "simplfy:before"),
  "graph-data": () => readGraphJson('{ "chainruleGraph": 0 }'),
  "output-file": () => raise(outputFile("samples", "EISDIR: illegal operation on a directory, read")),
  // Every operation can be split today; the check is there for ops to come.
  "too-many-bindings": () => raise(tooManyBindings("total", 9, 8)),
  // Mistakes in the compiler: the rules at hand make none.
  "rewrite-unsettled": () => raise(rewriteUnsettled("commute", "a + b = b + a", 201)),
  "rewrite-type": () => raise(rewriteType("unbroadcast", "f32[batch, 4]", "f32[4]")),

  "unknown-option": () =>
    model("m", () => {
      const loss = mean(square(dense(input("x", "f32", [4, 3]), 2)));
      return { train: { loss, update: adam(loss, { learningrate: 0.01 } as never) } };
    }),
  "missing-feed": () => evaluate(named(), {}, { entry: "predict", sizes: { batch: 1, pixels: 2 } }),
  "unknown-feed": () => evaluate(named(), { picture: [1, 2] }, { entry: "predict" }),
  "feed-length": () => evaluate(trained(), { image: [1, 2, 3] }, { entry: "predict" }),
  "unbound-size": () => evaluate(named(), {}, { entry: "predict" }),
  "unknown-entry-point": () => evaluate(named(), {}, { entry: "test" }),
  "underived-gradient": () => evaluate(trained(), { image: [1, 2] }, { entry: "train" }),
  "graph-syntax": () => parseGraph("graph tiny\ninput image: f32[4\n", "tiny.graph"),
  "unknown-word": () => parseGraph("graph tiny\n\nentry predict\n  hidden = relu(image)\n", "tiny.graph"),
  "scan-operands": () => parseGraph(swapped, "tiny.graph"),
  "invalid-graph": () => verifyGraph({ ...named(), states: [] }),

  ...runtimeTriggers(),
};

function runtimeTriggers(): Readonly<Record<string, () => unknown>> {
  const { train, predict } = training.entryPoints;
  const x = Float32Array.of(1, 2, 3, 4);
  const fail = (options: LoadOptions, program: Program = training): unknown => load(program, options);
  return {
    "no-webgpu": () => raise(runtimeErrors["no-webgpu"]("navigator.gpu is missing", "use a newer browser")),
    "no-adapter": () => raise(runtimeErrors["no-adapter"]("install a Vulkan driver")),
    "device-request": () => fail({ adapter: refusingAdapter() }),
    "abi-version": () => fail({}, { ...training, abi: 0 }),
    "limit-exceeded": () => fail({ adapter: refusingAdapter() }, { ...training, limits: { maxBufferSize: 2 ** 31 } }),
    "out-of-memory": () =>
      raise(runtimeErrors["out-of-memory"](["arena", "train outputs"], 2 ** 33, "allocation failed")),
    "kernel-invalid": () => raise(runtimeErrors["kernel-invalid"]("hidden", "4:97 unresolved value 'two'")),
    "option-value": () => fail({ seed: -1 }),
    "option-unknown": () => fail({ learningRate: 0.1 } as LoadOptions),
    "input-missing": () => checkInputs("train", train, {}),
    "input-unknown": () => checkInputs("train", train, { x, image: x }),
    "input-type": () => checkInputs("train", train, { x: Int32Array.of(1, 2, 3, 4) }),
    "input-length": () => checkInputs("train", train, { x: x.subarray(1) }),
    "input-class": () => checkInputs("predict", predict, { x, label: Int32Array.of(0, 3) }),
    "setting-unknown": () => checkSettings("train", train, { learningRate: 1 }),
    "setting-value": () => checkSettings("train", train, { rate: NaN }),
    "too-many-steps": () => raise(runtimeErrors["too-many-steps"](8)),
    "output-expired": () => raise(runtimeErrors["output-expired"]("train", 8)),
    "state-mismatch": () => fail({ state: {} }),
    "param-unknown": () => fail({ params: { weights: [1] } }),
    "state-value": () => fail({ params: { weight: [1, 2] } }),
    "device-lost": () => raise(runtimeErrors["device-lost"]("unknown", "the driver was reset")),
    destroyed: () => raise(runtimeErrors.destroyed()),
  };
}

/** A loop that is given its sequence as the first carry. */
const swapped = `graph tiny
input start: f32[4]
input words: f32[time, 4]

body sums over time
  carry total: f32[4]
  element word: f32[4]
  next total + word

entry predict
  output last = scan(words, start, body=sums, result=final total)
`;

function named(): Graph {
  return model("tiny", () => {
    const image = input("image", "f32", ["batch", "pixels"]);
    const hidden = relu(dense(image, 2, { name: "hidden" }));
    return { predict: { hidden }, train: { loss: mean(square(hidden)) } };
  });
}

function trained(): Graph {
  return model("tiny", () => {
    const image = input("image", "f32", [1, 2]);
    const weight = param([2, 1], { name: "weight" });
    const loss = sum(add(matmul(image, weight), 1));
    return { predict: { loss }, train: { loss, update: adam(loss) } };
  });
}

/** An adapter with WebGPU's default limits that gives no device. */
function refusingAdapter(): GPUAdapter {
  return {
    limits: { maxBufferSize: 2 ** 28 },
    info: {},
    features: new Set(),
    requestDevice: () => Promise.reject(new Error("adapter is consumed")),
  } as unknown as GPUAdapter;
}

function raise(error: Error): never {
  throw error;
}
