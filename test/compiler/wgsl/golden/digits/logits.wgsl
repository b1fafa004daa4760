// logits = hidden @ logits.weight + logits.bias
// samples/digits/model.ts:7:18
// f32[64, 10]; 164 kFLOP, 40.5 kB

@group(0) @binding(0) var<storage, read_write> hidden: array<f32>; // f32[64, 128]; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> logits_weight: array<f32>; // f32[128, 10]
@group(0) @binding(2) var<storage, read> logits_bias: array<f32>; // f32[10]
@group(0) @binding(3) var<storage, read_write> logits: array<f32>; // f32[64, 10]

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let thread = group.x * 16u + local.x;
  let row = thread / 3u * 4u;
  let column = thread % 3u * 4u;
  var sum0 = mat4x4f();
  for (var k = 0u; k < 128u; k++) {
    let a0 = vec4f(
      hidden[row * 128u + k],
      hidden[row * 128u + k + 128u],
      hidden[row * 128u + k + 256u],
      hidden[row * 128u + k + 384u],
    );
    let b0 = vec4f(
      logits_weight[k * 10u + column],
      logits_weight[k * 10u + column + 1u],
      logits_weight[k * 10u + column + 2u],
      logits_weight[k * 10u + column + 3u],
    );
    sum0 += mat4x4f(a0.x * b0, a0.y * b0, a0.z * b0, a0.w * b0);
  }
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    let c = column;
    if (c >= 10u) { continue; }
    let four = sum0[i];
    for (var j = 0u; j < 4u; j++) {
      let one = c + j;
      if (one >= 10u) { break; }
      logits[r * 10u + one] = four[j] + logits_bias[one];
    }
  }
}
