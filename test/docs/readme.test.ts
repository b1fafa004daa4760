/// What README and the architecture page say: their TypeScript compiles, and quoted outputs are those of the commands.
/// `npx vitest run test/docs --update` brings the outputs up to date.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";
import { run } from "../../compiler/cli/run.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const readme = join(root, "README.md");
const text = readFileSync(readme, "utf8");

/** The fenced blocks of one language. */
function blocks(language: string, page = text): readonly string[] {
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, body]) => body);
}

/** What a command prints, without the prompt's `npx chainrule`; it fails only where an error is quoted. */
async function outputOf(command: string, fails: boolean): Promise<string> {
  const lines: string[] = [];
  const print = (line: string): void => void lines.push(line);
  const code = await run(command.split(" "), { print, warn: print, style: (_, plain) => plain });
  return code === (fails ? 1 : 0) ? lines.join("\n") : `exit code ${code}\n${lines.join("\n")}`;
}

it("quotes what the commands print", async () => {
  let current = text;
  for (const block of blocks("console")) {
    const [prompt, first] = block.split("\n");
    const command = /^\$ npx chainrule (.*)$/.exec(prompt)?.[1];
    expect(command, prompt).toBeDefined();
    const printed = await outputOf(command!, first.startsWith("error["));
    current = current.replace(block, () => `${prompt}\n${printed}\n`);
  }
  await expect(current).toMatchFileSnapshot(readme);
});

it("shows the model and the kernels as they are", () => {
  for (const block of blocks("ts")) {
    const [, path, body] = /^\/\/ (samples\/\S+)\n(.*)$/s.exec(block) ?? [];
    if (path !== undefined) expect(body).toBe(readFileSync(join(root, path), "utf8").replaceAll("\r\n", "\n"));
  }
  const module = readFileSync(join(root, "samples/digits/generated/digits.gen.ts"), "utf8");
  for (const block of blocks("wgsl")) expect(module).toContain(block);
});

it("compiles the model that it shows, to the file that its programs import", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-readme-"));
  writeFileSync(
    join(folder, "model.ts"),
    blocks("ts").find((block) => block.startsWith("// samples/digits/model.ts"))!,
  );
  const own = text.slice(text.indexOf("### In your own project"));
  const command = /^npx chainrule (compile .*)$/m.exec(own)![1].replaceAll(/\S+\.ts\b/g, (path) => join(folder, path));
  expect(await outputOf(command, false)).not.toContain("exit code");
  const imported = [...text.matchAll(/from "\.\/(\S+)";/g)].map(([, file]) => file);
  expect(new Set(imported)).toEqual(new Set(["digits.gen.ts"]));
  expect(existsSync(join(folder, "digits.gen.ts"))).toBe(true);
  rmSync(folder, { recursive: true });
});

it("shows layers of a user's own of which check finds gradients, results and states right", async () => {
  const folder = mkdtempSync(join(tmpdir(), "chainrule-readme-"));
  const models = blocks("ts").filter((block) => /^import .*^export default model\(/ms.test(block));
  const printed: string[] = [];
  for (const [n, block] of models.slice(1).entries()) {
    writeFileSync(join(folder, `model${n}.ts`), block);
    printed.push(await outputOf(`check ${join(folder, `model${n}.ts`)}`, false));
  }
  expect(printed.filter((text) => !/^ {2}ok /m.test(text) || text.includes("exit code"))).toEqual([]);
  expect(printed.join()).toContain("state hidden.spread");
  rmSync(folder, { recursive: true });
});

it.each([
  "README.md",
  "docs/architecture.md",
  "docs/language.md",
  "samples/classifier/README.md",
  "samples/digits/README.md",
])("%s links to files that exist", (page) => {
  const links = [...withoutCode(readFileSync(join(root, page), "utf8")).matchAll(/\]\(([^)]+)\)/g)].map(
    ([, target]) => target,
  );
  const missing = links.filter((link) => !link.startsWith("https://") && !existsSync(join(root, dirname(page), link)));
  expect(missing).toEqual([]);
});

/** What `tsconfig.json` of this project says, and what README tells its reader to write there. */
const configurations: readonly (readonly [string, () => ts.CompilerOptions])[] = [
  ["this project", () => optionsOf(ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config)],
  ["its reader", () => ({ ...optionsOf(JSON.parse(blocks("json")[0])), customConditions: ["chainrule-source"] })],
];

const optionsOf = (config: unknown): ts.CompilerOptions => ts.parseJsonConfigFileContent(config, ts.sys, root).options;

it.each(configurations)("shows code that compiles in a project as of %s", (_, configured) => {
  const options = configured();
  // As if they were beside what they import.
  const placed = (page: string, folder: string): readonly (readonly [string, string])[] => {
    const bodies = blocks("ts", readFileSync(join(root, page), "utf8"));
    return bodies.map((body, at) => [join(root, folder, `block-${at}.ts`), body]);
  };
  const files = new Map([
    ...placed("README.md", "samples/digits/generated"),
    ...placed("docs/architecture.md", "docs"),
  ]);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, target, ...rest) => {
    const body = files.get(path);
    return body === undefined ? getSourceFile(path, target, ...rest) : ts.createSourceFile(path, body, target);
  };
  expect(files.size).toBeGreaterThan(3);
  const program = ts.createProgram([...files.keys()], options, host);
  const found = [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  expect(found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, "\n"))).toEqual([]);
});

/** What is code holds no links, though it may look so: `sum[a](x)`. */
function withoutCode(text: string): string {
  return text.replace(/^```[^]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}
