/// The proof that a result may be written where an operand lies, on bodies of kernels as they could be.
import { describe, expect, it } from "vitest";
import { fitsInPlace } from "../../../compiler/lower/in-place.ts";
import { constantIndex, indexAlgebra, variableIndex, type Index } from "../../../compiler/lower/index.ts";
import { letter } from "../../../ir/ops/leaf.ts";
import type { Expression, Statement } from "../../../compiler/lower/kernel.ts";

const [x, y, other] = Array.from({ length: 3 }, () => letter({ dtype: "f32", shape: [16, 64] }));

const line = (text: string): Statement => ({ tag: "line", text });
const block = (head: string, ...body: Statement[]): Statement => ({ tag: "block", head, body });
const read = (index: Index, lanes: 1 | 4 = 1, tensor = x): Expression => ({
  tag: "load",
  tensor,
  index,
  dtype: "f32",
  lanes,
});
const write = (index: Index, value: Expression, target = y): Statement => ({
  tag: "store",
  target: { value: target },
  index,
  value,
});
const keep = (name: string, value: Expression): Statement => ({ tag: "let", name, value });

const { add, multiply } = indexAlgebra;
const row = "let row = group.x * 16u + local.x / 4u;";
const loop = "for (var position = local.x % 4u; position < 64u; position += 4u)";
const here = add(multiply(variableIndex("row", 16), 64), variableIndex("position", 64));
const fits = (...body: Statement[]): boolean => fitsInPlace(body, x, y);

describe("a result may be written where an operand lies", () => {
  it("where each thread reads what it writes, in the same statement, before, or in a loop before", () => {
    expect(fits(line(row), block(loop, write(here, read(here))))).toBe(true);
    expect(fits(line(row), block(loop, keep("a", read(here)), write(here, read(here, 1, other))))).toBe(true);
    expect(fits(line(row), block(loop, keep("a", read(here))), block(loop, write(here, read(here))))).toBe(true);
  });

  it("where it is written twice, and the operand read before", () => {
    expect(fits(line(row), block(loop, write(here, read(here))), block(loop, write(here, read(here, 1, y))))).toBe(
      true,
    );
  });

  it("not where the operand is read after it, in a statement or a loop", () => {
    expect(fits(line(row), block(loop, write(here, read(here, 1, other)), keep("a", read(here))))).toBe(false);
    expect(fits(line(row), block(loop, write(here, read(here))), block(loop, keep("a", read(here))))).toBe(false);
    expect(fits(line(row), block(loop, write(here, read(here)), write(here, read(here), other)))).toBe(false);
  });

  it("not where another element is read: of another thread, or not written at all", () => {
    const beside = add(here, constantIndex(1));
    expect(fits(line(row), block(loop, write(here, read(beside))))).toBe(false);
    const first = multiply(variableIndex("row", 16), 64);
    expect(fits(line(row), keep("a", read(first)), block(loop, write(here, read(here))))).toBe(false);
  });

  it("not where the same index is another element: loops that go another way, variables of two meanings", () => {
    const whole = "for (var position = 0u; position < 64u; position++)";
    expect(fits(line(row), block(whole, keep("a", read(here))), block(loop, write(here, read(here))))).toBe(false);
    const place = variableIndex("place", 64);
    const turns = "for (var turn = 0u; turn < 4u; turn++)";
    const turn = (text: string, statement: Statement): Statement =>
      block(turns, line(`let place = ${text};`), statement);
    const index = add(multiply(variableIndex("row", 16), 64), place);
    const last = write(index, read(index, 1, other));
    const same = "turn * 16u + local.x";
    expect(fits(line(row), turn(same, keep("a", read(index))), turn(same, last))).toBe(true);
    expect(fits(line(row), turn("turn + local.x * 4u", keep("a", read(index))), turn(same, last))).toBe(false);
  });

  it("not where variables change", () => {
    const changing = [line("var row = group.x;"), line("row += 1u;")];
    expect(fits(...changing, block(loop, write(here, read(here))))).toBe(false);
  });

  it("not where data says which element is written, or nothing is known of it", () => {
    const found = add(multiply(variableIndex("row", 16), 64), variableIndex("found", 64));
    const own = write(found, read(found));
    expect(fits(line(row), line("let found = local.x % 4u;"), own)).toBe(true);
    expect(fits(line(row), keep("found", read(here, 1, other)), own)).toBe(false);
    const taken: Statement = { tag: "assign", before: "let found = u32(", value: read(here, 1, other), after: ");" };
    expect(fits(line(row), taken, own)).toBe(false);
    expect(fits(line(row), own)).toBe(false);
    expect(fits(line(row), line("let found = order[local.x % 4u];"), own)).toBe(false);
  });

  it("not where nothing of the operand is seen to be read", () => {
    expect(fits(line(row), block(loop, write(here, read(here, 1, other))))).toBe(false);
    expect(fits(line(row))).toBe(false);
  });

  it("not where threads beyond an edge repeat what others do", () => {
    const clamped = [line("let inside = local.x < 9u;"), line("let row = min(group.x * 16u + local.x / 4u, 8u);")];
    expect(fits(...clamped, block(loop, write(here, read(here))))).toBe(false);
    const through = [line("let own = min(group.x, 8u);"), line("let row = own;")];
    expect(fits(...through, block(loop, write(here, read(here))))).toBe(false);
  });

  it("not where more threads read than write, or a loop writes one element again and again", () => {
    const only = write(here, read(here, 1, other));
    const reads = block(loop, keep("a", read(here)));
    expect(fits(line(row), reads, block("if (local.x == 0u)", block(loop, only)))).toBe(false);
    expect(fits(line(row), block(loop, block("for (var j = 0u; j < 4u; j++)", write(here, read(here)))))).toBe(false);
  });

  it("not where four elements are read and one is written", () => {
    const one = write(here, read(here, 1, other));
    expect(fits(line(row), block(loop, keep("a", read(here, 4)), one))).toBe(false);
  });
});
