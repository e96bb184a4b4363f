/**
 * All questions to the platform about the terminal are asked here.
 *
 * @module
 */

/** Size of a terminal, in characters. */
export interface TerminalSize {
  /** Width. */
  readonly columns: number;
  /** Height. */
  readonly rows: number;
}

/** The part of a terminal that a display needs to know. */
export interface Terminal {
  /** The current size. */
  size(): TerminalSize;
  /** Calls back when the size changes, until the returned function is called. */
  watch?(changed: () => void): () => void;
}

/** The size that is assumed if the terminal reports none. */
const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

/** The terminal of this program. */
export const ownTerminal: Terminal = {
  size(): TerminalSize {
    try {
      const { columns, rows } = Deno.consoleSize();
      return columns > 0 && rows > 0 ? { columns, rows } : USUAL_SIZE;
    } catch {
      return USUAL_SIZE; // all of stdin, stdout and stderr may be redirected
    }
  },
  watch(changed: () => void): () => void {
    try {
      Deno.addSignalListener("SIGWINCH", changed);
    } catch {
      return () => {}; // no such signal here: the next frame asks for the size anyway
    }
    return () => Deno.removeSignalListener("SIGWINCH", changed);
  },
};

/**
 * Whether an output is a terminal on which frames can be painted over each
 * other: one that calls itself `dumb` only prints line below line.
 */
export function canRepaint(output: { isTerminal?(): boolean }): boolean {
  return output.isTerminal?.() === true && !isDumb();
}

/**
 * Whether the user wants colours: not if `NO_COLOR` is set, or the terminal calls
 * itself `dumb`.
 */
export function wantsColor(): boolean {
  return globalThis.Deno?.noColor !== true && !isDumb();
}

/** Without the permission to read `TERM`, the terminal is taken for a usual one. */
function isDumb(): boolean {
  const asked = { name: "env", variable: "TERM" } as const;
  return globalThis.Deno?.permissions.querySync(asked).state === "granted" &&
    Deno.env.get("TERM") === "dumb";
}
