/// Derivatives of loops are loops. Reverse mode walks back along the carries that forward mode went through; what a step
/// computed on its way is computed again.
import { add } from "../../ir/ops/arithmetic.ts";
import { constant, letter } from "../../ir/ops/leaf.ts";
import { scanBody, scanLetters, scanResult, scanValues, type ScanBody } from "../../ir/ops/scan.ts";
import { isFloat, type TensorType } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";

/** A loop in the making: letters with the operands that they stand for. */
interface Draft {
  readonly body: Pick<ScanBody, "length" | "reverse" | "position" | "next" | "outputs">;
  readonly carries: readonly Bound[];
  readonly elements: readonly Bound[];
  readonly captures: readonly Bound[];
}

type Bound = readonly [letter: Value, operand: Value];

/** The results of a loop; sequences and captures that its body does not use are left out. */
function runDraft({ body, carries, elements, captures }: Draft): ReturnType<typeof scanValues> {
  const used = new Set(postorder([...body.next, ...body.outputs]));
  const kept = [elements, captures].map((bound) => bound.filter(([stand]) => used.has(stand)));
  const [ownElements, ownCaptures] = kept;
  const lettersOf = (bound: readonly Bound[]): readonly Value[] => bound.map(([stand]) => stand);
  const closed: ScanBody = {
    ...body,
    identity: {},
    carries: lettersOf(carries),
    elements: lettersOf(ownElements),
    captures: lettersOf(ownCaptures),
  };
  return scanValues(
    closed,
    [...carries, ...ownElements, ...ownCaptures].map(([, operand]) => operand),
  );
}

/** Operands of a loop by the letters that they are bound to. */
function boundOperands(body: ScanBody, operands: readonly Value[]) {
  const bound = scanLetters(body).map((each, place): Bound => [each, operands[place]]);
  const [first, second] = [body.carries.length, body.carries.length + body.elements.length];
  return { carries: bound.slice(0, first), elements: bound.slice(first, second), captures: bound.slice(second) };
}

const zerosOf = ({ dtype, shape }: TensorType): Value => constant(0, dtype, shape);
const zeros = ({ type }: Value): Value => zerosOf(type);

/** Gradients of ⟨values, cotangents⟩ with respect to targets: reverse mode from several ends at once. */
export type PullBack = (
  ends: readonly Bound[],
  targets: readonly Value[],
  /** Carries, and the letters in which their cotangents come from the step after. */
  carried: readonly Bound[],
) => readonly Value[];

/**
 * The cotangents of a loop's operands from those of its results. A step's carries were kept as histories; the cotangents
 * of carries go from step to step, those of captures add up.
 */
