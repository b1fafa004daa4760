@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32
@group(0) @binding(1) var<storage, read_write> total: array<f32>; // f32[4, 1]
@group(0) @binding(2) var<storage, read_write> loss_1: array<f32>; // f32
@group(0) @binding(3) var<storage, read_write> next_adam_step: array<f32>; // f32
@group(0) @binding(4) var<storage, read_write> d_loss_d_logit: array<vec4f>; // f32[4, 1]
@group(0) @binding(5) var<storage, read_write> logit_weight: array<vec4f>; // f32[8, 1]
@group(0) @binding(6) var<storage, read_write> hidden: array<vec4f>; // f32[4, 8]
@group(0) @binding(7) var<storage, read_write> d_loss_d_hidden_linear_1: array<vec4f>; // f32[4, 8]

// loss = mean(total)
// adam.step ← adam.step + 1
// samples/xor/model.ts:8:16
// f32; 6 FLOP, 28 B
fn loss(group: vec3u, local: vec3u) {
  let next_adam_step_1 = adam_step[0u] + 1.0;
  var total_1 = 0.0;
  for (var position = 0u; position < 4u; position++) {
    let element = total[position];
    total_1 += element;
  }
  let loss_2 = total_1 / 4.0;
  loss_1[0u] = loss_2;
  next_adam_step[0u] = next_adam_step_1;
  adam_step[0u] = next_adam_step_1;
}

// ∂loss/∂hidden = ∂loss/∂logit @ logit.weightᵀ
// ∂loss/∂hidden.linear = ∂loss/∂hidden · (1 - hidden²)
// samples/xor/model.ts:6:18, samples/xor/model.ts:6:23
// f32[4, 8]; 160 FLOP, 304 B
fn d_loss_d_hidden_linear(group: vec3u, local: vec3u) {
  let thread = group.x * 2u + local.x;
  let row = thread / 2u * 4u;
  let column = thread % 2u * 4u;
  var sum0 = mat4x4f();
  for (var k = 0u; k < 1u; k++) {
    let a0 = d_loss_d_logit[0u];
    let b0 = logit_weight[column / 4u];
    sum0 += mat4x4f(a0.x * b0, a0.y * b0, a0.z * b0, a0.w * b0);
  }
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    let c = column;
    let four = sum0[i];
    d_loss_d_hidden_linear_1[r * 2u + c / 4u] = four * (1.0 - hidden[r * 2u + c / 4u] * hidden[r * 2u + c / 4u]);
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  if (group.x < 1u) {
    if (local.x < 1u) { loss(vec3u(0u, 0u, 0u), local); }
  } else {
    if (local.x < 2u) { d_loss_d_hidden_linear(vec3u(0u, 0u, 0u), local); }
  }
}
