// The session of one build: the list of everything that the engine may ask for,
// and the warnings for its failures.

import { UnsupportedError } from "../errors.ts";
import { type OpenSession, openSession } from "../session/open.ts";
import { methodsOf } from "../session/services.ts";
import type { FilesyncServiceOptions } from "../session/filesync.ts";
import type { Build, WayNeeds } from "./build_way.ts";
import type { BuildRecord } from "./record.ts";

/**
 * Opens the session of a build, if its way has one. A session is opened even if the build itself
 * needs none: an engine before 29.6 uses tokens to pull from registries only
 * when it has a session to ask for them. It is required only where the build
 * needs it.
 *
 * @param onError Called with the error that kept davit from giving something
 * that the engine asked for.
 * @returns Undefined where the way or the engine has no sessions and none is
 * required.
 * @throws {UnsupportedError} If the engine has no sessions and one is required.
 */
export async function openBuildSession(
  { session: dial, sessionRequired = false, upload }: WayNeeds,
  { takes, request: { strict }, context, inputs, exports, record, stop }: Build,
  onError: (error: Error) => void,
): Promise<OpenSession | undefined> {
  if (dial === undefined) return undefined;
  const { secrets, logins, tokenServer, agents, stores } = inputs;
  const methods = await methodsOf(
    {
      secrets: {
        store: secrets,
        maxBytes: takes.secretBytes,
        strict: strict.missing,
      },
      folders: context.locals && {
        locals: context.locals,
        onSent: tellSent(record),
      },
      logins: { store: logins, tokenServer },
      agents,
      exports,
      upload,
      stores,
    },
    onError,
  );
  return await openSession(dial, {
    name: "davit",
    sharedKey: context.sharedKey,
    methods,
    required: sessionRequired || secrets.size > 0 || agents !== undefined ||
      exports !== undefined || stores.size > 0 || strict.missing ||
      strict.unused,
    signal: stop,
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

/** Reports to the record how much of the context was sent. */
export function tellSent(
  record: BuildRecord,
): FilesyncServiceOptions["onSent"] {
  return (
    name,
    { files, filesSent, bytesOffered, bytesSent },
    { follow },
  ) => {
    // A request for the ignore file alone comes before the one for the context,
    // and is not counted.
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
  };
}

/**
 * Refuses a build without a session that has ssh agents or an exported result.
 *
 * @throws {UnsupportedError} If the build has one of them.
 */
export function checkUnserved(
  { inputs: { agents }, exports }: Pick<Build, "inputs" | "exports">,
): void {
  if (agents === undefined && exports === undefined) return;
  const what = agents !== undefined ? "ssh" : "an export";
  throw new UnsupportedError(
    what,
    `Cannot build with ${what}: it takes a session with the engine, and this transport or engine can not serve one; use a Docker engine's own socket`,
  );
}
