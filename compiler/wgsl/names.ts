/// Identifiers of a kernel: the user's names as far as WGSL allows them.

/** Words that a kernel must not declare: keywords, reserved words and builtins that kernels call. */
const taken = `
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while new self super this static class final null type of from in out
  ref use where with target precision sample filter input output
  vec2 vec3 vec4 vec4f vec4u vec4i f32 i32 u32 f16 bool array atomic ptr mat4x4
  abs clamp exp floor log max min pow select sign sqrt tanh bitcast fma step mix dot cross arrayLength workgroupBarrier
  expm1 log1p softplus sigmoid power expm14 log1p4 softplus4 sigmoid4 power4
  main sizes settings local group tile row column infinity_bits nan_bits
`
  .trim()
  .split(/\s+/);

/** Gives out identifiers, each once. */
export interface Namer {
  (wanted: string): string;
}

/** A namer for one kernel. */
export function createNamer(): Namer {
  const used = new Set(taken);
  return (wanted) => {
    const base = identifier(wanted);
    let name = base;
    for (let count = 1; used.has(name); count++) name = `${base}_${count}`;
    used.add(name);
    return name;
  };
}

/** A name of the graph as an identifier: `hidden.weight` → `hidden_weight`, `∂loss/∂hidden` → `d_loss_d_hidden`. */
export function identifier(name: string): string {
  const plain = name
    .replace(/∂/g, "d_")
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(plain) ? plain : `value${plain && `_${plain}`}`;
}
