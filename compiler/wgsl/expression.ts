/// Expressions of the Kernel IR as WGSL text. Parentheses are decided here and nowhere else.
import { dimTerms, type Dim } from "../../ir/dim.ts";
import { wgslType } from "../../ir/ops/define.ts";
import type { DType } from "../../ir/type.ts";
import type { Conjunct } from "../lower/condition.ts";
import { indexAlgebra, constantIndex, type Index } from "../lower/index.ts";
import type { ElementwiseOp, Value } from "../../ir/value.ts";
import type { Expression, Lanes } from "../lower/kernel.ts";
import { readHalf, readHalves } from "./halves.ts";

/** The variable that holds a tensor. */
export interface Binding {
  readonly name: string;
  /** True for an array of vec4. */
  readonly isVector: boolean;
  /** True for halves, four to an element of the array. */
  readonly isHalf?: boolean;
  /** The constant that says where the tensor begins, in elements of the array; absent where it is all of it. */
  readonly start?: string;
}

/** How the tensors of a kernel are bound. */
export interface BindingView {
  binding(tensor: Value): Binding;
  settingName(expression: Expression & { tag: "setting" }): string;
}

const arithmetic = new Set(["add", "sub", "mul", "div"]);

/** The expression as text, without parentheses around it. */
export function expressionText(expression: Expression, view: BindingView): string {
  switch (expression.tag) {
    case "name":
      return expression.text;
    case "literal":
      return splat(literalText(expression.value, expression.dtype), expression);
    case "extent":
      return `${expression.dtype}(${extentText(expression.extent)})`;
    case "index":
      return indexValueText(expression);
    case "condition":
      return conditionText(expression.conjuncts);
    case "setting":
      return view.settingName(expression);
    case "load":
      return loadText(expression, view);
    case "splat":
      return `${wgslType(expression.dtype, 4)}(${expressionText(expression.operand, view)})`;
    case "vector":
      return vectorText(
        expression.dtype,
        expression.parts.map((part) => expressionText(part, view)),
      );
    case "call":
      return callText(
        expression.name,
        expression.operands.map((operand) => expressionText(operand, view)),
      );
    case "apply":
      return applyText(expression, view);
    default:
      return expression satisfies never;
  }
}

function applyText(expression: Expression & { tag: "apply" }, view: BindingView): string {
  const { op, operands, dtype, lanes } = expression;
  // WGSL mixes vectors with scalars in + - * / only; elsewhere scalars are repeated.
  const mixes = arithmetic.has(op.name) && dtype === "f32" && operands.some((operand) => operand.lanes === lanes);
  const texts = operands.map((operand, position) => {
    const text = expressionText(operand, view);
    if (operand.lanes !== lanes && !mixes) return `${wgslType(operand.dtype, lanes)}(${text})`;
    // Inside a call no parentheses are needed; between operators they follow precedence.
    return (op.notation ?? op.infix) && !bindsTighter(operand, op, position) ? primary(text) : text;
  });
  return op.wgsl(texts, { result: dtype, operands: operands.map((operand) => operand.dtype), lanes });
}

/** True for an operand of + - * / that is itself a product, quotient or sum which needs no parentheses there. */
function bindsTighter(operand: Expression, { notation, name }: ElementwiseOp, position: number): boolean {
  if (operand.tag === "literal") return position === 0 && arithmetic.has(name);
  if (operand.tag !== "apply" || !arithmetic.has(operand.op.name) || !arithmetic.has(name)) return false;
  const inner = operand.op.notation!.precedence;
  return position === 0 ? inner >= notation!.precedence : inner > notation!.precedence;
}

function splat(text: string, { dtype, lanes }: { readonly dtype: DType; readonly lanes: Lanes }): string {
  return lanes === 4 ? `${wgslType(dtype, 4)}(${text})` : text;
}

function loadText(load: Expression & { tag: "load" }, view: BindingView): string {
  const binding = view.binding(load.tensor);
  const wrap = (text: string): string => (load.dtype === "bool" ? `${primary(text)} != 0u` : text);
  if (load.lanes === 1) return wrap(elementText(binding, load.index));
  if (binding.isHalf) return `${readHalves}(${fourText(binding, load.index)})`;
  if (binding.isVector) {
    const text = fourText(binding, load.index);
    return load.dtype === "bool" ? `${text} != vec4<u32>(0u)` : text;
  }
  const parts = [0, 1, 2, 3].map((lane) => {
    return wrap(elementText(binding, indexAlgebra.add(load.index, constantIndex(lane))));
  });
  return vectorText(load.dtype, parts);
}

/** One element of a tensor. */
export function elementText(binding: Binding, index: Index): string {
  if (binding.isHalf) {
    const word = indexText(indexAlgebra.remainder(indexAlgebra.divide(index, 2), 2));
    return `${readHalf}(${fourText(binding, index)}[${word}], ${indexText(indexAlgebra.remainder(index, 2))})`;
  }
  if (!binding.isVector) return `${binding.name}[${placeText(binding, index)}]`;
  return `${fourText(binding, index)}[${indexText(indexAlgebra.remainder(index, 4))}]`;
}

/** Four elements of a tensor that is an array of vec4, or the words of four halves. */
export function fourText(binding: Binding, index: Index): string {
  return `${binding.name}[${placeText(binding, indexAlgebra.divide(index, 4))}]`;
}

function placeText({ start }: Binding, index: Index): string {
  const text = indexText(index);
  return start === undefined ? text : text === "0u" ? start : `${start} + ${text}`;
}

