enable subgroups;
@group(0) @binding(0) var<storage, read_write> adam_step: array<f32>; // f32
@group(0) @binding(1) var<storage, read_write> arena: array<f32>;
const sum = 0u; // f32[64]
const number = 64u; // f32[64]
const next_adam_step = 128u; // f32
@group(0) @binding(2) var<storage, read_write> loss_1: array<f32>; // f32
@group(0) @binding(3) var<storage, read_write> accuracy: array<f32>; // f32
@group(0) @binding(4) var<storage, read_write> d_loss_d_logits: array<f32>; // f32[64, 10]
@group(0) @binding(5) var<storage, read_write> logits_weight: array<f32>; // f32[128, 10]
@group(0) @binding(6) var<storage, read_write> arena_1: array<vec4f>;
const hidden = 0u; // f32[64, 128]
const d_loss_d_hidden_linear_1 = 2048u; // f32[64, 128]

fn quad(own: f32) -> vec4f {
  return vec4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

// loss = -mean(sum)
// accuracy = mean(number)
// adam.step ← adam.step + 1
// samples/digits/model.ts:8:16, samples/digits/model.ts:11:30
// f32; 132 FLOP, 528 B
fn loss(group: vec3u, local: vec3u) {
  let next_adam_step_1 = adam_step[0u] + 1.0;
  var total = 0.0;
  var total_1 = 0.0;
  for (var position = 0u; position < 64u; position++) {
    let element = arena[sum + position];
    let element_1 = arena[number + position];
    total += element;
    total_1 += element_1;
  }
  let loss_2 = -(total / 64.0);
  let accuracy_1 = total_1 / 64.0;
  loss_1[0u] = loss_2;
  accuracy[0u] = accuracy_1;
  arena[next_adam_step] = next_adam_step_1;
  adam_step[0u] = next_adam_step_1;
}

// ∂loss/∂hidden = ∂loss/∂logits @ logits.weightᵀ
// ∂loss/∂hidden.linear = select(hidden > 0, ∂loss/∂hidden, 0)
// samples/digits/model.ts:6:18, samples/digits/model.ts:6:23
// f32[64, 128]; 172 kFLOP, 73.2 kB
fn d_loss_d_hidden_linear(group: vec3u, local: vec3u) {
  let row = (group.y * 4u + local.x / 16u) * 4u;
  let column = (group.x * 16u + local.x % 16u) * 4u;
  let lane = local.x % 4u;
  var sum0 = mat4x4f();
  for (var k = 0u; k < 10u; k++) {
    let a0 = quad(d_loss_d_logits[row * 10u + lane * 10u + k]);
    let b0 = vec4f(
      logits_weight[column * 10u + k],
      logits_weight[column * 10u + k + 10u],
      logits_weight[column * 10u + k + 20u],
      logits_weight[column * 10u + k + 30u],
    );
    sum0 += mat4x4f(a0.x * b0, a0.y * b0, a0.z * b0, a0.w * b0);
  }
  for (var i = 0u; i < 4u; i++) {
    let r = row + i;
    let c = column;
    let four = sum0[i];
    arena_1[d_loss_d_hidden_linear_1 + r * 32u + c / 4u] = select(vec4f(0.0), four, arena_1[hidden + r * 32u + c / 4u] > vec4f(0.0));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  if (group.x < 1u) {
    if (local.x < 1u) { loss(vec3u(0u, 0u, 0u), local); }
  } else {
    let own = group.x - 1u;
    d_loss_d_hidden_linear(vec3u(own % 2u, own / 2u, 0u), local);
  }
}
