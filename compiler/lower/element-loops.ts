/// The loops of a row kernel over the elements of its row: a lane goes over the same elements in each, and keeps in
/// registers what several of them need.
import type { Dim } from "../../ir/dim.ts";
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
import { arrangementOfPart, isInParts, type Rows } from "./rows.ts";
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
  const [{ length }, { width, tall }] = [rows, arrangement];
  const stretch = stretchOf(arrangement, length);
  const { lanes } = stretch.arrangement;
  // As many elements as lanes take at a time, or fewer: there is no loop.
  const turns = typeof stretch.length === "number" ? Math.ceil(stretch.length / (lanes * width)) : Infinity;
  const isFull = stretch.length === lanes * turns * width && isInParts(arrangement);
  const variable = nameOfPlace(arrangement, length, turns);
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
  // A lane alone with a row is at the element whose number it counts.
  const isCounted = lanes * width > 1 || arrangement.parts > 1;
  const place = isCounted ? "turn" : variable;
  const current = { loop: 0, operations: 0 };
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
  return {
    ...{ indexOf, variable, lane },
    registerOf: (value, place) => registers.find(({ kept }) => kept.value === value && kept.place === place),
    operations: () => current.operations,
    writeHead(emitter) {
      if (turns === 1 && variable === "position") emitter.push(line(`let position = ${firstPlace(stretch)};`));
    },
    write(loop, emitter, action, conditions = []) {
      current.loop = loop;
      const loopText = emitter.loop(variable, action);
      current.operations += loopText.operations;
      for (const { kept, expression, isDeclared } of registers) {
        if (kept.loop === loop && isDeclared) emitter.push(line(declaration(expression, turns)));
      }
      if (turns === 1) {
        const within = isFull ? [] : [`${variable} < ${stretch.end}`];
        return pushGuarded([...conditions, ...within], loopText.body, emitter);
      }
      const hasTurns = held.length > 0 && isCounted;
      const { head, start } = hasTurns ? loopOfTurns(stretch, turns, isFull) : loopOfPlaces(stretch);
      pushGuarded(conditions, [{ tag: "block", head, body: [...start, ...loopText.body] }], emitter);
    },
  };
}

const line = (text: string): Statement => ({ tag: "line", text });

/** What counts the elements of a row. */
function nameOfPlace({ width, parts }: Arrangement, length: Dim, turns: number): string {
  if (length === 1) return "0u";
  return turns === 1 && width === 1 && parts === 1 ? "lane" : "position";
}

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

/** What lanes go over together: a row, or a part of one. */
interface Stretch {
  readonly arrangement: Arrangement;
  readonly length: Dim;
  /** Where it begins, as a text; none for a row. */
  readonly start?: string;
  readonly end: string;
}

function stretchOf(arrangement: Arrangement, length: Dim): Stretch {
  const { parts } = arrangement;
  if (parts === 1) return { arrangement, length, end: extentText(length) };
  const part = (length as number) / parts;
  const end = `(part + 1u) * ${part}u`;
  return {
    arrangement: arrangementOfPart(arrangement),
    length: part,
    start: `part * ${part}u`,
    // Lanes beyond the last part begin there.
    end: isInParts(arrangement) ? end : `min(${end}, ${extentText(length)})`,
  };
}

/** Where a lane begins. */
function firstPlace({ arrangement: { lanes, width, lane }, start }: Stretch): string {
  const own = lanes === 1 ? undefined : width === 1 ? lane : `${lane} * ${width}u`;
  return [start, own].filter((part) => part !== undefined).join(" + ") || "0u";
}

interface Head {
  readonly head: string;
  readonly start: readonly Statement[];
}

/** A loop that only counts places along the row. */
function loopOfPlaces(stretch: Stretch): Head {
  const step = stretch.arrangement.lanes * stretch.arrangement.width;
  const next = step === 1 ? "position++" : `position += ${step}u`;
  return { head: `for (var position = ${firstPlace(stretch)}; position < ${stretch.end}; ${next})`, start: [] };
}

/** A loop whose turns count registers. */
function loopOfTurns(stretch: Stretch, turns: number, isFull: boolean): Head {
  const { lanes, width } = stretch.arrangement;
  const first = firstPlace(stretch);
  const place = `turn * ${lanes * width}u${first === "0u" ? "" : ` + ${first}`}`;
  const stop = isFull ? [] : [line(`if (position >= ${stretch.end}) { break; }`)];
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
