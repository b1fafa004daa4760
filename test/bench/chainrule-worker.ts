import { chainrule } from "./chainrule.ts";
import { serve } from "./worker.ts";

serve(() => Promise.resolve(chainrule));
