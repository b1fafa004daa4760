import { linear } from "./operators/linear.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("linear", linear);
