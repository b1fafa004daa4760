// loss = -mean(sum)
// accuracy = mean(number)
// adam.step ← adam.step + 1
// samples/digits/model.ts:8:16, samples/digits/model.ts:11:30
// f32; 132 FLOP, 524 B

@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32
@group(0) @binding(1) var<storage, read> sum: array<f32>; // f32[64]
@group(0) @binding(2) var<storage, read> number: array<f32>; // f32[64]
@group(0) @binding(3) var<storage, read_write> loss: array<f32>; // f32
@group(0) @binding(4) var<storage, read_write> accuracy: array<f32>; // f32
var<workgroup> total_lanes: array<f32, 64>;
var<workgroup> total_1_lanes: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_id) local: vec3u) {
  let next_adam_step = adam_step[0u] + 1.0;
  let lane = local.x;
  var total: f32 = 0.0;
  var total_1: f32 = 0.0;
  for (var position = lane; position < 64u; position += 64u) {
    let element = sum[position];
    total += element;
    let element_1 = number[position];
    total_1 += element_1;
  }
  total_lanes[local.x] = total;
  total_1_lanes[local.x] = total_1;
  for (var stride = 32u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride;
      total_lanes[local.x] += total_lanes[other];
      total_1_lanes[local.x] += total_1_lanes[other];
    }
  }
  workgroupBarrier();
  let sum_1 = total_lanes[0];
  let sum_2 = total_1_lanes[0];
  if (lane == 0u) {
    let loss_1 = -(sum_1 / 64.0);
    let accuracy_1 = sum_2 / 64.0;
    loss[0u] = loss_1;
    accuracy[0u] = accuracy_1;
    adam_step[0u] = next_adam_step;
  }
}
