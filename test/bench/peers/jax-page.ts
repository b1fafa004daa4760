import type { PageContender } from "../pages/page.ts";
import { importJax } from "./jax.ts";

/** jax-js in a page: the library is there once this module is. */
export const open: PageContender = await importJax();
