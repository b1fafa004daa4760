/// WGSL helper functions shared by spellings. WGSL's builtins lose digits near 0 and overflow early; these do not.
import type { HelperFunction } from "../value.ts";

/** A number with as many lanes as the type. */
function splat(number: string, type: "f32" | "vec4f"): string {
  return type === "f32" ? number : `vec4f(${number})`;
}

export const lnHelper: HelperFunction = {
  name: "ln",
  // The builtin gives finite numbers for 0, negative numbers and NaN on some drivers.
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  let positive = select(log(x), ${splat("-bitcast<f32>(infinity_bits)", type)}, x == ${splat("0.0", type)});\n` +
    `  return select(${splat("bitcast<f32>(nan_bits)", type)}, positive, x >= ${splat("0.0", type)});\n}`,
};

export const log1pHelper: HelperFunction = {
  name: "log1p",
  // ln(1 + x) = 2 artanh(x / (2 + x)); the series has relative error below 1e-7 for |x| < 0.5.
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  let s = x / (2.0 + x);\n` +
    `  let q = s * s;\n` +
    `  let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0)))));\n` +
    `  return select(log(1.0 + x), series, abs(x) < ${splat("0.5", type)});\n}`,
};

export const softplusHelper: HelperFunction = {
  name: "softplus",
  uses: [log1pHelper],
  // ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|): the exponential never overflows.
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  return max(x, ${splat("0.0", type)}) + log1p${type === "vec4f" ? "4" : ""}(exp(-abs(x)));\n}`,
};

export const sigmoidHelper: HelperFunction = {
  name: "sigmoid",
  // The clamp keeps exp finite; σ(-88) is already the smallest normal float32.
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  return 1.0 / (1.0 + exp(-clamp(x, ${splat("-88.0", type)}, ${splat("88.0", type)})));\n}`,
};

export const expm1Helper: HelperFunction = {
  name: "expm1",
  // eˣ - 1 = 2 tanh(x/2) / (1 - tanh(x/2)); near 0 the Taylor series to the seventh power.
  wgsl: (name, type) =>
    `fn ${name}(x: ${type}) -> ${type} {\n` +
    `  let series = x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0))))));\n` +
    `  return select(exp(x) - 1.0, series, abs(x) < ${splat("0.5", type)});\n}`,
};

export const powerHelper: HelperFunction = {
  name: "power",
  // pow of a negative base is undefined in WGSL: take the magnitude, and the sign where the exponent is odd.
  wgsl: (name, type) =>
    `fn ${name}(base: ${type}, exponent: ${type}) -> ${type} {\n` +
    `  let magnitude = pow(abs(base), exponent);\n` +
    `  let odd = abs(exponent - 2.0 * floor(exponent * 0.5)) == ${splat("1.0", type)};\n` +
    `  return select(magnitude, -magnitude, (base < ${splat("0.0", type)}) & odd);\n}`,
};

export const logTotalHelper: HelperFunction = {
  name: "log_total",
  // ln Σ eˣ from the largest x and Σ e^(x - largest): −∞ for a row of −∞, +∞ where one is +∞.
  wgsl: (name, type) =>
    `fn ${name}(largest: ${type}, total: ${type}) -> ${type} {\n` +
    `  let finite = select(largest + log(total), largest, largest > 3.4028234663852886e+38);\n` +
    `  return select(finite, -bitcast<f32>(infinity_bits), total == 0.0);\n}`,
};
