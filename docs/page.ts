/// What the generated pages share.

/** What stands below the title of every generated page. */
export const generatedNote = "Generated from the sources by `npm run docs`; do not edit.";

/** Text for a cell of a table. */
export const cell = (text: string): string => text.replaceAll("|", "\\|");
