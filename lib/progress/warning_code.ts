/**
 * What a warning of davit is about.
 *
 * - `option-ignored`: the option has no effect with this builder or engine.
 * - `secrets-ignored`: secrets are not sent at all.
 * - `secrets-header`: the header was left out, or is the only thing that
 *   carries the secrets.
 * - `plain-connection`: secrets travel without encryption.
 * - `secret-missing`: the build asked for a secret that was not given.
 * - `secret-unused`: a secret was given, and no step mounts it.
 * - `secret-unknown`: a secret was given and not asked for, and whether a step
 *   mounts it can't be known.
 * - `secret-empty`: a secret has no bytes: its source, such as an environment
 *   variable, may not be set.
 * - `ssh-missing`: the build asked for an ssh agent that was not given.
 * - `ssh-unused`: an ssh agent was given, and no step mounts it.
 * - `ssh-unknown`: an ssh agent was given and not asked for, and whether a
 *   step mounts it can't be known.
 * - `session-error`: a request of the engine over the session failed.
 * - `session-lost`: the session ended before the build did.
 * - `credentials-closed`: Deno's permissions keep a source of logins closed.
 * - `credentials-ignored`: there are logins, and this builder can't use them.
 * - `cache-import-failed`: a cache that was named can't be read.
 * - `cache-export-failed`: a cache could not be written, and that is ignored.
 * - `cache-not-pruned`: a folder with caches keeps what nothing names any more.
 * - `export-skipped`: something of the result was left out of the export.
 * - `secret-visible`: a line of a secret, or a short secret, was found in a
 *   build argument, a label or the Dockerfile.
 * - `secret-in-context`: a secret's file lies in the context, and is not
 *   ignored.
 * - `image-unverified`: an image could not be searched for secrets, and keeps
 *   a name.
 * - `image-unread`: the digests of an image's platforms could not be read.
 * - `no-output`: a BuildKit daemon was given no output, and keeps the result in
 *   its cache alone.
 * - `file-unverified`: a packed file of the result is damaged, or packed in a
 *   way that is not known: it was not searched to its end.
 * - `secret-unverified`: a secret was not looked for in the result: it is too
 *   short, or its value was not given.
 * - `secret-short`: a secret, or a line of one, is too short to be masked in
 *   the log.
 * - `trace-unreadable`: a part of the engine's log could not be read.
 * - `messages-lost`: this reader of the messages was too slow, or late, and
 *   missed some.
 */
export type WarningCode =
  | "option-ignored"
  | "secrets-ignored"
  | "secrets-header"
  | "plain-connection"
  | "secret-missing"
  | "secret-unused"
  | "secret-unknown"
  | "secret-empty"
  | "ssh-missing"
  | "ssh-unused"
  | "ssh-unknown"
  | "session-error"
  | "session-lost"
  | "credentials-closed"
  | "credentials-ignored"
  | "cache-import-failed"
  | "cache-export-failed"
  | "cache-not-pruned"
  | "export-skipped"
  | "secret-visible"
  | "secret-in-context"
  | "image-unverified"
  | "image-unread"
  | "no-output"
  | "file-unverified"
  | "secret-unverified"
  | "secret-short"
  | "trace-unreadable"
  | "messages-lost";
