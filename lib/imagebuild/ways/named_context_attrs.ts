// Contexts by name in the words of BuildKit's Dockerfile frontend, which reads
// them in `frontend/dockerui/namedcontext.go`.

import { cannotBuildWith } from "../cannot_build_with.ts";
import type { UnsupportedError } from "../../errors.ts";
import type { NamedContexts } from "../context/named_contexts.ts";
import { localName } from "../context/served_folders.ts";

/** The frontend's id for what it must be able to do. */
const CAPABILITY = "moby.buildkit.frontend.contexts";

/**
 * The attributes of contexts by name: what each of them is, and that the
 * frontend must know them. One that does not (20.10) refuses the build then
 * before it asks for anything.
 *
 * @param forward Whether the engine's frontend then reads the Dockerfile, and
 * passes the build on to the one that is named there (`# syntax=`).
 */
export function namedContextAttrs(
  { folders, tars, remotes, files }: NamedContexts,
  { forward }: { readonly forward: boolean },
): Readonly<Record<string, string>> {
  const values = [
    ...[...folders.keys()].map((name) => [name, `local:${localName(name)}`]),
    ...[...tars.keys(), ...files.keys()].map((
      name,
    ) => [name, `input:${name}`]),
    ...remotes,
  ];
  if (values.length === 0) return {};
  return {
    "frontend.caps": forward ? `${CAPABILITY}+forward` : CAPABILITY,
    ...Object.fromEntries(
      values.map(([name, value]) => [`context:${name}`, value!]),
    ),
  };
}

/**
 * The attributes that name the session of the folders, where it is not that of
 * the build.
 */
export function sessionAttrs(
  { folders }: Pick<NamedContexts, "folders">,
  session: string | undefined,
): Readonly<Record<string, string>> {
  if (session === undefined) return {};
  const locals = [
    "context",
    "dockerfile",
    ...[...folders.keys()].map(localName),
  ];
  return Object.fromEntries(
    locals.map((name) => [`local-sessionid:${name}`, session]),
  );
}

/**
 * The error for a frontend that knows no contexts by name; undefined if the
 * words are about something else.
 */
export function frontendError(detail: string): UnsupportedError | undefined {
  if (!detail.endsWith(`unsupported frontend capability ${CAPABILITY}`)) {
    return undefined;
  }
  return cannotBuildWith(
    "contexts",
    `the Dockerfile frontend of this engine knows no contexts by name (${detail}); use a newer engine, or, where this one can fetch it, a frontend of the Dockerfile's own: # syntax=docker/dockerfile:1`,
  );
}
