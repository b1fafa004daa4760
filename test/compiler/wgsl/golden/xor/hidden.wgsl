// hidden.linear = x @ hidden.weight + hidden.bias
// hidden = tanh(hidden.linear)
// samples/xor/model.ts:6:23, samples/xor/model.ts:6:18
// f32[4, 8]; 192 FLOP, 256 B

@group(0) @binding(0) var<storage, read> x: array<f32>; // f32[4, 2]
@group(0) @binding(1) var<storage, read> hidden_weight: array<vec4f>; // f32[2, 8]
@group(0) @binding(2) var<storage, read> hidden_bias: array<vec4f>; // f32[8]
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4f>; // f32[4, 8]

@compute @workgroup_size(2)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * 4u;
  let column = (group.x * 2u + local.x) * 4u;
  if (row >= 4u || column >= 8u) { return; }
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 2u; k++) {
    let a0 = x[row * 2u + k];
    let a1 = x[row * 2u + k + 2u];
    let a2 = x[row * 2u + k + 4u];
    let a3 = x[row * 2u + k + 6u];
    let b0 = hidden_weight[k * 2u + column / 4u];
    sum0 += a0 * b0;
    sum1 += a1 * b0;
    sum2 += a2 * b0;
    sum3 += a3 * b0;
  }
  var tile = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    let hidden_linear = tile[i] + hidden_bias[column / 4u];
    hidden[r * 2u + column / 4u] = tanh(clamp(hidden_linear, vec4f(-15.0), vec4f(15.0)));
  }
}
