import { describe, expect, test } from "vitest";
import { adam, dense, input, meanSquaredError, model, relu } from "../../ir/index.ts";
import { compile } from "../../compiler/compile.ts";
import { createKernelTable } from "../../compiler/kernel-table.ts";
import { formOf } from "../../compiler/wgsl/form.ts";
import type { Kernel } from "../../runtime/abi.ts";

/** A kernel that computes `result` from `source` by `line`. */
function kernel(source: string, result: string, line: string, settings = "struct Settings { rate: f32, decay: f32 }") {
  return `// ${result} = ${line}

${settings}
@group(0) @binding(0) var<storage, read> ${source}: array<f32>; // f32[4]
@group(0) @binding(1) var<storage, read_write> ${result}: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;

fn twice(${source}_1: f32) -> f32 {
  return 2.0 * ${source}_1;
}

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3u) {
  let ${result}_1 = ${line};
  ${result}[group.x] = settings.rate * ${result}_1;
}
`;
}

describe("the form of a text", () => {
  const text = kernel("a", "b", "max(twice(a[group.x]), 0.0)");

  test("is that of the same text under other names", () => {
    expect(formOf(kernel("hidden", "sum", "max(twice(hidden[group.x]), 0.0)"))).toBe(formOf(text));
  });

  test.each([
    ["another builtin", kernel("a", "b", "min(twice(a[group.x]), 0.0)")],
    ["another number", kernel("a", "b", "max(twice(a[group.x]), 1.0)")],
    ["another operand", kernel("a", "b", "max(twice(b[group.x]), 0.0)")],
    ["another field", text.replace("settings.rate", "settings.decay")],
    [
      "fields in another order",
      kernel("a", "b", "max(twice(a[group.x]), 0.0)", "struct Settings { decay: f32, rate: f32 }"),
    ],
    ["another component", text.replace("[group.x] =", "[group.y] =")],
    ["another access", text.replace("read>", "read_write>")],
  ])("differs by %s", (_, other) => {
    expect(other).not.toBe(text);
    expect(formOf(other)).not.toBe(formOf(text));
  });

  test("is not taken in by a name that is a component elsewhere", () => {
    const one = kernel("x", "b", "max(twice(x[group.x]), 0.0)");
    const other = kernel("y", "b", "max(twice(y[group.y]), 0.0)");
    expect(formOf(one)).not.toBe(formOf(other));
  });
});

describe("the table", () => {
  const bindings = ["read", "read_write", "uniform"] as const;
  const add = (...texts: readonly string[]): { readonly at: readonly number[]; readonly all: readonly Kernel[] } => {
    const table = createKernelTable(false);
    const at = texts.map((wgsl, index) => table.add({ wgsl, bindings }, [`k${index}`], "run"));
    return { at, all: table.finish() };
  };

  test("keeps kernels that do the same once, and says what else they compute", () => {
    const { at, all } = add(
      kernel("a", "b", "twice(a[group.x])"),
      kernel("b", "c", "twice(b[group.x])"),
      kernel("c", "d", "twice(c[group.x])"),
      kernel("d", "e", "-twice(d[group.x])"),
    );
    expect(at).toEqual([0, 0, 0, 1]);
    expect(all[0].wgsl).toMatch(/^\/\/ b = twice\(a.*\)\n\/\/ Likewise k1, k2\.\n\n/);
  });

  test("refuses a kernel that binds more storage buffers than adapters allow", () => {
    const added = (count: number) => () =>
      createKernelTable(false).add(
        { wgsl: kernel("a", "b", "a[group.x]"), bindings: [...Array<"read">(count).fill("read"), "uniform"] },
        ["total"],
        "run",
      );
    expect(added(8)).not.toThrow();
    expect(added(9)).toThrow(expect.objectContaining({ code: "too-many-bindings" }));
  });

  test("gives layers of one shape one pipeline, in a whole training step", () => {
    const { kernels, entryPoints } = compile(
      model("deep", () => {
        let hidden = relu(dense(input("x", "f32", [8, 16]), 32));
        for (let layer = 0; layer < 5; layer++) hidden = relu(dense(hidden, 32));
        const loss = meanSquaredError(hidden, input("y", "f32", [8, 32]));
        return { train: { loss, update: adam(loss) } };
      }),
    );
    const { dispatches } = entryPoints.train;
    expect(dispatches.length).toBeGreaterThanOrEqual(12);
    expect(kernels.length).toBeLessThanOrEqual(dispatches.length / 2);
  });
});
