/// WGSL expressions evaluated by WGSL's own grammar, which is stricter than most: comparisons do not chain, `&` and `|`
/// take only unary operands, and `--` is a token of its own. Knows nothing of how the compiler writes them.

/** Values of names; a record stands for a struct, an array for a storage buffer. */
export type Names = { readonly [name: string]: number | Names | readonly number[] };

type Function = (...operands: readonly number[]) => number;

const functions: Readonly<Record<string, Function>> = {
  ...{ exponential: Math.exp, ln: Math.log, sqrt: Math.sqrt, abs: Math.abs, hyperbolic_tangent: Math.tanh },
  ...{ larger: Math.max, smaller: Math.min, f32: (x) => x, i32: Math.trunc, u32: Math.trunc },
  clamp: (x, low, high) => Math.min(Math.max(x, low), high),
  select: (otherwise, then, condition) => (condition ? then : otherwise),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  log1p: Math.log1p,
  expm1: Math.expm1,
  power: Math.pow,
};

const tokenPattern =
  /\s*(\d+\.?\d*(?:e[+-]?\d+)?[uf]?|[A-Za-z_]\w*|--|\+\+|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%()[\].,<>!&|])/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (!match) throw new SyntaxError(`no token at "${text.slice(at)}"`);
    found.push(match[1]);
  }
  return found;
}

const comparisons: Readonly<Record<string, Function>> = {
  "<": (a, b) => Number(a < b),
  "<=": (a, b) => Number(a <= b),
  ">": (a, b) => Number(a > b),
  ">=": (a, b) => Number(a >= b),
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
};

/** The value of an expression; throws where WGSL would refuse the text. Quotients are floored in `u32` expressions. */
export function evaluateWgsl(text: string, names: Names = {}, type: "f32" | "u32" = "f32"): number {
  const all = tokens(text);
  let at = 0;
  const next = (): string => all[at++];
  const peek = (): string | undefined => all[at];
  const expectToken = (token: string): void => {
    if (next() !== token) throw new SyntaxError(`expected ${token} in "${text}" before token ${at}`);
  };

  function binary(
    operators: readonly string[],
    operand: () => number,
    fold: (o: string, a: number, b: number) => number,
  ) {
    let value = operand();
    for (let operator = peek(); operator && operators.includes(operator); operator = peek()) {
      next();
      value = fold(operator, value, operand());
    }
    return value;
  }

  function expression(): number {
    const start = at;
    const value = relational();
    const operator = peek();
    if (operator !== "&" && operator !== "|") return value;
    at = start;
    return binary([operator], unary, (_, a, b) => Number(operator === "&" ? a && b : a || b));
  }
  function relational(): number {
    const value = additive();
    const compare = comparisons[peek() ?? ""];
    if (!compare) return value;
    next();
    const result = compare(value, additive());
    if (comparisons[peek() ?? ""]) throw new SyntaxError(`comparisons chain in "${text}"`);
    return result;
  }
  // Unsigned numbers wrap: what would be negative is huge.
  const wrap = (value: number): number => (type === "u32" ? value >>> 0 : value);
  const additive = (): number => binary(["+", "-"], multiplicative, (o, a, b) => wrap(o === "+" ? a + b : a - b));
  const multiplicative = (): number =>
    binary(["*", "/", "%"], unary, (o, a, b) =>
      o === "*" ? wrap(a * b) : o === "%" ? a % b : type === "u32" ? Math.floor(a / b) : a / b,
    );

  function unary(): number {
    if (peek() === "-") return (next(), -unary());
    if (peek() === "!") return (next(), Number(!unary()));
    return postfix();
  }

  function postfix(): number {
    const token = next();
    if (token === "(") {
      const value = expression();
      expectToken(")");
      return value;
    }
    if (/^\d/.test(token)) return Number.parseFloat(token);
    if (!/^[A-Za-z_]/.test(token ?? "")) throw new SyntaxError(`unexpected ${token} in "${text}"`);
    if (peek() === "(") return call(token);
    let value: number | Names | readonly number[] = names[token];
    for (;;) {
      if (peek() === ".") {
        next();
        value = (value as Names)[next()];
      } else if (peek() === "[") {
        next();
        value = (value as readonly number[])[expression()];
        expectToken("]");
      } else break;
    }
    if (typeof value !== "number") throw new TypeError(`${token} is no number in "${text}"`);
    return value;
  }

  function call(name: string): number {
    const operands: number[] = [];
    expectToken("(");
    while (peek() !== ")") {
      operands.push(expression());
      if (peek() === ",") next();
    }
    expectToken(")");
    const callee = functions[name];
    if (!callee) throw new SyntaxError(`unknown function ${name} in "${text}"`);
    return callee(...operands);
  }

  const value = expression();
  if (at !== all.length) throw new SyntaxError(`${all.slice(at).join(" ")} is left over in "${text}"`);
  return value;
}
