import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/dist", "node_modules", "**/generated", "test/**/fixtures", ".gpu"] },
  ...tseslint.configs.recommended,
  {
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: false, skipComments: false }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: false, skipComments: false }],
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  // A test file is a list of cases; its describe callbacks are not functions in the sense of the cap.
  { files: ["test/**"], rules: { "max-lines-per-function": "off" } },
);
