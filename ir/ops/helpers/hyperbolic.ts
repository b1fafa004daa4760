/// Hyperbolic functions and their inverses in WGSL. Coefficients are Moshier's (Cephes, single precision).
import type { HelperFunction } from "../../value.ts";
import { expHelper, lnHelper, log1pHelper } from "./exponential.ts";

const f32 = { x: "f32" } as const;

export const hyperbolicSineHelper: HelperFunction = {
  name: "hyperbolic_sine",
  parameters: f32,
  result: "f32",
  uses: [expHelper],
  body: `// Away from 0 by e^(|x|/2), whose square overflows where the result does.
let z = x * x;
let near = x + x * z * (0.16666716 + z * (0.0083302838 + z * 0.00020372191));
let root = exponential(0.5 * abs(x));
let far = (0.5 * root) * root - 0.5 / root / root;
return select(select(far, -far, x < 0.0), near, abs(x) < 1.0);`,
};

export const hyperbolicCosineHelper: HelperFunction = {
  name: "hyperbolic_cosine",
  parameters: f32,
  result: "f32",
  uses: [expHelper],
  body: `// By e^(|x|/2), whose square overflows where the result does.
let root = exponential(0.5 * abs(x));
return (0.5 * root) * root + 0.5 / root / root;`,
};

export const hyperbolicTangentHelper: HelperFunction = {
  name: "hyperbolic_tangent",
  parameters: f32,
  result: "f32",
  uses: [expHelper],
  body: `let z = x * x;
let tail = -0.33333282 + z * (0.13331442 + z * (-0.053739715 + z * (0.020639088 + z * -0.0057049887)));
let far = 1.0 - 2.0 / (exponential(2.0 * abs(x)) + 1.0);
return select(select(far, -far, x < 0.0), x + x * z * tail, abs(x) < 0.625);`,
};

export const areaSineHelper: HelperFunction = {
  name: "area_sine",
  parameters: f32,
  result: "f32",
  uses: [lnHelper, log1pHelper],
  body: `// ln(|x| + √(x² + 1)); from 10⁹ on the root is |x|.
let size = abs(x);
let z = size * size;
let result = select(log1p(size + z / (1.0 + sqrt(z + 1.0))), ln(size) + 0.6931472, size > 1e9);
return select(result, -result, x < 0.0);`,
};

export const areaCosineHelper: HelperFunction = {
  name: "area_cosine",
  parameters: f32,
  result: "f32",
  uses: [lnHelper, log1pHelper],
  body: `// ln(x + √(x² − 1)); from 10⁹ on the root is x.
let t = x - 1.0;
let result = select(log1p(t + sqrt(max(t * (t + 2.0), 0.0))), ln(x) + 0.6931472, x > 1e9);
return select(nan, result, x >= 1.0);`,
};

export const areaTangentHelper: HelperFunction = {
  name: "area_tangent",
  parameters: f32,
  result: "f32",
  uses: [log1pHelper],
  body: `let size = abs(x);
let result = select(0.5 * log1p(2.0 * size / (1.0 - size)), infinity, size == 1.0);
return select(nan, select(result, -result, x < 0.0), size <= 1.0);`,
};
