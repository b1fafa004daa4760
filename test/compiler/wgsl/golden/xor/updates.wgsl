@group(0) @binding(0) var<storage, read> arena: array<vec4f>;
const next_adam_step = 64u; // f32
const d_loss_d_hidden_linear = 16u; // f32[4, 8]
const d_loss_d_logit = 32u; // f32[4, 1]
const hidden = 0u; // f32[4, 8]
@group(0) @binding(1) var<storage, read> x: array<f32>; // f32[4, 2]
@group(0) @binding(2) var<storage, read_write> states: array<vec4f>;
const adam_m_hidden_weight = 64u; // f32[2, 8]
const adam_v_hidden_weight = 80u; // f32[2, 8]
const hidden_weight = 0u; // f32[2, 8]
const adam_m_hidden_bias = 96u; // f32[8]
const adam_v_hidden_bias = 112u; // f32[8]
const hidden_bias = 16u; // f32[8]
const adam_m_logit_weight = 128u; // f32[8, 1]
const adam_v_logit_weight = 144u; // f32[8, 1]
const logit_weight = 32u; // f32[8, 1]
const adam_m_logit_bias = 160u; // f32[1]
const adam_v_logit_bias = 176u; // f32[1]
const logit_bias = 48u; // f32[1]
struct Settings { learningRate: f32 }
@group(0) @binding(3) var<uniform> settings: Settings;
var<private> adam_m_norm: f32;
var<private> adam_v_norm: f32;

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

fn expm1(x: f32) -> f32 {
  // Near 0 the Taylor series to the eighth power.
  let head = 1.0 + x / 5.0 * (1.0 + x / 6.0 * (1.0 + x / 7.0 * (1.0 + x / 8.0)));
  let series = x + x * x * 0.5 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * head));
  return select(exponential(x) - 1.0, series, abs(x) < 0.5);
}

// ∂loss/∂hidden.weight = xᵀ @ ∂loss/∂hidden.linear
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.weight ← 0.9 · adam.m.hidden.weight + 0.1 · ∂loss/∂hidden.weight
// adam.v.hidden.weight ← 0.999 · adam.v.hidden.weight + 0.001 · ∂loss/∂hidden.weight²
// hidden.weight ← hidden.weight
//   - learningRate · (adam.m.hidden.weight′ / adam.m.norm / (sqrt(adam.v.hidden.weight′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:6:23
// f32[2, 8]; 448 FLOP, 356 B
fn update_hidden_weight(group: vec3u, local: vec3u) {
  let thread = group.x * 2u + local.x;
  let row = thread / 2u * 2u;
  let column = thread % 2u * 4u;
  var sum0 = mat2x4f();
  for (var k = 0u; k < 4u; k += 4u) {
    let a0 = mat2x4f(
      vec4f(x[k * 2u + row], x[k * 2u + row + 2u], x[k * 2u + row + 4u], x[k * 2u + row + 6u]),
      vec4f(x[k * 2u + row + 1u], x[k * 2u + row + 3u], x[k * 2u + row + 5u], x[k * 2u + row + 7u]),
    );
    let b0 = mat4x4f(
      arena[d_loss_d_hidden_linear + k * 2u + column / 4u],
      arena[d_loss_d_hidden_linear + k * 2u + column / 4u + 2u],
      arena[d_loss_d_hidden_linear + k * 2u + column / 4u + 4u],
      arena[d_loss_d_hidden_linear + k * 2u + column / 4u + 6u],
    );
    sum0 += b0 * a0;
  }
  for (var i = 0u; i < 2u; i++) {
    let r = row + i;
    let c = column;
    let four = sum0[i];
    let next_adam_m_hidden_weight = 0.9 * states[adam_m_hidden_weight + r * 2u + c / 4u] + 0.1 * four;
    let next_adam_v_hidden_weight = 0.999 * states[adam_v_hidden_weight + r * 2u + c / 4u] + 0.001 * (four * four);
    let next_hidden_weight = states[hidden_weight + r * 2u + c / 4u] - settings.learningRate * (next_adam_m_hidden_weight / adam_m_norm / (sqrt(next_adam_v_hidden_weight / adam_v_norm) + 1e-8));
    states[adam_m_hidden_weight + r * 2u + c / 4u] = next_adam_m_hidden_weight;
    states[adam_v_hidden_weight + r * 2u + c / 4u] = next_adam_v_hidden_weight;
    states[hidden_weight + r * 2u + c / 4u] = next_hidden_weight;
  }
}

