/// Programs written by hand, small enough to know every number of.

import type { Program } from "../../runtime/abi.ts";

/** `double`: doubled = 2 * x, for 4 numbers. */
export const doubling: Program = {
  abi: 3,
  name: "doubling",
  buffers: [
    { label: "double.x", role: "input", bytes: 16 },
    { label: "double.outputs", role: "output", bytes: 16 },
  ],
  states: [],
  kernels: [
    {
      name: "double",
      wgsl: `
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> doubled: array<f32>;
@compute @workgroup_size(4) fn main(@builtin(global_invocation_id) id: vec3u) { doubled[id.x] = 2.0 * x[id.x]; }`,
      bindings: ["read", "read_write"],
    },
  ],
  entryPoints: {
    double: {
      inputs: [{ name: "x", dtype: "f32", shape: [4], buffer: 0, offset: 0 }],
      settings: [],
      outputs: [{ name: "doubled", dtype: "f32", shape: [4], buffer: 1, offset: 0 }],
      updates: false,
      dispatches: [
        {
          kernel: 0,
          workgroups: [1, 1, 1],
          bindings: [
            { buffer: 0, offset: 0, bytes: 16 },
            { buffer: 1, offset: 0, bytes: 16 },
          ],
        },
      ],
    },
  },
  limits: {},
};

const settingsBinding = { buffer: 3, offset: 0, bytes: 16 };
const weightBinding = { buffer: 0, offset: 0, bytes: 16 };
const inputBinding = { buffer: 1, offset: 0, bytes: 16 };

/**
 * `train`: w -= rate * x, count += 1; outputs total = sum(w) and weights = w. `predict`: scaled = w * x, and the classes
 * given. The weight starts as 1, 2, 3, 4; x is f32[4], label i32[2] in [0, 3), rate a setting of 0.5.
 */
export const training: Program = {
  abi: 3,
  name: "training",
  buffers: [
    { label: "states", role: "state", bytes: 1024 },
    { label: "x", role: "input", bytes: 16 },
    { label: "label", role: "input", bytes: 8 },
    { label: "train.settings", role: "settings", bytes: 16 },
    { label: "train.outputs", role: "output", bytes: 272 },
    { label: "predict.outputs", role: "output", bytes: 264 },
    { label: "train.constants", role: "constant", bytes: 4, values: { dtype: "f32", data: ["Infinity"] } },
  ],
  states: [
    slot("weight", "f32", [4], 0, true, { tag: "values", values: [1, 2, 3, 4] }),
    slot("count", "u32", [], 256, false, { tag: "constant", value: 0 }),
    slot("key", "u32", [2], 512, false, { tag: "key" }),
    slot("noise", "f32", [2, 8], 768, true, { tag: "normal", mean: 0, deviation: 1, site: 3 }),
  ],
  kernels: [
    {
      name: "update",
      wgsl: `
struct Settings { rate: f32 }
@group(0) @binding(0) var<storage, read_write> w: array<f32>;
@group(0) @binding(1) var<storage, read_write> count: array<u32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<uniform> settings: Settings;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  w[i] -= settings.rate * x[i];
  if (i == 0u) { count[0] += 1u; }
}`,
      bindings: ["read_write", "read_write", "read", "uniform"],
    },
    {
      name: "total",
      wgsl: `
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> largest: array<f32>;
@group(0) @binding(2) var<storage, read_write> total: array<f32>;
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;
@compute @workgroup_size(1) fn main() {
  var sum = 0.0;
  for (var i = 0; i < 4; i++) { sum += w[i]; weights[i] = w[i]; }
  total[0] = min(sum, largest[0]);
}`,
      bindings: ["read", "read", "read_write", "read_write"],
    },
    {
      name: "scale",
      wgsl: `
@group(0) @binding(0) var<storage, read> w: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> label: array<i32>;
@group(0) @binding(3) var<storage, read_write> scaled: array<f32>;
@group(0) @binding(4) var<storage, read_write> classes: array<i32>;
@compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) {
  scaled[i] = w[i] * x[i];
  if (i < 2u) { classes[i] = label[i]; }
}`,
      bindings: ["read", "read", "read", "read_write", "read_write"],
    },
  ],
  entryPoints: {
    train: {
      inputs: [{ name: "x", dtype: "f32", shape: [4], buffer: 1, offset: 0 }],
      settings: [{ name: "rate", value: 0.5 }],
      settingsBuffer: 3,
      outputs: [
        { name: "total", dtype: "f32", shape: [], buffer: 4, offset: 0 },
        { name: "weights", dtype: "f32", shape: [4], buffer: 4, offset: 256 },
      ],
      updates: true,
      dispatches: [
        {
          kernel: 0,
          workgroups: [1, 1, 1],
          bindings: [weightBinding, { buffer: 0, offset: 256, bytes: 4 }, inputBinding, settingsBinding],
        },
        {
          kernel: 1,
          workgroups: [1, 1, 1],
          bindings: [
            weightBinding,
            { buffer: 6, offset: 0, bytes: 4 },
            { buffer: 4, offset: 0, bytes: 4 },
            { buffer: 4, offset: 256, bytes: 16 },
          ],
        },
      ],
    },
    predict: {
      inputs: [
        { name: "x", dtype: "f32", shape: [4], buffer: 1, offset: 0 },
        { name: "label", dtype: "i32", shape: [2], buffer: 2, offset: 0, classes: 3 },
      ],
      settings: [],
      outputs: [
        { name: "scaled", dtype: "f32", shape: [4], buffer: 5, offset: 0 },
        { name: "classes", dtype: "i32", shape: [2], buffer: 5, offset: 256 },
      ],
      updates: false,
      dispatches: [
        {
          kernel: 2,
          workgroups: [1, 1, 1],
          bindings: [
            weightBinding,
            inputBinding,
            { buffer: 2, offset: 0, bytes: 8 },
            { buffer: 5, offset: 0, bytes: 16 },
            { buffer: 5, offset: 256, bytes: 8 },
          ],
        },
      ],
    },
  },
  limits: {},
};

function slot(
  name: string,
  dtype: "f32" | "u32",
  shape: readonly number[],
  offset: number,
  parameter: boolean,
  init: Program["states"][number]["init"],
): Program["states"][number] {
  return { name, dtype, shape, buffer: 0, offset, parameter, init };
}
