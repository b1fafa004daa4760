/// Which contractions have variants, and how a program and its module hold them.
import { format } from "prettier";
import { ts } from "ts-morph";
import { describe, expect, it } from "vitest";
import {
  adam,
  input,
  matmul,
  model,
  param,
  relu,
  square,
  sub,
  sum,
  transpose,
  type Graph,
  type Tensor,
} from "chainrule";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { emitModule } from "../../../compiler/emit/index.ts";
import type { Dispatch, Program } from "../../../runtime/abi.ts";
import { report } from "../../../compiler/report.ts";
import { load, type LoadedModule, type Step } from "../../../runtime/index.ts";
import { auto, withVariants } from "../../../runtime/tuning.ts";
import { testDevice } from "../../gpu.ts";

const product = (m: number, k: number, n: number): Graph =>
  model("product", () => ({ run: { y: matmul(input("a", "f32", [m, k]), input("b", "f32", [k, n])) as Tensor } }));

/** A layer trained, wide enough that a card takes its products in squares. */
const layer = (batch: number, wide: number): Graph =>
  model("layer", () => {
    const x = input("x", "f32", [batch, wide]);
    const h = relu(matmul(x, param([wide, wide], { name: "w" })));
    const loss = sum(square(sub(matmul(h, param([wide, wide], { name: "v" })), input("y", "f32", [batch, wide]))));
    return { train: { loss, update: adam(loss) } };
  });

const dispatchesOf = ({ entryPoints }: Program): readonly Dispatch[] =>
  Object.values(entryPoints).flatMap(({ dispatches }) => dispatches as readonly Dispatch[]);

const namesOf = (graph: Graph): readonly (readonly string[])[] =>
  dispatchesOf(compileWithFacts(graph).program).map(({ variants = [] }) => variants.map(({ name }) => name));

describe("variants", () => {
  it("are there for products that fill a card with squares, and for no others", () => {
    expect(namesOf(product(4096, 4096, 4096))).toEqual([["squares of 128", "squares of 64"]]);
    expect(namesOf(product(1024, 256, 512))).toEqual([["squares of 64"]]);
    expect(namesOf(product(512, 256, 512))).toEqual([[]]);
    expect(namesOf(product(64, 4096, 65536))).toEqual([[]]);
    expect(namesOf(product(4096, 8, 4096))).toEqual([[]]);
  });

  it("leave programs without them as they are", () => {
    const { program } = compileWithFacts(layer(64, 128));
    expect(Object.keys(program)).not.toContain("variants");
    expect(dispatchesOf(program).every((each) => !("variants" in each))).toBe(true);
    const text = emitModule(program, { version: "0", model: "m.ts", hash: "0", command: "c" });
    expect(text).not.toMatch(/variants|tuning/);
  });

  it("take contractions out of a dispatch that they share, and bind what it binds", () => {
    const { program } = compileWithFacts(layer(1024, 1024));
    const shared = dispatchesOf(program).filter(({ variants = [] }) =>
      variants.some((each) => each.dispatches.length > 1),
    );
    expect(shared.length).toBeGreaterThan(0);
    for (const { bindings, variants = [] } of dispatchesOf(program)) {
      const bound = new Set(bindings.map(({ buffer }) => buffer));
      for (const { bindings: own, kernel } of variants.flatMap(({ dispatches }) => dispatches)) {
        expect(own.length).toBe(program.variants![kernel]!.bindings.length);
        expect(own.filter(({ buffer }) => !bound.has(buffer))).toEqual([]);
      }
    }
    // Equal layers have one kernel.
    expect(new Set(program.variants!.map(({ wgsl }) => wgsl)).size).toBe(program.variants!.length);
    for (const { wgsl, needs } of program.variants!.filter((each) => each.needs)) {
      expect(needs!.card).toBe(true);
      expect(wgsl).toContain("array<vec4f, 512>");
    }
  });

  it("are in the module, which chooses by itself, reads as prettier lays it out and holds the program", async () => {
    const { program } = compileWithFacts(layer(1024, 1024));
    const text = emitModule(program, { version: "0", model: "m.ts", hash: "0", command: "c" });
    expect(text).toContain('import { auto } from "chainrule/tuning";');
    expect(text).toContain("(program, { variants: auto, ...options });");
    expect(await format(text, { parser: "typescript", printWidth: 120 })).toBe(text);
    const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.CommonJS } });
    const exports: { program?: Program } = {};
    new Function("exports", "require", outputText)(exports, () => ({}));
    expect(exports.program!.entryPoints).toEqual(program.entryPoints);
    expect(exports.program!.variants!.map(({ name, needs }) => ({ name, needs }))).toEqual(
      program.variants!.map(({ name, needs }) => ({ name, needs })),
    );
  });

  it("are not what a software adapter runs", async () => {
    const { program } = compileWithFacts(layer(1024, 1024));
    const software = { adapterInfo: { vendor: "google", architecture: "swiftshader", isFallbackAdapter: true } };
    const { kernels, entryPoints } = await auto(program, software as unknown as GPUDevice);
    expect(kernels).toEqual(program.kernels);
    expect(Object.values(entryPoints).flatMap(({ dispatches }) => dispatches)).toEqual(
      dispatchesOf(program).map(({ variants: _, ...each }) => each),
    );
  });

  it("are named by the report", () => {
    const { entryPoints } = report(compileWithFacts(product(4096, 64, 4096)));
    expect(entryPoints.run!.kernels).toMatchObject([{ name: "y", variants: ["squares of 128", "squares of 64"] }]);
    expect(report(compileWithFacts(product(8, 8, 8))).entryPoints.run!.kernels[0]).not.toHaveProperty("variants");
  });
});

describe("squares as a card runs them", () => {
  const cases = [
    ["1000 × 100 × 1000, turned on the left", 128, { m: 1000, k: 100, n: 1000, turned: true }],
    ["1029 × 65 × 514, by smaller ones", 64, { m: 1029, k: 65, n: 514, turned: false }],
  ] as const;
  it.each(cases)(
    "of %s",
    async (_, edge, { m, k, n, turned }) => {
      const graph = model("squares", () => {
        const [a, b] = [input("a", "f32", turned ? [k, m] : [m, k]), input("b", "f32", [k, n])];
        return { run: { y: relu(matmul((turned ? transpose(a) : a) as Tensor, b as Tensor)) as Tensor } };
      });
      const { program } = compileWithFacts(graph);
      const given = { a: numbers(m * k), b: numbers(k * n) };
      const run = async (variants?: typeof auto): Promise<Float32Array> => {
        const module = await load<Squares>(program, { device: await testDevice(), ...(variants && { variants }) });
        const { y } = await module.run(given).read();
        module.destroy();
        return y;
      };
      const portable = await run();
      const squares = await run((each) => withVariants(each, ({ variants }) => variants!.find(isOf(edge))));
      let largest = 0;
      squares.forEach((value, at) => (largest = Math.max(largest, Math.abs(value - portable[at]!))));
      expect(portable.some((value) => value > 1)).toBe(true);
      expect(largest).toBeLessThan(1e-4);
      expect(largest).toBeGreaterThan(0);
    },
    180_000,
  );
});

type Squares = LoadedModule & { run(inputs: object): Step<{ y: Float32Array }> };

const numbers = (count: number): Float32Array =>
  Float32Array.from({ length: count }, (_, at) => (Math.sin(at) * 1e4) % 1);

const isOf = (edge: number) => (variant: { readonly name: string }) => variant.name === `squares of ${edge}`;
