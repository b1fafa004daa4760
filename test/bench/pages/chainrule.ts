/// chainrule in a page: the module that the compiler generated, loaded as its users do.
import type { LoadOptions } from "chainrule/runtime";
import { sessionOf, type Module } from "../chainrule-session.ts";
import type { PageContender } from "./page.ts";

type Create = (options: LoadOptions) => Promise<Module>;

/** Starts from the task's numbers. */
export const withNumbers =
  (create: Create): PageContender =>
  async (task, numbers, onProgress) =>
    sessionOf(await create({ params: numbers.parameters, onProgress }), task, numbers);

/** Draws its first values itself, as a new training does. */
export const withSeed =
  (create: Create): PageContender =>
  async (task, numbers, onProgress) =>
    sessionOf(await create({ onProgress }), task, numbers);
