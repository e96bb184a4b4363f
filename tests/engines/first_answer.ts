import { readTextIfThere } from "./command.ts";
import { connectEngine, readEngineVersion } from "./engine_api.ts";
import { delay } from "./process.ts";

/** An engine that was just started. */
export interface StartedEngine {
  /** Its program, for errors. */
  readonly program: string;
  readonly child: Deno.ChildProcess;
  readonly socketPath: string;
  /** Path of the file that it logs to. */
  readonly logPath: string;
}

/**
 * Waits for an engine's first answer, at most a minute; returns its version.
 *
 * @throws {Error} If it ends or does not answer, with the tail of its log.
 */
export async function firstAnswer(
  { program, child, socketPath, logPath }: StartedEngine,
  signal: AbortSignal | undefined,
): Promise<string> {
  let exit: Deno.CommandStatus | undefined;
  child.status.then((status) => exit = status);
  using api = connectEngine(socketPath);
  const deadline = Date.now() + 60_000;
  while (true) {
    signal?.throwIfAborted();
    if (exit !== undefined || Date.now() > deadline) {
      const found = exit === undefined
        ? "no answer in 60 seconds"
        : `exit code ${exit.code}`;
      const log = await readTextIfThere(logPath) ?? "";
      const tail = log.trim().split("\n").slice(-15).join("\n");
      throw new Error(
        `Cannot start ${program}: ${found}, expected an answer to ping\n${tail}`,
      );
    }
    try {
      const response = await api.request("/_ping");
      if (await response.text() === "OK") {
        return await readEngineVersion(api, { signal });
      }
    } catch {
      // Not listening yet.
    }
    await delay(25);
  }
}
