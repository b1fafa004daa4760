/// The builder: names from variables and layers, duplicates, places, scopes, and what model() checks.
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  adam,
  add,
  CompileError,
  cumsum,
  dense,
  dropout,
  evaluate,
  gradientDescent,
  input,
  matmul,
  model,
  mul,
  param,
  relu,
  setting,
  softmaxCrossEntropy,
  state,
  sum,
  values,
} from "chainrule";
import { type EntryPointRecord, type Graph, type Tensor, type Update, type Updates, type Value } from "chainrule";
import { named, noteName, placed } from "../../ir/traced.ts";
import type { Place } from "../../ir/diagnostic.ts";

const at = (line: number): Place => ({ file: "model.ts", line, column: 1 });

/** What the loader makes of `const name = …`. */
function variable<T>(name: string, action: () => T): T {
  return named(name, at(1), action);
}

function graphOf(define: () => Tensor): Graph {
  return model("build", () => ({ run: { result: define() } }));
}

function names(graph: Graph): (string | undefined)[] {
  return graph.states.map((each) => graph.notes.get(each)?.name);
}

function error(define: () => Readonly<Record<string, EntryPointRecord>>): CompileError {
  try {
    model("build", define);
  } catch (caught) {
    if (caught instanceof CompileError) return caught;
    throw caught;
  }
  throw new Error("nothing was refused");
}

const x = () => input("x", "f32", ["batch", 4]);

describe("names of parameters", () => {
  test("a layer takes the name of its variable", () => {
    const graph = graphOf(() => variable("hidden", () => relu(dense(x(), 3))));
    expect(names(graph)).toEqual(["hidden.weight", "hidden.bias", "key"]);
  });

  test("two layers in one variable are numbered", () => {
    const graph = graphOf(() => variable("out", () => dense(dense(x(), 3), 2)));
    expect(names(graph)).toEqual(["out.0.weight", "out.0.bias", "out.1.weight", "out.1.bias", "key"]);
  });

  test("variables nest, as in a function that makes a block", () => {
    const block = (v: Tensor): Tensor => variable("inner", () => dense(v, 3, { bias: false }));
    const graph = graphOf(() => {
      const a = variable("a", () => block(x()));
      return variable("b", () => block(a));
    });
    expect(names(graph)).toEqual(["a.inner.weight", "b.inner.weight", "key"]);
  });

  test("a variable used twice counts up", () => {
    const block = (v: Tensor): Tensor => variable("h", () => dense(v, 3, { bias: false }));
    expect(names(graphOf(() => block(block(x()))))).toEqual(["h.weight", "h_1.weight", "key"]);
  });

  test("a block that is applied again counts up as a whole, and its layers have numbers of their own", () => {
    const block = (v: Tensor): Tensor => {
      const wide = variable("wide", () => dense(dense(v, 3, { bias: false }), 4, { bias: false }));
      return variable("out", () => dense(wide, 4, { bias: false }));
    };
    const graph = graphOf(() => {
      let h = x() as Tensor;
      for (let i = 0; i < 2; i++) h = variable("h", () => block(h));
      return h;
    });
    const blockNames = (name: string): string[] =>
      ["wide.0", "wide.1", "out"].map((layer) => `${name}.${layer}.weight`);
    expect(names(graph)).toEqual([...blockNames("h"), ...blockNames("h_1"), "key"]);
  });

  test("settings of one name are told apart by the layers that they belong to", () => {
    const rates = (count: number): readonly string[] => {
      const graph = graphOf(() => {
        let h = x() as Tensor;
        for (let i = 0; i < count; i++) h = variable("h", () => dropout(dense(h, 3), 0.2) as Tensor);
        return h;
      });
      return graph.inputs.flatMap((value) => graph.notes.get(value)?.name ?? []).filter((name) => name !== "x");
    };
    expect(rates(1)).toEqual(["dropoutRate"]);
    expect(rates(2)).toEqual(["h.1.dropoutRate", "h_1.1.dropoutRate"]);
  });

  test("a reusable layer takes the name of the variable that holds the layer", () => {
    const graph = graphOf(() => {
      const encode = variable("encode", () => dense.layer(4, { bias: false }));
      return variable("y", () => encode(encode(x())));
    });
    expect(names(graph)).toEqual(["encode.weight", "key"]);
  });

  test("without source, layers count up", () => {
    const options = { bias: false };
    const graph = graphOf(() => dense(dense(x(), 3, options), 2, options));
    expect(names(graph)).toEqual(["dense_0.weight", "dense_1.weight", "key"]);
  });

  test("an explicit name wins; a param takes its variable or its name", () => {
    const graph = graphOf(() => {
      const layer = variable("h", () => dense(x(), 3, { name: "first", bias: false }));
      const w = variable("w", () => param([3]));
      return add(add(layer, w), add(param([3], { name: "v" }), param([3])));
    });
    expect(names(graph)).toEqual(["first.weight", "w", "v", "param", "key"]);
  });
});

