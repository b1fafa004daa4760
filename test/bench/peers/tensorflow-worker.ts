import { serve } from "../worker.ts";
import { tensorflow } from "./tensorflow.ts";

serve(tensorflow);
