import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, expect, test } from "vitest";
import * as browser from "../../runtime/browser.ts";
import { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, saveCheckpoint } from "../../runtime/index.ts";
import { encodeSafetensors } from "../../runtime/train/safetensors.ts";
import { testDevice } from "../gpu.ts";
import { codeOf, messageOf } from "./codes.ts";
import { createTraining } from "./modules.ts";

const folder = mkdtempSync(join(tmpdir(), "chainrule-checkpoint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const x = Float32Array.of(1, 1, 1, 1);

test("a saved run goes on as if it had not stopped", async () => {
  const device = await testDevice();
  const path = join(folder, "run.safetensors");
  const first = await createTraining({ device, seed: 11 });
  await first.train({ x }).accepted;
  const state = await first.readState();
  await saveCheckpoint(path, state);
  const total = await first.train({ x }).total;
  first.destroy();
  expect(await loadCheckpoint(path)).toEqual(state);
  const second = await createTraining({ device, state: await loadCheckpoint(path) });
  expect(await second.train({ x }).total).toBe(total);
  second.destroy();
});

test("the bytes of a checkpoint are those of its file, and say what is wrong with them", async () => {
  const device = await testDevice();
  const path = join(folder, "bytes.safetensors");
  const module = await createTraining({ device, seed: 3 });
  const state = await module.readState();
  module.destroy();
  await saveCheckpoint(path, state);
  const bytes = encodeCheckpoint(state);
  expect(Buffer.compare(bytes, readFileSync(path))).toBe(0);
  expect(decodeCheckpoint(bytes)).toEqual(state);
  expect(await codeOf(() => decodeCheckpoint(bytes.subarray(1)))).toMatch(/^safetensors-/);
  const bytesOnly = encodeSafetensors({ w: { dtype: "U8", shape: [1], data: Uint8Array.of(1) } });
  expect(await messageOf(() => decodeCheckpoint(bytesOnly))).toMatchInlineSnapshot(
    `"error[checkpoint-type]: states must be F32, I32 or U32: \`w\` in the checkpoint is U8"`,
  );
  expect(await messageOf(() => encodeCheckpoint(Promise.resolve(state) as never))).toMatchInlineSnapshot(`
    "error[checkpoint-state]: what encodeCheckpoint() takes must be a record of tensors by names: found a promise
      help: await it"
  `);
});

test("a checkpoint is read from bytes alone: of an array, a buffer or another window", async () => {
  const state = { w: { dtype: "f32", shape: [2], data: Float32Array.of(1, 2) } } as const;
  const bytes = encodeCheckpoint(state);
  const buffer = await new Response(bytes as Uint8Array<ArrayBuffer>).arrayBuffer();
  expect(decodeCheckpoint(buffer)).toEqual(state);
  expect(decodeCheckpoint(Buffer.concat([Buffer.of(0), bytes]).subarray(1))).toEqual(state);
  const elsewhere = runInNewContext("Uint8Array.from(given)", { given: bytes }) as Uint8Array;
  expect([elsewhere instanceof Uint8Array, decodeCheckpoint(elsewhere)]).toEqual([false, state]);
  expect(await codeOf(() => decodeCheckpoint(new ArrayBuffer(0)))).toBe("safetensors-header-too-small");
  structuredClone(buffer, { transfer: [buffer] });
  expect(await codeOf(() => decodeCheckpoint(buffer))).toBe("safetensors-header-too-small");
  const others = [Promise.resolve(bytes), undefined, null, [...bytes.subarray(0, 2)], "run.safetensors", 1, state];
  const views = [new Response(bytes as Uint8Array<ArrayBuffer>), new DataView(bytes.buffer), Float32Array.of(1)];
  const messages = await Promise.all(
    [...others, ...views].map((given) => messageOf(() => decodeCheckpoint(given as never))),
  );
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found a promise
      help: await it
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found undefined
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found null
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found an array
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found "run.safetensors"
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found 1
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found a record
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found a Response
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found a DataView
      help: such as \`await response.arrayBuffer()\`
    error[safetensors-bytes]: the bytes of a file must be a Uint8Array or an ArrayBuffer: found a Float32Array of length 1
      help: such as \`await response.arrayBuffer()\`"
  `);
});

test("saving replaces the file whole and leaves nothing beside it", async () => {
  const path = join(folder, "again.safetensors");
  const state = (value: number) => ({ w: { dtype: "f32", shape: [1], data: Float32Array.of(value) } }) as const;
  await saveCheckpoint(path, state(1));
  await Promise.all([saveCheckpoint(path, state(2)), saveCheckpoint(path, state(2))]);
  expect(await loadCheckpoint(path)).toEqual(state(2));
  expect(readdirSync(folder).filter((name) => name.includes("again"))).toEqual(["again.safetensors"]);
});

test("missing, damaged and foreign files", async () => {
  const path = join(folder, "damaged.safetensors");
  const whole = encodeSafetensors({ w: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } });
  writeFileSync(path, whole.subarray(0, -1));
  expect(await codeOf(() => loadCheckpoint(join(folder, "none")))).toBe("checkpoint-missing");
  expect(await codeOf(() => loadCheckpoint(path))).toBe("checkpoint-corrupt");
  expect((await messageOf(() => loadCheckpoint(path))).replaceAll(folder, "")).toMatchInlineSnapshot(`
    "error[checkpoint-corrupt]: /damaged.safetensors must be a whole safetensors file: tensors must fill the file: they end at 72 of 71
      help: it was not written by saveCheckpoint(), or only in part: go back to an earlier one"
  `);
  writeFileSync(path, '{ "weights": [1, 2] }');
  expect((await messageOf(() => loadCheckpoint(path))).replaceAll(folder, "")).toMatchInlineSnapshot(`
    "error[checkpoint-corrupt]: /damaged.safetensors is not a safetensors file: the first 8 bytes claim a header of 7523097587057041000 bytes, more than 100000000
      help: it was not written by saveCheckpoint(), or only in part: go back to an earlier one"
  `);
  writeFileSync(path, encodeSafetensors({ w: { dtype: "F16", shape: [2], data: new Uint8Array(4) } }));
  expect(await codeOf(() => loadCheckpoint(path))).toBe("checkpoint-type");
  expect(await codeOf(() => saveCheckpoint(join(folder, "no/where"), {}))).toBe("checkpoint-write");
  expect(await codeOf(() => browser.saveCheckpoint(path, {}))).toBe("checkpoint-platform");
  expect(await codeOf(() => browser.loadCheckpoint(path))).toBe("checkpoint-platform");
  expect(readFileSync(path).length).toBeGreaterThan(0);
});

