/// Rows over their spread: the gradient as textbooks have it, (g − mean g − ẑ·mean(g·ẑ))/σ, however the row was written.
import {
  add,
  div,
  groupNorm,
  input,
  layerNorm,
  mean,
  model,
  mul,
  rmsNorm,
  sqrt,
  square,
  standardDeviation,
  sub,
  sum,
  variance,
  vjp,
  type Graph,
  type Tensor,
  type Value,
} from "chainrule";
import { describe, expect, it } from "vitest";
import { compileWithFacts } from "../../compiler/compile.ts";
import { derive } from "../../compiler/passes/all.ts";
import { report } from "../../compiler/report.ts";
import { printGraph } from "../../ir/print.ts";
import { expectRight } from "./agree.ts";
import { as } from "./symbolic.ts";

type Rows = Tensor<"f32", readonly ["batch", 6]>;
const kept = { axis: 1, keepAxes: true } as const;

function gradientOf(normalize: (x: Rows) => Value): Graph {
  return model("rows", () => {
    const x = input("x", "f32", ["batch", 6]);
    const g = input("g", "f32", ["batch", 6]);
    const ẑ = as("ẑ", () => normalize(x));
    return { run: { ẑ, dx: vjp(ẑ as Rows, x, g) } };
  });
}

/** The line of the gradient, without line ends. */
function gradientLine(graph: Graph): string {
  const text = printGraph(derive(graph)).replaceAll(/\n {4,}/g, " ");
  return /dx = (.*?)(?: +#.*)?$/m.exec(text)![1];
}

const spellings: Readonly<Record<string, (x: Rows) => Value>> = {
  "with a mean and a variance": (x) =>
    div(sub(x, mean(x, kept)), sqrt(add(variance(x, { ...kept }) as never, 1e-5)) as never) as Value,
  "by hand": (x) => {
    const centred = sub(x, mean(x, kept));
    return div(centred, sqrt(add(mean(square(centred), kept), 1e-5))) as Value;
  },
  "with sums": (x) => {
    const centred = sub(x, div(sum(x, kept), 6));
    return div(centred, sqrt(add(div(sum(mul(centred, centred), kept), 6), 1e-5))) as Value;
  },
};

describe("a row over its spread", () => {
  it.each(Object.keys(spellings))("%s", (name) => {
    expect(gradientLine(gradientOf(spellings[name]))).toMatch(
      /^\(g - mean\(g, axis=1\)\[:, _\] - ẑ · mean\(g · ẑ, axis=1\)\[:, _\]\) \/ v\d+\[:, _\]$/,
    );
  });

  it("without its mean", () => {
    const graph = gradientOf((x) => div(x, sqrt(add(mean(square(x), kept), 1e-5))) as Value);
    expect(gradientLine(graph)).toMatch(/^\(g - ẑ · mean\(g · ẑ, axis=1\)\[:, _\]\) \/ v\d+\[:, _\]$/);
  });

  it("over its deviation without an added number", () => {
    const graph = gradientOf((x) => div(sub(x, mean(x, kept)), standardDeviation(x, { ...kept }) as never) as Value);
    expect(gradientLine(graph)).not.toContain("sqrt");
  });

  it.each(Object.keys(spellings))("%s has the right numbers", (name) =>
    expectRight(gradientOf(spellings[name]), { batch: 3 }),
  );
});

describe("layers that normalize", () => {
  const layers: Readonly<Record<string, (x: Rows) => Value>> = {
    layerNorm: (x) => layerNorm(x),
    rmsNorm: (x) => rmsNorm(x),
    groupNorm: (x) => groupNorm(x, 2),
  };
  it.each(Object.keys(layers))("%s has the right numbers", (name) =>
    expectRight(gradientOf(layers[name]), { batch: 3 }),
  );

  it("layerNorm takes one kernel for its gradient", () => {
    const { entryPoints } = report(
      compileWithFacts(
        gradientOf((x) => layerNorm(x)),
        { dims: { batch: 3 } },
      ),
    );
    expect(entryPoints.run.dispatches).toBeLessThanOrEqual(3);
  });
});
