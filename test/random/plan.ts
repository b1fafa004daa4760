/// Random graphs from plans: plain numbers that fast-check draws, shrinks and prints.
import fc from "fast-check";
import * as c from "chainrule";
import type { Graph, Tensor, Value } from "chainrule";
import { named } from "../../ir/traced.ts";
import type { Draw } from "./parts.ts";
import { moves } from "./table.ts";

type F32 = Tensor<"f32">;

/** What a random graph is: sizes, and what is applied to what. */
export interface Plan {
  readonly rows: number;
  readonly columns: number;
  /** The number of rows is a named size. */
  readonly isNamed: boolean;
  /** Only what has the derivative that differences show. */
  readonly isSmooth: boolean;
  /** The loss has a penalty on its own gradient. */
  readonly isSecondOrder: boolean;
  /** Which move, with which operands, and whether the result has a name. */
  readonly steps: readonly (readonly [move: number, a: number, b: number, named: boolean])[];
}

/** Plans of at least 5 steps and at most so many. */
export function plans(mostSteps: number): fc.Arbitrary<Plan> {
  const step = fc.tuple(fc.nat(9999), fc.nat(9999), fc.nat(9999), fc.boolean());
  return fc.noBias(
    fc.record({
      rows: fc.integer({ min: 1, max: 6 }),
      columns: fc.integer({ min: 3, max: 9 }),
      isNamed: fc.boolean(),
      isSmooth: fc.boolean(),
      isSecondOrder: fc.nat(9).map((each) => each === 0),
      steps: fc
        .integer({ min: 5, max: mostSteps })
        .chain((length) => fc.array(step, { minLength: length, maxLength: length })),
    }),
  );
}

/** The plan of a seed: most are short, some as long as they come. */
export function planOf(seed: number, mostSteps?: number): Plan {
  const longest = mostSteps ?? (seed % 20 === 0 ? 200 : seed % 4 === 0 ? 60 : 16);
  return fc.sample(plans(longest), { seed, numRuns: 1 })[0];
}

/** The moves that a plan may draw. */
export function movesOf({ isSmooth }: Plan): typeof moves {
  return isSmooth ? moves.filter((each) => !each.rough) : moves;
}

/** The size that a plan gives to `rows`, where that is a name. */
export function sizesOf({ rows, isNamed }: Plan): Readonly<Record<string, number>> {
  return isNamed ? { rows } : {};
}

/** Values so far, by shape. */
interface Pools {
  readonly wide: F32[];
  readonly row: F32[];
  readonly column: F32[];
}

/** The model of a plan: results, gradients of a loss, and states that are updated in place. */
export function buildPlan(plan: Plan): Graph {
  const rows = plan.isNamed ? "rows" : plan.rows;
  const { columns } = plan;
  return c.model("random", () => {
    const f32 = (name: string, shape: readonly (number | string)[]): F32 => c.input(name, "f32", shape) as F32;
    const hold = (name: string, shape: readonly (number | string)[]): F32 => c.state(shape as never, { name }) as F32;
    const x = f32("x", [rows, columns]);
    const [first, second] = [hold("first", [rows, columns]), hold("second", [rows])];
    const leaves = {
      distinct: f32("distinct", [rows, columns]),
      kernel: f32("kernel", [2, 1, 3]),
      places: c.input("places", "i32", [rows]) as Tensor<"i32">,
      place: c.input("place", "i32", []) as Tensor<"i32">,
    };
    const pools: Pools = {
      wide: [x, first],
      row: [second, c.mean(x, { axis: 1 }) as F32],
      column: [f32("column", [columns])],
    };
    const candidates = movesOf(plan);
    plan.steps.forEach(([move, a, b, isNamed], index) => {
      const draw = { rows, columns, ...leaves, ...pickFrom(pools, a, b), number: a + b };
      const make = (): Value => candidates[move % candidates.length].make(draw);
      const value = isNamed ? named(`t${index}`, nowhere, make) : make();
      file(value as F32, pools);
    });
    const wide = pools.wide.at(-1)!;
    const loss = c.add(c.mean(c.square(wide)), c.mean(c.mul(pools.row.at(-1)!, c.mean(pools.column.at(-1)!)))) as F32;
    const targets = { x, first, second, kernel: leaves.kernel };
    const total = plan.isSecondOrder ? c.add(loss, c.mean(c.square(c.grad(loss as never, x as never)))) : loss;
    const gradients = Object.entries(targets).map(
      ([name, target]) => [`d_${name}`, c.grad(total as never, target as never)] as const,
    );
    const update = [
      { state: first, value: c.sub(first, c.mul(0.1, pools.wide.at(-2)!)) },
      { state: second, value: pools.row.at(-1)! },
    ];
    return { run: { wide, row: pools.row.at(-1)!, total, ...Object.fromEntries(gradients), update } } as never;
  });
}

const nowhere = { file: "random.ts", line: 1, column: 1 };

/** Recent values are likelier, so that graphs grow deep as well as wide. */
function pickFrom(pools: Pools, a: number, b: number): Pick<Draw, "a" | "b" | "row" | "row2" | "column"> {
  const pick = (from: readonly F32[], number: number): F32 =>
    from[number % 3 === 0 ? number % from.length : Math.max(0, from.length - 1 - (number % 4))];
  return {
    a: pick(pools.wide, a),
    b: pick(pools.wide, b),
    row: pick(pools.row, b),
    row2: pick(pools.row, a),
    column: pick(pools.column, b),
  };
}

function file(value: F32, { wide, row, column }: Pools): void {
  const { shape } = value.type;
  if (shape.length === 2) wide.push(value);
  // A row may be as long as a column: what it is follows from the first of each.
  else if (shape[0] === row[0].type.shape[0]) row.push(value);
  else column.push(value);
}
