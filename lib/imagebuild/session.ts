import type { Engine } from "../engine/engine.ts";
import { dialSession } from "../engine/session_dial.ts";
import {
  type OpenSession,
  openSession,
  type SessionInit,
} from "../session/open.ts";
import type { BuildRecord } from "./record.ts";

/** What a build says of its session. */
export interface BuildSessionInit extends
  Pick<
    SessionInit,
    "services" | "sharedKey" | "required" | "signal" | "onError"
  > {
  /** Told of what goes wrong. */
  readonly record: BuildRecord;
}

/**
 * Opens the session of one build; what goes wrong with it is a warning.
 *
 * @throws {UnsupportedError} If this engine has none, and one is required.
 */
export function openBuildSession(
  engine: Engine,
  { record, ...init }: BuildSessionInit,
): Promise<OpenSession | undefined> {
  return openSession(
    (headers, signal) => dialSession(engine, headers, signal),
    {
      ...init,
      name: "davit",
      onFault: (error) =>
        record.warn(
          "session-error",
          `the engine asked for something over the session that could not be answered: ${error}`,
        ),
      onLost: () =>
        record.warn(
          "session-lost",
          "the session ended before the build: a step that still needs something of this machine will fail",
        ),
    },
  );
}
