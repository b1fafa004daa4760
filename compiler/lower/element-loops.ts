/// The loops of a row kernel over the elements of its row: a lane goes over the same elements in each, and keeps in
/// registers what several of them need.
import { wgslType } from "../../ir/ops/define.ts";
import { joinIndex } from "../../ir/ops/layout.ts";
import type { Value } from "../../ir/value.ts";
import { extentText } from "../wgsl/expression.ts";
import { identifier, type Namer } from "../wgsl/names.ts";
import type { Arrangement } from "./accumulate.ts";
import type { Emitter } from "./emitter.ts";
import { indexAlgebra, laneAccess, placeKey, type Index } from "./index.ts";
import type { Expression, Statement, Target } from "./kernel.ts";
import type { Lane } from "./leaf.ts";
import { planRegisters, type Kept, type KeptElements, type RowLoops } from "./registers.ts";
import type { Rows } from "./rows.ts";
import type { Register } from "./scope.ts";

/** The loops of one kernel. */
export interface ElementLoops {
  /** The variable that counts elements. */
  readonly variable: string;
  /** The index of the element that a loop is at, as a value with an element for each sees it. */
  indexOf(value: Value): readonly Index[];
  /** The variable that steps by four, where lanes take four elements at a time: this one, or that of rows. */
  readonly lane: Lane | undefined;
  registerOf(value: Value, place: string): Register | undefined;
  /** Declares what all loops need. */
  writeHead(emitter: Emitter): void;
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
  /** Where elements may lie until the last loop writes results, each to the place of the element that it is made from. */
  readonly result: Target | undefined;
  /** The index of an element as a value sees it, from that in the space of the rows; undefined for a value that has fewer. */
  indexOf(value: Value, index: readonly Index[]): readonly Index[] | undefined;
  isKnown(value: Value): boolean;
  hint(value: Value): string;
}

interface Held extends Register {
  readonly kept: Kept;
}

/** The loops of a kernel, and what is kept between them. */
export function planElementLoops(plan: ElementPlan): ElementLoops {
  const { rows, arrangement, namer, hint } = plan;
  const { length } = rows;
  const { lanes, width, tall } = arrangement;
  // As many elements as lanes take at a time, or fewer: there is no loop.
  const turns = typeof length === "number" ? Math.ceil(length / (lanes * width)) : Infinity;
  const isFull = length === lanes * turns * width;
  const variable = length === 1 ? "0u" : turns === 1 && width === 1 ? "lane" : "position";
  const index = rows.at(variable);
  const indexOf = (value: Value): readonly Index[] => plan.indexOf(value, index)!;
  const inFours = width === 4 ? { variable, extent: length } : undefined;
  const lane = tall === 4 ? { variable: "row", extent: rows.rowCount } : inFours;
  const { inRegisters, inResult } = planKept(plan, { index, variable, turns: turns * width * tall, lane });
  const hold = (kept: Kept, textOf: (name: string) => string): Held => {
    const text = textOf(identifier(hint(kept.value)));
    const expression = { tag: "name", text, dtype: kept.value.type.dtype, lanes: lane ? 4 : 1 } as const;
    return { kept, filled: false, isDeclared: turns > 1 || !isFull, needsName: false, expression };
  };
  const place = lanes * width === 1 ? variable : "turn";
  const current = { loop: 0 };
  const held = inRegisters.map((kept): Held => {
    const register = hold(kept, (name) => (turns > 1 ? `${namer(`${name}_kept`)}[${place}]` : namer(name)));
    return {
      ...register,
      // What fills it reads it as well.
      get needsName() {
        return turns > 1 && (current.loop === kept.loop || kept.again.has(current.loop));
      },
    };
  });
  const memory = plan.result && { target: plan.result, index: inMemory(plan.result, indexOf) };
  const written = inResult && { ...hold(inResult, namer), isDeclared: false, memory };
  const registers: readonly Held[] = written ? [...held, written] : held;
  let operations = 0;
  const end = extentText(length);
  return {
    ...{ indexOf, variable, lane },
    registerOf: (value, place) => registers.find(({ kept }) => kept.value === value && kept.place === place),
    operations: () => operations,
    writeHead(emitter) {
      if (turns === 1 && width === 4) emitter.push(line(`let position = ${firstPlace(arrangement)};`));
    },
    write(loop, emitter, action, conditions = []) {
      current.loop = loop;
      const loopText = emitter.loop(variable, action);
      operations += loopText.operations;
      for (const { kept, expression, isDeclared } of registers) {
        if (kept.loop === loop && isDeclared) emitter.push(line(declaration(expression, turns)));
      }
      if (turns === 1) {
        return pushGuarded([...conditions, ...(isFull ? [] : [`${variable} < ${end}`])], loopText.body, emitter);
      }
      const counted = held.length > 0 && lanes * width > 1;
      const { head, start } = counted ? loopOfTurns(arrangement, turns, end, isFull) : loopOfPlaces(arrangement, end);
      pushGuarded(conditions, [{ tag: "block", head, body: [...start, ...loopText.body] }], emitter);
    },
  };
}

