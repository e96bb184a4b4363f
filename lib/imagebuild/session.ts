// The session of one build: the list of everything that the engine may ask for,
// and the warnings for its failures.

import { UnsupportedError } from "../errors.ts";
import { type OpenSession, openSession } from "../session/open.ts";
import { methodsOf } from "../session/services.ts";
import { asksForRules } from "../fsutil/local.ts";
import type { FilesyncServiceOptions } from "../session/filesync.ts";
import type { Build, WayNeeds } from "./build_way.ts";
import type { Offer } from "./context/offer.ts";
import type { ServedContexts } from "./context/served_folders.ts";
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
  { session: dial, sessionRequired = false, uploads }: WayNeeds,
  {
    takes,
    request: { strict },
    context,
    contexts,
    inputs,
    exports,
    record,
    stop,
  }: Build,
  onError: (error: Error) => void,
): Promise<OpenSession | undefined> {
  if (dial === undefined) return undefined;
  const { secrets, logins, tokenServer, agents, stores } = inputs;
  const { locals, names, sharedKey } = contexts.folders.size === 0
    ? mainFolders(context)
    : await (await import("./context/served_folders.ts"))
      .servedFolders(context, contexts);
  const methods = await methodsOf(
    {
      secrets: {
        store: secrets,
        maxBytes: takes.secretBytes,
        strict: strict.missing,
      },
      folders: locals && { locals, onSent: tellSent(record, names) },
      logins: { store: logins, tokenServer },
      agents,
      exports,
      uploads: uploads && [
        ...(uploads.own === undefined ? [] : [uploads.own]),
        ...uploads.named.values(),
      ],
      stores,
    },
    onError,
  );
  return await openSession(dial, {
    name: "davit",
    sharedKey,
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

/** What a session serves where there are no contexts by name. */
function mainFolders({ locals, sharedKey }: Offer): ServedContexts {
  return { locals, names: new Map([["context", undefined]]), sharedKey };
}

/**
 * Reports to the record how much of a context was sent.
 *
 * @param names The contexts whose transfers are reported, by the names that the
 * engine asks for: each with its own name, which the main context has not.
 */
export function tellSent(
  record: BuildRecord,
  names: ReadonlyMap<string, string | undefined>,
): FilesyncServiceOptions["onSent"] {
  return (
    local,
    { files, filesSent, bytesOffered, bytesSent },
    request,
  ) => {
    // A request for the ignore file alone comes before the one for the context,
    // and is not counted.
    if (!names.has(local) || asksForRules(request)) return;
    const filesReused = files - filesSent;
    record.tell({
      type: "context",
      name: names.get(local),
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
