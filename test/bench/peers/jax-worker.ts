import { serve } from "../worker.ts";
import { polyfillIterators } from "./iterators.ts";
import { jax } from "./jax.ts";

polyfillIterators();
serve(jax);