test("what is no record of tensors is not written", async () => {
  const path = join(folder, "refused.safetensors");
  const tensor = { dtype: "f32", shape: [1], data: Float32Array.of(1) } as const;
  const messages = await Promise.all(
    [
      Promise.resolve({ w: tensor }),
      new Map([["w", tensor]]),
      undefined,
      "w",
      { adapter: undefined, steps: 0 },
      { w: Float32Array.of(1) },
      { w: { ...tensor, dtype: "f16" } },
      { w: { ...tensor, data: [1] } },
      { w: Promise.resolve(tensor) },
    ].map((given) => messageOf(() => saveCheckpoint(path, given as never))),
  );
  expect(readdirSync(folder).filter((name) => name.includes("refused"))).toEqual([]);
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "error[checkpoint-state]: what saveCheckpoint() writes must be a record of tensors by names: found a promise
      help: await it
    error[checkpoint-state]: what saveCheckpoint() writes must be a record of tensors by names: found a Map
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: what saveCheckpoint() writes must be a record of tensors by names: found undefined
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: what saveCheckpoint() writes must be a record of tensors by names: found "w"
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: \`adapter\` of what saveCheckpoint() writes must be { dtype, shape, data }: found undefined
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: \`w\` of what saveCheckpoint() writes must be { dtype, shape, data }: found a Float32Array of length 1
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: \`w.dtype\` of what saveCheckpoint() writes must be "f32", "i32" or "u32": found "f16"
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: \`w.data\` of what saveCheckpoint() writes must be a Float32Array of length 1, for f32[1]: found an array
      help: saveCheckpoint(path, await module.readState())
    error[checkpoint-state]: \`w\` of what saveCheckpoint() writes must be { dtype, shape, data }: found a promise
      help: await it"
  `);
});

