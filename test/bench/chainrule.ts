/// chainrule as a contender: the program that the compiler wrote, loaded by the runtime.
import { readFileSync } from "node:fs";
import { load, type Program } from "chainrule/runtime";
import { auto } from "chainrule/tuning";
import { sessionOf, type Module } from "./chainrule-session.ts";
import type { Contender } from "./contender.ts";

/** Loads the program of a task. */
export const chainrule: Contender = async (task, numbers) => {
  const program = JSON.parse(readFileSync(task.program, "utf8")) as Program;
  const params = numbers.parameters;
  return sessionOf(await load<Module>(program, { params, variants: auto }), task, numbers);
};
