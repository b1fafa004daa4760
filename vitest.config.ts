import { defineConfig } from "vitest/config";

// Tests run the TypeScript sources; the condition makes `chainrule` resolve to them as well.
const conditions = ["chainrule-source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // By default one core is left idle: on two cores that is half of them.
    maxWorkers: "100%",
    // Adds up the recorded cases of PyTorch's operators over all test files.
    globalSetup: ["test/conformance/opinfo/tally.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
