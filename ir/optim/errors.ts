/// The part of the catalogue about optimizers.
import { defineError } from "../diagnostic.ts";

export const lossScaleRange = defineError(
  "loss-scale",
  "A loss is scaled by a positive number, and doubled after at least one step.",
  (option: string, found: number) => ({
    message: `${option} must be a positive number: found ${found}`,
    help: "a power of two such as 1024 costs no digits; {} finds its own size",
  }),
);
