import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileWithFacts } from "../../../compiler/compile.ts";
import { loadModel } from "../../../compiler/load/index.ts";
import { warningKinds } from "../../../docs/catalogue.ts";
import { keyed, named } from "../../../ir/traced.ts";
import {
  adam,
  add,
  asin,
  constant,
  dense,
  expandDims,
  grad,
  input,
  mean,
  model,
  mul,
  param,
  sgd,
  square,
  squeeze,
  state,
  sub,
  sum,
  tanh,
  type Graph,
  type Value,
} from "../../../ir/index.ts";
import type { Shape } from "../../../ir/type.ts";
import { renderDiagnostic } from "../../../ir/diagnostic.ts";

// One model for every code, beside the text that `compile` writes about it.
const folder = "test/fixtures/warnings";
const dims = { batch: 4 };

test.each((await warningKinds()).map(({ code }) => code))("%s", async (code) => {
  const path = `${folder}/${code}.ts`;
  expect(existsSync(path), `no model for ${code}: add ${path}`).toBe(true);
  const source = readFileSync(path, "utf8");
  const graph = await loadModel(path, { typeCheck: false });
  const { warnings } = compileWithFacts(graph, { dims: source.includes('"batch"') ? dims : {} });
  expect(warnings.map((warning) => warning.code)).toEqual([code]);
  const text = warnings.map((warning) => renderDiagnostic("warning", warning, source)).join("\n");
  await expect(`${text}\n`).toMatchFileSnapshot(`../../fixtures/warnings/${code}.txt`);
});

test.each((await warningKinds()).map(({ code }) => code))(
  "%s is said of a graph without source as well",
  async (code) => {
    const path = `${folder}/${code}.ts`;
    const graph = await loadModel(path, { typeCheck: false });
    const notes = new Map([...graph.notes].map(([value, note]) => [value, { ...note, place: undefined }] as const));
    const options = { dims: readFileSync(path, "utf8").includes('"batch"') ? dims : {} };
    const messages = (each: Graph): readonly string[] =>
      compileWithFacts(each, options).warnings.map(({ code: kind, message }) => `${kind}: ${message}`);
    expect(messages({ ...graph, notes }).toSorted()).toEqual(messages(graph).toSorted());
  },
);

test("an update of a state that is written and not returned changes nothing", async () => {
  const { warnings } = compileWithFacts(
    await loadModel("test/compiler/load/fixtures/forgotten.ts", { typeCheck: false }),
  );
  expect(warnings).toMatchObject([
    {
      code: "unused-updates",
      message: "the update of `lost` changes nothing: no entry point returns it",
      help: "return it from an entry point, as in { …, update: [{ state, value }] }",
      place: { line: 4, column: 3 },
    },
    {
      code: "unused-updates",
      message: "the update of `total` changes nothing: no entry point returns it",
      place: { line: 13 },
    },
    {
      code: "unused-updates",
      message: "the update of `shown` changes nothing: no entry point returns it",
      place: { line: 15 },
    },
  ]);
});

test("where an optimizer's updates are returned, others are to stand beside them", () => {
  const graph = model("beside", () => {
    const [x, count] = [input("x", "f32", [4]), state([], { name: "count" })];
    const loss = mean(square(mul(param([4], { name: "w" }), x)));
    keyed({ state: count, value: add(count, 1) }, new Map());
    sgd(loss);
    return { train: { loss, update: adam(loss) } };
  });
  expect(compileWithFacts(graph).warnings.map(({ message, help }) => [message, help])).toEqual([
    [
      "the update of `count` changes nothing: no entry point returns it",
      "return it from an entry point, as in { …, update: [adam(…), { state, value }] }",
    ],
    [
      "what `sgd(…)` gives changes nothing: no entry point returns it",
      "return it from an entry point, as in { …, update: [adam(…), sgd(…)] }",
    ],
  ]);
});

test("a derivative that fails is warned of where its cause is written", () => {
  const line = (number: number) => ({ file: "model.ts", line: number, column: 1 });
  const build = (isPlaced: boolean): Graph =>
    model("cause", () => {
      const at = <T>(number: number, name: string, make: () => T): T =>
        isPlaced ? named(name, line(number), make) : named(name, undefined as never, make);
      const x = input("x", "f32", [4]);
      const scaled = at(3, "scaled", () => mul(x, 2));
      const kept = at(4, "kept", () => tanh(scaled));
      const angle = at(5, "angle", () => asin(kept));
      const loss = at(6, "loss", () => sum(angle));
      return { run: { loss, dx: grad(loss, x) } };
    });
  const [placed, bare] = [true, false].map((isPlaced) => compileWithFacts(build(isPlaced)).warnings);
  expect(placed.map(({ code, place }) => [code, place?.line])).toEqual([["division-by-zero", 4]]);
  expect(placed[0].message).toMatch(/^in the derivative, /);
  expect(bare.map(({ message }) => message)).toEqual(placed.map(({ message }) => message));
});

describe("a column and a vector", () => {
  const apart = (left: (x: Value) => Value, y: Shape, other: (y: Value) => Value): readonly string[] => {
    const graph = model("pairs", () => {
      const x = input("x", "f32", ["batch", 5]) as Value;
      return { run: { difference: sub(left(x), other(input("y", "f32", y) as Value)) } };
    });
    return compileWithFacts(graph, { dims: { batch: 6 } }).warnings.map(({ code }) => code);
  };
  const itself = (y: Value): Value => y;

  test("of different inputs make pairs that are warned of, from either side", () => {
    expect(apart((x) => dense(x as never, 1), ["batch"], itself)).toEqual(["all-pairs"]);
    expect(apart((x) => tanh(dense(x as never, 1)), ["batch"], itself)).toEqual(["all-pairs"]);
    expect(apart((x) => sum(x, { axis: 1 }), ["batch", 1], itself)).toEqual(["all-pairs"]);
  });

  test("that are written as such, or follow from one input, are paired on purpose", () => {
    expect(apart((x) => expandDims(sum(x, { axis: 1 }), 1), ["batch"], itself)).toEqual([]);
    expect(apart((x) => sum(x, { axis: 1, keepAxes: true }), ["batch"], itself)).toEqual([]);
    expect(
      apart(
        (x) => dense(x as never, 1),
        ["batch"],
        (y) => expandDims(y, 0),
      ),
    ).toEqual([]);
    expect(
      apart(
        (x) => sub(dense(x as never, 1), sum(x, { axis: 1 })) as Value,
        ["batch"],
        () => constant(1),
      ),
    ).toEqual([]);
  });

  test("of which one is to lose an axis are none", () => {
    expect(apart((x) => squeeze(dense(x as never, 1), [1]), ["batch"], itself)).toEqual([]);
  });
});

test("the page quotes a warning as it is", () => {
  expect(readFileSync("README.md", "utf8")).toContain(readFileSync(`${folder}/log-of-zero.txt`, "utf8"));
});
