// ∂loss/∂logit.bias = sum(∂loss/∂logit, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logit.bias ← 0.9 · adam.m.logit.bias + 0.1 · ∂loss/∂logit.bias
// adam.v.logit.bias ← 0.999 · adam.v.logit.bias + 0.001 · ∂loss/∂logit.bias²
// logit.bias ← logit.bias - learningRate · (adam.m.logit.bias′ / adam.m.norm
//   / (sqrt(adam.v.logit.bias′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:7:17
// f32[1]; 88 FLOP, 32 B

struct Settings { learningRate: f32 }
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> d_loss_d_logit: array<f32>; // f32[4, 1]
@group(0) @binding(2) var<storage, read_write> adam_m_logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read_write> adam_v_logit_bias: array<f32>; // f32[1]
@group(0) @binding(4) var<storage, read_write> logit_bias: array<f32>; // f32[1]
@group(0) @binding(5) var<uniform> settings: Settings;
var<workgroup> total_lanes: array<f32, 4>;

fn expm1(x: f32) -> f32 {
  let series = x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0))))));
  return select(exp(x) - 1.0, series, abs(x) < 0.5);
}

@compute @workgroup_size(4)
fn main(@builtin(local_invocation_id) local: vec3u) {
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
