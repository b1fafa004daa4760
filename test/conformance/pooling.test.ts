import { convolutions } from "./operators/convolution.ts";
import { poolings } from "./operators/pooling.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("convolutions", convolutions);
conformance("poolings", poolings);
