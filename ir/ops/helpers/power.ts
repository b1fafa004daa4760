/// Powers in WGSL.
import type { HelperFunction } from "../../value.ts";
import { headHelper, isNanHelper, scaleHelper } from "./numbers.ts";

const finitePowerHelper: HelperFunction = {
  name: "positive_power",
  parameters: { base: "f32", given: "f32" },
  result: "f32",
  uses: [headHelper, scaleHelper],
  // After FreeBSD's e_powf.c (Sun Microsystems 1993).
  body: `// base^exponent = 2^(exponent · log2 base), with the logarithm and the product in two parts each.
let exponent = clamp(given, -4e9, 4e9);
let tiny = base < 1.1754944e-38;
let bits = bitcast<u32>(select(base, base * 8388608.0, tiny)) + 0x004afb0du;
let n = f32(i32(bits >> 23u) - select(127, 150, tiny));
let m = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u);
// log2 m from s = (m − 1) / (m + 1), s in two parts.
let u = m - 1.0;
let v = 1.0 / (m + 1.0);
let s = u * v;
let s_head = head(s);
let sum_head = head(m + 1.0);
let s_tail = v * ((u - s_head * sum_head) - s_head * (m - (sum_head - 1.0)));
let q = s * s;
let series = 0.6 + q * (0.42857143 + q * (0.33333334 + q * (0.2727281 + q * (0.23066075 + q * 0.20697501))));
let rest = q * q * series + s_tail * (s_head + s);
let square = s_head * s_head;
let t_head = head(3.0 + square + rest);
let t_tail = rest - ((t_head - 3.0) - square);
let product = s_head * t_head;
let correction = s_tail * t_head + t_tail * s;
let p_head = head(product + correction);
let p_tail = correction - (p_head - product);
let z_head = 0.9619140625 * p_head;
let z_tail = -0.00011736857 * p_head + p_tail * 0.9617967;
let log_head = head((z_head + z_tail) + n);
let log_tail = z_tail - ((log_head - n) - z_head);
// The product with the exponent.
let e_head = head(exponent);
let tail = (exponent - e_head) * log_head + exponent * log_tail;
let whole = e_head * log_head;
let total = whole + tail;
let steps = floor(clamp(total, -160.0, 130.0) + 0.5);
let r = ((whole - steps) + tail) * 0.6931472;
let end = 0.5 + r * (0.16666666 + r * (0.041665796 + r * (0.008333452 + r * (0.00139819995 + r * 0.00019875691))));
let size = scale(1.0 + (r + r * r * end), steps);
return select(select(size, 0.0, total < -150.0), infinity, total >= 128.0);`,
};

export const powerHelper: HelperFunction = {
  name: "power",
  parameters: { base: "f32", exponent: "f32" },
  result: "f32",
  uses: [finitePowerHelper, isNanHelper],
  body: `// Real powers as IEEE 754 has them; a negative base takes whole exponents.
let largest = 3.4028234663852886e38;
let size = abs(base);
let negative = (bitcast<u32>(base) >> 31u) == 1u;
let odd = (abs(exponent) < 16777216.0) & (abs(exponent - 2.0 * floor(exponent * 0.5)) == 1.0);
let grows = (size > 1.0) == (exponent > 0.0);
let end = select(select(0.0, infinity, grows), 1.0, size == 1.0);
let extreme = (size == 0.0) | (size > largest) | (abs(exponent) > largest);
let result = select(positive_power(size, exponent), end, extreme);
let none = is_nan(base) | is_nan(exponent) | (!extreme & negative & (floor(exponent) != exponent));
let signed = select(select(result, -result, negative & odd), nan, none);
return select(signed, 1.0, (exponent == 0.0) | (base == 1.0));`,
};
