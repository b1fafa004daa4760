/// Running accumulations: each lane takes a stretch of a row. Lanes add up their stretches, then what lies before each
/// (Hillis and Steele 1986), and walk again from there. The order is fixed, so that results repeat bit by bit.
import { multiplyDims, type Dim } from "../../ir/dim.ts";
import { accumulationFlops } from "../../ir/ops/sum.ts";
import { elementCount } from "../../ir/type.ts";
import type { CumulativeOp, Value } from "../../ir/value.ts";
import type { Traffic } from "../cluster/store.ts";
import { extentText, lastText, literalText } from "../wgsl/expression.ts";
import { createNamer, type Namer } from "../wgsl/names.ts";
import { assignParts, dtypeOf, type Arrangement } from "./accumulate.ts";
import { createEmitter, type Emitter } from "./emitter.ts";
import { foldGrid, hintFor, nameTensors, type Expression, type Kernel, type LowerContext } from "./kernel.ts";
import { arrange, isWhole, rowsOf, writeHead, type Rows } from "./rows.ts";
import { writeStores } from "./store.ts";

interface Plan {
  readonly root: Value;
  readonly op: CumulativeOp;
  readonly rows: Rows;
  readonly arrangement: Arrangement;
  /** Elements that a lane walks through. */
  readonly stretch: Dim;
  readonly namer: Namer;
  /** The variable that counts the elements of a stretch. */
  readonly counted: string;
  /** The running parts, and the workgroup arrays that hold those of every lane. */
  readonly parts: readonly string[];
  readonly arrays: readonly string[];
}

/** Lowers a running accumulation with what is computed from it in place. */
export function lowerCumulative(traffic: Traffic, context: LowerContext): Kernel {
  const { cluster, stores } = traffic;
  const root = [...cluster.members].find((member) => member.op.kind === "cumulative")!;
  const loaded = new Set(traffic.loads);
  const namer = context.shared?.names.inside() ?? createNamer();
  const tensorNames = nameTensors(traffic, context, namer.outside);
  const plan = makePlan(root, cluster.axes, namer);
  let finished: Expression | undefined;
  const emitter = createEmitter(
    {
      ...{ notes: context.notes, hint: (value: Value) => hintFor(value, context), namer },
      isLoaded: (value) => loaded.has(value),
      computed: (value) => (value === root ? finished : undefined),
      isAnchor: (value) => value === root,
    },
    [...stores, ...root.operands],
  );
  const { rows, lanes } = plan.arrangement;
  const parts = accumulators(plan);
  const body = emitter.scope(() => {
    writeHead(plan.arrangement, plan.rows.rowCount, emitter);
    declareParts(plan, emitter);
    if (lanes > 1) {
      walk(plan, emitter, () => takeIn(plan, emitter));
      addUpLanes(plan, emitter);
    }
    const write = (): void => writeStores(stores, () => plan.rows.at("position"), emitter, context);
    walk(plan, emitter, () => {
      const before = root.attrs.exclusive === true;
      if (!before) takeIn(plan, emitter);
      const name = namer(root.op.name);
      emitter.push({ tag: "line", text: `let ${name} = ${plan.op.accumulation.wgsl.finish(plan.parts)};` });
      finished = { tag: "name", text: name, dtype: root.type.dtype, lanes: 1 };
      if (isWhole(plan.rows.rowCount, plan.arrangement)) write();
      else emitter.push({ tag: "block", head: "if (inside)", body: emitter.scope(write) });
      if (before) takeIn(plan, emitter);
    });
  });
  const taken = accumulationFlops(plan.op.accumulation);
  return {
    name: context.name,
    body: [...emitter.preamble, ...body],
    workgroupSize: [rows * lanes, 1, 1],
    grid: foldGrid(plan.rows.rowCount, rows).grid,
    declarations:
      lanes > 1
        ? plan.arrays.map((array, i) => `var<workgroup> ${array}: array<${parts[i].dtype}, ${rows * lanes}>;`)
        : [],
    tensorNames,
    helpers: [...new Set([...emitter.helpers, ...(plan.op.accumulation.helpers ?? [])])],
    // Taken in twice: for the total of a stretch, and from there on.
    flops: multiplyDims(elementCount(cluster.space), emitter.operations() + 2 * taken.element + taken.finish),
  };
}

