/// The part of the catalogue about optimizers.
import { defineError } from "../diagnostic.ts";
import { shown } from "../shown.ts";

export const optimizerOption = defineError(
  "optimizer-option",
  "A numeric option of an optimizer is finite in float32 and in its range.",
  (option: string, wanted: string, found: unknown) => ({
    message: `${option} must be ${wanted}: found ${shown(found)}`,
    help:
      option === "learningRate" && (found as number) < 0
        ? "a step goes down the loss: what is to become larger is the loss neg(x)"
        : "left out, it has its default",
  }),
);

export const lossScaleRange = defineError(
  "loss-scale",
  "A loss is scaled by a positive number; a scale that finds its size begins inside its limits.",
  (option: string, wanted: string, found: unknown) => ({
    message: `${option} must be ${wanted}: found ${shown(found)}`,
    help: "a power of two such as 1024 costs no digits; {} starts at 65536 and doubles after 2000 finite steps",
  }),
);
