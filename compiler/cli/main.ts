#!/usr/bin/env node
/// The `chainrule` command.
import { run } from "./run.ts";
import { processTerminal } from "./terminal.ts";

// Whoever reads the output may stop early, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

process.exitCode = await run(process.argv.slice(2), processTerminal());
