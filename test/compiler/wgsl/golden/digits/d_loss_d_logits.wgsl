// probabilities = softmax(logits)
// ∂loss/∂logits = (probabilities - oneHot(label, 10)) / 64
// sum = sum(oneHot(label, 10) · logSoftmax(logits), axis=1)
// number = f32(argmax(logits, axis=1) == label)
// samples/digits/model.ts:10:31, samples/digits/model.ts:7:18, samples/digits/model.ts:11:30
// f32[64, 10], f32[64]; 8.58 kFLOP, 3.33 kB
// d_loss_d_logits takes the place of logits

@group(0) @binding(0) var<storage, read_write> logits: array<f32>; // f32[64, 10]
@group(0) @binding(1) var<storage, read> label: array<i32>; // i32[64]
@group(0) @binding(2) var<storage, read_write> sum: array<f32>; // f32[64]
@group(0) @binding(3) var<storage, read_write> number: array<f32>; // f32[64]
var<private> infinity: f32;
var<private> nan: f32;

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

fn ln_series(f: f32) -> f32 {
  // ln(1 + f) for 1 + f between √½ and √2, from s = f / (2 + f).
  let s = f / (2.0 + f);
  let z = s * s;
  let w = z * z;
  let rest = z * (0.6666666 + w * 0.28498787) + w * (0.40000972 + w * 0.24279079);
  let h = 0.5 * f * f;
  return f - (h - s * (h + rest));
}

fn is_infinite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
}

fn ln(x: f32) -> f32 {
  // x = 2^n · m with m between √½ and √2; subnormal numbers are scaled first.
  let tiny = x < 1.1754944e-38;
  let bits = bitcast<u32>(select(x, x * 8388608.0, tiny)) + 0x004afb0du;
  let n = f32(i32(bits >> 23u) - select(127, 150, tiny));
  let f = bitcast<f32>((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0;
  let size = (ln_series(f) + n * 9.0580006e-6) + n * 0.6931381;
  let positive = select(size, x, is_infinite(x));
  return select(select(nan, positive, x > 0.0), -infinity, x == 0.0);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn larger(a: f32, b: f32) -> f32 {
  // The builtin gives the other operand for NaN.
  return select(max(a, b), a + b, is_nan(a) | is_nan(b));
}

fn is_larger(a: f32, i: u32, b: f32, j: u32) -> bool {
  // NaN before all else, equals in their order.
  let first = is_nan(a) & (!is_nan(b) | (i < j));
  return select((a > b) | ((a == b) & (i < j)), first, is_nan(a) | is_nan(b));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&logits) >> 31u));
  nan = bitcast<f32>(0x7fc00000u | (arrayLength(&logits) >> 31u));
  let row = group.x * 64u + local.x;
  var largest = -infinity;
  var largest_at = 0xffffffffu;
  for (var position = 0u; position < 10u; position++) {
    let element = logits[row * 10u + position];
    let new_largest = larger(largest, element);
    let new_largest_at = select(position, largest_at, is_larger(largest, largest_at, element, position));
    largest = new_largest;
    largest_at = new_largest_at;
  }
  let argmax = i32(largest_at);
  var total = 0.0;
  let selected = select(0.0, largest, is_finite(largest));
  var difference_kept: array<f32, 10>;
  var exponential_kept: array<f32, 10>;
  for (var position = 0u; position < 10u; position++) {
    let difference = logits[row * 10u + position] - selected;
    difference_kept[position] = difference;
    let exponential_1 = exponential(difference);
    exponential_kept[position] = exponential_1;
    total += exponential_1;
  }
  var total_1 = 0.0;
  let log_1 = ln(total);
  var number_kept: array<f32, 10>;
  for (var position = 0u; position < 10u; position++) {
    let number_1 = f32(i32(position) == label[row]);
    number_kept[position] = number_1;
    let product = number_1 * (difference_kept[position] - log_1);
    total_1 += product;
  }
  for (var position = 0u; position < 10u; position++) {
    let probabilities = exponential_kept[position] / total;
    logits[row * 10u + position] = (probabilities - number_kept[position]) / 64.0;
  }
  let number_2 = f32(argmax == label[row]);
  sum[row] = total_1;
  number[row] = number_2;
}
