/// A row of the scoreboard: a program as a user writes it, and where it is tried. The text is both shown and run.
import * as chainrule from "../../../../ir/index.ts";
import type { Graph, Value } from "../../../../ir/index.ts";

/** Numbers of an input, nested by its axes: 200, [200, 0, 1], [[1, 2], [3, 4]]. */
export type Numbers = number | readonly Numbers[];

/** Inputs at which a program is tried. */
export interface Point {
  /** Input → its numbers. */
  readonly at: Readonly<Record<string, Numbers>>;
  /** On which side of a kink the gradient is taken: by default in the middle between both slopes. */
  readonly side?: "above" | "below";
  /** Where a formula has no value or no slope (0/0, 0·ln 0): what it means by convention, and which convention that is. */
  readonly meant?: Meant;
}

/** What counts as the truth in the place of the formula. */
export interface Meant {
  readonly why: string;
  readonly loss?: number;
  /** Input → its gradient; of other inputs it is that of the formula. */
  readonly gradient?: Readonly<Record<string, Numbers>>;
}

/** What other tools gave, as they were run: loss / gradient. */
export interface Others {
  readonly pytorch: string;
  readonly jax: string;
  /** The point at which they were run. */
  readonly point: number;
}

/** One program. */
export interface Row {
  readonly name: string;
  /** What it is for and what goes wrong, in a sentence or two. */
  readonly about: string;
  /** An expression, or statements that end in `return`; inputs are known by name, and so is all that "chainrule" exports. */
  readonly program: string;
  /** Inputs with whole numbers. */
  readonly labels?: readonly string[];
  /** Inputs by which it is not differentiated: targets, masks. */
  readonly given?: readonly string[];
  readonly points: readonly Point[];
  readonly others?: Others;
}

/** A row as a model. */
export interface Program {
  readonly graph: Graph;
  readonly loss: Value;
  readonly inputs: ReadonlyMap<string, Value>;
  /** Inputs by which it is differentiated; the output `gradient_x` belongs to `x`. */
  readonly differentiated: readonly string[];
}

/** Makes the model of a row: its loss, and its gradient by every input that is no target. */
export function programOf(row: Row): Program {
  const names = Object.keys(row.points[0].at);
  const differentiated = names.filter((name) => !row.labels?.includes(name) && !row.given?.includes(name));
  const inputs = new Map<string, Value>();
  let loss: Value | undefined;
  const graph = chainrule.model("scoreboard", () => {
    for (const name of names) {
      const dtype = row.labels?.includes(name) ? "i32" : "f32";
      inputs.set(name, chainrule.input(name, dtype, shapeOf(row.points[0].at[name])));
    }
    loss = lossOf(row.program, inputs);
    const gradients = differentiated.map((name) => [`gradient_${name}`, gradientOf(loss!, inputs.get(name)!)]);
    return { run: { loss, ...(Object.fromEntries(gradients) as Record<string, Value>) } };
  });
  return { graph, loss: loss!, inputs, differentiated };
}

const gradientOf = chainrule.grad as (loss: Value, by: Value) => Value;

/** Runs the text of a program. */
function lossOf(program: string, inputs: ReadonlyMap<string, Value>): Value {
  const scope = { ...chainrule, ...Object.fromEntries(inputs) };
  const body = /\breturn\b/.test(program) ? program : `return ${program};`;
  return new Function(...Object.keys(scope), `"use strict"; { ${body} }`)(...Object.values(scope)) as Value;
}

function shapeOf(numbers: Numbers): readonly number[] {
  return typeof numbers === "number" ? [] : [numbers.length, ...shapeOf(numbers[0])];
}

/** Numbers in the order of a tensor. */
export function flat(numbers: Numbers): readonly number[] {
  return typeof numbers === "number" ? [numbers] : numbers.flatMap(flat);
}
