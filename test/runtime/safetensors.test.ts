import * as fc from "fast-check";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Safetensor, SafetensorsFile } from "../../runtime/train/safetensors.ts";
import { decodeSafetensors, encodeSafetensors } from "../../runtime/train/safetensors.ts";
import { codeOf, messageOf } from "./codes.ts";

const conformance = process.env.CHAINRULE_CONFORMANCE ?? "../shared/conformance";
const casesPath = join(conformance, "safetensors/format-cases.json");
const missing = !existsSync(casesPath);

interface FormatCase {
  readonly name: string;
  readonly hex: string;
  readonly expect: "ok" | "error";
  readonly error?: string | null;
  readonly serializerOutput?: boolean;
}

/** The reference's error for each of our codes. */
const meanings: Readonly<Record<string, string>> = {
  MetadataIncompleteBuffer: "safetensors-incomplete",
  HeaderTooLarge: "safetensors-header-too-large",
  HeaderTooSmall: "safetensors-header-too-small",
  InvalidHeaderLength: "safetensors-header-length",
  InvalidHeader: "safetensors-header-utf8",
  InvalidHeaderDeserialization: "safetensors-header-json",
  TensorInvalidInfo: "safetensors-tensor-info",
  ValidationOverflow: "safetensors-overflow",
};

const encode = ({ tensors, metadata }: SafetensorsFile) =>
  encodeSafetensors(tensors, Object.keys(metadata).length > 0 ? metadata : undefined);

describe.skipIf(missing)(`the reference's cases (${missing ? `skipped: no ${casesPath}` : casesPath})`, () => {
  const cases = missing ? [] : (JSON.parse(readFileSync(casesPath, "utf8")) as { cases: readonly FormatCase[] }).cases;
  test.each(cases)("$name", async ({ hex, expect: outcome, error, serializerOutput }) => {
    const bytes = Uint8Array.from(Buffer.from(hex, "hex"));
    if (outcome === "error") expect(await codeOf(() => decodeSafetensors(bytes))).toBe(meanings[error!]);
    else decodeSafetensors(bytes);
    if (serializerOutput) expect(Buffer.from(encode(decodeSafetensors(bytes))).toString("hex")).toBe(hex);
  });

  const real = ["ort-training-mlp/weights.safetensors", "onnx/pretrained/silero-vad-16k/model.safetensors"];
  test.each(real.filter((path) => existsSync(join(conformance, path))))("%s survives a round trip", (path) => {
    const file = decodeSafetensors(readFileSync(join(conformance, path)));
    expect(Object.keys(file.tensors).length).toBeGreaterThan(0);
    expect(decodeSafetensors(encode(file))).toEqual(file);
  });
});

/** A file with the given header and as many data bytes. */
function file(header: string, data = 0, padded = Buffer.from(header)): Uint8Array {
  const bytes = new Uint8Array(8 + padded.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded.length), true);
  bytes.set(padded, 8);
  return bytes;
}

const info = (from: number, to: number, dtype = "U8") =>
  `{"dtype":"${dtype}","shape":[${to - from}],"data_offsets":[${from},${to}]}`;

