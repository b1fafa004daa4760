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
  vec2 vec3 vec4 vec2f vec3f vec4f vec2u vec3u vec4u vec2i vec3i vec4i f32 i32 u32 f16 bool array atomic ptr
  abs arrayLength bitcast ceil clamp countLeadingZeros exp floor inverseSqrt log max min round select sign sqrt trunc
  workgroupBarrier
  workgroup storage uniform private function read write read_write handle push_constant
  main sizes settings Sizes Settings place local group tile infinity nan
  row column batch k r c i j lane turn position inside stride other at
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

/** Gives out identifiers, each once. */
export interface Namer {
  (wanted: string): string;
}

/** A namer for one kernel, or for several in one module; `reserved` are names that it never gives. */
export function createNamer(reserved: ReadonlySet<string> = new Set()): Namer {
  const used = new Set<string>();
  const isFree = (name: string): boolean => !used.has(name) && !taken.has(name) && !reserved.has(name);
  return (wanted) => {
    const base = identifier(wanted);
    let name = base;
    for (let count = 1; !isFree(name); count++) name = `${base}_${count}`;
    used.add(name);
    return name;
  };
}

/** A name of the graph as an identifier: `hidden.weight` → `hidden_weight`, `∂loss/∂hidden` → `d_loss_d_hidden`. */
export function identifier(name: string): string {
  if (/^[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*$/.test(name)) return name;
  const plain = name
    .replace(/∂/g, "d_")
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[A-Za-z]/.test(plain) ? plain : `value${plain && `_${plain}`}`;
}
