import { reductions } from "./operators/reductions.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("reductions", reductions);
