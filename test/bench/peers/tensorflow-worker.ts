import { serve } from "../worker.ts";
import { importTensorFlow } from "./tensorflow.ts";

serve(importTensorFlow);
