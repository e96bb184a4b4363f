// The session of one build: all that the engine may ask for, in one list, and what
// is said when something goes wrong with it.

import { UnsupportedError } from "../errors.ts";
import {
  type OpenSession,
  openSession,
  type SessionDialler,
} from "../session/open.ts";
import type { Build } from "./build_way.ts";
import type { BuildInputs } from "./inputs.ts";
import { maxSecretBytes } from "./secrets.ts";

/**
 * Opens the session of a build. There may be none where nothing of the build needs
 * it; it is asked for all the same: an engine before 29.6 pulls from registries
 * with tokens only when there is a session to ask.
 *
 * @param onError Told why something that the engine asked for could not be given.
 * @throws {UnsupportedError} If this engine has none, and one is required.
 */
export async function openBuildSession(
  dial: SessionDialler,
  { facts, request: { strict }, context, inputs, record, stop }: Build,
  onError: (error: Error) => void,
): Promise<OpenSession | undefined> {
  const { secrets, logins, tokenServer, agents, exporter } = inputs;
  return await openSession(dial, {
    name: "davit",
    sharedKey: context.sharedKey,
    services: {
      secrets: {
        store: secrets,
        maxBytes: maxSecretBytes(facts),
        strict: strict.missing,
      },
      folders: context.locals && {
        locals: context.locals,
        onSent(
          name,
          { files, filesSent, bytesOffered, bytesSent },
          { follow },
        ) {
          // For the rules alone, nothing of the context is taken yet.
          const isRules = follow.length === 1 && follow[0] === ".dockerignore";
          if (name !== "context" || isRules) return;
          const filesReused = files - filesSent;
          record.tell({
            type: "context",
            files,
            filesReused,
            bytesOffered,
            bytesSent,
          });
        },
      },
      logins: { store: logins, tokenServer },
      agents,
      exporter,
    },
    required: secrets.size > 0 || agents !== undefined ||
      exporter !== undefined || strict.missing || strict.unused,
    signal: stop,
    onError,
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
  });
}

/**
 * Refuses what can only be had over a session, where there is none.
 *
 * @throws {UnsupportedError} If the build needs it.
 */
export function checkUnserved({ agents, exporter }: BuildInputs): void {
  if (agents === undefined && exporter === undefined) return;
  const what = agents !== undefined ? "ssh" : "an export";
  throw new UnsupportedError(
    what,
    `Cannot build with ${what}: it takes a session with the engine, and this transport or engine can not serve one; use a Docker engine's own socket`,
  );
}