describe("names and places of values", () => {
  test("the first name stays, outputs name what has none, and names are unique", () => {
    const graph = model("values", () => {
      const h = variable("h", () => relu(x()));
      noteName(h, "alias", undefined);
      const again = variable("again", () => h);
      return { run: { first: again, total: sum(h) }, other: { h: mul(h, 2) } };
    });
    const name = (entry: number, output: number) =>
      graph.notes.get(graph.entryPoints[entry].outputs[output].value)?.name;
    expect([name(0, 0), name(0, 1), name(1, 0)]).toEqual(["h", "total", "h_1"]);
  });

  test("every value has the place of the expression that made it", () => {
    const graph = graphOf(() => {
      const h = placed(at(3), () => relu(mul(x(), 2)));
      return placed(at(4), () => sum(h));
    });
    const result = graph.entryPoints[0].outputs[0].value;
    const line = (value: Value) => graph.notes.get(value)?.place?.line;
    expect([line(result), line(result.operands[0]), line(result.operands[0].operands[0])]).toEqual([4, 3, 3]);
  });

  test("an error has the innermost place and the user's names", () => {
    const refused = error(() => {
      const image = input("image", "f32", ["batch", 784]);
      const w: Tensor = variable("w1", () => param([748, 128]));
      named("hidden", at(7), () => placed(at(8), () => matmul(image as Tensor, w)));
      return {};
    });
    expect(refused.code).toBe("contraction-extent");
    expect(refused.place?.line).toBe(8);
    expect(refused.message).toBe(
      "matmul: contracted axes must have equal extents: `image` axis 1 is 784, `w1` axis 0 is 748",
    );
  });
});

describe("the random key", () => {
  test("is a state of every model that keeps something, and of no other", () => {
    const graph = graphOf(() => param([2], { name: "w" }));
    const key = graph.states.at(-1)!;
    expect(graph.notes.get(key)?.name).toBe("key");
    expect(key.type).toEqual({ dtype: "u32", shape: [2] });
    expect(key.attrs.identity).toMatchObject({ parameter: false, trainable: false, initializer: { tag: "key" } });
    expect(graphOf(() => sum(x())).states).toEqual([]);
  });

  test("gives way to a parameter of that name", () => {
    expect(names(graphOf(() => param([2], { name: "key" })))).toEqual(["key", "key_1"]);
  });
});

