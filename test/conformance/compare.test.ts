import { comparisons } from "./operators/compare.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("comparisons", comparisons);
