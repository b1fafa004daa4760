/// Type-checks a model file as the user's editor would, before it runs.
import { dirname } from "node:path";
import { Project, ts } from "ts-morph";
import type { CompileError, Place } from "../../ir/diagnostic.ts";
import { modelSyntax, modelTypeError } from "../errors.ts";
import { packageInfo } from "./package.ts";
import { adviceOn, asMeantHere, innerFirst, nodeAt } from "./advice.ts";
import { operatorsBeforeTensors } from "./operators.ts";
import { placeOf } from "./place.ts";

/** What a model is checked with where its project has no tsconfig.json. */
const defaults: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ["lib.es2023.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
  strict: true,
};

/** What holds whatever the user's tsconfig.json says: nothing is written, and a warning of style stops no compilation. */
const overrides: ts.CompilerOptions = {
  noEmit: true,
  composite: false,
  incremental: false,
  declaration: false,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noUnusedLocals: false,
  noUnusedParameters: false,
};

/** What a type check found wrong. */
export interface TypeFailure {
  /** `model-type-error`, at the first place. */
  readonly error: CompileError;
  /** Nothing is wrong but what the language itself refuses: what its functions are given, and what a model returns. */
  readonly isOfLanguage: boolean;
  /** Nothing is wrong but shapes, element types and what a model returns, wherever the language finds it. */
  readonly onlySentences: boolean;
  /** At the first place something else was meant, which the error tells: `x > 0` is no tensor, but a habit. */
  readonly hasAdvice: boolean;
  /** Lines of what is wrong, `model.ts:12`. */
  readonly lines: ReadonlySet<string>;
}

/** What is wrong with the types of a model file and of the files of the user's that it imports; undefined when nothing. */
export function checkTypes(file: string): TypeFailure | undefined {
  const { types } = packageInfo();
  const program = createProgram(file, types);
  const language = dirname(types);
  const own = program
    .getSourceFiles()
    .filter((source) => !source.isDeclarationFile && !/[\\/]node_modules[\\/]/.test(source.fileName))
    .filter((source) => !isWithin(source.fileName, language));
  const isError = ({ category }: ts.Diagnostic): boolean => category === ts.DiagnosticCategory.Error;
  const broken = own.flatMap((source) => program.getSyntacticDiagnostics(source)).filter(isError);
  // What does not parse has types of no kind.
  const checker = program.getTypeChecker();
  const ofTypes = (source: ts.SourceFile): readonly ts.Diagnostic[] => [
    ...operatorsBeforeTensors(source, (operand) => isTensor(operand, checker, language)),
    ...program.getSemanticDiagnostics(source).filter(isError),
  ];
  const failures = broken.length > 0 ? broken : own.flatMap(ofTypes);
  if (failures.length === 0) return undefined;
  const [first, ...others] = innerFirst(failures);
  const exported = exportsOf(program, types);
  const advice = broken.length > 0 ? undefined : adviceOn(first, exported);
  const error =
    broken.length > 0
      ? modelSyntax(describe(first))
      : modelTypeError(
          describe(first, exported),
          others.map((each) => locate(each, exported)),
          advice,
        );
  if (first.file) error.place = diagnosticPlace(first);
  const lines = new Set(failures.flatMap((each) => (each.file ? [lineOf(diagnosticPlace(each))] : [])));
  const isSentence = (each: ts.Diagnostic): boolean => shapeError(each) !== undefined || isOfEntryPoints(each);
  const isOfLanguage =
    broken.length === 0 && failures.every((each) => isSentence(each) || isOfCall(each, checker, language));
  return { error, isOfLanguage, onlySentences: failures.every(isSentence), hasAdvice: advice !== undefined, lines };
}

/** True for an expression whose type is a tensor, of whatever element type and shape. */
function isTensor(expression: ts.Expression, checker: ts.TypeChecker, language: string): boolean {
  const operands = checker.getApparentType(checker.getTypeAtLocation(expression)).getProperty("operands");
  return (operands?.declarations ?? []).some((each) => isWithin(each.getSourceFile().fileName, language));
}

/** True for what a function of the language is given where it is called. */
function isOfCall(diagnostic: ts.Diagnostic, checker: ts.TypeChecker, language: string): boolean {
  let node = nodeAt(diagnostic);
  if (!node) return false;
  while (!ts.isCallExpression(node)) {
    if (ts.isSourceFile(node) || ts.isStatement(node) || ts.isFunctionLike(node)) return false;
    node = node.parent;
  }
  const symbol = checker.getSymbolAtLocation(node.expression);
  const meant = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  return (meant?.declarations ?? []).some((each) => isWithin(each.getSourceFile().fileName, language));
}

/** `model.ts:12` */
export function lineOf({ file, line }: Place): string {
  return `${file}:${line}`;
}

/** What a function that is given to model() returns is told by its keys, and not as the type of that function. */
function isOfEntryPoints({ messageText }: ts.Diagnostic): boolean {
  return ts.flattenDiagnosticMessageText(messageText, "\n").includes("EntryPointRecord");
}

function createProgram(file: string, types: string): ts.Program {
  const tsConfigFilePath = ts.findConfigFile(dirname(file), ts.sys.fileExists);
  // The compiler runs the model with its own language: these are the types of exactly that one, wherever it is installed.
  const project = new Project({
    tsConfigFilePath,
    skipAddingFilesFromTsConfig: true,
    compilerOptions: tsConfigFilePath ? overrides : { ...defaults, ...overrides },
  });
  const options = project.getCompilerOptions();
  project.compilerOptions.set({ paths: { ...options.paths, chainrule: [types] } });
  project.addSourceFileAtPath(file);
  return project.getProgram().compilerObject;
}

/** The names that a model file may import. */
function exportsOf(program: ts.Program, types: string): readonly string[] {
  const source = program.getSourceFile(types);
  const symbol = source && program.getTypeChecker().getSymbolAtLocation(source);
  return symbol
    ? program
        .getTypeChecker()
        .getExportsOfModule(symbol)
        .map(({ name }) => name)
    : [];
}

function isWithin(file: string, directory: string): boolean {
  return file.startsWith(`${directory.replaceAll("\\", "/")}/`);
}

/** The sentence of a shape error (see ir/static.ts) stands for itself; other messages come with their chain of reasons. */
function describe(diagnostic: ts.Diagnostic, exported: readonly string[] = []): string {
  const lines = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n").split("\n");
  // A long chain of reasons says the same of a type, its property and so on: what matters is where it ends.
  const reasons = lines.length > 3 ? [lines[0], `  ${lines.at(-1)!.trim()}`] : lines;
  const related = (diagnostic.relatedInformation ?? []).slice(0, 1).map(({ messageText }) => {
    return `  ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  return shapeError(diagnostic) ?? asMeantHere([...reasons, ...related].join("\n"), diagnostic, exported);
}

function shapeError({ messageText }: ts.Diagnostic): string | undefined {
  return /ShapeError<"([^"]+)">/.exec(ts.flattenDiagnosticMessageText(messageText, "\n"))?.[1];
}

function diagnosticPlace(diagnostic: ts.Diagnostic) {
  const start = diagnostic.start ?? 0;
  return placeOf(diagnostic.file!, start, start + (diagnostic.length ?? 0));
}

function locate(diagnostic: ts.Diagnostic, exported: readonly string[]): string {
  if (!diagnostic.file) return describe(diagnostic, exported);
  const { file, line, column } = diagnosticPlace(diagnostic);
  return `${file}:${line}:${column} ${describe(diagnostic, exported).split("\n")[0]}`;
}
