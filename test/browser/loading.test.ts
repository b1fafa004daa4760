/// A module of many pipelines is loaded in a real headless browser, and the page goes on meanwhile. Times are those of
/// `npm run bench -- --page`; here is what can be counted.
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import gpt from "../bench/models/gpt.ts";
import { compile } from "../../compiler/compile.ts";
import type { Program } from "../../runtime/abi.ts";
import { hasBrowser, withPage } from "../runtime/browser.ts";
import type { Seen } from "./fixtures/loading-page.ts";

interface Loaded {
  readonly told: readonly Seen[];
  readonly atEnd: Pick<Seen, "turns" | "frames">;
  readonly mostSent: number;
}

const program = compile(gpt);
const total = program.kernels.length;

async function loadInPage(): Promise<Loaded> {
  const entry = fileURLToPath(new URL("fixtures/loading-page.ts", import.meta.url));
  return withPage(entry, (page) =>
    page.evaluate((given) => (globalThis as unknown as { run(given: Program): Promise<Loaded> }).run(given), program),
  );
}

describe.skipIf(!hasBrowser)("a page in which a module of many pipelines is loaded", () => {
  let loaded: Loaded;

  beforeAll(async () => {
    loaded = await loadInPage();
  });

  it("is told of each pipeline once, in order, to the last", () => {
    const { told } = loaded;
    expect(total).toBeGreaterThan(20);
    expect(told.map(({ done }) => done)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
    expect(new Set(told.map((each) => each.total))).toEqual(new Set([total]));
  });

  it("runs its own tasks in between, and sends one kernel at a time", () => {
    const { told, mostSent } = loaded;
    const turns = told.map((each) => each.turns);
    // Several pipelines may be there at once.
    expect(new Set(turns).size).toBeGreaterThan(total / 4);
    expect(turns.at(-1)! - turns[0]!).toBeGreaterThan(total);
    expect(mostSent).toBe(1);
  });

  it("draws frames before the module is there", () => {
    const { told, atEnd } = loaded;
    expect(atEnd.frames).toBeGreaterThan(1);
    expect(told.at(-1)!.frames).toBeGreaterThan(told[0]!.frames);
  });
});
