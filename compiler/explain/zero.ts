/// A derivative that is 0: because the loss does not read the target, or because of what stands between that has none.
import { placeText } from "../../ir/diagnostic.ts";
import type { Graph } from "../../ir/graph.ts";
import { constantValue, letter } from "../../ir/ops/leaf.ts";
import { isFloat } from "../../ir/type.ts";
import { postorder, type Value } from "../../ir/value.ts";
import { operandCotangents } from "../autodiff/reverse.ts";
import { valueNamed } from "../passes/stop-at.ts";
import { makeRewriter } from "../rewrite/driver.ts";
import { askedFor } from "./asked.ts";
import type { Row, Section } from "./lines.ts";
import { tidyRules } from "./rules.ts";
import { derivativeName, namesOf } from "./stations.ts";

/** Why ∂loss/∂target is 0 everywhere. */
export function zeroDocument(model: Graph, askedLoss: string, askedTarget: string): readonly Section[] {
  const ofLoss = askedFor(model, askedLoss);
  const { graph, name } = askedFor(ofLoss.graph, askedTarget);
  const [loss, target] = [valueNamed(graph, ofLoss.name), valueNamed(graph, name)];
  const isZero = `${derivativeName({ name: askedLoss }, askedTarget)} = 0: ${askedLoss}`;
  if (!postorder([loss]).includes(target)) return [{ title: `${isZero} does not depend on ${askedTarget}`, rows: [] }];
  const flat = flatBetween(loss, target);
  if (flat.length === 0) return [{ title: `${isZero} has the same value for every ${askedTarget}`, rows: [] }];
  const title = `${isZero} depends on ${askedTarget} only by way of what has derivative 0`;
  return [{ title, rows: flat.map((value) => rowOf(graph, value)) }];
}

function rowOf(graph: Graph, value: Value): Row {
  const { name, place } = graph.notes.get(value) ?? {};
  const names = new Map([...namesOf(graph)].filter(([other]) => other !== value));
  const note = `${value.op.name} has derivative 0${place ? `, ${placeText(place)}` : ""}`;
  return {
    left: name,
    label: name === undefined ? value.op.name : undefined,
    relation: "=",
    right: { value, names },
    note,
  };
}

/** The values at which every way from a target ends before it comes to the loss; none where one comes through. */
function flatBetween(loss: Value, target: Value): readonly Value[] {
  const tidy = makeRewriter(tidyRules);
  const moving = new Set([target]);
  const flat: Value[] = [];
  for (const value of postorder([loss])) {
    const positions = value.operands.flatMap((operand, position) => (moving.has(operand) ? [position] : []));
    if (positions.length === 0 || value === target) continue;
    if (positions.some((position) => handsBack(value, position, tidy))) moving.add(value);
    else flat.push(value);
  }
  return moving.has(loss) ? [] : flat;
}

/** Whether a value has a derivative with respect to one of its operands. */
function handsBack(value: Value, position: number, tidy: (part: Value) => Value): boolean {
  if (!isFloat(value.type.dtype) || !isFloat(value.operands[position].type.dtype)) return false;
  // Loops and derivatives have rules of their own.
  if (value.op.kind === "scan" || value.op.kind === "derivative") return true;
  const part = operandCotangents(value, letter(value.type), (each) => each === position)[position];
  return part !== null && constantValue(tidy(part)) !== 0;
}
