// ∂loss/∂logits.bias = sum(∂loss/∂logits, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logits.bias ← 0.9 · adam.m.logits.bias + 0.1 · ∂loss/∂logits.bias
// adam.v.logits.bias ← 0.999 · adam.v.logits.bias + 0.001 · ∂loss/∂logits.bias²
// logits.bias ← logits.bias - learningRate · (adam.m.logits.bias′ / adam.m.norm
//   / (sqrt(adam.v.logits.bias′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:7:18
// f32[10]; 14.1 kFLOP, 2.68 kB

struct Settings { learningRate: f32 }
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> d_loss_d_logits: array<f32>; // f32[64, 10]
@group(0) @binding(2) var<storage, read_write> adam_m_logits_bias: array<f32>; // f32[10]
@group(0) @binding(3) var<storage, read_write> adam_v_logits_bias: array<f32>; // f32[10]
@group(0) @binding(4) var<storage, read_write> logits_bias: array<f32>; // f32[10]
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
  let inside = group.x * 16u + local.x % 16u < 10u;
  let row = min(group.x * 16u + local.x % 16u, 9u);
  var total: f32 = 0.0;
  for (var position = lane; position < 64u; position += 4u) {
    let element = d_loss_d_logits[position * 10u + row];
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
  if (lane == 0u && inside) {
    let next_adam_m_logits_bias = 0.9 * adam_m_logits_bias[row] + 0.1 * sum;
    let next_adam_v_logits_bias = 0.999 * adam_v_logits_bias[row] + 0.001 * (sum * sum);
    let next_logits_bias = logits_bias[row] - settings.learningRate * (next_adam_m_logits_bias / adam_m_norm / (sqrt(next_adam_v_logits_bias / adam_v_norm) + 1e-8));
    adam_m_logits_bias[row] = next_adam_m_logits_bias;
    adam_v_logits_bias[row] = next_adam_v_logits_bias;
    logits_bias[row] = next_logits_bias;
  }
}
