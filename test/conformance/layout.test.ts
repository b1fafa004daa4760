import { layout } from "./operators/layout.ts";
import { shaping } from "./operators/shaping.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("layout", layout);
conformance("shaping", shaping);
