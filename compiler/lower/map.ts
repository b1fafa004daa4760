/// Elementwise kernels: one thread an element, or four with `vec4` access where the count allows.
import { isMultipleOf, multiplyDims } from "../../ir/dim.ts";
import { splitIndex } from "../../ir/ops/layout.ts";
import { elementCount } from "../../ir/type.ts";
import type { Traffic } from "../cluster/store.ts";
import { createNamer } from "../wgsl/names.ts";
import { extentText } from "../wgsl/expression.ts";
import { createEmitter } from "./emitter.ts";
import { indexAlgebra, variableIndex } from "./index.ts";
import { foldGrid, hintFor, nameTensors, type Kernel, type LowerContext } from "./kernel.ts";
import { writeStores } from "./store.ts";

const threads = 64;

/** Lowers an elementwise cluster. */
export function lowerMap(traffic: Traffic, context: LowerContext): Kernel {
  const { cluster, loads, stores } = traffic;
  const count = elementCount(cluster.space);
  const lanes = isMultipleOf(count, 4) ? 4 : 1;
  const loaded = new Set(loads);
  const namer = context.shared?.names.inside() ?? createNamer();
  const tensorNames = nameTensors(traffic, context, namer.outside);
  const element = namer("element");
  const emitter = createEmitter(
    {
      notes: context.notes,
      hint: (value) => hintFor(value, context),
      namer,
      isLoaded: (value) => loaded.has(value),
      computed: () => undefined,
      isAnchor: () => false,
    },
    stores,
  );
  const index = splitIndex(variableIndex(element, count), cluster.space, indexAlgebra);
  const lane = lanes === 4 ? { variable: element, extent: count } : undefined;
  const width = count === 1 ? 1 : threads;
  const fold = foldGrid(count, width * lanes);
  const body = emitter.scope(() => {
    if (count !== 1) {
      emitter.push({
        tag: "line",
        text: `let ${element} = (${fold.group} * ${threads}u + local.x)${lane ? " * 4u" : ""};`,
      });
      emitter.push({ tag: "line", text: `if (${element} >= ${extentText(count)}) { return; }` });
    }
    writeStores(stores, () => index, emitter, context, lane);
  });
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    workgroupSize: [width, 1, 1],
    grid: fold.grid,
    declarations: [],
    tensorNames,
    helpers: [...emitter.helpers],
    flops: multiplyDims(count, emitter.operations()),
  };
}
