/// docs/reading.md: how to read a model and its gradient. Every output is that of the command above it.
import { run } from "../compiler/cli/run.ts";
import { generatedNote } from "./page.ts";

const classifier = "samples/classifier/model.ts";

/** The page. Paths of models are those from the root, where the commands are run. */
export async function readingPage(): Promise<string> {
  const parts = [
    ["# Reading a model", generatedNote, introduction],
    ["## What the file says", ...(await shown("print", classifier)), whatItSays],
    ["## Its gradient", ...(await shown("print", classifier, "--gradient")), itsGradient],
    ["## How it comes about", ...(await shown("explain", classifier, "L", "W2")), howItComesAbout],
    ["## Where one value comes from", ...(await shown("explain", classifier, "∂L/∂h1")), oneValue],
    ["## What forward keeps for backward", ...(await residuals()), whatIsKept],
    ["## From pass to pass", ...(await shown("print", classifier, "--stage", "list")), stages],
    ["## Less of it", ...(await shown("print", classifier, "--gradient", "--stop-at", "h1")), less],
    ["## Notation", notation],
    ["## Formulas and pictures", formats, ...(await pictures())],
  ];
  return parts.flat().join("\n\n");
}

const introduction = `
A gradient can be read. This page takes the smallest network that has everything, the three-layer classifier of a first
lecture (samples/classifier/model.ts): 3 inputs, 4 hidden units, 1 output, σ in both layers, and the loss
L = −y ln ŷ − (1 − y) ln(1 − ŷ), summed over the examples. Examples are rows, so that \`x @ W1\` is all of them at once.
`;

const whatItSays = `
One line for each value that has a name, under the name of the variable that holds it. \`@\` is the product of matrices, \`·\`
goes element by element, \`ᵀ\` turns a matrix round, and \`batch\` is a size that has no number yet. A formula that is used
twice has a line of its own and is never written twice; where nobody gave it a name it is called \`v1\`, \`v2\`. What is only
notation of a name stands wherever it is read: \`W2ᵀ\`, a row \`b\` or a column \`c[:, _]\` spread over a matrix, and
\`oneHot(label, 10)\`, labels as rows of 0 and 1; so do numbers.
`;

const itsGradient = `
\`∂L/∂z2\` is the derivative of the loss with respect to \`z2\`: how much the loss grows when an element of \`z2\` grows by a
little, so it has the shape of \`z2\`. These lines are walked from the loss back to the parameters. They read forward values,
such as \`ŷ\` and \`h1\`, by name. The loss is no longer the formula of the file: \`softplus(z)\` is ln(1 + eᶻ), computed so
that it does not overflow, where ln ŷ would be ln 0 for a confident mistake.
`;

const howItComesAbout = `
Read it as a page of a textbook.

1. **The chain rule** multiplies the local derivatives on the way from the loss to the parameter. Where ways part and meet
   again, their products are added up, and there is a line for each value on the way instead.
2. **Each factor** is the derivative of one formula of the model. Where a formula works element by element, so does its
   derivative, and the factor is a formula. Where it does not, as a product of matrices, the factor is a map: \`G ↦ h1ᵀ @ G\`
   says what becomes of the derivative \`G\` that arrives from behind.
3. **Together** is the chain before anything is simplified, **rule by rule** what each named rule makes of a line.
   \`∂L/∂ŷ\` divides by \`ŷ · (1 - ŷ)\`, \`∂ŷ/∂z2\` multiplies with it, and \`ŷ - y\` is left.
4. **The rules**, with what they promise about floats: \`exact\` gives the same bits, \`reassociates\` the same sum in another
   order, \`assumes-finite\` holds where no number is infinite or NaN, \`stabilizes\` is at least as near the true value.

Each line is checked: a test computes both sides of every step in numbers.
`;

const oneValue = `
Any value can be asked for: one of the model (\`h1\`), a derivative (\`∂L/∂h1\`), a state that a step updates
(\`hidden.weight\`), what stands in the step of a loop, a line without a name (\`v1\`), or a kernel that is called after a
value (\`d_L_d_h1\`); one that is called after what it does (\`product\`) is the kernel of no one value. The answer is the
line that it comes from, and the rules that fired. A derivative is explained as above, but from its readers on: what they
hand back is written out as far as their own derivatives have no names in the line.
`;

const whatIsKept = `
Backward reads these values of forward, so they stay in memory until then: name or formula, shape, bytes, and the line of the
model. \`z2\` is not among them, since the derivative of σ is ŷ · (1 − ŷ), and nothing of the loss is. Where a formula has a
letter, the letter is of this list alone.

The lines above it say what a call costs: \`in tensors\` the bytes of all tensors that its kernels read and write,
behind it what they would be if only products read and wrote theirs, and all else were touched once, \`bound\` the
bytes of the ranges of buffers that kernels are given, which may hold what they do not read. \`padded\` counts what threads
beyond the edge of a result compute as well.
`;

const stages = `
\`--stage NAME\` prints the graph after a pass, \`--stage NAME:before\` before it. \`gradient\` is what the chain rule gives of
the formulas as they stand in the file, \`∂L/∂ŷ\` with its fractions. From \`expandDerivatives\` on the loss is stabilised, and
the derivatives are those of the stabilised loss: the compiler differentiates nothing that may overflow.
`;

const less = `
\`--stop-at NAME\` makes a letter of a value: what only it depends on is not shown. \`--entry NAME\` shows one entry point.
`;

