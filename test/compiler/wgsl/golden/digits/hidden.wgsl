// hidden.linear = image @ hidden.weight + hidden.bias
// hidden = relu(hidden.linear)
// samples/digits/model.ts:6:23, samples/digits/model.ts:6:18
// f32[64, 128]; 4.21 MFLOP, 230 kB

enable subgroups;
@group(0) @binding(0) var<storage, read> image: array<vec4f>; // f32[64, 256]
@group(0) @binding(1) var<storage, read> hidden_weight: array<vec4f>; // f32[256, 128]
@group(0) @binding(2) var<storage, read> hidden_bias: array<vec4f>; // f32[128]
@group(0) @binding(3) var<storage, read_write> hidden: array<vec4f>; // f32[64, 128]

fn quads(own: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = group.y * 8u;
  let column = (group.x * 16u + local.x) * 8u;
  let lane = local.x % 4u;
  var sum0 = mat4x4f();
  var sum1 = mat4x4f();
  var sum2 = mat4x4f();
  var sum3 = mat4x4f();
  for (var k = 0u; k < 256u; k += 4u) {
    let a0 = quads(image[row * 64u + lane * 64u + k / 4u]);
    let a1 = quads(image[row * 64u + lane * 64u + k / 4u + 256u]);
    let b0 = mat4x4f(
      hidden_weight[k * 32u + column / 4u],
      hidden_weight[k * 32u + column / 4u + 32u],
      hidden_weight[k * 32u + column / 4u + 64u],
      hidden_weight[k * 32u + column / 4u + 96u],
    );
    let b1 = mat4x4f(
      hidden_weight[k * 32u + column / 4u + 1u],
      hidden_weight[k * 32u + column / 4u + 33u],
      hidden_weight[k * 32u + column / 4u + 65u],
      hidden_weight[k * 32u + column / 4u + 97u],
    );
    sum0 += b0 * a0;
    sum1 += b1 * a0;
    sum2 += b0 * a1;
    sum3 += b1 * a1;
  }
  var tile = array<mat4x4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 16u; i++) {
    let r = row + i / 8u * 4u + i % 4u;
    let c = column + i / 4u % 2u * 4u;
    let four = tile[i / 4u][i % 4u];
    let hidden_linear = four + hidden_bias[c / 4u];
    hidden[r * 32u + c / 4u] = select(hidden_linear, vec4f(0.0), hidden_linear <= vec4f(0.0));
  }
}
