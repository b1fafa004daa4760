import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Expression, Lanes } from "../../../compiler/lower/kernel.ts";
import { variableIndex } from "../../../compiler/lower/index.ts";
import { expressionText, literalText, primary, type BindingView } from "../../../compiler/wgsl/expression.ts";
import { helperLines } from "../../../compiler/wgsl/helpers.ts";
import { constant } from "../../../ir/ops/leaf.ts";
import { allOps } from "../../../ir/ops/all.ts";
import type { DType } from "../../../ir/type.ts";
import type { ElementwiseOp } from "../../../ir/value.ts";
import { testDevice } from "../../gpu.ts";
import { evaluateWgsl } from "./wgsl-arithmetic.ts";

const elementwise = allOps().flatMap((op) => (op.kind === "elementwise" ? [op] : []));
const opNamed = (name: string): ElementwiseOp => elementwise.find((op) => op.name === name)!;

/** An expression and its value. */
interface Pair {
  readonly expression: Expression;
  readonly value: number;
}

const names = { x: 1.5, y: -3, settings: { rate: 0.25 }, w: [7, -0.5], flags: [1, 0], u: 2 };
const [tensor, setting] = [constant(0), constant(0)];
const flags = constant(false, "bool");
const view: BindingView = {
  binding: (tensor) => ({ name: tensor === flags ? "flags" : "w", isVector: false }),
  settingName: () => "settings.rate",
};

const float = { dtype: "f32", lanes: 1 } as const;
const leaves = fc.oneof(
  fc.constantFrom(-2, -0.5, 0, 1, 3, 1024, 1e-30, 16777217).map((value): Pair => {
    return { expression: { tag: "literal", value, ...float }, value: Number(literalText(value, "f32")) };
  }),
  fc.constantFrom("x", "y").map((text): Pair => ({ expression: { tag: "name", text, ...float }, value: names[text] })),
  fc.constant<Pair>({ expression: { tag: "setting", setting, ...float }, value: 0.25 }),
  fc.constant<Pair>({ expression: { tag: "load", tensor, index: variableIndex("u", 0), ...float }, value: NaN }),
);
const loaded = [0, 1].map((at): Pair => {
  const index = { constant: at, terms: [] };
  return { expression: { tag: "load", tensor, index, ...float }, value: names.w[at] };
});
const flagged = [0, 1].map((at): Pair => {
  const index = { constant: at, terms: [] };
  return { expression: { tag: "load", tensor: flags, index, dtype: "bool", lanes: 1 }, value: names.flags[at] };
});

function applied(name: string, dtype: DType, operands: readonly Pair[]): Pair {
  const op = opNamed(name);
  const lanes = operands.some(({ expression }) => expression.lanes === 4) ? 4 : 1;
  return {
    expression: { tag: "apply", op, operands: operands.map((each) => each.expression), dtype, lanes },
    value: op.reference(
      operands.map((each) => each.value),
      { result: dtype, operands: operands.map((each) => each.expression.dtype) },
    ),
  };
}

type Tie = (key: "number" | "truth") => fc.Arbitrary<Pair>;
const of = (names: readonly string[], dtype: DType, ...operands: readonly fc.Arbitrary<Pair>[]) =>
  fc.tuple(fc.constantFrom(...names), fc.tuple(...operands)).map(([name, parts]) => applied(name, dtype, parts));

/** Random trees over numbers and truth values. */
const trees = (
  number: fc.Arbitrary<Pair>,
  truth: fc.Arbitrary<Pair>,
  arithmetic: readonly string[],
  functions: readonly string[],
) =>
  fc.letrec<{ number: Pair; truth: Pair }>((tie) => {
    const [n, t] = [(tie as Tie)("number"), (tie as Tie)("truth")];
    return {
      number: fc.oneof(
        { maxDepth: 6, depthSize: "medium" },
        number,
        of(arithmetic, "f32", n, n),
        of(arithmetic, "f32", n, n),
        of(["neg", ...functions], "f32", n),
        of(["maximum", "minimum"], "f32", n, n),
        of(["select"], "f32", t, n, n),
        of(["cast"], "f32", t),
      ),
      truth: fc.oneof(
        { maxDepth: 6, depthSize: "medium" },
        truth,
        of(["less", "lessEqual", "greater", "greaterEqual", "equal", "notEqual"], "bool", n, n),
        of(["and", "or", "equal"], "bool", t, t),
        of(["not"], "bool", t),
      ),
    };
  });

const truths = fc.oneof(
  fc.constantFrom(...flagged),
  fc.boolean().map((on): Pair => ({
    expression: { tag: "literal", value: Number(on), dtype: "bool", lanes: 1 },
    value: Number(on),
  })),
);

