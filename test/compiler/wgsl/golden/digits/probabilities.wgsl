// probabilities = softmax(logits)
// samples/digits/model.ts:10:31
// f32[64, 10]; 1.92 kFLOP, 5.12 kB

@group(0) @binding(0) var<storage, read> logits: array<f32>; // f32[64, 10]
@group(0) @binding(1) var<storage, read_write> probabilities: array<f32>; // f32[64, 10]
var<workgroup> largest_lanes: array<f32, 64>;
var<workgroup> total_lanes: array<f32, 64>;
var<private> infinity_bits: u32 = 0x7f800000u;

fn log_total(largest: f32, total: f32) -> f32 {
  let finite = select(largest + log(total), largest, largest > 3.4028234663852886e+38);
  return select(finite, -bitcast<f32>(infinity_bits), total == 0.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let lane = local.x % 16u;
  let row = group.x * 4u + local.x / 16u;
  var largest: f32 = -3.4028234663852886e+38;
  var total: f32 = 0.0;
  for (var position = lane; position < 10u; position += 16u) {
    let element = logits[row * 10u + position];
    let new_largest = max(largest, element);
    let new_total = total * exp(largest - new_largest) + exp(element - new_largest);
    largest = new_largest;
    total = new_total;
  }
  largest_lanes[local.x] = largest;
  total_lanes[local.x] = total;
  for (var stride = 8u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride;
      let largest_here = largest_lanes[local.x];
      let total_here = total_lanes[local.x];
      let largest_there = largest_lanes[other];
      let total_there = total_lanes[other];
      let new_largest_1 = max(largest_here, largest_there);
      let new_total_1 = total_here * exp(largest_here - new_largest_1) + total_there * exp(largest_there - new_largest_1);
      largest_lanes[local.x] = new_largest_1;
      total_lanes[local.x] = new_total_1;
    }
  }
  workgroupBarrier();
  let logsumexp = log_total(largest_lanes[local.x - lane], total_lanes[local.x - lane]);
  for (var position = lane; position < 10u; position += 16u) {
    probabilities[row * 10u + position] = exp(logits[row * 10u + position] - logsumexp);
  }
}