describe("files to refuse", () => {
  test.each([
    ["a name twice", `{"a":${info(0, 1)},"a":${info(0, 1)}}`, 1, "duplicate"],
    ["a name twice, once escaped", `{"a":${info(0, 1)},"\\u0061":${info(1, 2)}}`, 2, "duplicate"],
    ["a key of a tensor twice", `{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}`, 1, "duplicate"],
    ["a hole", `{"a":${info(0, 1)},"b":${info(2, 3)}}`, 3, "offset"],
    ["a hole at the start", `{"a":${info(1, 2)}}`, 2, "offset"],
    ["an overlap", `{"a":${info(0, 2)},"b":${info(1, 3)}}`, 3, "offset"],
    [
      "the end before the start",
      `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":${info(0, -1)}}`,
      0,
      "header-json",
    ],
    ["half a byte", `{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}`, 1, "misaligned"],
    ["an unknown type", `{"a":${info(0, 1, "F7")}}`, 1, "header-json"],
    ["a type of Object's", `{"a":${info(0, 1, "toString")}}`, 1, "header-json"],
    ["a negative extent", `{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1, "header-json"],
    ["a broken extent", `{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}`, 1, "header-json"],
    ["three offsets", `{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1, "header-json"],
    ["no offsets", `{"a":{"dtype":"U8","shape":[1]}}`, 1, "header-json"],
    ["null for a tensor", `{"a":null}`, 0, "header-json"],
    ["metadata that is no text", `{"__metadata__":{"a":1}}`, 0, "header-json"],
    ["an array", `[]`, 0, "header-json"],
    ["a byte order mark", `\ufeff{}`, 0, "header-json"],
  ])("%s", async (_name, header, data, code) => {
    expect(await codeOf(() => decodeSafetensors(file(header, data)))).toBe(`safetensors-${code}`);
  });

  const nested = "[".repeat(1e5) + "]".repeat(1e5);
  test.each([
    ["a tensor", `{"a":${nested}}`, "`a` is [[[["],
    ["metadata", `{"__metadata__":{"a":${nested}}}`, 'found {"a":[[[['],
    ["a long name", `{"${"x".repeat(1e7)}":1}`, "`xxxx"],
    ["a long name with escapes", `{"${"\\u0041".repeat(3e6)}":1}`, "`AAAA"],
  ])("what is deeper or longer than a stack has its code: %s", async (_name, header, found) => {
    expect(await codeOf(() => decodeSafetensors(file(header)))).toBe("safetensors-header-json");
    expect(await messageOf(() => decodeSafetensors(file(header)))).toContain(found);
  });

  test("of a long value, the beginning is shown", async () => {
    const header = `{"a":{"dtype":"U8","shape":[${"1,".repeat(1000)}-1]}}`;
    expect(await messageOf(() => decodeSafetensors(file(header)))).toMatch(/ is \{"dtype":"U8","shape":\[(1,)+1? …$/);
  });

  test("colons, brackets and quotes in texts are no names", () => {
    const texts = JSON.stringify({ a: '"a":{', 'b"': "\\", "{": '":', c: "}" });
    expect(decodeSafetensors(file(`{"__metadata__" : ${texts}}`)).metadata).toEqual(JSON.parse(texts));
  });

  test("what holds no bytes is refused", async () => {
    expect(await codeOf(() => decodeSafetensors(Promise.resolve(file("{}")) as never))).toBe("safetensors-bytes");
    expect(decodeSafetensors(file("{}").buffer as ArrayBuffer)).toEqual({ tensors: {}, metadata: {} });
  });

  test("a length beyond 2^53 is not trusted", async () => {
    const bytes = file("{}");
    bytes.fill(0xff, 0, 8);
    expect(await codeOf(() => decodeSafetensors(bytes))).toBe("safetensors-header-too-large");
  });

  test("damage of any kind gives an error with a code, or a file", async () => {
    const whole = encodeSafetensors({
      "hidden.weight": { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
      step: { dtype: "U32", shape: [], data: Uint32Array.of(7) },
    });
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), async (at, value, length) => {
        const damaged = whole.slice(0, length > whole.length / 2 ? whole.length : length);
        if (at < damaged.length) damaged[at] = value;
        expect(await codeOf(() => decodeSafetensors(damaged))).toMatch(/^(no error|safetensors-.*)$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe("writing", () => {
  test("tensors are sorted by type, widest first, then by code point", () => {
    const bytes = (name: string, dtype: Safetensor["dtype"], size: number) =>
      [name, { dtype, shape: [1], data: new Uint8Array(size) }] as const;
    const tensors = Object.fromEntries([
      bytes("\u{1f600}", "F32", 4),
      bytes("\uffee", "F32", 4),
      bytes("a", "BOOL", 1),
      bytes("ab", "F32", 4),
      bytes("a0", "F32", 4),
      bytes("w", "BF16", 2),
      bytes("z", "U64", 8),
    ]);
    expect(Object.keys(decodeSafetensors(encodeSafetensors(tensors)).tensors)).toEqual(
      ["z", "a0", "ab", "\uffee", "\u{1f600}", "w", "a"], // prettier-ignore
    );
  });

  test("data starts at a multiple of 8, as the views need; a view of a larger array is written as the view", () => {
    const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
    const encoded = encodeSafetensors({ w: { dtype: "F32", shape: [2], data } }, { note: "é" });
    expect(encoded.length % 8).toBe(0);
    const shifted = new Uint8Array(encoded.length + 1);
    shifted.set(encoded, 1);
    const { tensors, metadata } = decodeSafetensors(shifted.subarray(1));
    expect(tensors.w).toEqual({ dtype: "F32", shape: [2], data: Float32Array.of(1, 2) });
    expect(metadata).toEqual({ note: "é" });
  });

  test("wrong tensors", async () => {
    const data = new Uint8Array(3);
    expect(await codeOf(() => encodeSafetensors({ a: { dtype: "U8", shape: [4], data } }))).toBe("safetensors-length");
    expect(await codeOf(() => encodeSafetensors({ a: { dtype: "F4", shape: [5], data } }))).toBe(
      "safetensors-misaligned",
    );
    const unknown = { dtype: "F7" as "F4", shape: [3], data };
    expect(await codeOf(() => encodeSafetensors({ a: unknown }))).toBe("safetensors-type");
    const ofMetadata = { __metadata__: { dtype: "U8" as const, shape: [3], data } };
    expect(await codeOf(() => encodeSafetensors(ofMetadata))).toBe("safetensors-duplicate");
  });

  test("any tensors survive a round trip", () => {
    const tensor = fc.oneof(
      fc.float32Array({ maxLength: 9 }).map((data) => ({ dtype: "F32" as const, shape: [data.length], data })),
      fc.int32Array({ maxLength: 9 }).map((data) => ({ dtype: "I32" as const, shape: [1, data.length], data })),
      fc.uint8Array({ maxLength: 9 }).map((data) => ({ dtype: "F8_E4M3" as const, shape: [data.length], data })),
    );
    const names = fc.string({ unit: "binary" }).filter((name) => name !== "__metadata__");
    fc.assert(
      fc.property(fc.dictionary(names, tensor), (tensors) => {
        const decoded = decodeSafetensors(encodeSafetensors(tensors)).tensors;
        expect({ ...decoded }).toEqual({ ...tensors });
      }),
    );
  });
});
