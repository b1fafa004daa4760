import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNamer, identifier } from "../../../compiler/wgsl/names.ts";
import { compile } from "../../../compiler/compile.ts";
import { dense, input, model, param, setting, sigmoid, add, mul, softmax, sum, tanh, type Value } from "chainrule";
import { testDevice } from "../../gpu.ts";

/** Names that a user may well choose, and that WGSL or a kernel keeps for itself. */
const tricky = `
  alias break case const continue default diagnostic discard else enable false fn for if let loop override requires return
  struct switch true var while NULL Self abstract active as asm async attribute auto await become cast catch class common
  compile concept crate delete demote do enum explicit export extends extern external fallthrough filter final finally
  friend from get goto groupshared highp impl import inline instanceof interface layout lowp macro match mediump meta mod
  module move mut mutable namespace new nil noexcept null nullptr of operator package partition pass patch precise
  precision private priv protected pub public readonly ref register require resource restrict self set shared sizeof
  smooth snorm static std subroutine super target template this throw trait try type typedef typeid typename typeof union
  unless unorm unsafe use using varying virtual volatile wgsl where with writeonly yield
  vec4 vec4f vec4u f32 i32 u32 bool array atomic ptr mat4x4 sampler texture_2d
  abs clamp exp floor log max min pow select sign sqrt tanh bitcast expm1 log1p softplus sigmoid power sum mean
  main sizes settings Settings Sizes local group tile row column batch element position lane inside stride k i j r c q
  sum0 a0 b0 c1 row1 column2 infinity nan exponential ln_series log_total next sum_part sum_lanes
`
  .trim()
  .split(/\s+/);

async function errorsOf(code: string): Promise<string[]> {
  const { messages } = await (await testDevice()).createShaderModule({ code }).getCompilationInfo();
  return messages.filter(({ type }) => type === "error").map(({ message }) => message);
}

describe("identifiers of a kernel", () => {
  it("are the user's names as far as WGSL allows", () => {
    expect(identifier("hidden.weight")).toBe("hidden_weight");
    expect(identifier("∂loss/∂hidden.weight")).toBe("d_loss_d_hidden_weight");
    expect(identifier("ŷ")).toBe("y_hat");
    expect(identifier("∂L/∂x̄")).toBe("d_L_d_x_bar");
    expect(identifier("W⁽¹⁾")).toBe("W_1");
    expect(identifier("été")).not.toMatch(/[^\w]/);
    expect(identifier("θ")).toMatch(/^[a-z]\w*$/);
    expect(identifier("2nd")).toMatch(/^[a-z]\w*$/);
  });

  it("are identifiers of WGSL and never the same twice, whatever is asked for", () => {
    const wanted = fc.array(
      fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom(...tricky), fc.constantFrom("h", "h_1", "h.1")),
    );
    const holds = fc.property(wanted, (all) => {
      const namer = createNamer();
      const given = all.map((each) => namer(each));
      expect(new Set(given).size).toBe(given.length);
      for (const name of given) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]*$/);
    });
    fc.assert(holds, { numRuns: 300 });
  });

  it("are names that the device lets a kernel declare", async () => {
    const namer = createNamer();
    const lines = tricky.map((wanted) => `  var ${namer(wanted)} = 1.0;`);
    expect(await errorsOf(`@compute @workgroup_size(1) fn main() {\n${lines.join("\n")}\n}`)).toEqual([]);
  });

  it("leave every kernel valid, whatever a model calls its inputs and parameters", async () => {
    for (let from = 0; from < tricky.length; from += 40) {
      const names = tricky.slice(from, from + 40);
      const graph = model("names", () => {
        const factor = setting("factor", 2);
        const outputs = names.flatMap((name, i): [string, Value][] => {
          const x = input(name, "f32", [6, 4]);
          const w = param([4, 3], { name: `${names[(i + 7) % names.length]}_${i}` });
          const y = add(tanh(dense(x, 3, { name: `${name}.${i}` })), sum(mul(x, x)));
          return [
            [`out${i}`, i % 3 === 0 ? softmax(y) : i % 3 === 1 ? sigmoid(y) : sum(y, { axis: 1 })],
            [`w${i}`, mul(w, factor)],
          ];
        });
        return { run: Object.fromEntries(outputs) };
      });
      const { kernels } = compile(graph);
      const found = await Promise.all(
        kernels.map(async ({ name, wgsl }) => (await errorsOf(wgsl)).map((message) => `${name}: ${message}`)),
      );
      expect(found.flat()).toEqual([]);
    }
  });
});
