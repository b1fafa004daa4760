/// A contender's process, as its parent sees it.
import { fork } from "node:child_process";
import type { Answers, Request } from "./worker.ts";

/** Asks a contender's process, one request at a time. */
export interface Process {
  ask<R extends Request>(request: R): Promise<Answers[R["tag"]]>;
  close(): void;
}

interface Answer {
  readonly result?: never;
  readonly error?: string;
}

/** Starts a contender. Shader caches are off: a first step is one that compiles its shaders. */
export function startProcess(file: string): Process {
  const child = fork(file, [], {
    serialization: "advanced",
    execArgv: ["--expose-gc"],
    env: { ...process.env, MESA_SHADER_CACHE_DISABLE: "true" },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const said: string[] = [];
  child.stderr!.on("data", (text: Buffer) => said.push(text.toString()));
  const ended = new Promise<never>((_, reject) => {
    child.once("exit", (code, signal) => {
      reject(new Error(`its process ended with ${signal ?? `code ${code}`}: ${said.join("").slice(-2000)}`));
    });
  });
  ended.catch(() => {});
  return {
    ask(request) {
      const answer = new Promise<never>((resolve, reject) => {
        child.once("message", ({ result, error }: Answer) => {
          if (error === undefined) resolve(result as never);
          else reject(new Error(error));
        });
      });
      child.send(request);
      return Promise.race([answer, ended]);
    },
    close: () => void child.kill(),
  };
}
