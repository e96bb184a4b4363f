/** What a warning of davit is about. */
export type WarningCode =
  /** The option has no effect with this builder or engine. */
  | "option-ignored"
  /** Secrets are not sent at all. */
  | "secrets-ignored"
  /** The header was left out, or is the only thing that carries the secrets. */
  | "secrets-header"
  /** Secrets travel without encryption. */
  | "plain-connection"
  /** The build asked for a secret that was not given. */
  | "secret-missing"
  /** A secret was given, and no step mounts it. */
  | "secret-unused"
  /** A secret was given and not asked for, and whether a step mounts it can't be known. */
  | "secret-unknown"
  /** A secret has no bytes: what it is read from may not be set. */
  | "secret-empty"
  /** The build asked for an ssh agent that was not given. */
  | "ssh-missing"
  /** An ssh agent was given, and no step mounts it. */
  | "ssh-unused"
  /** An ssh agent was given and not asked for, and whether a step mounts it can't be known. */
  | "ssh-unknown"
  /** A question of the engine over the session failed. */
  | "session-error"
  /** The session ended before the build did. */
  | "session-lost"
  /** Deno's permissions keep a source of logins closed. */
  | "credentials-closed"
  /** Logins that this builder can't be given. */
  | "credentials-ignored"
  /** Something of the result was left out of the export. */
  | "export-skipped"
  /** A line of a secret, or a short one, stands in a build argument, a label or the Dockerfile. */
  | "secret-visible"
  /** A secret's file lies in the context, and is not ignored. */
  | "secret-in-context"
  /** An image could not be looked through for secrets, and keeps a name. */
  | "image-unverified"
  /** A packed file of the result is damaged, or packed in a way that is not known: it was not looked through to its end. */
  | "file-unverified"
  /** A secret was not looked for in the result: it is too short, or nobody gave it. */
  | "secret-unverified"
  /** A secret, or a line of one, is too short to be masked in the log. */
  | "secret-short"
  /** A part of the engine's log could not be read. */
  | "trace-unreadable"
  /** This reader of the messages was too slow, or late, and missed some. */
  | "messages-lost";
