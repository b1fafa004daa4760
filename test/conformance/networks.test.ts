import { activations } from "./operators/activations.ts";
import { losses } from "./operators/losses.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("activations", activations);
conformance("losses", losses);
