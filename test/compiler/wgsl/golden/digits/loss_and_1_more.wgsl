enable subgroups;
@group(0) @binding(0) var<storage, read_write> states: array<f32>;
const adam_step = 1344u; // f32
const logits_weight = 0u; // f32[128, 10]
@group(0) @binding(1) var<storage, read_write> arena: array<vec4f>;
const sum = 4256u; // f32[64]
const number = 4272u; // f32[64]
const next_adam_step = 4288u; // f32
const d_loss_d_logits = 4096u; // f32[64, 10]
const hidden = 0u; // f32[64, 128]
const d_loss_d_hidden_linear_1 = 2048u; // f32[64, 128]
@group(0) @binding(2) var<storage, read_write> train_outputs: array<f32>;
const loss_1 = 0u; // f32
const accuracy = 64u; // f32

fn quad(own: f32) -> vec4f {
  return vec4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

// loss = -mean(sum)
// accuracy = mean(number)
// adam.step ← adam.step + 1
// samples/digits/model.ts:8:16, samples/digits/model.ts:11:30
// f32; 132 FLOP, 528 B
fn loss(group: vec3u, local: vec3u) {
  let next_adam_step_1 = states[adam_step] + 1.0;
  var total: f32 = 0.0;
  var total_1: f32 = 0.0;
  for (var position = 0u; position < 64u; position += 4u) {
    let element = arena[sum + position / 4u];
    let element_1 = arena[number + position / 4u];
    total += element.x;
    total_1 += element_1.x;
    total += element.y;
    total_1 += element_1.y;
    total += element.z;
    total_1 += element_1.z;
    total += element.w;
    total_1 += element_1.w;
  }
  let sum_1 = total;
  let sum_2 = total_1;
  let loss_2 = -(sum_1 / 64.0);
  let accuracy_1 = sum_2 / 64.0;
  train_outputs[loss_1] = loss_2;
  train_outputs[accuracy] = accuracy_1;
  arena[next_adam_step][0u] = next_adam_step_1;
  states[adam_step] = next_adam_step_1;
}

// ∂loss/∂hidden = ∂loss/∂logits @ logits.weightᵀ
// ∂loss/∂hidden.linear = select(hidden > 0, ∂loss/∂hidden, 0)
// samples/digits/model.ts:6:18, samples/digits/model.ts:6:23
// f32[64, 128]; 172 kFLOP, 73.2 kB
fn d_loss_d_hidden_linear(group: vec3u, local: vec3u) {
  let row = (group.y * 4u + local.x / 16u) * 16u;
  let column = (group.x * 16u + local.x % 16u) * 4u;
  let lane = local.x % 4u;
  var sum0 = mat4x4f();
  var sum1 = mat4x4f();
  var sum2 = mat4x4f();
  var sum3 = mat4x4f();
  for (var k = 0u; k < 10u; k++) {
    let a0 = quad(arena[d_loss_d_logits + (row * 10u + lane * 10u + k) / 4u][(row * 10u + lane * 10u + k) % 4u]);
    let a1 = quad(arena[d_loss_d_logits + (row * 10u + lane * 10u + k) / 4u + 10u][(row * 10u + lane * 10u + k) % 4u]);
    let a2 = quad(arena[d_loss_d_logits + (row * 10u + lane * 10u + k) / 4u + 20u][(row * 10u + lane * 10u + k) % 4u]);
    let a3 = quad(arena[d_loss_d_logits + (row * 10u + lane * 10u + k) / 4u + 30u][(row * 10u + lane * 10u + k) % 4u]);
    let b0 = vec4f(
      states[logits_weight + column * 10u + k],
      states[logits_weight + column * 10u + k + 10u],
      states[logits_weight + column * 10u + k + 20u],
      states[logits_weight + column * 10u + k + 30u],
    );
    sum0 += mat4x4f(a0.x * b0, a0.y * b0, a0.z * b0, a0.w * b0);
    sum1 += mat4x4f(a1.x * b0, a1.y * b0, a1.z * b0, a1.w * b0);
    sum2 += mat4x4f(a2.x * b0, a2.y * b0, a2.z * b0, a2.w * b0);
    sum3 += mat4x4f(a3.x * b0, a3.y * b0, a3.z * b0, a3.w * b0);
  }
  var tile = array<mat4x4f, 4>(sum0, sum1, sum2, sum3);
  for (var i = 0u; i < 16u; i++) {
    let r = row + i;
    let c = column;
    let four = tile[i / 4u][i % 4u];
    arena[d_loss_d_hidden_linear_1 + r * 32u + c / 4u] = select(vec4f(0.0), four, arena[hidden + r * 32u + c / 4u] > vec4f(0.0));
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  if (group.x < 1u) {
    let own = group.x;
    if (local.x < 1u) { loss(vec3u(0u, 0u, 0u), vec3u(0u, 0u, 0u)); }
  } else {
    let own = group.x - 1u;
    d_loss_d_hidden_linear(vec3u(own, 0u, 0u), vec3u(local.x, 0u, 0u));
  }
}