// ∂loss/∂hidden.bias = sum(∂loss/∂hidden.linear, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.bias ← 0.9 · adam.m.hidden.bias + 0.1 · ∂loss/∂hidden.bias
// adam.v.hidden.bias ← 0.999 · adam.v.hidden.bias + 0.001 · ∂loss/∂hidden.bias²
// hidden.bias ← hidden.bias
//   - learningRate · (adam.m.hidden.bias′ / adam.m.norm / (sqrt(adam.v.hidden.bias′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:6:23
// f32[8]; 192 FLOP, 228 B
fn update_hidden_bias(group: vec3u, local: vec3u) {
  let row = (group.x * 2u + local.x) * 4u;
  var total = vec4f(0.0);
  for (var position = 0u; position < 4u; position++) {
    let element = arena[d_loss_d_hidden_linear + position * 2u + row / 4u];
    total += element;
  }
  let next_adam_m_hidden_bias = 0.9 * states[adam_m_hidden_bias + row / 4u] + 0.1 * total;
  let next_adam_v_hidden_bias = 0.999 * states[adam_v_hidden_bias + row / 4u] + 0.001 * (total * total);
  let next_hidden_bias = states[hidden_bias + row / 4u] - settings.learningRate * (next_adam_m_hidden_bias / adam_m_norm / (sqrt(next_adam_v_hidden_bias / adam_v_norm) + 1e-8));
  states[adam_m_hidden_bias + row / 4u] = next_adam_m_hidden_bias;
  states[adam_v_hidden_bias + row / 4u] = next_adam_v_hidden_bias;
  states[hidden_bias + row / 4u] = next_hidden_bias;
}

// ∂loss/∂logit.weight = (∂loss/∂logitᵀ @ hidden)ᵀ
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logit.weight ← 0.9 · adam.m.logit.weight + 0.1 · ∂loss/∂logit.weight
// adam.v.logit.weight ← 0.999 · adam.v.logit.weight + 0.001 · ∂loss/∂logit.weight²
// logit.weight ← logit.weight
//   - learningRate · (adam.m.logit.weight′ / adam.m.norm / (sqrt(adam.v.logit.weight′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:7:17
// f32[8, 1]; 224 FLOP, 244 B
fn update_logit_weight(group: vec3u, local: vec3u) {
  let thread = group.x * 2u + local.x;
  let row = thread / 2u;
  let column = thread % 2u * 4u;
  var sum0 = vec4f();
  for (var k = 0u; k < 4u; k += 4u) {
    let a0 = arena[d_loss_d_logit];
    let b0 = mat4x4f(
      arena[hidden + k * 2u + column / 4u],
      arena[hidden + k * 2u + column / 4u + 2u],
      arena[hidden + k * 2u + column / 4u + 4u],
      arena[hidden + k * 2u + column / 4u + 6u],
    );
    sum0 += b0 * a0;
  }
  let r = row;
  let c = column;
  let next_adam_m_logit_weight = 0.9 * states[adam_m_logit_weight + c / 4u] + 0.1 * sum0;
  let next_adam_v_logit_weight = 0.999 * states[adam_v_logit_weight + c / 4u] + 0.001 * (sum0 * sum0);
  let next_logit_weight = states[logit_weight + c / 4u] - settings.learningRate * (next_adam_m_logit_weight / adam_m_norm / (sqrt(next_adam_v_logit_weight / adam_v_norm) + 1e-8));
  states[adam_m_logit_weight + c / 4u] = next_adam_m_logit_weight;
  states[adam_v_logit_weight + c / 4u] = next_adam_v_logit_weight;
  states[logit_weight + c / 4u] = next_logit_weight;
}

// ∂loss/∂logit.bias = sum(∂loss/∂logit, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logit.bias ← 0.9 · adam.m.logit.bias + 0.1 · ∂loss/∂logit.bias
// adam.v.logit.bias ← 0.999 · adam.v.logit.bias + 0.001 · ∂loss/∂logit.bias²
// logit.bias ← logit.bias
//   - learningRate · (adam.m.logit.bias′ / adam.m.norm / (sqrt(adam.v.logit.bias′ / adam.v.norm) + 1e-8))
// samples/xor/model.ts:7:17
// f32[1]; 24 FLOP, 32 B
fn update_logit_bias(group: vec3u, local: vec3u) {
  var total = 0.0;
  for (var position = 0u; position < 4u; position++) {
    let element = arena[d_loss_d_logit][position];
    total += element;
  }
  let next_adam_m_logit_bias = 0.9 * states[adam_m_logit_bias][0u] + 0.1 * total;
  let next_adam_v_logit_bias = 0.999 * states[adam_v_logit_bias][0u] + 0.001 * (total * total);
  let next_logit_bias = states[logit_bias][0u] - settings.learningRate * (next_adam_m_logit_bias / adam_m_norm / (sqrt(next_adam_v_logit_bias / adam_v_norm) + 1e-8));
  states[adam_m_logit_bias][0u] = next_adam_m_logit_bias;
  states[adam_v_logit_bias][0u] = next_adam_v_logit_bias;
  states[logit_bias][0u] = next_logit_bias;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  adam_m_norm = -expm1(-0.105360515 * arena[next_adam_step][0u]);
  adam_v_norm = -expm1(-0.0010005003 * arena[next_adam_step][0u]);
  if (group.x < 1u) {
    if (local.x < 2u) { update_hidden_weight(vec3u(0u, 0u, 0u), local); }
  } else if (group.x < 2u) {
    if (local.x < 2u) { update_hidden_bias(vec3u(0u, 0u, 0u), local); }
  } else if (group.x < 3u) {
    if (local.x < 2u) { update_logit_weight(vec3u(0u, 0u, 0u), local); }
  } else {
    if (local.x < 1u) { update_logit_bias(vec3u(0u, 0u, 0u), local); }
  }
}
