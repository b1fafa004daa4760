/// Identifiers of a kernel: the user's names as far as WGSL allows them.
import { allOps } from "../../ir/ops/all.ts";
import type { HelperFunction, Op } from "../../ir/value.ts";

/** Words that a kernel must not declare: WGSL's keywords and reserved words, and what kernels call or declare themselves. */
const words = `
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let loop
  override requires return struct switch true var while
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class co_await
  co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval constexpr constinit
  crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export extends extern external
  fallthrough filter final finally friend from fxgroup get goto groupshared highp impl implements import inline instanceof
  interface layout lowp macro macro_rules match mediump meta mod module move mut mutable namespace new nil noexcept
  noinline nointerpolation non_coherent noncoherent noperspective null nullptr of operator package packoffset partition
  pass patch pixelfragment precise precision premerge priv protected pub public readonly ref regardless register
  reinterpret_cast require resource restrict self set shared sizeof smooth snorm static static_assert static_cast std
  subroutine super target template this thread_local throw trait try type typedef typeid typename typeof union unless
  unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly yield
  mat2x4f mat3x4f mat4x4f transpose quad quads exchange exchanged pick quadSum added quadBroadcast
  beside besides below belows quadSwapX quadSwapY
  beside_f32 beside_u32 beside_i32 below_f32 below_u32 below_i32
  vec2 vec3 vec4 vec2f vec3f vec4f vec2u vec3u vec4u vec2i vec3i vec4i f32 i32 u32 f16 bool array atomic ptr
  abs arrayLength bitcast ceil clamp countLeadingZeros exp floor inverseSqrt log max min round select sign sqrt trunc
  workgroupBarrier unpack2x16float read_half read_halves write_halves
  workgroup storage uniform private function read write read_write handle push_constant
  main arena_range sizes settings Sizes Settings place local group tile infinity nan ending Ending
  row column batch k r c i j lane turn position inside stride other at part own
`
  .trim()
  .split(/\s+/);

/** Helpers of an op, with those that they call. */
function helpersOf(op: Op): readonly HelperFunction[] {
  const withUses = (helper: HelperFunction): readonly HelperFunction[] => [
    helper,
    ...(helper.uses ?? []).flatMap(withUses),
  ];
  return "helpers" in op ? (op.helpers ?? []).flatMap(withUses) : [];
}

/** Names of the functions that ops bring along, for one lane and for four. */
const functions = new Set(
  allOps()
    .flatMap(helpersOf)
    .map(({ name }) => name),
);
const taken: ReadonlySet<string> = new Set([...words, ...[...functions].flatMap((name) => [name, `${name}4`])]);

/** Gives out identifiers of a kernel, each once. */
export interface Namer {
  (wanted: string): string;
  /** A name for what is declared outside of the kernel's function: tensors and memory of a workgroup. */
  readonly outside: (wanted: string) => string;
}

/** Gives out identifiers of a module of several kernels. */
export interface ModuleNamer {
  /** A name that no function of the module uses for anything else. */
  readonly outside: (wanted: string) => string;
  /** A namer for one function more: what is declared in it may be called as in another. */
  inside(): Namer;
}

/** A namer for one kernel; `reserved` are names that it never gives. */
export function createNamer(reserved: ReadonlySet<string> = new Set()): Namer {
  const used = new Set<string>();
  const name = (wanted: string): string => free(wanted, [used, reserved], [used]);
  return Object.assign(name, { outside: name });
}

/** A namer for the kernels of one module; `reserved` are names that it never gives. */
export function createModuleNamer(reserved: ReadonlySet<string> = new Set()): ModuleNamer {
  const [outer, inner] = [new Set<string>(), new Set<string>()];
  const outside = (wanted: string): string => free(wanted, [outer, inner, reserved], [outer]);
  return {
    outside,
    inside() {
      const own = new Set<string>();
      return Object.assign((wanted: string) => free(wanted, [outer, own, reserved], [own, inner]), { outside });
    },
  };
}

/** A name that is in none of some sets, as it then is in others. */
function free(wanted: string, used: readonly ReadonlySet<string>[], takes: readonly Set<string>[]): string {
  const base = identifier(wanted);
  let name = base;
  for (let count = 1; taken.has(name) || used.some((names) => names.has(name)); count++) name = `${base}_${count}`;
  for (const names of takes) names.add(name);
  return name;
}

/** Marks that tell an estimate or a mean from what it is of, in words: ŷ is another value than y. */
const marks: Readonly<Record<string, string>> = { "\u0302": "_hat", "\u0303": "_tilde", "\u0304": "_bar" };

/** A name of the graph as an identifier: `hidden.weight` → `hidden_weight`, `∂loss/∂hidden` → `d_loss_d_hidden`, `ŷ` → `y_hat`. */
export function identifier(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*$/.test(name)) return name;
  const plain = name
    .replace(/∂/g, "d_")
    .normalize("NFKD")
    .replace(/[\u0302-\u0304]/g, (mark) => marks[mark])
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(plain) ? plain : `value${plain && `_${plain}`}`;
}
