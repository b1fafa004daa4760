// ∂loss/∂logit.bias = sum(∂loss/∂logit, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logit.bias ← 0.9 · adam.m.logit.bias + 0.1 · ∂loss/∂logit.bias
// adam.v.logit.bias ← 0.999 · adam.v.logit.bias + 0.001 · ∂loss/∂logit.bias²
// logit.bias ← logit.bias - learningRate · (adam.m.logit.bias′ / adam.m.norm
//   / (sqrt(adam.v.logit.bias′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:7:17
// f32[1]; 25 FLOP, 32 B

struct Settings { learningRate: f32 }
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> d_loss_d_logit: array<f32>; // f32[4, 1]
@group(0) @binding(2) var<storage, read_write> adam_m_logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read_write> adam_v_logit_bias: array<f32>; // f32[1]
@group(0) @binding(4) var<storage, read_write> logit_bias: array<f32>; // f32[1]
@group(0) @binding(5) var<uniform> settings: Settings;
var<workgroup> total_lanes: array<f32, 4>;
var<private> infinity: f32;

fn exponential_series(r: f32) -> f32 {
  // e^r for |r| ≤ ln 2 / 2.
  let tail = 0.5 + r * (0.16666666 + r * (0.041665796 + r * (0.008333452 + r * (0.00139819995 + r * 0.00019875691))));
  return 1.0 + (r + r * r * tail);
}

fn scale(x: f32, exponent: f32) -> f32 {
  // x · 2^exponent by two factors, since one alone may overflow; |exponent| ≤ 250.
  let n = i32(exponent);
  let half = n >> 1u;
  return x * bitcast<f32>(u32(half + 127) << 23u) * bitcast<f32>(u32(n - half + 127) << 23u);
}

fn exponential(x: f32) -> f32 {
  // e^x = 2^n · e^r; n·ln 2 is taken away in two parts, the first exact (Cody and Waite 1980).
  let n = floor(clamp(x, -110.0, 90.0) * 1.442695 + 0.5);
  let r = (x - n * 0.693359375) + n * 0.00021219444;
  let size = scale(exponential_series(r), n);
  return select(select(size, 0.0, x < -103.97208), infinity, x > 88.72284);
}

fn expm1(x: f32) -> f32 {
  // Near 0 the Taylor series to the eighth power.
  let head = 1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0 * (1.0 + x / 8.0)));
  let series = x + x * x * 0.5 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * head));
  return select(exponential(x) - 1.0, series, abs(x) < 0.5);
}

@compute @workgroup_size(4)
fn main(@builtin(local_invocation_id) local: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&adam_step) >> 31u));
  let next_adam_step = adam_step[0u] + 1.0;
  let adam_m_norm = -expm1(-0.105360515 * next_adam_step);
  let adam_v_norm = -expm1(-0.0010005003 * next_adam_step);
  let lane = local.x;
  var total: f32 = 0.0;
  for (var position = lane; position < 4u; position += 4u) {
    let element = d_loss_d_logit[position];
    total += element;
  }
  total_lanes[local.x] = total;
  for (var stride = 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride;
      total_lanes[local.x] += total_lanes[other];
    }
  }
  workgroupBarrier();
  let sum = total_lanes[0];
  if (lane == 0u) {
    let next_adam_m_logit_bias = 0.9 * adam_m_logit_bias[0u] + 0.1 * sum;
    let next_adam_v_logit_bias = 0.999 * adam_v_logit_bias[0u] + 0.001 * (sum * sum);
    let next_logit_bias = logit_bias[0u] - settings.learningRate * (next_adam_m_logit_bias / adam_m_norm / (sqrt(next_adam_v_logit_bias / adam_v_norm) + 1e-8));
    adam_m_logit_bias[0u] = next_adam_m_logit_bias;
    adam_v_logit_bias[0u] = next_adam_v_logit_bias;
    logit_bias[0u] = next_logit_bias;
  }
}
