import { arithmetic } from "./operators/arithmetic.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("arithmetic", arithmetic);
