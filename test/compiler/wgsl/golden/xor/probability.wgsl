// logit = (logit.weightᵀ @ hiddenᵀ)ᵀ + logit.bias
// probability = sigmoid(logit)
// samples/xor/model.ts:7:17, samples/xor/model.ts:10:29
// f32[4, 1]; 72 FLOP, 180 B

@group(0) @binding(0) var<storage, read> logit_weight: array<vec4f>; // f32[8, 1]
@group(0) @binding(1) var<storage, read> hidden: array<vec4f>; // f32[4, 8]
@group(0) @binding(2) var<storage, read> logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read_write> probability: array<vec4f>; // f32[4, 1]

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

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exponential(-x));
}

fn sigmoid4(x: vec4f) -> vec4f {
  return vec4f(sigmoid(x.x), sigmoid(x.y), sigmoid(x.z), sigmoid(x.w));
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let row = group.y;
  let column = group.x * 4u;
  var sum0 = vec4f();
  for (var k = 0u; k < 8u; k += 4u) {
    let a0 = logit_weight[k / 4u];
    let b0 = transpose(mat4x4f(
      hidden[column * 2u + k / 4u],
      hidden[column * 2u + k / 4u + 2u],
      hidden[column * 2u + k / 4u + 4u],
      hidden[column * 2u + k / 4u + 6u],
    ));
    sum0 += b0 * a0;
  }
  let r = row;
  let c = column;
  let logit = sum0 + logit_bias[0u];
  probability[0u] = sigmoid4(logit);
}
