/// Values that a rule rewrites: from the text of an identity, or as they are written down for rules that are functions.
import { instantiate, type Bindings } from "../../../compiler/rewrite/match.ts";
import { parseIdentity } from "../../../compiler/rewrite/parse-identity.ts";
import type { Pattern } from "../../../compiler/rewrite/pattern.ts";
import type { Rule, Surroundings } from "../../../compiler/rewrite/rule.ts";
import { inputOp } from "../../../ir/ops/leaf.ts";
import type { DType, Shape } from "../../../ir/type.ts";
import { apply, postorder, type Attrs, type Value } from "../../../ir/value.ts";
import { functionExamples } from "./examples.ts";
import { readersOf } from "./standardized-examples.ts";

/** Labels are checked, whatever the number of classes: as if the model made one-hots of every input of integers. */
export const surroundings: Surroundings = { uses: readersOf, classes: () => [4] };

/** Of the ways in which operands can have shapes and types, so many are tried. */
const mostExamples = 3;

function leaf(name: string, dtype: DType, shape: Shape): Value {
  return apply(inputOp, [], { identity: { name, dtype, shape } });
}

/** What a letter may stand for, tried in turn. */
const kindsOf = (dtype: DType): readonly ((name: string) => Value)[] => [
  (name) => leaf(name, dtype, [3, 4]),
  (name) => leaf(name, dtype, [3]),
  (name) => leaf(name, "bool", [3, 4]),
];

/** What a letter in brackets may stand for, tried in turn: the second where it means something else next to a sum. */
const attrsOf = (dtype: DType): readonly Readonly<Record<string, Attrs>>[] => {
  const common = {
    a: { axes: [1] },
    b: { shape: [3, 4], axes: [0] },
    p: { permutation: [1, 0] },
    d: { dtype },
    l: { starts: [0, 1], limits: [3, 4], strides: [2, 1] },
    r: { axes: [1] },
  };
  return [
    { ...common, s: { shape: [4, 3] } },
    { ...common, s: { shape: [3, 1] } },
  ];
};

function letters(pattern: Pattern): readonly string[] {
  if (pattern.tag === "variable") return [pattern.name];
  return pattern.tag === "apply" ? [...new Set(pattern.operands.flatMap(letters))] : [];
}

/** Values of this element type that the rule rewrites; none where its ops do not take it. */
export function examplesOf(rule: Rule, dtype: DType = "f32"): readonly Value[] {
  const written = functionExamples.filter(({ name }) => name === rule.name);
  if (written.length > 0) return dtype === "f32" ? written.map(({ value }) => value()) : [];
  return isIdentity(rule) ? generated(rule, dtype) : [];
}

/** False for rules that are functions: their text need not parse. */
function isIdentity(rule: Rule): boolean {
  try {
    parseIdentity(rule.identity);
    return true;
  } catch {
    return false;
  }
}

function generated(rule: Rule, dtype: DType): readonly Value[] {
  const { left } = parseIdentity(rule.identity);
  const names = letters(left);
  const kinds = kindsOf(dtype);
  const found: Value[] = [];
  for (let choice = 0; choice < kinds.length ** names.length && found.length < mostExamples; choice++) {
    const values = Object.fromEntries(
      names.map((name, place) => [name, kinds[Math.floor(choice / kinds.length ** place) % kinds.length](name)]),
    );
    for (const attrs of attrsOf(dtype)) {
      const built = attempt(left, { values, attrs }, dtype);
      if (built && rule.apply(built, surroundings) && found.length < mostExamples) found.push(built);
    }
  }
  return found;
}

function attempt(pattern: Pattern, bindings: Bindings, dtype: DType): Value | undefined {
  try {
    const value = instantiate(pattern, bindings, { dtype, shape: [3, 4] });
    // A permutation of other axes than there are.
    return postorder([value]).some(({ type }) => type.shape.includes(undefined as never)) ? undefined : value;
  } catch {
    return undefined;
  }
}
