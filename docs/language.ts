/// The words of the language as the sources state them: signatures and doc comments of what ir/index.ts exports, read
/// without type checking. A new export appears on docs/language.md by itself.
import { join, relative } from "node:path";
import { Node, Project } from "ts-morph";
import type {
  ExpressionWithTypeArguments,
  InterfaceDeclaration,
  ParameterDeclaration,
  PropertySignature,
  SourceFile,
} from "ts-morph";
import type { TypeAliasDeclaration, TypeNode, TypeReferenceNode } from "ts-morph";
import * as exported from "../ir/index.ts";
import type { Op } from "../ir/value.ts";
import { root } from "./catalogue.ts";

/** One entry of an options object. */
export interface OptionEntry {
  readonly name: string;
  readonly type: string;
  readonly doc: string;
}

/** A function of the language, with its parameters as a caller sees them. */
export interface WordEntry {
  readonly name: string;
  /** Where it is defined, from the root. */
  readonly file: string;
  /** `dense(x, units, options?)`. */
  readonly call: string;
  readonly doc: string;
  readonly options: readonly OptionEntry[];
  /** Name of the options' type, where they have one, and what it is for. */
  readonly optionsType: string | undefined;
  readonly optionsDoc: string;
}

/** A type of the language that is not the options of a function. */
export interface TypeEntry {
  readonly name: string;
  /** Its definition where that is short, else "". */
  readonly text: string;
  readonly doc: string;
}

/** What a model file may import. */
export interface Language {
  readonly words: readonly WordEntry[];
  readonly types: readonly TypeEntry[];
}

type Parameterized = { getParameters(): ParameterDeclaration[] } & Node;
type Sources = readonly SourceFile[];

const noOptions = { options: [], optionsType: undefined, optionsDoc: "" };

/** Parameters by which layers and optimizers name what they keep: not for model files. */
const internalTypes: ReadonlySet<string> = new Set(["StateName"]);

/** Reads the language from the sources, in the order of ir/index.ts. */
export function language(): Language {
  const project = new Project({ skipAddingFilesFromTsConfig: true, skipFileDependencyResolution: true });
  const sources = project.addSourceFilesAtPaths(join(root, "ir/**/*.ts").replaceAll("\\", "/"));
  const words: WordEntry[] = [];
  const types: TypeEntry[] = [];
  for (const from of project.getSourceFileOrThrow(join(root, "ir/index.ts")).getExportDeclarations()) {
    const path = join(root, "ir", from.getModuleSpecifierValue() ?? "");
    const source = project.getSourceFileOrThrow(path);
    const file = relative(root, path).replaceAll("\\", "/");
    for (const name of from.getNamedExports().map((each) => each.getName())) {
      const variable = source.getVariableDeclaration(name)?.getInitializer();
      const written = source.getFunction(name) ?? source.getClass(name);
      if (Node.isFunctionDeclaration(written)) {
        const docs = [...written.getOverloads(), written].map(docOf);
        words.push(word(name, file, written, docs.find((doc) => doc !== "") ?? "", sources));
      } else if (written) {
        words.push({ name, file, call: name, doc: docOf(written), ...noOptions });
      } else if (variable) words.push(...variableWords(name, file, variable, sources));
      else types.push(typeEntry(name, sources));
    }
  }
  const optionTypes = new Set(words.map((each) => each.optionsType));
  const told = types.filter(({ name, doc }) => doc !== "" && !optionTypes.has(name));
  const inOptions = new Set(words.flatMap(({ options }) => options.flatMap(({ type }) => type.match(/\w+/g) ?? [])));
  return { words, types: told.map((each) => (inOptions.has(each.name) ? withEntries(each, sources) : each)) };
}

/** An op made by a call, `const relu = unary({ doc, … })`, or a function with others on it: `dense`, `dense.layer`. */
function variableWords(name: string, file: string, initializer: Node, sources: Sources): readonly WordEntry[] {
  const callee = (exported as Record<string, unknown>)[name];
  const op = typeof callee === "function" && "op" in callee ? (callee.op as Op) : undefined;
  if (op) {
    const call = `${name}(${(callee as { readonly length: number }).length === 1 ? "x" : "a, b"})`;
    return [{ name, file, call, doc: op.doc, ...noOptions }];
  }
  const source = initializer.getSourceFile();
  const shape = interfaceOf(name, source);
  const doc = docOf(source.getVariableStatementOrThrow(name));
  if (!shape) return [word(name, file, initializer.getFirstDescendantOrThrow(Node.isArrowFunction), doc, sources)];
  return [
    word(name, file, shape.getCallSignatures()[0], doc, sources),
    ...shape.getProperties().map((property) => {
      const type = property.getTypeNode();
      const method = Node.isFunctionTypeNode(type) ? type : source.getFunctionOrThrow(property.getName());
      return word(`${name}.${property.getName()}`, file, method, docOf(property) || docOf(method), sources);
    }),
  ];
}

/** The interface that says how a constant is called: `const conv2d: Convolution`, or `const dense = … as Dense`. */
function interfaceOf(name: string, source: SourceFile): InterfaceDeclaration | undefined {
  const declaration = source.getVariableDeclarationOrThrow(name);
  const initializer = declaration.getInitializer();
  const type = declaration.getTypeNode() ?? (Node.isAsExpression(initializer) ? initializer.getTypeNode() : undefined);
  return source.getInterface(type?.getText() ?? name);
}