function vectorText(dtype: DType, parts: readonly string[]): string {
  return callText(wgslType(dtype, 4), parts);
}

/** Arguments in one line, or in a line each where that would be long. */
function callText(name: string, parts: readonly string[]): string {
  const line = parts.join(", ");
  if (line.length < 90 || parts.length === 1) return `${name}(${line})`;
  return `${name}(\n  ${parts.map((part) => part.replaceAll("\n", "\n  ")).join(",\n  ")},\n)`;
}

function indexValueText({ index, dtype, lanes, access }: Expression & { tag: "index" }): string {
  const first = dtype === "u32" ? indexText(index) : `${dtype}(${indexText(index)})`;
  if (lanes === 1) return first;
  const lanesText = ["0", "1", "2", "3"].map((lane) => (dtype === "f32" ? `${lane}.0` : lane)).join(", ");
  const all = `${wgslType(dtype, 4)}(${first})`;
  return access === "uniform" ? all : `${all} + ${wgslType(dtype, 4)}(${lanesText})`;
}

/** An index as a u32 expression; what is taken away stands last, so that nothing is negative on the way where it can. */
export function indexText(index: Index): string {
  const added: string[] = [];
  const taken: string[] = [];
  for (const { atom, coefficient } of index.terms) {
    const isMinus = typeof coefficient === "number" && coefficient < 0;
    (isMinus ? taken : added).push(termText(atomText(atom), isMinus ? -coefficient : coefficient));
  }
  const { constant } = index;
  const isMinus = typeof constant === "number" && constant < 0;
  if (isMinus) taken.push(extentText(-constant));
  else if (constant !== 0 || added.length === 0) added.push(extentText(constant));
  if (added.length === 0) added.push("0u");
  return [added.join(" + "), ...taken].join(" - ");
}

function atomText(atom: Index["terms"][number]["atom"]): string {
  if (atom.tag === "variable") return atom.name;
  return `${primary(indexText(atom.operand))} ${atom.tag === "divide" ? "/" : "%"} ${primary(extentText(atom.by))}`;
}

function termText(atom: string, coefficient: Dim): string {
  return coefficient === 1 ? atom : `${primary(atom)} * ${primary(extentText(coefficient))}`;
}

/**
 * A condition on indices. One comparison checks both ends: what would be negative is huge as a u32. Joined by `&`, since
 * `&&` is a branch, and SwiftShader takes minutes to compile a few hundred of them.
 */
export function conditionText(conjuncts: readonly Conjunct[]): string {
  const texts = conjuncts.map(({ tag, index, by }) => {
    const text = indexText(index);
    if (tag === "within") return `${text} < ${extentText(by)}`;
    return `${primary(text)} % ${primary(extentText(by))} == 0u`;
  });
  return texts.length === 1 ? texts[0] : texts.map((text) => `(${text})`).join(" & ");
}

/** A size as a u32 expression: a literal, or a polynomial in fields of the uniform `sizes`. */
export function extentText(extent: Dim): string {
  if (typeof extent === "number") return `${extent}u`;
  return dimTerms(extent)
    .map(({ coefficient, names }, position) => {
      const factors = names.map((name) => `sizes.${name}`);
      const size = Math.abs(coefficient);
      const text = [...(size === 1 && factors.length > 0 ? [] : [`${size}u`]), ...factors].join(" * ");
      return (position === 0 ? (coefficient < 0 ? "0u - " : "") : coefficient < 0 ? " - " : " + ") + text;
    })
    .join("");
}

/** The last index within an extent. */
export function lastText(extent: Dim): string {
  return typeof extent === "number" ? `${extent - 1}u` : `${extentText(extent)} - 1u`;
}

/** A number in WGSL. Non-finite ones have no literal: kernels hold them in variables. */
export function literalText(value: number, dtype: DType): string {
  if (dtype === "bool") return value ? "true" : "false";
  // 2147483648 is no i32, so neither is its negation.
  if (dtype === "i32") return value === -2147483648 ? "i32(-2147483647 - 1)" : `${value}`;
  if (dtype === "u32") return value === 0xffffffff ? "0xffffffffu" : `${value}u`;
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-infinity" : "infinity";
  const text = shortestFloat32(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const largestFloat32 = 3.4028234663852886e38;

/** The shortest decimal that reads back as the same float32. */
function shortestFloat32(value: number): string {
  const exact = Math.fround(value);
  for (let digits = 1; digits <= 9; digits++) {
    const text = exact.toPrecision(digits);
    // WGSL refuses a literal beyond the largest float32, even where it would round to it.
    if (Math.fround(Number(text)) === exact && Math.abs(Number(text)) <= largestFloat32) return `${Number(text)}`;
  }
  return `${exact}`;
}

/** The text, in parentheses unless it is a name, a literal, a call or an element access. */
export function primary(text: string): string {
  return isPrimary(text) ? text : `(${text})`;
}

/** A number, or one token followed by nothing but bracketed groups and member accesses. */
function isPrimary(text: string): boolean {
  if (/^[\w.]*$/.test(text) || /^[\d.]+(e-?\d+)?$/.test(text)) return true;
  const open: string[] = [];
  for (const { 0: character, index } of text.matchAll(/[^\w.]/g)) {
    // A `<` right after a name opens the parameters of a type; comparisons have spaces around them.
    const opens = "([".includes(character) || (character === "<" && /\w/.test(text.slice(index - 1, index)));
    const closes = ")]".includes(character) || (character === ">" && open.at(-1) === "<");
    if (opens) open.push(character);
    else if (closes) open.pop();
    else if (open.length === 0) return false;
  }
  return true;
}
