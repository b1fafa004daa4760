/// Logarithms of sigmoids, as −ln(1 + e^argument): of their complements and differences another one is known.
import { addLinear, equalLinear, isNumber, linearSoftplus, scaleLinear, type Linear } from "./linear.ts";

/** ln σ(u) = −ln(1 + e⁻ᵘ). */
export function logSigmoid(u: Linear): Linear {
  return scaleLinear(linearSoftplus(scaleLinear(u, -1)), -1);
}

/** ln(1 − eᵘ) for u = −softplus(v): 1 − σ(−v) = σ(v). */
export function complementOf(u: Linear): Linear | undefined {
  const [part] = u.softplus;
  if (u.softplus.length !== 1 || part.coefficient !== -1) return undefined;
  const mirrored = logSigmoid(part.argument);
  const plain = scaleLinear(linearSoftplus(part.argument), -1);
  if (equalLinear(u, plain)) return mirrored;
  return isNumber(addLinear(u, mirrored, -1)) && equalLinear(u, mirrored) ? plain : undefined;
}

/** σ(a) − σ(b) = σ(a) σ(−b) (1 − e^(b − a)). */
export function differenceOfSigmoids(
  left: Linear,
  right: Linear,
): { readonly gap: Linear; readonly rest: Linear } | undefined {
  const [a, b] = [left, right].map(logitOf);
  return a && b && { gap: addLinear(b, a, -1), rest: addLinear(left, logSigmoid(scaleLinear(b, -1))) };
}

/** u of ln σ(u). */
function logitOf({ constant: number, terms, softplus: [part, ...others] }: Linear): Linear | undefined {
  const isPlain = number === 0 && terms.size === 0 && others.length === 0;
  return isPlain && part?.coefficient === -1 ? scaleLinear(part.argument, -1) : undefined;
}
