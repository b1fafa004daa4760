import { norms } from "./operators/norms.ts";
import { resamplings } from "./operators/resampling.ts";
import { sampling } from "./operators/sampling.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("norms", norms);
conformance("resamplings", resamplings);
conformance("sampling", sampling);
