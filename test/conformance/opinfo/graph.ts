/// One case as an entry point: the operator's results, their gradients, and gradients of these.
import { grad, mul, sum, add, cast, constant, type Value } from "chainrule";
import { Call, Inputs, isValue, shapeOf, type Mapping } from "./call.ts";
import { countOf, type Case, type Recording, type StoredTensor } from "./data.ts";

/** A result of a case: what it is called, its value, and what PyTorch found. */
export interface Result {
  readonly name: string;
  readonly value: Value;
  readonly stored: StoredTensor;
}

/** The graph of a case: results with elements; those without are checked by their shape alone. */
export interface CaseGraph {
  readonly results: readonly Result[];
  readonly data: Inputs["data"];
}

const dtypes = { f32: "f32", i32: "i32", u8: "bool" } as const;

/** Builds the case within a model. Throws where shapes or types are not PyTorch's. */
export function buildCase(mapping: Mapping, each: Case, recording: Recording): CaseGraph {
  const inputs = new Inputs(`case${each.i}`, recording);
  const call = new Call(mapping.parameters, each, inputs);
  const built = mapping.build(call);
  const outputs = isValue(built) ? [built] : built;
  if (outputs.length !== each.out.length) throw new Error(`${outputs.length} results, PyTorch has ${each.out.length}`);
  const results = each.out.map((stored, k) => result(`out${k}`, outputs[k], stored));
  if (each.dy && each.grads) results.push(...gradients(each, outputs, inputs));
  return { results: results.filter(({ stored }) => countOf(stored.s) > 0), data: inputs.data };
}

function gradients(each: Case, outputs: readonly Value[], inputs: Inputs): readonly Result[] {
  const variables = [...inputs.differentiable];
  const cotangents = each.dy!.map((stored) => inputs.stored(stored));
  const loss = pairing(
    each.dyOf!.map((position) => outputs[position]),
    cotangents,
  );
  const first = variables.map((variable) => derivative(loss, variable));
  const results = each.grads!.map((stored, k) => result(`grads${k}`, first[k], stored));
  if (!each.gg) return results;
  const { of, v, dInputs, dDy } = each.gg;
  const second = pairing(
    of.map((position) => first[position]),
    v.map((stored) => inputs.stored(stored)),
  );
  return [
    ...results,
    ...dInputs.map((stored, k) => result(`gg.dInputs${k}`, derivative(second, variables[k]), stored)),
    ...dDy.map((stored, k) => result(`gg.dDy${k}`, derivative(second, cotangents[k]), stored)),
  ];
}

/** Σ ⟨a, b⟩ over pairs; a tensor without elements adds nothing. */
function pairing(left: readonly Value[], right: readonly Value[]): Value {
  return left.reduce<Value>(
    (total, value, k) => (countOf(shapeOf(value)) === 0 ? total : add(total, sum(mul(value, right[k])))),
    constant(0),
  );
}

/** A tensor without elements is a constant, and its gradient has no elements either. */
function derivative(loss: Value, variable: Value): Value {
  return countOf(shapeOf(variable)) === 0 ? variable : grad(loss, variable);
}

function result(name: string, value: Value, stored: StoredTensor): Result {
  const shape = shapeOf(value);
  if (shape.join() !== stored.s.join())
    throw new Error(`${name} is [${shape.join()}], PyTorch has [${stored.s.join()}]`);
  const wanted = dtypes[stored.t];
  const numeric = value.type.dtype === "u32" ? cast(value, "i32") : value;
  if (numeric.type.dtype !== wanted) throw new Error(`${name} is ${value.type.dtype}, PyTorch has ${wanted}`);
  return { name, value: numeric, stored };
}