function word(name: string, file: string, written: Parameterized, doc: string, sources: Sources): WordEntry {
  const parameters = written.getParameters().filter((each) => !internalTypes.has(each.getTypeNode()?.getText() ?? ""));
  const texts = parameters.map((parameter) => parameterText(parameter));
  const last = parameters.at(-1);
  const options = last && isOptions(last) ? optionEntries(last.getTypeNode(), sources) : [];
  const optionsType = options.length > 0 ? named(last?.getTypeNode()) : undefined;
  return {
    name,
    file,
    call: `${name}(${texts.join(", ")})`,
    doc,
    options,
    optionsType,
    optionsDoc: docOf(find(optionsType ?? "", sources)),
  };
}

function isOptions(parameter: ParameterDeclaration): boolean {
  const type = parameter.getTypeNode();
  return Node.isTypeLiteral(type) || /Options\b/.test(named(type) ?? "");
}

function parameterText(parameter: ParameterDeclaration): string {
  const initializer = parameter.getInitializer()?.getText();
  if (isOptions(parameter)) return "options?";
  if (parameter.isRestParameter()) return `...${parameter.getName()}`;
  if (initializer === undefined || initializer === "{}")
    return `${parameter.getName()}${parameter.isOptional() ? "?" : ""}`;
  return `${parameter.getName()} = ${initializer}`;
}

function named(type: TypeNode | undefined): string | undefined {
  return Node.isTypeReference(type) ? type.getTypeName().getText() : undefined;
}

/** The entries of an options type, then those of the types that it extends; an heir fixes what its base leaves open. */
function optionEntries(type: Node | undefined, sources: Sources): readonly OptionEntry[] {
  const name = Node.isTypeReference(type) ? type.getTypeName().getText() : undefined;
  if (Node.isTypeReference(type) && name === "Omit") return inheritedEntries(type, sources);
  const declared = name === undefined ? type : find(name, sources);
  if (Node.isTypeAliasDeclaration(declared)) return optionEntries(declared.getTypeNode(), sources);
  if (Node.isTypeLiteral(declared)) return declared.getProperties().map((each) => optionEntry(each, sources));
  if (!Node.isInterfaceDeclaration(declared)) return [];
  const open = new Map(declared.getTypeParameters().map((each) => [each.getName(), each.getConstraint()?.getText()]));
  const own = declared.getProperties().map((property) => {
    const entry = optionEntry(property, sources);
    return { ...entry, type: open.get(entry.type) ?? entry.type, open: open.has(entry.type) };
  });
  const inherited = declared.getExtends().flatMap((base) => inheritedEntries(base, sources));
  return [...own, ...inherited];
}

/** What an options type takes from another, `Omit<Base, "name">` included; type parameters are the heir's own entries. */
function inheritedEntries(
  base: ExpressionWithTypeArguments | TypeReferenceNode,
  sources: Sources,
): readonly OptionEntry[] {
  const [of, left] = base.getTypeArguments();
  const named = (Node.isTypeReference(base) ? base.getTypeName() : base.getExpression()).getText();
  const omits = named === "Omit";
  const found = find(omits ? of.getText() : named, sources);
  if (!Node.isInterfaceDeclaration(found)) return [];
  const gone = omits ? [...left.getText().matchAll(/"(\w+)"/g)].map(([, name]) => name) : [];
  const fixed = found.getTypeParameters().map((each) => each.getName());
  const own = found.getProperties().map((each) => optionEntry(each, sources));
  const further = found.getExtends().flatMap((each) => inheritedEntries(each, sources));
  return [...own, ...further].filter(({ name, type }) => !gone.includes(name) && !fixed.includes(type));
}

function optionEntry(property: PropertySignature, sources: Sources): OptionEntry {
  const type = property.getTypeNode()?.getText() ?? "";
  const declared = find(type, sources);
  return {
    name: property.getName(),
    type: definition(declared) || type,
    doc: docOf(property) || (Node.isTypeAliasDeclaration(declared) ? docOf(declared) : ""),
  };
}

function typeEntry(name: string, sources: Sources): TypeEntry {
  const declared = find(name, sources);
  return { name, text: definition(declared), doc: docOf(declared) };
}

/** The type of an option that is an object of options itself, with these; they may all be left out. */
function withEntries(entry: TypeEntry, sources: Sources): TypeEntry {
  const declared = find(entry.name, sources);
  if (!Node.isInterfaceDeclaration(declared)) return entry;
  const properties = declared.getProperties().filter((each) => each.hasQuestionToken());
  if (properties.length < declared.getMembers().length) return entry;
  const entries = properties.map((each) => optionEntry(each, sources));
  const listed = entries.map(({ name, type, doc }) => `\`${name}\` (\`${type}\`): ${doc}`);
  return { ...entry, doc: [entry.doc, ...listed].join(" ") };
}

/** The definition of an alias, where it is short. */
function definition(declared: Node | undefined): string {
  if (!Node.isTypeAliasDeclaration(declared) || declared.getTypeParameters().length > 0) return "";
  const text = declared.getTypeNode()?.getText() ?? "";
  return text.length > 60 || text.includes("\n") ? "" : text;
}

function find(name: string, sources: Sources): InterfaceDeclaration | TypeAliasDeclaration | undefined {
  for (const source of sources) {
    const found = source.getInterface(name) ?? source.getTypeAlias(name);
    if (found?.isExported()) return found;
  }
  return undefined;
}

/** The doc comment: paragraphs in one line each, blocks of code as they are. */
function docOf(node: Node | undefined): string {
  if (!Node.isJSDocable(node)) return "";
  const text = node.getJsDocs().at(-1)?.getDescription() ?? "";
  return text
    .split(/^(```\w*\n[^]*?\n```)$/m)
    .map((part) => (part.startsWith("```") ? part : part.replaceAll(/\s+/g, " ").trim()))
    .filter((part) => part !== "")
    .join("\n\n");
}
