// logit = hidden @ logit.weight + logit.bias
// probability = sigmoid(logit)
// samples/xor/model.ts:7:17, samples/xor/model.ts:10:29
// f32[4, 1]; 72 FLOP, 180 B

@group(0) @binding(0) var<storage, read> hidden: array<vec4f>; // f32[4, 8]
@group(0) @binding(1) var<storage, read> logit_weight: array<vec4f>; // f32[8, 1]
@group(0) @binding(2) var<storage, read> logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read_write> probability: array<f32>; // f32[4, 1]
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

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exponential(-x));
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  infinity = bitcast<f32>(0x7f800000u | (arrayLength(&hidden) >> 31u));
  let row = group.y * 4u;
  let column = group.x * 4u;
  if (row >= 4u || column >= 1u) { return; }
  let column1 = min(column + 1u, 0u);
  let column2 = min(column + 2u, 0u);
  let column3 = min(column + 3u, 0u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 8u; k += 4u) {
    let a0 = hidden[row * 2u + k / 4u];
    let a1 = hidden[row * 2u + k / 4u + 2u];
    let a2 = hidden[row * 2u + k / 4u + 4u];
    let a3 = hidden[row * 2u + k / 4u + 6u];
    let c0 = logit_weight[k / 4u];
    let c1 = logit_weight[k / 4u];
    let c2 = logit_weight[k / 4u];
    let c3 = logit_weight[k / 4u];
    let b0 = vec4f(c0.x, c1.x, c2.x, c3.x);
    let b1 = vec4f(c0.y, c1.y, c2.y, c3.y);
    let b2 = vec4f(c0.z, c1.z, c2.z, c3.z);
    let b3 = vec4f(c0.w, c1.w, c2.w, c3.w);
    sum0 += a0.x * b0;
    sum1 += a1.x * b0;
    sum2 += a2.x * b0;
    sum3 += a3.x * b0;
    sum0 += a0.y * b1;
    sum1 += a1.y * b1;
    sum2 += a2.y * b1;
    sum3 += a3.y * b1;
    sum0 += a0.z * b2;
    sum1 += a1.z * b2;
    sum2 += a2.z * b2;
    sum3 += a3.z * b2;
    sum0 += a0.w * b3;
    sum1 += a1.w * b3;
    sum2 += a2.w * b3;
    sum3 += a3.w * b3;
  }
  var tile = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    for (var j = 0u; j < 4u; j++) {
      let c = column + j;
      if (c >= 1u) { break; }
      let logit = tile[i][j] + logit_bias[0u];
      probability[r] = sigmoid(logit);
    }
  }
}
