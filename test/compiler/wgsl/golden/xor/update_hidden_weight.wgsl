// ∂loss/∂hidden.weight = xᵀ @ ∂loss/∂hidden.linear
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.weight ← 0.9 · adam.m.hidden.weight + 0.1 · ∂loss/∂hidden.weight
// adam.v.hidden.weight ← 0.999 · adam.v.hidden.weight + 0.001 · ∂loss/∂hidden.weight²
// hidden.weight ← hidden.weight - learningRate · (adam.m.hidden.weight′ / adam.m.norm
//   / (sqrt(adam.v.hidden.weight′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:6:23
// f32[2, 8]; 464 FLOP, 356 B

struct Settings { learningRate: f32 }
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> x: array<f32>; // f32[4, 2]
@group(0) @binding(2) var<storage, read> d_loss_d_hidden_linear: array<vec4f>; // f32[4, 8]
@group(0) @binding(3) var<storage, read_write> adam_m_hidden_weight: array<vec4f>; // f32[2, 8]
@group(0) @binding(4) var<storage, read_write> adam_v_hidden_weight: array<vec4f>; // f32[2, 8]
@group(0) @binding(5) var<storage, read_write> hidden_weight: array<vec4f>; // f32[2, 8]
@group(0) @binding(6) var<uniform> settings: Settings;
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

@compute @workgroup_size(2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&adam_step) >> 31u));
  let next_adam_step = adam_step[0u] + 1.0;
  let adam_m_norm = -expm1(-0.105360515 * next_adam_step);
  let adam_v_norm = -expm1(-0.0010005003 * next_adam_step);
  let row = group.y * 2u;
  let column = (group.x * 2u + local.x) * 4u;
  if (row >= 2u || column >= 8u) { return; }
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  for (var k = 0u; k < 4u; k++) {
    let a0 = x[k * 2u + row];
    let a1 = x[k * 2u + row + 1u];
    let b0 = d_loss_d_hidden_linear[k * 2u + column / 4u];
    sum0 += a0 * b0;
    sum1 += a1 * b0;
  }
  var tile = array<vec4f, 2>(sum0, sum1);
  for (var i = 0u; i < 2u; i++) {
    let r = row + i;
    let next_adam_m_hidden_weight = 0.9 * adam_m_hidden_weight[r * 2u + column / 4u] + 0.1 * tile[i];
    let next_adam_v_hidden_weight = 0.999 * adam_v_hidden_weight[r * 2u + column / 4u] + 0.001 * (tile[i] * tile[i]);
    let next_hidden_weight = hidden_weight[r * 2u + column / 4u] - settings.learningRate * (next_adam_m_hidden_weight / adam_m_norm / (sqrt(next_adam_v_hidden_weight / adam_v_norm) + 1e-8));
    adam_m_hidden_weight[r * 2u + column / 4u] = next_adam_m_hidden_weight;
    adam_v_hidden_weight[r * 2u + column / 4u] = next_adam_v_hidden_weight;
    hidden_weight[r * 2u + column / 4u] = next_hidden_weight;
  }
}