test("data of another type or length than the tensor's are not written", async () => {
  const path = join(folder, "mistaken.safetensors");
  const tensors: readonly unknown[] = [
    { dtype: "f32", shape: [2], data: Int32Array.of(1, 2) },
    { dtype: "i32", shape: [2], data: Float32Array.of(1, 2) },
    { dtype: "u32", shape: [2], data: Int32Array.of(1, 2) },
    { dtype: "f32", shape: [4], data: new Float64Array(2) },
    { dtype: "f32", shape: [2], data: new Uint8Array(8) },
    { dtype: "f32", shape: [2], data: new DataView(new ArrayBuffer(8)) },
    { dtype: "f32", shape: [2], data: new ArrayBuffer(8) },
    { dtype: "f32", shape: [], data: Float32Array.of(1, 2) },
    { dtype: "f32", shape: [-1, -2], data: Float32Array.of(1, 2) },
    { dtype: "f32", shape: [2, ,], data: Float32Array.of(1, 2) },
    { dtype: "f32", shape: ["2"], data: Float32Array.of(1, 2) },
    { dtype: "f32", shape: 2, data: Float32Array.of(1, 2) },
  ];
  const messages = await Promise.all(
    tensors.map(async (a) => {
      expect(await codeOf(() => saveCheckpoint(path, { a } as never))).toBe("checkpoint-state");
      return messageOf(() => encodeCheckpoint({ a } as never));
    }),
  );
  expect(readdirSync(folder).filter((name) => name.includes("mistaken"))).toEqual([]);
  expect(new Set(messages.map((message) => message.split("\n")[1]))).toEqual(
    new Set(["  help: encodeCheckpoint(await module.readState())"]),
  );
  expect(messages.map((message) => message.split("\n")[0]).join("\n")).toMatchInlineSnapshot(`
    "error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 2, for f32[2]: found an Int32Array of length 2
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be an Int32Array of length 2, for i32[2]: found a Float32Array of length 2
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Uint32Array of length 2, for u32[2]: found an Int32Array of length 2
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 4, for f32[4]: found a Float64Array of length 2
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 2, for f32[2]: found a Uint8Array of length 8
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 2, for f32[2]: found a DataView
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 2, for f32[2]: found an ArrayBuffer
    error[checkpoint-state]: \`a.data\` of what encodeCheckpoint() takes must be a Float32Array of length 1, for f32[]: found a Float32Array of length 2
    error[checkpoint-state]: \`a.shape[0]\` of what encodeCheckpoint() takes must be an integer of at least 0: found -1
    error[checkpoint-state]: \`a.shape[1]\` of what encodeCheckpoint() takes must be an integer of at least 0: found undefined
    error[checkpoint-state]: \`a.shape[0]\` of what encodeCheckpoint() takes must be an integer of at least 0: found "2"
    error[checkpoint-state]: \`a.shape\` of what encodeCheckpoint() takes must be an array of extents: found 2"
  `);
  const given = {
    none: { dtype: "i32", shape: [0], data: new Int32Array(0) },
    other: { dtype: "u32", shape: [], data: runInNewContext("Uint32Array.of(7)") as Uint32Array },
  } as const;
  expect(decodeCheckpoint(encodeCheckpoint(given)).other!.data[0]).toBe(7);
});
