import { serve } from "../worker.ts";
import { polyfillIterators } from "./iterators.ts";
import { importJax } from "./jax.ts";

polyfillIterators();
serve(importJax);
