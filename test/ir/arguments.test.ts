/// Wrong arguments, as programs without types give them: every function refuses them itself, and says what it wants.
import * as chainrule from "chainrule";
import { CompileError, input, model, randomKey } from "chainrule";
import { expect, test } from "vitest";
import { rightful, type Kind } from "./argument-kinds.ts";
import { calls } from "./calls.ts";

/** What is given in the place of each argument in turn. */
const pool: Readonly<Record<string, () => unknown>> = {
  undefined: () => undefined,
  null: () => null,
  '"text"': () => "text",
  "{}": () => ({}),
  "{ axis: 0 }": () => ({ axis: 0 }),
  NaN: () => NaN,
  "-1": () => -1,
  "1.5": () => 1.5,
  "3": () => 3,
  "99": () => 99,
  true: () => true,
  "[]": () => [],
  "[0]": () => [0],
  "[null]": () => [null],
  tensor: () => input("other", "f32", [2, 3]),
  "[tensor]": () => [input("other", "f32", [2, 3])],
  function: () => () => 1,
  map: () => new Map(),
  key: () => randomKey(),
  graph: () => model("graph", () => ({ run: { o: input("i", "f32", []) } })),
};

/** All but what errors are caught and shown with. */
const functions = Object.entries(chainrule).flatMap(([name, value]) =>
  typeof value === "function" && !["CompileError", "renderError"].includes(name) ? [name] : [],
);

/** What a call throws, with another argument at one place. */
function refusal(name: string, at?: number, other?: string): unknown {
  const { call, given } = calls[name];
  let thrown: unknown;
  model("m", () => {
    const made = given.map(([, make], place) => (place === at ? pool[other!]() : make()));
    try {
      call(...made);
    } catch (error) {
      thrown = error;
    }
    return { run: { one: input("one", "f32", []) } };
  });
  return thrown;
}

function isRight(kind: Kind, other: string): boolean {
  const own: readonly string[] = rightful[kind.replace("?", "") as keyof typeof rightful];
  return own.includes(other) || (kind.endsWith("?") && other === "undefined");
}

test("every exported function has a call", () => {
  expect(Object.keys(calls).toSorted()).toEqual(functions.toSorted());
});

test.each(functions)("%s refuses what it cannot work with", (name) => {
  expect(refusal(name)).toBeUndefined();
  const wrong = calls[name].given.flatMap(([kind], at) =>
    Object.keys(pool).flatMap((other) => {
      const thrown = refusal(name, at, other);
      return thrown instanceof CompileError || (thrown === undefined && isRight(kind, other))
        ? []
        : [
            `argument ${at}, of kind ${kind}: ${other} ${thrown === undefined ? "is taken" : `gives ${String(thrown)}`}`,
          ];
    }),
  );
  expect(wrong).toEqual([]);
});
