/** Types of `@std/csv/parse`, whose npm form carries none: what is used here. */

/** @throws {SyntaxError} If quotes do not fit together. */
export function parse(text: string): string[][];
