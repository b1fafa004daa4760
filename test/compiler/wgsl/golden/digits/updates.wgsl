enable subgroups;
@group(0) @binding(0) var<storage, read> arena: array<vec4f>;
const next_adam_step = 4288u; // f32
const d_loss_d_hidden_linear = 2048u; // f32[64, 128]
const hidden = 0u; // f32[64, 128]
const d_loss_d_logits = 4096u; // f32[64, 10]
@group(0) @binding(1) var<storage, read> image: array<vec4f>; // f32[64, 256]
@group(0) @binding(2) var<storage, read_write> states: array<vec4f>;
const adam_m_hidden_weight = 8560u; // f32[256, 128]
const adam_v_hidden_weight = 16752u; // f32[256, 128]
const hidden_weight = 0u; // f32[256, 128]
const adam_m_hidden_bias = 24944u; // f32[128]
const adam_v_hidden_bias = 24976u; // f32[128]
const hidden_bias = 8192u; // f32[128]
const adam_m_logits_weight = 25008u; // f32[128, 10]
const adam_v_logits_weight = 25328u; // f32[128, 10]
const logits_weight = 8224u; // f32[128, 10]
const adam_m_logits_bias = 25648u; // f32[10]
const adam_v_logits_bias = 25664u; // f32[10]
const logits_bias = 8544u; // f32[10]
struct Settings { learningRate: f32 }
@group(0) @binding(3) var<uniform> settings: Settings;
var<private> adam_m_norm: f32;
var<private> adam_v_norm: f32;

fn quads(own: vec4f) -> mat4x4f {
  return mat4x4f(quadBroadcast(own, 0u), quadBroadcast(own, 1u), quadBroadcast(own, 2u), quadBroadcast(own, 3u));
}

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

// ∂loss/∂hidden.weight = imageᵀ @ ∂loss/∂hidden.linear
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.weight ← 0.9 · adam.m.hidden.weight + 0.1 · ∂loss/∂hidden.weight
// adam.v.hidden.weight ← 0.999 · adam.v.hidden.weight + 0.001 · ∂loss/∂hidden.weight²
// hidden.weight ← hidden.weight
//   - learningRate · (adam.m.hidden.weight′ / adam.m.norm / (sqrt(adam.v.hidden.weight′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:6:23
// f32[256, 128]; 4.85 MFLOP, 492 kB
fn update_hidden_weight(group: vec3u, local: vec3u) {
  let row = (group.y * 4u + local.x / 16u) * 8u;
  let column = (group.x * 16u + local.x % 16u) * 8u;
  let lane = local.x % 4u;
  var sum0 = mat4x4f();
  var sum1 = mat4x4f();
  var sum2 = mat4x4f();
  var sum3 = mat4x4f();
  for (var k = 0u; k < 64u; k += 4u) {
    let t0 = quads(image[k * 64u + lane * 64u + row / 4u]);
    let a0 = transpose(t0);
    let t1 = quads(image[k * 64u + lane * 64u + row / 4u + 1u]);
    let a1 = transpose(t1);
    let b0 = mat4x4f(
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 32u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 64u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 96u],
    );
    let b1 = mat4x4f(
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 1u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 33u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 65u],
      arena[d_loss_d_hidden_linear + k * 32u + column / 4u + 97u],
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
    let next_adam_m_hidden_weight = 0.9 * states[adam_m_hidden_weight + r * 32u + c / 4u] + 0.1 * four;
    let next_adam_v_hidden_weight = 0.999 * states[adam_v_hidden_weight + r * 32u + c / 4u] + 0.001 * (four * four);
    let next_hidden_weight = states[hidden_weight + r * 32u + c / 4u] - settings.learningRate * (next_adam_m_hidden_weight / adam_m_norm / (sqrt(next_adam_v_hidden_weight / adam_v_norm) + 1e-8));
    states[adam_m_hidden_weight + r * 32u + c / 4u] = next_adam_m_hidden_weight;
    states[adam_v_hidden_weight + r * 32u + c / 4u] = next_adam_v_hidden_weight;
    states[hidden_weight + r * 32u + c / 4u] = next_hidden_weight;
  }
}

// ∂loss/∂hidden.bias = sum(∂loss/∂hidden.linear, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.hidden.bias ← 0.9 · adam.m.hidden.bias + 0.1 · ∂loss/∂hidden.bias
// adam.v.hidden.bias ← 0.999 · adam.v.hidden.bias + 0.001 · ∂loss/∂hidden.bias²
// hidden.bias ← hidden.bias
//   - learningRate · (adam.m.hidden.bias′ / adam.m.norm / (sqrt(adam.v.hidden.bias′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:6:23
// f32[128]; 10.8 kFLOP, 34.3 kB
fn update_hidden_bias(group: vec3u, local: vec3u) {
  let row = (group.x * 32u + local.x) * 4u;
  var total = vec4f(0.0);
  for (var position = 0u; position < 64u; position++) {
    let element = arena[d_loss_d_hidden_linear + position * 32u + row / 4u];
    total += element;
  }
  let next_adam_m_hidden_bias = 0.9 * states[adam_m_hidden_bias + row / 4u] + 0.1 * total;
  let next_adam_v_hidden_bias = 0.999 * states[adam_v_hidden_bias + row / 4u] + 0.001 * (total * total);
  let next_hidden_bias = states[hidden_bias + row / 4u] - settings.learningRate * (next_adam_m_hidden_bias / adam_m_norm / (sqrt(next_adam_v_hidden_bias / adam_v_norm) + 1e-8));
  states[adam_m_hidden_bias + row / 4u] = next_adam_m_hidden_bias;
  states[adam_v_hidden_bias + row / 4u] = next_adam_v_hidden_bias;
  states[hidden_bias + row / 4u] = next_hidden_bias;
}

