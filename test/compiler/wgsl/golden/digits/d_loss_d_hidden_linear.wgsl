// ∂loss/∂hidden = ∂loss/∂logits @ logits.weightᵀ
// ∂loss/∂hidden.linear = select(hidden > 0, ∂loss/∂hidden, 0)
// samples/digits/model.ts:6:18, samples/digits/model.ts:6:23
// f32[64, 128]; 172 kFLOP, 73.2 kB

@group(0) @binding(0) var<storage, read_write> d_loss_d_logits: array<f32>; // f32[64, 10]; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> logits_weight: array<f32>; // f32[128, 10]
@group(0) @binding(2) var<storage, read_write> hidden: array<vec4f>; // f32[64, 128]; only read, in a buffer that is written here
@group(0) @binding(3) var<storage, read_write> d_loss_d_hidden_linear: array<vec4f>; // f32[64, 128]

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let row = (group.y * 8u + local.y) * 4u;
  let column = (group.x * 8u + local.x) * 4u;
  if (row >= 64u || column >= 128u) { return; }
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 10u; k++) {
    let a0 = d_loss_d_logits[row * 10u + k];
    let a1 = d_loss_d_logits[row * 10u + k + 10u];
    let a2 = d_loss_d_logits[row * 10u + k + 20u];
    let a3 = d_loss_d_logits[row * 10u + k + 30u];
    let b0 = vec4f(
      logits_weight[column * 10u + k],
      logits_weight[column * 10u + k + 10u],
      logits_weight[column * 10u + k + 20u],
      logits_weight[column * 10u + k + 30u],
    );
    sum0 += a0 * b0;
    sum1 += a1 * b0;
    sum2 += a2 * b0;
    sum3 += a3 * b0;
  }
  var tile = array<vec4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    d_loss_d_hidden_linear[r * 32u + column / 4u] = select(vec4f(0.0), tile[i], hidden[r * 32u + column / 4u] > vec4f(0.0));
  }
}
