/// A simple check that LaTeX compiles.
import { expect } from "vitest";

/** Braces, `\\left` with `\\right` and `\\begin` with `\\end` come in pairs. */
export function expectBalanced(latex: string): void {
  let depth = 0;
  for (const [token] of latex.replace(/\\[{}]/g, "").matchAll(/[{}]/g)) {
    depth += token === "{" ? 1 : -1;
    expect(depth).toBeGreaterThanOrEqual(0);
  }
  expect(depth).toBe(0);
  expect(latex.match(/\\left\b/g)?.length).toBe(latex.match(/\\right\b/g)?.length);
  expect(latex.match(/\\begin/g)?.length).toBe(latex.match(/\\end/g)?.length);
}
