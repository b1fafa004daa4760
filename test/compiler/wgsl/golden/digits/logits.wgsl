// logits = hidden @ logits.weight + logits.bias
// samples/digits/model.ts:7:18
// f32[64, 10]; 164 kFLOP, 40.5 kB

@group(0) @binding(0) var<storage, read_write> hidden: array<vec4f>; // f32[64, 128]; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> logits_weight: array<f32>; // f32[128, 10]
@group(0) @binding(2) var<storage, read> logits_bias: array<f32>; // f32[10]
@group(0) @binding(3) var<storage, read_write> logits: array<f32>; // f32[64, 10]

@compute @workgroup_size(4, 16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * 16u + local.y) * 4u;
  let column = (group.x * 4u + local.x) * 4u;
  if (row >= 64u || column >= 10u) { return; }
  let column1 = min(column + 1u, 9u);
  let column2 = min(column + 2u, 9u);
  let column3 = min(column + 3u, 9u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 128u; k += 4u) {
    let a0 = hidden[row * 32u + k / 4u];
    let a1 = hidden[row * 32u + k / 4u + 32u];
    let a2 = hidden[row * 32u + k / 4u + 64u];
    let a3 = hidden[row * 32u + k / 4u + 96u];
    let b0 = vec4f(
      logits_weight[k * 10u + column],
      logits_weight[k * 10u + column1],
      logits_weight[k * 10u + column2],
      logits_weight[k * 10u + column3],
    );
    let b1 = vec4f(
      logits_weight[k * 10u + column + 10u],
      logits_weight[k * 10u + column1 + 10u],
      logits_weight[k * 10u + column2 + 10u],
      logits_weight[k * 10u + column3 + 10u],
    );
    let b2 = vec4f(
      logits_weight[k * 10u + column + 20u],
      logits_weight[k * 10u + column1 + 20u],
      logits_weight[k * 10u + column2 + 20u],
      logits_weight[k * 10u + column3 + 20u],
    );
    let b3 = vec4f(
      logits_weight[k * 10u + column + 30u],
      logits_weight[k * 10u + column1 + 30u],
      logits_weight[k * 10u + column2 + 30u],
      logits_weight[k * 10u + column3 + 30u],
    );
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
      if (c >= 10u) { break; }
      logits[r * 10u + c] = tile[i][j] + logits_bias[c];
    }
  }
}