const accumulators = ({
  root,
  op,
}: Pick<Plan, "root" | "op">): ReturnType<CumulativeOp["accumulation"]["accumulators"]> =>
  op.accumulation.accumulators(root.operands[0].type.dtype);

function makePlan(root: Value, axes: readonly number[], namer: Namer): Plan {
  const op = root.op as CumulativeOp;
  const rows = rowsOf(root.operands[0].type.shape, axes);
  const arrangement = arrange(rows.rowCount, rows.length, true);
  const { lanes } = arrangement;
  const stretch = typeof rows.length === "number" ? Math.ceil(rows.length / lanes) : rows.length;
  const names = accumulators({ root, op }).map(({ name }) => name);
  const parts = names.map((name) => namer(name));
  return {
    root,
    op,
    rows,
    arrangement,
    stretch,
    namer,
    counted: namer("counted"),
    parts,
    arrays: parts.map((part) => namer.outside(`${part}_lanes`)),
  };
}

function declareParts(plan: Plan, emitter: Emitter): void {
  accumulators(plan).forEach(({ dtype, initial }, i) => {
    emitter.push({ tag: "line", text: `var ${plan.parts[i]}: ${dtype} = ${literalText(initial, dtype)};` });
  });
}

/** The elements of a lane in their order; `position` is the place of each along the row. */
function walk({ root, rows, arrangement, stretch, counted }: Plan, emitter: Emitter, each: () => void): void {
  const length = extentText(rows.length);
  const body = emitter.scope(() => {
    emitter.push({
      tag: "line",
      text: `let position = ${root.attrs.reverse ? `${lastText(rows.length)} - ${counted}` : counted};`,
    });
    each();
  });
  const [from, end] =
    arrangement.lanes === 1
      ? ["0u", length]
      : [`lane * ${extentText(stretch)}`, `min((lane + 1u) * ${extentText(stretch)}, ${length})`];
  emitter.push({ tag: "block", head: `for (var ${counted} = ${from}; ${counted} < ${end}; ${counted}++)`, body });
}

/** Adds the element at `position` to the running parts. */
function takeIn({ root, op, rows, namer, parts }: Plan, emitter: Emitter): void {
  const elements = root.operands.map((operand) => {
    const expression = emitter.emit(operand, rows.at("position"));
    if (expression.tag === "name") return expression.text;
    const name = namer("element");
    emitter.push({ tag: "let", name, value: expression });
    return name;
  });
  const lifted = op.accumulation.wgsl.lift(elements, "position");
  assignParts(parts, (first) => op.accumulation.wgsl.combine(parts, lifted, first, dtypeOf(root)), namer, emitter);
}

/** Leaves in the parts of each lane what the lanes before it have added up. */
function addUpLanes(plan: Plan, emitter: Emitter): void {
  const { root, op, arrangement, namer, parts, arrays } = plan;
  const line = (text: string): void => emitter.push({ tag: "line", text });
  parts.forEach((part, i) => line(`${arrays[i]}[local.x] = ${part};`));
  const combine = emitter.scope(() => {
    const earlier = arrays.map((array, i) => {
      const name = namer(`${plan.parts[i]}_before`);
      line(`let ${name} = ${array}[local.x - stride];`);
      return name;
    });
    assignParts(parts, (first) => op.accumulation.wgsl.combine(earlier, parts, first, dtypeOf(root)), namer, emitter);
  });
  const step = emitter.scope(() => {
    line("workgroupBarrier();");
    emitter.push({ tag: "block", head: "if (lane >= stride)", body: combine });
    line("workgroupBarrier();");
    parts.forEach((part, i) => line(`${arrays[i]}[local.x] = ${part};`));
  });
  emitter.push({
    tag: "block",
    head: `for (var stride = 1u; stride < ${arrangement.lanes}u; stride *= 2u)`,
    body: step,
  });
  line("workgroupBarrier();");
  accumulators(plan).forEach(({ dtype, initial }, i) => {
    line(`${parts[i]} = ${literalText(initial, dtype)};`);
  });
  const own = emitter.scope(() => parts.forEach((part, i) => line(`${part} = ${arrays[i]}[local.x - 1u];`)));
  emitter.push({ tag: "block", head: "if (lane > 0u)", body: own });
}
