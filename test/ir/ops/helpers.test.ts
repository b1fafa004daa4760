/// What kernels call: as little text as its result needs.
import { describe, expect, it } from "vitest";
import { expHelper } from "../../../ir/ops/helpers/exponential.ts";

describe("the exponential in WGSL", () => {
  it("makes a power of two without a conversion, around which compilers put bounds of their own", () => {
    expect(expHelper.body).not.toMatch(/\b[iu]32\(/);
    const [offset] = /n \+ (\d+\.0)/.exec(expHelper.body)!.slice(1).map(Number);
    const bits = new Uint32Array(1);
    const number = new Float32Array(bits.buffer);
    for (let n = -126; n <= 127; n++) {
      number[0] = n + offset;
      bits[0] <<= 23;
      expect(number[0]).toBe(2 ** n);
    }
  });
});
