/// The symbolic engine's part of the catalogue.
import { defineError } from "../../ir/diagnostic.ts";

export const rewriteUnsettled = defineError(
  "rewrite-unsettled",
  "Simplification comes to an end. That it does not is a mistake in the compiler, not in the model.",
  (rule: string, identity: string, firings: number) => ({
    message: `rewriting must settle: rule "${rule}" (${identity}) fired ${firings} times without an end`,
    help: "please report this model as a bug",
  }),
);

export const rewriteType = defineError(
  "rewrite-type",
  "A rewrite keeps element type and shape. That it does not is a mistake in the compiler, not in the model.",
  (rule: string, before: string, after: string) => ({
    message: `a rewrite must keep the type: rule "${rule}" made ${after} from ${before}`,
    help: "please report this model as a bug",
  }),
);
