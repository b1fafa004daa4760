/// What the command line said.

/** The command line makes no sense; the exit code is 2. */
export function usageError(message: string): Error {
  return Object.assign(new Error(message), { name: "UsageError" });
}

/** True for what the parser or `usageError` throws. */
export function isUsageError(error: unknown): error is Error {
  return error instanceof Error && (error.name === "UsageError" || error.name === "CACError");
}

/** Sizes from `--dim batch=64 --dim train.batch=64`, in the order of their names. */
export function parseDims(option: unknown): Readonly<Record<string, number>> {
  const given = option === undefined ? [] : Array.isArray(option) ? (option as readonly unknown[]) : [option];
  const dims = new Map<string, number>();
  for (const each of given) {
    const [, name, size] = /^(.+)=([1-9]\d*)$/s.exec(String(each)) ?? [];
    if (name === undefined) {
      throw usageError(`--dim takes name=size with a positive integer, for example batch=64: found ${String(each)}`);
    }
    if (!/^[A-Za-z_][\w.]*$/.test(name)) {
      throw usageError(
        `--dim names a size by letters A to Z, digits, _ and ., a letter or _ first: found ${JSON.stringify(name)}`,
      );
    }
    if (dims.has(name)) throw usageError(`--dim gives a size once: found ${name} twice`);
    dims.set(name, Number(size));
  }
  return Object.fromEntries([...dims].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A non-negative integer from an option, or `fallback` where it is not given. */
export function parseInteger(option: string, value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw usageError(`--${option} takes a non-negative integer: found ${String(value)}`);
}

/** What follows a number of bytes: powers of 1000, or of 1024. */
const units: Readonly<Record<string, number>> = {
  ...{ "": 1, B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9 },
  ...{ KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 },
};

/** A number of bytes from an option, such as 65536, 64kB or 1.5GiB; undefined where it is not given. */
export function parseBytes(option: string, value: unknown): number | undefined {
  const text = parseText(option, value);
  if (text === undefined) return undefined;
  // Fractions are of a unit: half a byte is a mistake.
  const [, count, unit] = /^(\d+(?:\.\d+(?= ?[A-Za-z]{2}))?) ?([A-Za-z]*)$/.exec(text) ?? [];
  const bytes = Math.floor(Number(count) * (Object.hasOwn(units, unit ?? "?") ? units[unit] : NaN));
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw usageError(`--${option} takes a number of bytes, for example 64MB or 64MiB: found ${text || '""'}`);
}

/** Checks numbers of bytes as they were typed: the parser reads 0x10 and 1e3 as numbers, "" as 0, and -1 as an option. */
export function checkBytes(option: string, args: readonly string[]): void {
  const [flag, end] = [`--${option}`, args.indexOf("--")];
  const own = end < 0 ? args : args.slice(0, end);
  own.forEach((arg, at) => {
    const text = arg.startsWith(`${flag}=`) ? arg.slice(flag.length + 1) : arg === flag ? own[at + 1] : undefined;
    // Where the value is missing, the parser says so.
    if (text !== undefined && !text.startsWith("--")) parseBytes(option, text);
  });
}

/** One text from an option that may be given once; undefined where it is not given. */
export function parseText(option: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) throw usageError(`--${option} is given once: found ${value.join(", ")}`);
  return String(value);
}

/** The texts of an option that may be given several times. */
export function parseTexts(value: unknown): readonly string[] {
  return value === undefined ? [] : (Array.isArray(value) ? value : [value]).map(String);
}

/** One of several words from an option, or the first where it is not given. */
export function parseChoice<Word extends string>(option: string, value: unknown, words: readonly Word[]): Word {
  const text = parseText(option, value);
  const chosen = text === undefined ? words[0] : words.find((word) => word === text);
  if (chosen === undefined) throw usageError(`--${option} takes ${words.join(", ")}: found ${text}`);
  return chosen;
}
