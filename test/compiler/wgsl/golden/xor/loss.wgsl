// loss = mean(total)
// adam.step ← adam.step + 1
// samples/xor/model.ts:8:16
// f32; 6 FLOP, 24 B

@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32
@group(0) @binding(1) var<storage, read> total: array<f32>; // f32[4, 1]
@group(0) @binding(2) var<storage, read_write> loss: array<f32>; // f32
var<workgroup> total_1_lanes: array<f32, 4>;

@compute @workgroup_size(4)
fn main(@builtin(local_invocation_id) local: vec3u) {
  let next_adam_step = adam_step[0u] + 1.0;
  let lane = local.x;
  var total_1: f32 = 0.0;
  for (var position = lane; position < 4u; position += 4u) {
    let element = total[position];
    total_1 += element;
  }
  total_1_lanes[local.x] = total_1;
  for (var stride = 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride;
      total_1_lanes[local.x] += total_1_lanes[other];
    }
  }
  workgroupBarrier();
  let sum = total_1_lanes[0];
  if (lane == 0u) {
    let loss_1 = sum / 4.0;
    loss[0u] = loss_1;
    adam_step[0u] = next_adam_step;
  }
}
