import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkpointErrorDocs, runtimeErrorDocs } from "../../runtime/error-docs.ts";
import { runtimeErrors } from "../../runtime/errors.ts";

const samples: { readonly [Code in keyof typeof runtimeErrors]: Parameters<(typeof runtimeErrors)[Code]> } = {
  "no-webgpu": ["navigator.gpu is missing", "use a newer browser"],
  "no-adapter": ["install a driver"],
  "device-request": ["OperationError: adapter is consumed"],
  "abi-version": [2, 1],
  "limit-exceeded": ["maxBufferSize", 1024, 512],
  "out-of-memory": [["arena", "train.outputs"], 1024, "allocation failed"],
  "kernel-invalid": ["dense_0", "4:97 unresolved value 'two'"],
  "option-value": ["seed", "an integer in [0, 2^53)", -1],
  "option-unknown": ["learningRate", ["seed", "state"]],
  "input-missing": ["train", "image", "f32[64, 784]"],
  "input-unknown": ["train", "picture", ["image", "label"]],
  "input-type": ["train", "image", "a Float32Array or a GPUBuffer", "Float64Array"],
  "input-length": ["train", "image", "50176 elements (f32[64, 784])", "784"],
  "input-class": ["train", "label", 10, 3, 12],
  "setting-unknown": ["train", "speed", ["learningRate"]],
  "setting-value": ["train", "learningRate", NaN],
  "too-many-steps": [8],
  "output-expired": ["train", 8],
  "state-mismatch": [["dense_0.weight", "step"], [...Array(10).keys()].map((layer) => `dense_${layer + 1}.weight`)],
  "param-unknown": ["dense_1.weight", []],
  "state-value": ["dense_0.weight", "f32[784, 128]", "f32[128, 784] with 100352 elements"],
  "device-lost": ["unknown", "the driver was reset"],
  destroyed: [],
};

test("every error, rendered", () => {
  const rendered = Object.entries(samples).map(([code, values]) => {
    const make = runtimeErrors[code as keyof typeof runtimeErrors] as (...values: readonly unknown[]) => Error;
    const error = make(...values);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "ChainruleError", code });
    return error.message;
  });
  expect(`\n${rendered.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    error[no-webgpu]: WebGPU must be available: navigator.gpu is missing
      help: use a newer browser
    error[no-adapter]: an adapter must be available: requestAdapter() returned null
      help: install a driver
    error[device-request]: the adapter must give a device: OperationError: adapter is consumed
      help: an adapter gives one device
    error[abi-version]: program and runtime must have one ABI version: program 2, runtime 1
      help: recompile the model with the installed chainrule
    error[limit-exceeded]: the device must allow maxBufferSize of 1024: it allows 512
      help: use a smaller batch, or a device with the program's limits
    error[out-of-memory]: the device must have room for arena, train.outputs (1024 bytes): allocation failed
      help: use a smaller batch or maxInFlight
    error[kernel-invalid]: kernel \`dense_0\` must be valid on this device
      help: report this:
    4:97 unresolved value 'two'
    error[option-value]: option \`seed\` must be an integer in [0, 2^53): found -1
    error[option-unknown]: options must be among seed, state: found \`learningRate\`
    error[input-missing]: \`train\` must be given \`image\`, f32[64, 784]: it is missing
    error[input-unknown]: inputs of \`train\` must be among image, label: found \`picture\`
    error[input-type]: \`image\` of \`train\` must be a Float32Array or a GPUBuffer: found Float64Array
    error[input-length]: \`image\` of \`train\` must have 50176 elements (f32[64, 784]): found 784
    error[input-class]: \`label\` of \`train\` must be in [0, 10): element 3 is 12
    error[setting-unknown]: settings of \`train\` must be among learningRate: found \`speed\`
    error[setting-value]: \`learningRate\` of \`train\` must be a finite number: found NaN
    error[too-many-steps]: at most 8 calls may be in flight: found one more
      help: await \`step.accepted\` before the next call, or raise maxInFlight
    error[output-expired]: outputs of \`train\` must be read within 8 later calls: they are overwritten
      help: ask sooner, or raise maxInFlight
    error[state-mismatch]: a checkpoint must hold the program's states: missing dense_0.weight, step; unknown dense_1.weight, dense_2.weight, dense_3.weight, dense_4.weight, dense_5.weight, dense_6.weight, dense_7.weight, dense_8.weight, and 2 more
      help: load weights alone with \`params\`
    error[param-unknown]: parameters must be among none: found \`dense_1.weight\`
    error[state-value]: \`dense_0.weight\` must be f32[784, 128]: found f32[128, 784] with 100352 elements
    error[device-lost]: the GPU device must live: it was lost (unknown: the driver was reset)
      help: load it again with the last checkpoint
    error[destroyed]: the module must live: it was destroyed
    "
  `);
});

test("every code that the sources throw is documented, and no other", () => {
  const folder = fileURLToPath(new URL("../../runtime", import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith("error-docs.ts"))
    .map((path) => readFileSync(`${folder}/${path}`, "utf8"))
    .join("\n");
  const called = [...sources.matchAll(/runtimeErrors(?:\["([a-z-]+)"\]|\.([a-z]+))[()]/g)].map(([, a, b]) => a ?? b);
  expect([...new Set(called)].sort()).toEqual(Object.keys(runtimeErrorDocs).sort());
  const files = [...sources.matchAll(/(runtimeError|safetensorsError)\(\s*"([a-z0-9-]+)"/g)]
    .map(([, maker, code]) => (maker === "safetensorsError" ? `safetensors-${code}` : code!))
    .filter((code) => !(code in runtimeErrorDocs));
  expect([...new Set(files)].sort()).toEqual(Object.keys(checkpointErrorDocs).sort());
});
