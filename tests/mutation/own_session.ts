/** A program in a session of its own: what it starts ends with it. */
export interface OwnSession {
  readonly child: Deno.ChildProcess;
  /** Ends the program and all that it started. */
  end(): void;
}

/**
 * Starts Deno in a session of its own; what it prints on standard error is lost.
 *
 * @param signal Ends it.
 */
export function startInSession(
  args: readonly string[],
  { signal, ...options }: {
    readonly cwd: string;
    readonly env?: Record<string, string>;
    readonly stdout: "piped" | "null";
    readonly signal: AbortSignal;
  },
): OwnSession {
  const child = new Deno.Command("setsid", {
    args: ["--wait", Deno.execPath(), ...args],
    stdin: "null",
    stderr: "null",
    ...options,
  }).spawn();
  const end = () => {
    try {
      Deno.kill(-child.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  };
  signal.addEventListener("abort", end, { once: true });
  child.status.then(() => signal.removeEventListener("abort", end));
  if (signal.aborted) end();
  return { child, end };
}
