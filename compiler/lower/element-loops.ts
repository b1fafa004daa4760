/// The loops of a row kernel over the elements of its row: a lane goes over the same elements in each, and keeps in
/// registers what several of them need.
import type { Value } from "../../ir/value.ts";
import { extentText } from "../wgsl/expression.ts";
import { identifier, type Namer } from "../wgsl/names.ts";
import type { Arrangement } from "./accumulate.ts";
import type { Emitter } from "./emitter.ts";
import type { Index } from "./index.ts";
import type { Expression, Statement } from "./kernel.ts";
import { planRegisters, type Kept } from "./registers.ts";
import type { Rows } from "./rows.ts";
import type { Register } from "./scope.ts";

/** The loops of one kernel. */
export interface ElementLoops {
  /** The index of the element that a loop is at, and the variable that counts it. */
  readonly index: readonly Index[];
  readonly variable: string;
  registerOf(value: Value, place: string): Register | undefined;
  /** Writes a loop, where the conditions hold. */
  write(loop: number, emitter: Emitter, action: () => void, conditions?: readonly string[]): void;
  /** Operations written so far that are done for every element. */
  operations(): number;
}

/** What the loops are over, and what they need. */
export interface ElementPlan {
  readonly rows: Rows;
  readonly arrangement: Arrangement;
  /** What each loop needs of an element. */
  readonly needs: readonly (readonly Value[])[];
  readonly namer: Namer;
  isKnown(value: Value): boolean;
  hint(value: Value): string;
}

interface Held extends Register {
  readonly kept: Kept;
}

/** The loops of a kernel, and what is kept between them. */
export function planElementLoops({ rows, arrangement, needs, namer, isKnown, hint }: ElementPlan): ElementLoops {
  const { length } = rows;
  const { lanes } = arrangement;
  // As many elements as lanes, or fewer: a lane has one, and its number says which.
  const turns = typeof length === "number" ? Math.ceil(length / lanes) : Infinity;
  const isFull = length === lanes * turns;
  const variable = turns === 1 ? "lane" : "position";
  const index = rows.at(variable);
  const kept = Number.isFinite(turns) ? planRegisters({ needs, index, variable, turns, isKnown }) : [];
  const registers = kept.map((each): Held => {
    const name = namer(identifier(hint(each.value)));
    const text = turns === 1 ? name : `${name}[${lanes === 1 ? variable : "turn"}]`;
    const expression = { tag: "name", text, dtype: each.value.type.dtype, lanes: 1 } as const;
    return { kept: each, filled: false, isDeclared: turns > 1 || !isFull, expression };
  });
  let operations = 0;
  const line = (text: string): Statement => ({ tag: "line", text });
  const end = extentText(length);
  return {
    ...{ index, variable },
    registerOf: (value, place) => registers.find(({ kept: each }) => each.value === value && each.place === place),
    operations: () => operations,
    write(loop, emitter, action, conditions = []) {
      const written = emitter.loop(variable, action);
      operations += written.operations;
      for (const { kept: each, expression, isDeclared } of registers) {
        if (each.loop === loop && isDeclared) emitter.push(line(declaration(expression, turns)));
      }
      if (turns === 1) return pushGuarded([...conditions, ...(isFull ? [] : [`lane < ${end}`])], written.body, emitter);
      if (lanes === 1) {
        const head = `for (var position = 0u; position < ${end}; position++)`;
        return pushGuarded(conditions, [{ tag: "block", head, body: written.body }], emitter);
      }
      const head =
        registers.length > 0
          ? `for (var turn = 0u; turn < ${turns}u; turn++)`
          : `for (var position = lane; position < ${end}; position += ${lanes}u)`;
      const start = registers.length > 0 ? [line(`let position = turn * ${lanes}u + lane;`)] : [];
      const stop = registers.length > 0 && !isFull ? [line(`if (position >= ${end}) { break; }`)] : [];
      pushGuarded(conditions, [{ tag: "block", head, body: [...start, ...stop, ...written.body] }], emitter);
    },
  };
}

function declaration({ text, dtype }: Expression & { readonly tag: "name" }, turns: number): string {
  return turns === 1 ? `var ${text}: ${dtype};` : `var ${text.replace(/\[.*/, "")}: array<${dtype}, ${turns}>;`;
}

/** Writes statements where all conditions hold. */
export function pushGuarded(conditions: readonly string[], body: readonly Statement[], emitter: Emitter): void {
  if (conditions.length === 0) body.forEach((statement) => emitter.push(statement));
  else emitter.push({ tag: "block", head: `if (${conditions.join(" && ")})`, body });
}
