import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idxDataset, loadMnist, mnistFiles, parseIdx } from "../../samples/digits/data/idx.ts";
import { SampleError } from "../../samples/digits/errors.ts";

/** The bytes of an IDX file of unsigned bytes; `type` and `data` may be wrong on purpose. */
function idx(shape: readonly number[], data: readonly number[] | Uint8Array, type = 0x08): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, type, shape.length]);
  shape.forEach((extent, axis) => new DataView(header.buffer).setUint32(4 + 4 * axis, extent));
  return Uint8Array.from([...header, ...data]);
}

/** The error that `action` throws, as `code: message`. */
function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof SampleError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "no error";
}

describe("parseIdx", () => {
  it("reads shape and elements, plain and packed", () => {
    const bytes = idx([2, 3], [1, 2, 3, 4, 5, 255]);
    for (const given of [bytes, gzipSync(bytes)]) {
      const { shape, data } = parseIdx("a", given);
      expect(shape).toEqual([2, 3]);
      expect(Array.from(data)).toEqual([1, 2, 3, 4, 5, 255]);
    }
  });

  const packed = gzipSync(idx([4], [1, 2, 3, 4]));
  it.each([
    ["an empty file", new Uint8Array(), "idx-truncated: f: expected a header of 4 bytes, found 0"],
    [
      "another format",
      Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0]),
      "idx-malformed: f: expected the IDX magic 00 00 08 with the number of axes, found 89 50 4e 47",
    ],
    [
      "no axes",
      idx([], []),
      "idx-malformed: f: expected the IDX magic 00 00 08 with the number of axes, found 00 00 08 00",
    ],
    ["floats", idx([1], [0, 0, 0, 0], 0x0d), "idx-dtype: f: expected unsigned bytes (type 0x08), found type 0x0d"],
    [
      "half a header",
      idx([2, 2], [0, 0, 0, 0]).subarray(0, 9),
      "idx-truncated: f: expected a header of 12 bytes for 2 axes, found 9",
    ],
    ["too few elements", idx([2, 3], [1, 2]), "idx-truncated: f: expected 6 elements for shape [2, 3], found 2"],
    ["too many elements", idx([2], [1, 2, 3]), "idx-malformed: f: expected 2 elements for shape [2], found 3"],
    [
      "a shape whose size overflows 32 and 64 bits",
      idx([0xffffffff, 0xffffffff, 0xffffffff], [1]),
      " elements for shape [4294967295, 4294967295, 4294967295], found 1",
    ],
    ["cut gzip", packed.subarray(0, packed.length - 9), "idx-truncated: f: expected whole gzip data"],
    [
      "damaged gzip",
      Uint8Array.from([...packed.subarray(0, 10), 0xff, 0xff, 0xff]),
      "idx-malformed: f: expected whole",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(faultOf(() => parseIdx("f", bytes))).toContain(message);
  });
});

describe("idxDataset", () => {
  const images = { file: "i", shape: [2, 28, 28], data: new Uint8Array(2 * 784).fill(51) };
  const labels = { file: "l", shape: [2], data: Uint8Array.from([9, 0]) };

  it("scales grey levels to [0, 1]", () => {
    const dataset = idxDataset(images, labels);
    expect(dataset).toMatchObject({ pixels: 784, count: 2, labels: Int32Array.from([9, 0]) });
    expect(dataset.images.every((grey) => grey === Math.fround(0.2))).toBe(true);
  });

  it.each([
    [
      "images of another size",
      { ...images, shape: [2, 14, 56] },
      labels,
      "idx-shape: i: expected images of shape [count, 28, 28], found [2, 14, 56]",
    ],
    [
      "no images",
      { ...images, shape: [0, 28, 28] },
      labels,
      "idx-shape: i: expected images of shape [count, 28, 28], found [0, 28, 28]",
    ],
    [
      "labels with two axes",
      images,
      { ...labels, shape: [2, 1] },
      "idx-shape: l: expected labels of shape [count], found [2, 1]",
    ],
    [
      "a count that differs",
      images,
      { ...labels, shape: [3], data: new Uint8Array(3) },
      "idx-count: l: expected 2 labels, one for each image of i, found 3",
    ],
    [
      "a label beyond 9",
      images,
      { ...labels, data: Uint8Array.from([9, 10]) },
      "idx-label: l: expected labels from 0 to 9, found 10 at label 1",
    ],
  ])("refuses %s", (_, someImages, someLabels, message) => {
    expect(faultOf(() => idxDataset(someImages, someLabels))).toBe(message);
  });
});

describe("loadMnist", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "chainrule-idx-"));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it("names the directory and the file that is missing", async () => {
    const missing = join(directory, "nowhere");
    await expect(loadMnist(missing)).rejects.toMatchObject({
      code: "idx-missing",
      message: `${missing}: expected a file train-images-idx3-ubyte or train-images-idx3-ubyte.gz, found neither`,
    });
  });

  it("takes plain and packed files side by side", async () => {
    const image = new Uint8Array(784).fill(255);
    await writeFile(join(directory, mnistFiles.train.images), idx([1, 28, 28], image));
    await writeFile(join(directory, `${mnistFiles.train.labels}.gz`), gzipSync(idx([1], [3])));
    await writeFile(join(directory, `${mnistFiles.test.images}.gz`), gzipSync(idx([1, 28, 28], image)));
    await writeFile(join(directory, mnistFiles.test.labels), idx([1], [4]));
    const { train, test } = await loadMnist(directory);
    expect([train.labels[0], test.labels[0], train.images[0]]).toEqual([3, 4, 1]);
  });
});

const mnist = join(process.env.CHAINRULE_DATA ?? join(import.meta.dirname, "../../../shared/data"), "mnist");
if (!existsSync(mnist)) console.log(`skipped: no MNIST in ${mnist} (set CHAINRULE_DATA)`);

describe.skipIf(!existsSync(mnist))("MNIST itself", () => {
  it("has its published sizes and first labels", async () => {
    const { train, test } = await loadMnist(mnist);
    expect(train).toMatchObject({ count: 60_000, pixels: 784 });
    expect(test).toMatchObject({ count: 10_000, pixels: 784 });
    expect(Array.from(train.labels.subarray(0, 5))).toEqual([5, 0, 4, 1, 9]);
    expect(Array.from(test.labels.subarray(0, 5))).toEqual([7, 2, 1, 0, 4]);
  });
});
