// logit = (logit.weightᵀ @ hiddenᵀ)ᵀ + logit.bias
// probability = sigmoid(logit)
// ∂loss/∂logit = (probability - y) / 4
// total = y · softplus(-logit) + (1 - y) · softplus(logit)
// samples/xor/model.ts:7:17, samples/xor/model.ts:10:29, samples/xor/model.ts:8:16
// f32[4, 1]; 108 FLOP, 212 B

@group(0) @binding(0) var<storage, read> logit_weight: array<vec4f>; // f32[8, 1]
@group(0) @binding(1) var<storage, read_write> hidden: array<vec4f>; // f32[4, 8]; only read, in a buffer that is written here
@group(0) @binding(2) var<storage, read> logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read> y: array<vec4f>; // f32[4, 1]
@group(0) @binding(4) var<storage, read_write> d_loss_d_logit: array<vec4f>; // f32[4, 1]
@group(0) @binding(5) var<storage, read_write> total: array<vec4f>; // f32[4, 1]
var<private> infinity: f32;
var<private> nan: f32;

fn exponential_series(r: f32) -> f32 {
  // e^r for |r| ≤ ln 2 / 2.
  let tail = 0.5 + r * (0.16666666 + r * (0.041665796 + r * (0.008333452 + r * (0.00139819995 + r * 0.00019875691))));
  return 1.0 + (r + r * r * tail);
}

fn exponential(x: f32) -> f32 {
  // e^x = 2^n · e^r; n·ln 2 is taken away in two parts (Cody and Waite 1980); 2^23 + 127 + n ends in the exponent of 2^n.
  let n = min(floor(x * 1.442695 + 0.5), 127.0);
  let r = (x - n * 0.693359375) + n * 0.00021219444;
  let size = exponential_series(r) * bitcast<f32>(bitcast<u32>(n + 8388735.0) << 23u);
  return select(size, 0.0, x < -87.33654);
}

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exponential(-x));
}

fn sigmoid4(x: vec4f) -> vec4f {
  return vec4f(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w));
}

fn ln_series(f: f32) -> f32 {
  // ln(1 + f) for 1 + f between √½ and √2, from s = f / (2 + f).
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let rest = z * (0.6666666 + w * 0.28498787) + w * (0.40000972 + w * 0.24279079);
  let h = 0.5 * f * f;
  return f - (h - s * (h + rest));
}

fn is_infinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

fn ln(x: f32) -> f32 {
  // x = 2^n · m with m between √½ and √2; subnormal numbers are scaled first.
  let tiny = x < 1.1754944e-38;
  let bits = bitcast<u32>(select(x, x * 8388608.0, tiny)) + 0x004afb0du;
  let n = f32(i32(bits >> 23u) - select(127, 150, tiny));
  let f = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  let size = (ln_series(f) + n * 9.0580006e-6) + n * 0.6931381;
  let positive = select(size, x, is_infinite(x));
  return select(select(nan, positive, x > 0.0), -infinity, x == 0.0);
}

fn log1p(x: f32) -> f32 {
  return select(ln(1.0 + x), ln_series(x), (x > -0.29) & (x < 0.41));
}

fn softplus(x: f32) -> f32 {
  // ln(1 + eˣ) = max(x, 0) + ln(1 + e^-|x|): the exponential never overflows.
  return select(x, 0.0, x <= 0.0) + log1p(exponential(-abs(x)));
}

fn softplus4(x: vec4f) -> vec4f {
  return vec4f(softplus(x.x), softplus(x.y), softplus(x.z), softplus(x.w));
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&logit_weight) >> 31u));
  nan = bitcast<f32>(0x7fc00000u | (arrayLength(&logit_weight) >> 31u));
  let row = group.y;
  let column = group.x * 4u;
  var sum0 = vec4f();
  for (var k = 0u; k < 8u; k += 4u) {
    let a0 = logit_weight[k / 4u];
    let b0 = transpose(mat4x4f(
      hidden[column * 2u + k / 4u],
      hidden[column * 2u + k / 4u + 2u],
      hidden[column * 2u + k / 4u + 4u],
      hidden[column * 2u + k / 4u + 6u],
    ));
    sum0 += b0 * a0;
  }
  let r = row;
  let c = column;
  let logit = sum0 + logit_bias[0u];
  let probability = sigmoid4(logit);
  d_loss_d_logit[0u] = (probability - y[0u]) / 4.0;
  total[0u] = y[0u] * softplus4(-logit) + (1.0 - y[0u]) * softplus4(logit);
}
