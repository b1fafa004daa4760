/// Kernels of attention: a quad of threads walks along the columns of its rows, has the scores of sixteen at a time, and
/// adds up what is made of them. The sums stay in registers; scores go to the neighbours and nowhere else.
import { exp } from "../../../ir/ops/functions.ts";
import type { Value } from "../../../ir/value.ts";
import type { Traffic } from "../../cluster/store.ts";
import { createNamer } from "../../wgsl/names.ts";
import { contractNames } from "../contract.ts";
import { createEmitter } from "../emitter.ts";
import { hintFor, nameTensors, type Kernel, type LowerContext } from "../kernel.ts";
import { planAttention, type Plan } from "./plan.ts";
import { createHeld, type Held, type Writer } from "./writer.ts";
import { declareSoftmax, followScores, writeStatistics } from "./softmax.ts";
import { declareSums, writeResults } from "./sums.ts";
import { writeBlock } from "./block.ts";

/** Names that the templates give, besides those of contractions. */
const attentionNames: ReadonlySet<string> = new Set([
  ...contractNames,
  ...["first", "end", "edge", "beyond", "four", "key"],
  ...["s", "o"].flatMap((prefix) => [0, 1, 2, 3].map((n) => `${prefix}${n}`)),
]);

/** Lowers results of one attention. */
export function lowerAttention(traffic: Traffic, context: LowerContext): Kernel {
  const plan = planAttention(traffic.stores);
  const loaded = new Set(traffic.loads);
  const namer = context.shared?.names.inside() ?? createNamer(attentionNames);
  const tensorNames = nameTensors(traffic, context, namer);
  const held: Held = createHeld();
  const anchors = new Set<Value>([
    ...plan.products.map(({ value }) => value),
    ...plan.spreads.map(({ value }) => value),
    ...(plan.softmax ? [plan.softmax.weights] : []),
  ]);
  const emitter = createEmitter(
    {
      ...{ notes: context.notes, hint: (value: Value) => hintFor(value, context), namer },
      isLoaded: (value) => loaded.has(value),
      computed: held.get,
      isAnchor: (value) => anchors.has(value),
    },
    [...(plan.softmax ? [plan.softmax.logits] : []), ...plan.sums.map(({ weights }) => weights)],
  );
  const writer: Writer = { plan, emitter, namer, held, context };
  const body = emitter.scope(() => {
    writeHead(writer);
    const running = plan.softmax && declareSoftmax(writer);
    const sums = declareSums(writer);
    writeBlock(writer, sums, running && ((scores) => followScores(running, sums, scores, writer)));
    writeResults(writer, sums, running);
    if (running && plan.statistics) writeStatistics(running, plan.statistics, writer);
  });
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    workgroupSize: [4 * plan.quads, 1, 1],
    grid: [
      { extent: plan.rowCount, per: 4 * plan.blocks * plan.quads },
      { extent: 1, per: 1 },
      { extent: plan.batchCount, per: 1 },
    ],
    declarations: [],
    tensorNames,
    helpers: [...new Set([...emitter.helpers, ...(plan.softmax ? (exp.op.helpers ?? []) : [])])],
    flops: flopsOf(plan, emitter.operations()),
  };
}

function writeHead({ plan: { batchCount, quads, blocks }, emitter }: Writer): void {
  const line = (text: string): void => emitter.push({ tag: "line", text });
  if (batchCount !== 1) line("let batch = group.z;");
  line("let lane = local.x % 4u;");
  const quad = quads === 1 ? "group.x" : `(group.x * ${quads}u + local.x / 4u)`;
  line(`let row = ${quad} * ${4 * blocks}u;`);
}

/** Those of all products, of the softmax, and what is written for each row of each block. */
function flopsOf({ products, sums, softmax, batchCount, rowCount, columnCount, blocks }: Plan, operations: number) {
  const terms = [...products.map(({ shape }) => shape.length as number), ...sums.map(({ width }) => width)];
  const perScore = 2 * terms.reduce((all, each) => all + each, 0) + operations / (4 * blocks) + (softmax ? 3 : 0);
  return Math.round(batchCount * rowCount * columnCount * perScore);
}
