/// Conversion to half precision and back, on the device against a definition by enumeration: every half is known.
import { describe, expect, it } from "vitest";
import { halfLines, readHalf, readHalves, writeHalves } from "../../../compiler/wgsl/halves.ts";
import { textFor } from "../../../runtime/quads.ts";
import { testDevice } from "../../gpu.ts";

/** The number of a half's bits, by the definition of binary16. */
function halfValue(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 31
      ? fraction === 0
        ? Infinity
        : NaN
      : exponent === 0
        ? fraction * 2 ** -24
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}

/** All finite halves from 0 up. */
const steps = Array.from({ length: 0x7c00 }, (_, bits) => halfValue(bits));

/** Numbers at, between and around all halves, of both signs, and what no half is near. */
function samples(): Float32Array {
  const near = steps.flatMap((low, bits) => {
    const high = steps[bits + 1] ?? 65536;
    const middle = (low + high) / 2;
    return [low, middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -23)];
  });
  const special = [Infinity, NaN, 3e38, 65519.99, 65520, 1e5, 1e-30, 1e-40];
  return new Float32Array([...near, ...special].flatMap((value) => [value, -value]));
}

/** The nearest half, of two equally near ones the even one. */
function rounded(value: number): number {
  const size = Math.abs(value);
  if (Number.isNaN(size)) return NaN;
  if (size >= 65520) return Math.sign(value) * Infinity;
  let [from, to] = [0, steps.length - 1];
  while (from < to) {
    const middle = (from + to + 1) >> 1;
    if (steps[middle] <= size) from = middle;
    else to = middle - 1;
  }
  const [below, above] = [steps[from], steps[from + 1] ?? 65536];
  const isAbove = size - below === above - size ? from % 2 === 1 : size - below > above - size;
  return Math.sign(value) * (isAbove ? above : below);
}

/** What devices without a feature see, and what this one sees. */
const texts = [
  ["packed", { features: new Set() as unknown as GPUSupportedFeatures }],
  ["of this device", undefined],
] as const;

describe.each(texts)("halves, in the text %s", (_, features) => {
  it("are the nearest ones, as on every device: subnormal ones, ∞ and NaN as well", async () => {
    const numbers = samples();
    const { fours, singles } = await throughHalves(numbers, features);
    const wanted = Array.from(numbers, rounded);
    // +0 and −0 are one number; everything else is the same.
    const plain = (values: Iterable<number>): number[] => Array.from(values, (value) => value + 0);
    expect(plain(fours)).toEqual(plain(wanted));
    expect(plain(singles)).toEqual(plain(wanted));
  });

  it("are read and written again as they are, each of them", async () => {
    const numbers = Float32Array.from({ length: 0x10000 }, (_, bits) => halfValue(bits));
    const { fours, singles, halves } = await throughHalves(numbers, features);
    expect(fours).toEqual(numbers);
    expect(singles).toEqual(numbers);
    const isNumber = (bits: number): boolean => (bits & 0x7fff) <= 0x7c00;
    expect(halves.filter((bits, at) => (isNumber(at) ? bits !== at : isNumber(bits)))).toEqual([]);
  });
});

/** Writes numbers as halves and reads them again, four at a time and one by one. */
async function throughHalves(numbers: Float32Array, features?: Pick<GPUDevice, "features">) {
  const device = await testDevice();
  const called = halfLines(`${writeHalves}( ${readHalves}( ${readHalf}(`);
  const text = [
    ...called.directives,
    "@group(0) @binding(0) var<storage, read> given: array<vec4f>;",
    "@group(0) @binding(1) var<storage, read_write> fours: array<vec4f>;",
    "@group(0) @binding(2) var<storage, read_write> singles: array<f32>;",
    "@group(0) @binding(3) var<storage, read_write> kept: array<vec2u>;",
    ...called.functions,
    "@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {",
    "  if (id.x >= arrayLength(&given)) { return; }",
    `  let words = ${writeHalves}(given[id.x]);`,
    "  kept[id.x] = words;",
    `  fours[id.x] = ${readHalves}(words);`,
    "  for (var at = 0u; at < 4u; at++) {",
    `    singles[4u * id.x + at] = ${readHalf}(words[at / 2u], at % 2u);`,
    "  }",
    "}",
  ].join("\n");
  const code = textFor(features ?? device, text);
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({ layout: "auto", compute: { module } });
  const make = (usage: number): GPUBuffer => device.createBuffer({ size: numbers.byteLength, usage });
  const given = make(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
  const results = [1, 2, 3].map(() => make(GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC));
  const copies = results.map(() => make(GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST));
  device.queue.writeBuffer(given, 0, numbers as Float32Array<ArrayBuffer>);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [given, ...results].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(numbers.length / 256));
  pass.end();
  results.forEach((result, i) => encoder.copyBufferToBuffer(result, 0, copies[i], 0, numbers.byteLength));
  device.queue.submit([encoder.finish()]);
  await Promise.all(copies.map((copy) => copy.mapAsync(GPUMapMode.READ)));
  const [fours, singles, words] = copies.map((copy) => new Float32Array(copy.getMappedRange().slice(0)));
  for (const buffer of [given, ...results, ...copies]) buffer.destroy();
  return { fours, singles, halves: [...new Uint16Array(words.buffer, 0, numbers.length)] };
}
