/** Types of `@std/toml`, whose npm form carries none. */

/** @throws {SyntaxError} If the text is no TOML. */
export function parse(text: string): Record<string, unknown>;

/** Writes an object as TOML. */
export function stringify(value: Record<string, unknown>): string;
