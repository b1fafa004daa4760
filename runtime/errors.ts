/// Every error that a loaded module can throw, one function a code. `error-docs.ts` says what each code means; it is
/// kept apart so that the prose costs a browser nothing.

/** An error with a stable `code` to switch on; `message` is the rendered text with its help line. */
export interface RuntimeError extends Error {
  readonly name: "ChainruleError";
  readonly code: string;
}

/** Makes the one kind of error that the runtime throws: `message` says what must hold and what was found, `help` what to do. */
export function runtimeError(code: string, message: string, help?: string): RuntimeError {
  const error = new Error(`error[${code}]: ${message}${help ? `\n  help: ${help}` : ""}`);
  return Object.assign(error, { name: "ChainruleError", code } as const);
}

/** What must hold and what was found; what to do. */
type Message = readonly [message: string, help?: string];

const most = 8;

/** The first few names, and how many more there are. */
const list = (names: readonly string[]): string => {
  const more = names.length > most ? `, and ${names.length - most} more` : "";
  return names.slice(0, most).join(", ") + more || "none";
};

/** A value in a message: texts in quotes and arrays in brackets, so that "0.1" and [0.1] do not look like numbers. */
export const show = (value: unknown): string =>
  (value as unknown[] | null)?.at
    ? (value as unknown[]).join
      ? `[${value as number[]}]`
      : `"${value as string}"`
    : String(value);

/** The catalogue: code → message and help. */
const messages = {
  "no-webgpu": (found: string, help: string) => [`WebGPU must be available: ${found}`, help],
  "no-adapter": (help: string) => ["an adapter must be available: requestAdapter() returned null", help],
  "device-request": (found: string) => [`the adapter must give a device: ${found}`, "an adapter gives one device"],
  "abi-version": (program: number, runtime: number) => [
    `program and runtime must have one ABI version: program ${program}, runtime ${runtime}`,
    "recompile the model with the installed chainrule",
  ],
  "limit-exceeded": (limit: string, needed: number, available: number) => [
    `the device must allow ${limit} of ${needed}: it allows ${available}`,
    "use a smaller batch, or a device with the program's limits",
  ],
  "out-of-memory": (buffers: readonly string[], bytes: number, found: string) => [
    `the device must have room for ${list(buffers)} (${bytes} bytes): ${found}`,
    "use a smaller batch or maxInFlight",
  ],
  "kernel-invalid": (kernel: string, found: string) => [
    `kernel \`${kernel}\` must be valid on this device`,
    `report this:\n${found}`,
  ],
  "option-value": (option: string, must: string, found: unknown) => [
    `option \`${option}\` must be ${must}: found ${show(found)}`,
  ],
  "option-unknown": (name: string, known: readonly string[]) => [
    `options must be among ${list(known)}: found \`${name}\``,
  ],
  "input-missing": (entry: string, name: string, must: string) => [
    `\`${entry}\` must be given \`${name}\`, ${must}: it is missing`,
  ],
  "input-unknown": (entry: string, name: string, known: readonly string[]) => [
    `inputs of \`${entry}\` must be among ${list(known)}: found \`${name}\``,
  ],
  "input-type": (entry: string, name: string, must: string, found: string) => [
    `\`${name}\` of \`${entry}\` must be ${must}: found ${found}`,
  ],
  "input-length": (entry: string, name: string, must: string, found: string) => [
    `\`${name}\` of \`${entry}\` must have ${must}: found ${found}`,
  ],
  "input-class": (entry: string, name: string, classes: number, index: number, found: number) => [
    `\`${name}\` of \`${entry}\` must be in [0, ${classes}): element ${index} is ${found}`,
  ],
  "setting-unknown": (entry: string, name: string, known: readonly string[]) => [
    `settings of \`${entry}\` must be among ${list(known)}: found \`${name}\``,
  ],
  "setting-value": (entry: string, name: string, found: unknown, range?: readonly number[]) => [
    `\`${name}\` of \`${entry}\` must be ${range ? `in [${range})` : "a finite number"}: found ${show(found)}`,
  ],
  "too-many-steps": (limit: number) => [
    `at most ${limit} calls may be in flight: found one more`,
    "await `step.accepted` before the next call, or raise maxInFlight",
  ],
  "output-expired": (entry: string, kept: number) => [
    `outputs of \`${entry}\` must be read within ${kept} later calls: they are overwritten`,
    "ask sooner, or raise maxInFlight",
  ],
  "state-mismatch": (missing: readonly string[], extra: readonly string[]) => [
    `a checkpoint must hold the program's states: missing ${list(missing)}; unknown ${list(extra)}`,
    "load weights alone with `params`",
  ],
  "param-unknown": (name: string, known: readonly string[]) => [
    `parameters must be among ${list(known)}: found \`${name}\``,
  ],
  "state-value": (name: string, must: string, found: string) => [`\`${name}\` must be ${must}: found ${found}`],
  "device-lost": (reason: string, message: string) => [
    `the GPU device must live: it was lost (${reason}${message && `: ${message}`})`,
    "load it again with the last checkpoint",
  ],
  destroyed: () => ["the module must live: it was destroyed"],
} as const satisfies Record<string, (...values: never[]) => Message>;

/** Code → function that makes the error. */
export const runtimeErrors = Object.fromEntries(
  Object.entries(messages).map(([code, message]) => [
    code,
    (...values: never[]) => runtimeError(code, ...(message as (...values: never[]) => Message)(...values)),
  ]),
) as unknown as {
  readonly [Code in keyof typeof messages]: (...values: Parameters<(typeof messages)[Code]>) => RuntimeError;
};