const line = (text: string): Statement => ({ tag: "line", text });

/** What loops keep; lengths that are not bound yet keep nothing. */
function planKept(
  { needs, isKnown, result, indexOf }: ElementPlan,
  loops: Pick<RowLoops, "variable" | "turns"> & { readonly index: readonly Index[]; readonly lane: Lane | undefined },
): KeptElements {
  const { index, lane } = loops;
  const needed = (value: Value): readonly Index[] => indexOf(value, index)!;
  if (!Number.isFinite(loops.turns)) return { inRegisters: [] };
  const isSideBySide = !result || !lane || laneAccess(inMemory(result, needed), lane.variable) === "contiguous";
  const isAtPlace = ({ value, place }: Kept): boolean => {
    const own = indexOf(value, index);
    return own !== undefined && place === placeKey(own);
  };
  return planRegisters(
    { ...loops, needs, indexOf: needed, isKnown },
    (kept) => result !== undefined && isSideBySide && isAtPlace(kept) && kept.value.type.dtype === "f32",
  );
}

/** Where an element of a result lies. */
const inMemory = ({ value }: Target, indexOf: ElementLoops["indexOf"]): Index =>
  joinIndex(indexOf(value), value.type.shape, indexAlgebra);

/** Where a lane begins. */
function firstPlace({ lanes, width }: Arrangement): string {
  if (lanes === 1) return "0u";
  return width === 1 ? "lane" : `lane * ${width}u`;
}

interface Head {
  readonly head: string;
  readonly start: readonly Statement[];
}

/** A loop that only counts places along the row. */
function loopOfPlaces(arrangement: Arrangement, end: string): Head {
  const step = arrangement.lanes * arrangement.width;
  const next = step === 1 ? "position++" : `position += ${step}u`;
  return { head: `for (var position = ${firstPlace(arrangement)}; position < ${end}; ${next})`, start: [] };
}

/** A loop whose turns count registers. */
function loopOfTurns(arrangement: Arrangement, turns: number, end: string, isFull: boolean): Head {
  const { lanes, width } = arrangement;
  const place = `turn * ${lanes * width}u${lanes === 1 ? "" : ` + ${firstPlace(arrangement)}`}`;
  const stop = isFull ? [] : [line(`if (position >= ${end}) { break; }`)];
  return {
    head: `for (var turn = 0u; turn < ${turns}u; turn++)`,
    start: [line(`let position = ${place};`), ...stop],
  };
}

function declaration({ text, dtype, lanes }: Expression & { readonly tag: "name" }, turns: number): string {
  const type = wgslType(dtype, lanes);
  return turns === 1 ? `var ${text}: ${type};` : `var ${text.replace(/\[.*/, "")}: array<${type}, ${turns}>;`;
}

/** Writes statements where all conditions hold. */
export function pushGuarded(conditions: readonly string[], body: readonly Statement[], emitter: Emitter): void {
  if (conditions.length === 0) body.forEach((statement) => emitter.push(statement));
  else emitter.push({ tag: "block", head: `if (${conditions.join(" && ")})`, body });
}
