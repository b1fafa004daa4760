// probabilities = softmax(logits)
// samples/digits/model.ts:10:31
// f32[64, 10]; 3.26 kFLOP, 5.12 kB

@group(0) @binding(0) var<storage, read> logits: array<f32>; // f32[64, 10]
@group(0) @binding(1) var<storage, read_write> probabilities: array<f32>; // f32[64, 10]
var<private> infinity: f32;

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) < 0x7f800000u;
}

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

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn larger(a: f32, b: f32) -> f32 {
  // The builtin gives the other operand for NaN.
  return select(max(a, b), a + b, is_nan(a) | is_nan(b));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&logits) >> 31u));
  let row = group.x * 64u + local.x;
  var largest = -infinity;
  for (var position = 0u; position < 10u; position++) {
    let element = logits[row * 10u + position];
    largest = larger(largest, element);
  }
  var total = 0.0;
  let selected = select(0.0, largest, is_finite(largest));
  var exponential_kept: array<f32, 10>;
  for (var position = 0u; position < 10u; position++) {
    let exponential_1 = exponential(logits[row * 10u + position] - selected);
    exponential_kept[position] = exponential_1;
    total += exponential_1;
  }
  for (var position = 0u; position < 10u; position++) {
    probabilities[row * 10u + position] = exponential_kept[position] / total;
  }
}
