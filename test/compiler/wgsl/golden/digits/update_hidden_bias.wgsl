// ∂loss/∂hidden.bias = sum(∂loss/∂hidden.linear, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.bias ← 0.9 · adam.m.hidden.bias + 0.1 · ∂loss/∂hidden.bias
// adam.v.hidden.bias ← 0.999 · adam.v.hidden.bias + 0.001 · ∂loss/∂hidden.bias²
// hidden.bias ← hidden.bias - learningRate · (adam.m.hidden.bias′ / adam.m.norm
//   / (sqrt(adam.v.hidden.bias′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:6:23
// f32[128]; 180 kFLOP, 34.3 kB

struct Settings { learningRate: f32 }
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> d_loss_d_hidden_linear: array<f32>; // f32[64, 128]
@group(0) @binding(2) var<storage, read_write> adam_m_hidden_bias: array<f32>; // f32[128]
@group(0) @binding(3) var<storage, read_write> adam_v_hidden_bias: array<f32>; // f32[128]
@group(0) @binding(4) var<storage, read_write> hidden_bias: array<f32>; // f32[128]
@group(0) @binding(5) var<uniform> settings: Settings;
var<workgroup> total_lanes: array<f32, 64>;

fn expm1(x: f32) -> f32 {
  let series = x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0))))));
  return select(exp(x) - 1.0, series, abs(x) < 0.5);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let next_adam_step = adam_step[0u] + 1.0;
  let adam_m_norm = -expm1(-0.105360515 * next_adam_step);
  let adam_v_norm = -expm1(-0.0010005003 * next_adam_step);
  let lane = local.x / 16u;
  let row = group.x * 16u + local.x % 16u;
  var total: f32 = 0.0;
  for (var position = lane; position < 64u; position += 4u) {
    let element = d_loss_d_hidden_linear[position * 128u + row];
    total += element;
  }
  total_lanes[local.x] = total;
  for (var stride = 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride * 16u;
      total_lanes[local.x] += total_lanes[other];
    }
  }
  workgroupBarrier();
  let sum = total_lanes[local.x % 16u];
  if (lane == 0u) {
    let next_adam_m_hidden_bias = 0.9 * adam_m_hidden_bias[row] + 0.1 * sum;
    let next_adam_v_hidden_bias = 0.999 * adam_v_hidden_bias[row] + 0.001 * (sum * sum);
    let next_hidden_bias = hidden_bias[row] - settings.learningRate * (next_adam_m_hidden_bias / adam_m_norm / (sqrt(next_adam_v_hidden_bias / adam_v_norm) + 1e-8));
    adam_m_hidden_bias[row] = next_adam_m_hidden_bias;
    adam_v_hidden_bias[row] = next_adam_v_hidden_bias;
    hidden_bias[row] = next_hidden_bias;
  }
}
