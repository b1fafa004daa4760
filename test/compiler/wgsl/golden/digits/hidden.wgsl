// hidden.linear = image @ hidden.weight + hidden.bias
// hidden = relu(hidden.linear)
// samples/digits/model.ts:6:23, samples/digits/model.ts:6:18
// f32[64, 128]; 4.21 MFLOP, 230 kB

@group(0) @binding(0) var<storage, read> image: array<vec4f>; // f32[64, 256]
@group(0) @binding(1) var<storage, read> hidden_weight: array<vec4f>; // f32[256, 128]
@group(0) @binding(2) var<storage, read> hidden_bias: array<vec4f>; // f32[128]
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4f>; // f32[64, 128]

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * 8u + local.y) * 4u;
  let column = (group.x * 8u + local.x) * 4u;
  if (row >= 64u || column >= 128u) { return; }
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 256u; k += 4u) {
    let a0 = image[row * 64u + k / 4u];
    let a1 = image[row * 64u + k / 4u + 64u];
    let a2 = image[row * 64u + k / 4u + 128u];
    let a3 = image[row * 64u + k / 4u + 192u];
    let b0 = hidden_weight[k * 32u + column / 4u];
    let b1 = hidden_weight[k * 32u + column / 4u + 32u];
    let b2 = hidden_weight[k * 32u + column / 4u + 64u];
    let b3 = hidden_weight[k * 32u + column / 4u + 96u];
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
    let hidden_linear = tile[i] + hidden_bias[column / 4u];
    hidden[r * 32u + column / 4u] = select(hidden_linear, vec4f(0.0), hidden_linear <= vec4f(0.0));
  }
}
