// hidden.linear = x @ hidden.weight + hidden.bias
// hidden = tanh(hidden.linear)
// samples/xor/model.ts:6:23, samples/xor/model.ts:6:18
// f32[4, 8]; 192 FLOP, 256 B

@group(0) @binding(0) var<storage, read> x: array<f32>; // f32[4, 2]
@group(0) @binding(1) var<storage, read> hidden_weight: array<vec4f>; // f32[2, 8]
@group(0) @binding(2) var<storage, read> hidden_bias: array<vec4f>; // f32[8]
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4f>; // f32[4, 8]

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

fn hyperbolic_tangent(x: f32) -> f32 {
  let z = x * x;
  let tail = -0.33333282 + z * (0.13331442 + z * (-0.053739715 + z * (0.020639088 + z * -0.0057049887)));
  let far = 1.0 - 2.0 / (exponential(2.0 * abs(x)) + 1.0);
  return select(select(far, -far, x < 0.0), x + x * z * tail, abs(x) < 0.625);
}

fn hyperbolic_tangent4(x: vec4f) -> vec4f {
  return vec4f(hyperbolic_tangent(x.x), hyperbolic_tangent(x.y), hyperbolic_tangent(x.z), hyperbolic_tangent(x.w));
}

@compute @workgroup_size(2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * 4u;
  let column = (group.x * 2u + local.x) * 4u;
  var sum0 = mat4x4f();
  for (var k = 0u; k < 2u; k++) {
    let a0 = vec4f(x[row * 2u + k], x[row * 2u + k + 2u], x[row * 2u + k + 4u], x[row * 2u + k + 6u]);
    let b0 = hidden_weight[k * 2u + column / 4u];
    sum0 += mat4x4f(a0.x * b0, a0.y * b0, a0.z * b0, a0.w * b0);
  }
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    let c = column;
    let four = sum0[i];
    let hidden_linear = four + hidden_bias[c / 4u];
    hidden[r * 2u + c / 4u] = hyperbolic_tangent4(hidden_linear);
  }
}
