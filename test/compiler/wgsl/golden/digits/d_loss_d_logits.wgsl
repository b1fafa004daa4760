// probabilities = softmax(logits)
// ∂loss/∂logits = (probabilities - oneHot(label, 10)) / 64
// sum = sum(oneHot(label, 10) · logSoftmax(logits), axis=1)
// number = f32(argmax(logits, axis=1) == label)
// samples/digits/model.ts:10:31, samples/digits/model.ts:7:18, samples/digits/model.ts:11:30
// f32[64, 10], f32[64]; 9.6 kFLOP, 5.89 kB

@group(0) @binding(0) var<storage, read_write> logits: array<f32>; // f32[64, 10]; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> label: array<i32>; // i32[64]
@group(0) @binding(2) var<storage, read_write> d_loss_d_logits: array<f32>; // f32[64, 10]
@group(0) @binding(3) var<storage, read_write> sum: array<f32>; // f32[64]
@group(0) @binding(4) var<storage, read_write> number: array<f32>; // f32[64]
var<workgroup> largest_lanes: array<f32, 64>;
var<workgroup> total_lanes: array<f32, 64>;
var<workgroup> best_lanes: array<f32, 64>;
var<workgroup> place_lanes: array<u32, 64>;
var<workgroup> total_1_lanes: array<f32, 64>;
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
  var best: f32 = -bitcast<f32>(infinity_bits);
  var place: u32 = 0xffffffffu;
  for (var position = lane; position < 10u; position += 16u) {
    let element = logits[row * 10u + position];
    let new_largest = max(largest, element);
    let new_total = total * exp(largest - new_largest) + exp(element - new_largest);
    largest = new_largest;
    total = new_total;
    let new_best = max(best, element);
    let new_place = select(position, place, best > element || (best == element && place < position));
    best = new_best;
    place = new_place;
  }
  largest_lanes[local.x] = largest;
  total_lanes[local.x] = total;
  best_lanes[local.x] = best;
  place_lanes[local.x] = place;
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
      let best_here = best_lanes[local.x];
      let place_here = place_lanes[local.x];
      let best_there = best_lanes[other];
      let place_there = place_lanes[other];
      let new_best_1 = max(best_here, best_there);
      let new_place_1 = select(place_there, place_here, best_here > best_there || (best_here == best_there && place_here < place_there));
      best_lanes[local.x] = new_best_1;
      place_lanes[local.x] = new_place_1;
    }
  }
  workgroupBarrier();
  let logsumexp = log_total(largest_lanes[local.x - lane], total_lanes[local.x - lane]);
  let argmax = i32(place_lanes[local.x - lane]);
  var total_1: f32 = 0.0;
  for (var position = lane; position < 10u; position += 16u) {
    let number_1 = f32(i32(position) == label[row]);
    let difference = logits[row * 10u + position] - logsumexp;
    let product = number_1 * difference;
    total_1 += product;
  }
  total_1_lanes[local.x] = total_1;
  for (var stride = 8u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (lane < stride) {
      let other = local.x + stride;
      total_1_lanes[local.x] += total_1_lanes[other];
    }
  }
  workgroupBarrier();
  let sum_1 = total_1_lanes[local.x - lane];
  for (var position = lane; position < 10u; position += 16u) {
    let difference_1 = logits[row * 10u + position] - logsumexp;
    let probabilities = exp(difference_1);
    let number_2 = f32(i32(position) == label[row]);
    d_loss_d_logits[row * 10u + position] = (probabilities - number_2) / 64.0;
  }
  if (lane == 0u) {
    sum[row] = sum_1;
    number[row] = f32(argmax == label[row]);
  }
}
