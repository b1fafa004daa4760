import { functions } from "./operators/functions.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("functions", functions);