export function scanCotangents(
  value: Value,
  cotangentOf: (result: Value) => Value | undefined,
  wanted: (position: number) => boolean,
  pullBack: PullBack,
): readonly (Value | null)[] {
  const body = scanBody(value.attrs);
  const { carries, elements, captures } = boundOperands(body, value.operands);
  const forward = scanValues(body, value.operands);
  const places = new Map(scanLetters(body).map((each, place) => [each, place]));
  const isWanted = ([stand]: Bound): boolean => isFloat(stand.type.dtype) && wanted(places.get(stand)!);
  const moving = carries
    .map((bound, index) => ({ bound, index }))
    .filter(({ bound: [stand] }) => isFloat(stand.type.dtype));
  const ends: Bound[] = [];
  const incoming: Bound[] = [];
  const states = moving.map(({ bound: [stand], index }): Bound => {
    const arriving = letter(stand.type);
    ends.push([body.next[index], arriving]);
    return [arriving, cotangentOf(forward.carry(index)) ?? zeros(stand)];
  });
  body.outputs.forEach((output, index) => {
    const cotangent = cotangentOf(forward.output(index));
    if (!cotangent) return;
    const arriving = letter(output.type);
    ends.push([output, arriving]);
    incoming.push([arriving, cotangent]);
  });
  const ownElements = elements.filter(isWanted);
  const ownCaptures = captures.filter(isWanted);
  const targets = [...moving.map(({ bound }) => bound), ...ownElements, ...ownCaptures].map(([stand]) => stand);
  const carried = moving.map(({ bound: [stand] }, i): Bound => [stand, states[i][0]]);
  const gradients = pullBack(ends, targets, carried);
  const sums = ownCaptures.map(([stand]): Bound => [letter(stand.type), zeros(stand)]);
  const next = moving.map(({ bound: [stand], index }, i) => {
    const kept = cotangentOf(forward.history(index));
    if (!kept) return gradients[i];
    const arriving = letter(stand.type);
    incoming.push([arriving, kept]);
    return add(gradients[i], arriving);
  });
  const fromElements = gradients.slice(moving.length, moving.length + ownElements.length);
  const fromCaptures = gradients.slice(moving.length + ownElements.length);
  const results = runDraft({
    body: {
      ...{ length: body.length, reverse: !body.reverse, position: body.position, outputs: fromElements },
      next: [...next, ...sums.map(([sum], i) => add(sum, fromCaptures[i]))],
    },
    carries: [...states, ...sums],
    elements: [...carries.map(([stand], index): Bound => [stand, forward.history(index)]), ...elements, ...incoming],
    captures,
  });
  const found = new Map<Value, Value>();
  moving.forEach(({ bound: [stand] }, i) => found.set(stand, results.carry(i)));
  ownElements.forEach(([stand], i) => found.set(stand, results.output(i)));
  ownCaptures.forEach(([stand], i) => found.set(stand, results.carry(moving.length + i)));
  return scanLetters(body).map((each) => found.get(each) ?? null);
}

/** The tangent of a value from those of letters; undefined where it does not move. */
export type Push = (value: Value, moved: readonly Bound[]) => Value;

/** Hears of the letter in a loop that stands for the tangent of another. */
export type NoteTangent = (tangent: Value, of: Value) => void;

/** Tangents of a loop's results: the loop with tangents beside its carries. Gives the tangent of each result by its value. */
export function scanTangents(
  value: Value,
  tangents: readonly (Value | undefined)[],
  push: Push,
  note?: NoteTangent,
): (result: Value) => Value {
  const body = scanBody(value.attrs);
  const { carries, elements, captures } = boundOperands(body, value.operands);
  const letters = scanLetters(body);
  const moved: Bound[] = [];
  const beside = (bound: readonly Bound[], always: boolean): readonly Bound[] =>
    bound.flatMap(([stand]): Bound[] => {
      const tangent = tangents[letters.indexOf(stand)];
      if (!isFloat(stand.type.dtype) || !(tangent || always)) return [];
      const own = letter(stand.type);
      moved.push([stand, own]);
      note?.(own, stand);
      return [[own, tangent ?? zerosOf(operandType(stand))]];
    });
  const operandType = (stand: Value): Value["type"] => value.operands[letters.indexOf(stand)].type;
  const besideCarries = beside(carries, true);
  const besideElements = beside(elements, false);
  const besideCaptures = beside(captures, false);
  const floatCarries = body.carries.flatMap((stand, index) => (isFloat(stand.type.dtype) ? [index] : []));
  const floatOutputs = body.outputs.flatMap((output, index) => (isFloat(output.type.dtype) ? [index] : []));
  const results = runDraft({
    body: {
      ...{ length: body.length, reverse: body.reverse, position: body.position },
      next: [...body.next, ...floatCarries.map((index) => push(body.next[index], moved))],
      outputs: floatOutputs.map((index) => push(body.outputs[index], moved)),
    },
    carries: [...carries, ...besideCarries],
    elements: [...elements, ...besideElements],
    captures: [...captures, ...besideCaptures],
  });
  return (result) => {
    const { tag, index } = scanResult(result.attrs);
    if (tag === "output") return results.output(floatOutputs.indexOf(index));
    const place = body.carries.length + floatCarries.indexOf(index);
    return tag === "carry" ? results.carry(place) : results.history(place);
  };
}
