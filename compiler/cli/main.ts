#!/usr/bin/env node
/// The `chainrule` command.
import { setFlagsFromString } from "node:v8";
import { run } from "./run.ts";
import { processTerminal } from "./terminal.ts";

// A command is over before most of what V8 optimises pays: it took half of the time of a large model, a fifth of a small one.
setFlagsFromString("--interrupt-budget=400000");

// Whoever reads the output may stop early, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), processTerminal());
