import { printableText } from "../display/printable.ts";
import { EXIT_FAILED, EXIT_OK } from "./exit.ts";
import { print } from "./print.ts";

/** What a check says in a line, and what others need of it. */
export type Finding<T = undefined> = readonly [
  line: string | undefined,
  found?: T,
];

/** The findings of `davit doctor`: a line for each check. */
export class Findings {
  readonly #signal: AbortSignal;
  /** Says whether a check has failed. */
  exitCode: number = EXIT_OK;

  /** @param signal Ends all checks. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Runs one check, and prints its outcome if there is something to say; a
   * terminal obeys nothing of it.
   *
   * @returns What it has found; undefined if it fails.
   */
  async look<T>(
    check: () => Finding<T> | Promise<Finding<T>>,
  ): Promise<T | undefined> {
    try {
      const [line, found] = await check();
      if (line !== undefined) print(`✓ ${printableText(line)}`);
      return found;
    } catch (error) {
      this.#signal.throwIfAborted();
      this.exitCode = EXIT_FAILED;
      for (const line of explain(error)) print(printableText(line));
      return undefined;
    }
  }
}

/**
 * The messages of an error and of its causes, with the permission flag that is
 * missing, if that is the reason.
 */
function explain(error: unknown): string[] {
  const lines: string[] = [];
  for (
    let cause = error;
    cause instanceof Error && lines.length < 5;
    cause = cause.cause
  ) {
    lines.push(`${lines.length === 0 ? "✗" : " "} ${cause.message}`);
    const [, kind, what] =
      /Requires (\w+) access to "([^"]+)"/.exec(cause.message) ?? [];
    if (kind !== undefined) lines.push(`  add --allow-${kind}=${what}`);
  }
  return lines.length > 0 ? lines : [`✗ ${error}`];
}