/** What stands in printed formulas and graphs, a row each. */
export const notation = `
| in formulas | what it is |
| --- | --- |
| \`a @ b\`, \`aᵀ\` | product of matrices, and a matrix turned round: the last two axes exchanged, whatever axes stand before them; \`a @ (bᵀ)\` is a product with a value that is turned round by itself |
| \`a · b\`, \`a²\` | element by element |
| \`x[:, _]\` | \`x\` with a new axis where \`_\` stands: each row of it meets one number |
| \`broadcast(b, [batch, 4])\` | \`b\` repeated until it has this shape; its own axes are the last ones, or those that \`axes=\` counts |
| \`reshape(x, [6, 4])\` | the same numbers in the same order along other axes; \`[]\` is one number without an axis |
| \`slice(x, starts=[0, 2], limits=[5, 3])\` | the places from \`starts\` up to \`limits\`, of every axis that is counted |
| \`einsum("ace,ecd->ad", a, b)\` | a product with its axes named: letters after the arrow are the axes of the result, always \`a\`, \`b\`… in their order, and what is summed over takes the letters after them; in LaTeX the same axes are \`i\`, \`j\`… without letters that the page has as names |
| \`root(x)\` | square root of what is never negative, such as a sum of squares; its gradient is 0 where it is 0, and not ∞ as that of \`sqrt(x)\` |
| \`select(c, x, y)\` | \`x\` where \`c\` holds, and \`y\` elsewhere |
| \`iota(i32[4, 8], axis=1)\` | 0, 1, 2… along an axis |
| \`fill(1, f32[4])\` | one number everywhere |
| \`∂L/∂w\` | derivative of \`L\` with respect to \`w\`; it has the shape of \`w\` |
| \`∂⁺L/∂w\` | its part through the formula of \`L\` itself, where \`L\` reads \`w\` and also reads others that do |
| \`G ↦ G @ Wᵀ\` | what becomes of the derivative \`G\` of a formula on its way to what the formula reads |
| \`w′\` | the new value of the state \`w\`; in the step of a loop, what the next step finds in the carry \`w\` |
| \`v1\` | a part that has no name in the model, defined in a line of its own before it is read; in \`explain\` it is what \`print --gradient\` calls so, and what only \`explain\` shows has a letter that no printed line has |
| \`# as v1\` | in the same steps as the line of \`v1\`, which differs in its names alone |

| of loops (\`scan\` in a model file) | what it is |
| --- | --- |
| \`body step1 over 5\` | what is done at each of 5 places, written once; \`reversed\`: from the last place to the first, as derivatives go |
| \`carry h: f32[batch, 4]\` | what a step hands to the next |
| \`element x: f32[batch, 3]\` | what the step finds at its place in a sequence, whose first axis is walked along |
| \`capture W: f32[3, 4]\` | what the step reads from around the loop, the same at all places |
| \`next h ← tanh(…)\` | what the next step finds in \`h\` |
| \`last = scan(h0, words, W, body=step1, result=final h)\` | the loop: first what the carries begin with, then the sequences, then what is captured, in the order of the body |
| \`final h\` | the carry after the last step |
| \`every h\` | the carry as each step found it, as a sequence: kept for the way back |
| \`every next\`, \`output 1\` | what a step gave at each place, as a sequence: by its name, or by its number where it has none |
| \`back through the loop, step by step\` | in \`explain\`: the derivative goes the way that \`A step of the way back\` below shows |
| \`summed over 5\` | a parameter has a part of its derivative from each step, and their sum is all of it |

| at the top of a graph | what it is |
| --- | --- |
| \`parameter W: f32[3, 4] ~ glorot uniform\` | a state that optimizers train, and how its first values are drawn: \`glorot\` is of variance 2 / (inputs + outputs), \`he\` 2 / inputs |
| \`~ glorot uniform from [1, 2, 3] to [0, 2, 3]\` | the axes whose extents multiply to the number of inputs, and to that of outputs: those of a filter [filters, channels, height, width], for example |
| \`state key: u32[2] ~ key\` | what random numbers come from: the seed as two integers. First values of parameters are drawn from it, and dropout draws from it, from the counter \`random.draw\` and from its place in the model |

A rule that only says in another way where axes stand has no line of its own: formulas are shown as the axes stand in the
end.
`;

const formats = `
\`--format latex\` writes the same lines as LaTeX, for \`print\` and for \`explain\`; \`--format dot\` draws with Graphviz,
\`--format mermaid\` where Markdown is read, and \`--format json\` is for programs ([its schema](graph-json.md)).
`;

/** A command, and what it prints. */
async function shown(...args: readonly string[]): Promise<readonly string[]> {
  return [block("sh", command(args)), block("text", await output(args))];
}

async function residuals(): Promise<readonly string[]> {
  const args = ["report", classifier, "--dim", "batch=64"];
  const lines = (await output(args)).split("\n");
  const start = lines.findIndex((line) => line.includes("kept for backward"));
  const end = lines.indexOf("", start);
  return [block("sh", command(args)), block("text", lines.slice(start, end).join("\n"))];
}

async function pictures(): Promise<readonly string[]> {
  const latex = ["explain", classifier, "L", "W2", "--format", "latex"];
  const chain = (await output(latex)).split("\n\n").find((section) => section.includes("Rule by rule"))!;
  const mermaid = ["print", classifier, "--gradient", "--stop-at", "h1", "--format", "mermaid"];
  return [
    block("sh", `${command(latex)}   # the part rule by rule`),
    block("math", chain),
    block("sh", command(mermaid)),
    block("mermaid", await output(mermaid)),
  ];
}

function command(args: readonly string[]): string {
  return `npx chainrule ${args.join(" ")}`;
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

async function output(args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const code = await run(args, {
    print: (text) => void lines.push(text),
    warn: (text) => void lines.push(text),
    style: (_, text) => text,
  });
  if (code !== 0) throw new Error(`${command(args)} failed:\n${lines.join("\n")}`);
  return lines.join("\n");
}