// ∂loss/∂logits.weight = hiddenᵀ @ ∂loss/∂logits
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logits.weight ← 0.9 · adam.m.logits.weight + 0.1 · ∂loss/∂logits.weight
// adam.v.logits.weight ← 0.999 · adam.v.logits.weight + 0.001 · ∂loss/∂logits.weight²
// logits.weight ← logits.weight
//   - learningRate · (adam.m.logits.weight′ / adam.m.norm / (sqrt(adam.v.logits.weight′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:7:18
// f32[128, 10]; 189 kFLOP, 50.7 kB
fn update_logits_weight(group: vec3u, local: vec3u) {
  let thread = group.x * 48u + local.x;
  let row = thread / 3u * 4u;
  let column = thread % 3u * 4u;
  var sum0 = mat4x4f();
  for (var k = 0u; k < 64u; k++) {
    let a0 = arena[hidden + k * 32u + row / 4u];
    let b0 = vec4f(
      arena[d_loss_d_logits + (k * 10u + column) / 4u][(k * 10u) % 4u],
      arena[d_loss_d_logits + (k * 10u + column) / 4u][(k * 10u) % 4u + 1u],
      arena[d_loss_d_logits + (k * 10u + column + 2u) / 4u][(k * 10u + 2u) % 4u],
      arena[d_loss_d_logits + (k * 10u + column + 2u) / 4u][(k * 10u + 2u) % 4u + 1u],
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
      let next_adam_m_logits_weight = 0.9 * states[adam_m_logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] + 0.1 * four[j];
      let next_adam_v_logits_weight = 0.999 * states[adam_v_logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] + 0.001 * (four[j] * four[j]);
      let next_logits_weight = states[logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] - settings.learningRate * (next_adam_m_logits_weight / adam_m_norm / (sqrt(next_adam_v_logits_weight / adam_v_norm) + 1e-8));
      states[adam_m_logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] = next_adam_m_logits_weight;
      states[adam_v_logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] = next_adam_v_logits_weight;
      states[logits_weight + (r * 10u + one) / 4u][(r * 10u + one) % 4u] = next_logits_weight;
    }
  }
}

// ∂loss/∂logits.bias = sum(∂loss/∂logits, axis=0)
// adam.m.norm = -expm1(-0.105360515 · adam.step′)
// adam.v.norm = -expm1(-0.0010005003 · adam.step′)
// adam.m.logits.bias ← 0.9 · adam.m.logits.bias + 0.1 · ∂loss/∂logits.bias
// adam.v.logits.bias ← 0.999 · adam.v.logits.bias + 0.001 · ∂loss/∂logits.bias²
// logits.bias ← logits.bias
//   - learningRate · (adam.m.logits.bias′ / adam.m.norm / (sqrt(adam.v.logits.bias′ / adam.v.norm) + 1e-8))
// samples/digits/model.ts:7:18
// f32[10]; 840 FLOP, 2.68 kB
fn update_logits_bias(group: vec3u, local: vec3u) {
  let inside = group.x * 16u + local.x < 10u;
  let row = min(group.x * 16u + local.x, 9u);
  var total = 0.0;
  for (var position = 0u; position < 64u; position++) {
    let element = arena[d_loss_d_logits + (position * 10u + row) / 4u][(position * 10u + row) % 4u];
    total += element;
  }
  if (inside) {
    let next_adam_m_logits_bias = 0.9 * states[adam_m_logits_bias + row / 4u][row % 4u] + 0.1 * total;
    let next_adam_v_logits_bias = 0.999 * states[adam_v_logits_bias + row / 4u][row % 4u] + 0.001 * (total * total);
    let next_logits_bias = states[logits_bias + row / 4u][row % 4u] - settings.learningRate * (next_adam_m_logits_bias / adam_m_norm / (sqrt(next_adam_v_logits_bias / adam_v_norm) + 1e-8));
    states[adam_m_logits_bias + row / 4u][row % 4u] = next_adam_m_logits_bias;
    states[adam_v_logits_bias + row / 4u][row % 4u] = next_adam_v_logits_bias;
    states[logits_bias + row / 4u][row % 4u] = next_logits_bias;
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  adam_m_norm = -expm1(-0.105360515 * arena[next_adam_step][0u]);
  adam_v_norm = -expm1(-0.0010005003 * arena[next_adam_step][0u]);
  if (group.x < 8u) {
    let own = group.x;
    update_hidden_weight(vec3u(0u, own, 0u), local);
  } else if (group.x < 9u) {
    if (local.x < 32u) { update_hidden_bias(vec3u(0u, 0u, 0u), local); }
  } else if (group.x < 11u) {
    let own = group.x - 9u;
    if (local.x < 48u) { update_logits_weight(vec3u(own, 0u, 0u), local); }
  } else {
    if (local.x < 16u) { update_logits_bias(vec3u(0u, 0u, 0u), local); }
  }
}