describe("what model() refuses", () => {
  const loss = () => sum(x());
  const counter = () => state([], { name: "counter" });

  test.each<[string, RegExp, () => Readonly<Record<string, EntryPointRecord>>]>([
    ["duplicate-name", /"x" names an input and an input/, () => ({ run: { y: add(x(), x()) } })],
    [
      "duplicate-name",
      /"x" names an input and a parameter/,
      () => ({ run: { y: add(x(), param([4], { name: "x" })) } }),
    ],
    ["duplicate-name", /"h" names a dense layer and a dense layer/, () => ({ run: { y: dense(dense(x(), 3, { name: "h" }), 3, { name: "h" }) } })], // prettier-ignore
    ["duplicate-name", /"o" names an adam layer and an adam layer/, () => ({ run: { update: [0, 1].flatMap(() => adam(sum(mul(param([3]), 2)), { name: "o" })) as never } })], // prettier-ignore
    ["axis-range", /found \[\{ axis: 0 \}\]/, () => ({ run: { y: cumsum(x(), { axis: 0 } as never) } })],
    ["empty-model", /model "build" must return at least one value/, () => ({})],
    ["empty-model", /entry point "run" must return at least one value/, () => ({ run: {} })],
    ["entry-point-value", /"y" must be a value of the graph: found a number/, () => ({ run: { y: 3 as unknown as Tensor } })], // prettier-ignore
    [
      "entry-point-value",
      /"update" must be the result of an optimizer, or updates by hand: found f32/,
      () => ({ run: { update: loss() } }),
    ],
    ["entry-point-record", /model "build" must return a record of entry points: found f32/, () => loss() as never],
    [
      "entry-point-record",
      /found a promise: the function must not be async/,
      (async () => Promise.resolve({})) as never,
    ],
    ["target-mismatch", /`t` is i32\[batch, 4\]/, () => ({ run: { y: softmaxCrossEntropy(x(), input("t", "i32", ["batch", 4]) as never) } })], // prettier-ignore
    ["entry-point-record", /entry point "run" must be a record of values: found nothing/, () => ({ run: undefined as never })], // prettier-ignore
    ["entry-point-value", /"updates" must be a value of the graph: found the result of an optimizer/, () => ({ run: { updates: [{ state: counter(), value: loss() }] } })], // prettier-ignore
    ["initial-values", /"w" has 4, found 3/, () => ({ run: { y: param([2, 2], { name: "w", init: values([1, 2, 3]) }) } })], // prettier-ignore
    ["target-mismatch", /`x` is f32\[batch, 4\], `t` is f32\[batch\]/, () => ({ run: { y: softmaxCrossEntropy(x(), input("t", "f32", ["batch"]) as never) } })], // prettier-ignore
    ["reserved-name", /found "destroy"/, () => ({ destroy: { y: loss() } })],
    ["reserved-name", /found "buffers"/, () => ({ run: { buffers: loss() } })],
    ["size-syntax", /found "3x"/, () => ({ run: { y: input("y", "f32", ["3x"]) } })],
    ["state-update", /"counter" must give it a value of its own type, f32: found f32\[batch, 4\]/, () => ({ run: { update: [{ state: counter(), value: x() }] } })], // prettier-ignore
    [
      "not-a-state",
      /must be of a state or parameter: found `a`, f32/,
      () => ({ run: { update: [{ state: setting("a", 1), value: setting("b", 1) }] } }),
    ],
  ])("%s: %s", (code, message, define) => {
    const refused = error(define);
    expect(refused.code).toBe(code);
    expect(refused.message).toMatch(message);
  });

  test("but not updates by hand beside those of optimizers, in a list or by themselves", () => {
    const define = (update: (all: Updates, one: Update) => EntryPointRecord[string]): Graph =>
      model("m", () => {
        const [last, loss] = [state([], { name: "last" }), sum(param([3], { name: "w" }))];
        return { train: { loss, update: update(gradientDescent(loss), { state: last, value: loss }) } };
      });
    const graphs = [define((all, one) => [all, one]), define((all, one) => [...all, one])];
    expect(graphs.map(({ entryPoints }) => entryPoints[0].updates.length)).toEqual([2, 2]);
  });

  test("an entry point that was forgotten is written for what is returned", () => {
    const trained = error(() => {
      const count = counter();
      return { loss: loss(), update: [{ state: count, value: add(count, 1) }] } as never;
    });
    expect(trained.help).toContain("return { train: { loss, update: … } }");
    expect(error(() => ({ loss: loss() }) as never).help).toContain("return { predict: { output } }");
  });

  test("a second update of one state in one entry point; in two it is fine", () => {
    const twice = (together: boolean) => () => {
      const count = counter();
      const up = [{ state: count, value: add(count, 1) }];
      const entries: Record<string, EntryPointRecord> = together
        ? { run: { update: [up, up] } }
        : { a: { update: up }, b: { update: up } };
      return entries;
    };
    expect(error(twice(true))).toMatchObject({
      code: "updated-twice",
      message: expect.stringContaining('"run" updates "counter" twice') as string,
      help: "give it one value that is made of both, or put the updates into two entry points",
    });
    expect(model("build", twice(false)).entryPoints.length).toBe(2);
  });

  test.each([
    ["input", x],
    ["param", () => param([2])],
    ["setting", () => setting("s", 1)],
    ["dense", () => dense.layer(3)],
  ])("outside-model: %s", (what, make) => {
    expect(make).toThrow(new RegExp(`^${what} must be called inside the function given to model`));
  });

  test("a model that failed leaves nothing behind", () => {
    expect(() => model("bad", () => { x(); throw new Error("boom"); })).toThrow("boom"); // prettier-ignore
    expect(x).toThrow(CompileError);
    expect(
      Array.from(
        evaluate(
          graphOf(() => sum(x())),
          { x: [[1, 2, 3, 4]] },
        ).outputs.result,
      ),
    ).toEqual([10]);
  });
});

test("an uncaught error shows code, names and help, and nothing internal", () => {
  const thrown: unknown = error(() => ({ run: { y: add(input("a", "f32", [2]), input("b", "f32", [3]) as never) } }));
  const shown = inspect(thrown);
  expect(shown).toMatch(
    /^CompileError: error\[broadcast-mismatch\]: add: .*`a` is \[2\], `b` is \[3\]\n {2}help: .*\n {4}at /,
  );
  expect(shown).not.toMatch(/template|subjects|<ref/);
});
