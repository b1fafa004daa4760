// logit = hidden @ logit.weight + logit.bias
// probability = sigmoid(logit)
// ∂loss/∂logit = (probability - y) / 4
// total = y · softplus(-logit) + (1 - y) · softplus(logit)
// samples/xor/model.ts:7:17, samples/xor/model.ts:10:29, samples/xor/model.ts:8:16
// f32[4, 1]; 108 FLOP, 212 B

@group(0) @binding(0) var<storage, read_write> hidden: array<vec4f>; // f32[4, 8]; only read, in a buffer that is written here
@group(0) @binding(1) var<storage, read> logit_weight: array<vec4f>; // f32[8, 1]
@group(0) @binding(2) var<storage, read> logit_bias: array<f32>; // f32[1]
@group(0) @binding(3) var<storage, read> y: array<f32>; // f32[4, 1]
@group(0) @binding(4) var<storage, read_write> d_loss_d_logit: array<f32>; // f32[4, 1]
@group(0) @binding(5) var<storage, read_write> total: array<f32>; // f32[4, 1]

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -88.0, 88.0)));
}

fn log1p(x: f32) -> f32 {
  let s = x / (2.0 + x);
  let q = s * s;
  let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q / 11.0)))));
  return select(log(1.0 + x), series, abs(x) < 0.5);
}

fn softplus(x: f32) -> f32 {
  return max(x, 0.0) + log1p(exp(-abs(x)));
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let row = group.y * 4u;
  let column = group.x * 4u;
  if (row >= 4u || column >= 1u) { return; }
  let column1 = min(column + 1u, 0u);
  let column2 = min(column + 2u, 0u);
  let column3 = min(column + 3u, 0u);
  var sum0 = vec4f(0.0);
  var sum1 = vec4f(0.0);
  var sum2 = vec4f(0.0);
  var sum3 = vec4f(0.0);
  for (var k = 0u; k < 8u; k += 4u) {
    let a0 = hidden[row * 2u + k / 4u];
    let a1 = hidden[row * 2u + k / 4u + 2u];
    let a2 = hidden[row * 2u + k / 4u + 4u];
    let a3 = hidden[row * 2u + k / 4u + 6u];
    let c0 = logit_weight[k / 4u];
    let c1 = logit_weight[k / 4u];
    let c2 = logit_weight[k / 4u];
    let c3 = logit_weight[k / 4u];
    let b0 = vec4f(c0.x, c1.x, c2.x, c3.x);
    let b1 = vec4f(c0.y, c1.y, c2.y, c3.y);
    let b2 = vec4f(c0.z, c1.z, c2.z, c3.z);
    let b3 = vec4f(c0.w, c1.w, c2.w, c3.w);
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
      if (c >= 1u) { break; }
      let logit = tile[i][j] + logit_bias[0u];
      let probability = sigmoid(logit);
      d_loss_d_logit[r] = (probability - y[r]) / 4.0;
      total[r] = y[r] * softplus(-logit) + (1.0 - y[r]) * softplus(logit);
    }
  }
}