describe("expressions as text", () => {
  it("mean what the tree means, by WGSL's own grammar", () => {
    const numbers = fc.oneof(
      leaves.filter(({ value }) => !Number.isNaN(value)),
      fc.constantFrom(...loaded),
    );
    const { number, truth } = trees(
      numbers,
      truths,
      ["add", "sub", "mul", "div"],
      ["exp", "sqrt", "abs", "relu", "step"],
    );
    const scope = { ...names, true: 1, false: 0 };
    const written = fc.oneof(number, truth).map(({ expression, value }) => {
      return { text: expressionText(expression, view), value };
    });
    const holds = fc.property(written, ({ text, value }) => {
      expect(evaluateWgsl(text, scope)).toEqual(value);
      expect(evaluateWgsl(`2.0 * ${primary(text)}`, scope)).toEqual(2 * value);
    });
    fc.assert(holds, { numRuns: 3000 });
  });

  it("have no parentheses that precedence makes needless in sums of products", () => {
    const [a, b, c] = ["a", "b", "c"].map((text): Pair => ({ expression: { tag: "name", text, ...float }, value: 0 }));
    const text = (pair: Pair): string => expressionText(pair.expression, view);
    const binary = (name: string, left: Pair, right: Pair): Pair => applied(name, "f32", [left, right]);
    expect(text(binary("add", binary("mul", a, b), c))).toBe("a * b + c");
    expect(text(binary("sub", a, binary("mul", b, c)))).toBe("a - b * c");
    expect(text(binary("sub", binary("sub", a, b), c))).toBe("a - b - c");
    expect(text(binary("sub", a, binary("sub", b, c)))).toBe("a - (b - c)");
    expect(text(binary("div", a, binary("mul", b, c)))).toBe("a / (b * c)");
    expect(text(binary("mul", binary("add", a, b), c))).toBe("(a + b) * c");
    expect(text(applied("exp", "f32", [binary("add", a, b)]))).toBe("exponential(a + b)");
  });

  it("are accepted by the device, scalars mixed with four lanes", async () => {
    const wide = (text: string, dtype: DType): Pair => ({
      expression: { tag: "name", text, dtype, lanes: 4 as Lanes },
      value: 0,
    });
    // No literal is 0 and nothing is divided: a constant ∞ would be an error of its own.
    const given = leaves.filter(
      ({ expression: { tag }, value }) => tag !== "load" && Math.abs(value - 1) < 5 && value !== 0,
    );
    const truth4 = fc.oneof(truths, fc.constant(wide("flags4", "bool")));
    const functions = ["tanh", "abs", "sign", "relu", "step"];
    const { number, truth } = trees(
      fc.oneof(given, fc.constant(wide("v", "f32"))),
      truth4,
      ["add", "sub", "mul"],
      functions,
    );
    const pairs = fc.sample(fc.oneof(number, truth), { numRuns: 300, seed: 7 });
    const lines = pairs.map(({ expression }, i) => `  let e${i} = ${expressionText(expression, view)};`);
    // One value of each kind at run time, so that nothing is constant; the results must have the type of the tree.
    const checks = pairs.map(({ expression: { dtype, lanes } }, i) => {
      const type = dtype === "bool" ? "bool" : "f32";
      return `  let t${i}: ${lanes === 4 ? `vec4<${type}>` : type} = e${i};`;
    });
    const helpers = helperLines(
      elementwise.flatMap((op) => op.helpers ?? []),
      lines.join("\n"),
    );
    const code = [
      "var<private> infinity: f32;",
      "var<private> nan: f32;",
      ...helpers,
      "struct Settings { rate: f32 }",
      "@group(0) @binding(0) var<uniform> settings: Settings;",
      "@group(0) @binding(1) var<storage, read> flags: array<u32>;",
      "@group(0) @binding(2) var<storage, read> w: array<f32>;",
      "@compute @workgroup_size(1) fn main() {",
      "  let x = w[0]; let y = w[1]; let v = vec4f(x); let flags4 = v > vec4f(0.0);",
      ...lines,
      ...checks,
      "}",
    ].join("\n");
    const { messages } = await (await testDevice()).createShaderModule({ code }).getCompilationInfo();
    const errors = messages.filter(({ type }) => type === "error");
    expect(errors.map(({ message, lineNum }) => `${message}: ${code.split("\n")[lineNum - 1]}`)).toEqual([]);
  });
});

describe("literals", () => {
  it("read back as the same float32", () => {
    const holds = fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(literalText(value, "f32")))).toBe(value === 0 ? 0 : value);
    });
    fc.assert(holds, { numRuns: 2000 });
  });

  it.each([
    [1, "f32", "1.0"],
    [0.1, "f32", "0.1"],
    [1e-8, "f32", "1e-8"],
    [3.4028234663852886e38, "f32", "3.4028234663852886e+38"],
    [5, "i32", "5"],
    [5, "u32", "5u"],
    [1, "bool", "true"],
    [Infinity, "f32", "infinity"],
    [NaN, "f32", "nan"],
  ] as const)("%s as %s is %s", (value, dtype, text) => expect(literalText(value, dtype)).toBe(text));
});
