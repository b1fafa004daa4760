import { indexing } from "./operators/indexing.ts";
import { ordering } from "./operators/ordering.ts";
import { selecting } from "./operators/selecting.ts";
import { conformance } from "./opinfo/suite.ts";

conformance("indexing", indexing);
conformance("selecting", selecting);
conformance("ordering", ordering);
