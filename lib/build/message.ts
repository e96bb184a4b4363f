import type { JsonMessage } from "../engine/message.ts";
import type { SolveStatus } from "../progress/solve_status.ts";

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
  /** A packed file of the result is damaged, and was looked through for secrets only in part. */
  | "file-unverified"
  /** A secret was not looked for in the result: it is too short, or nobody gave it. */
  | "secret-unverified"
  /** A secret is too short to be masked in the log. */
  | "secret-short"
  /** A part of the engine's log could not be read. */
  | "trace-unreadable"
  /** This reader of the messages was too slow, or late, and missed some. */
  | "messages-lost";

/** A message from davit itself, between those of the engine. */
export interface WarningMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.warning";
  /** The sentence. */
  status: string;
  /** What it is about. */
  aux: {
    /** Kind of the warning. */
    code: WarningCode;
    /** Name of the option, or id of the secret, where there is one. */
    name?: string;
    /** How many messages were lost. */
    count?: number;
  };
}

/** The image that a build made; with BuildKit's own `id`, from the classic builder without. */
export interface ImageIdMessage extends JsonMessage {
  /** Set by BuildKit. */
  id?: "moby.image.id";
  /** The image's id, `sha256:…`. */
  aux: { ID: string };
}

/** A part of BuildKit's log. */
export interface TraceMessage extends JsonMessage {
  /** Tells it from other messages. */
  id: "moby.buildkit.trace";
  /** Base64 of a protobuf `moby.buildkit.v1.StatusResponse`, secrets masked. */
  aux: string;
  /** The same, decoded. */
  trace: SolveStatus;
}

/** Something happened to a secret; from davit itself. */
export interface SecretMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.secret";
  /** Never a value. */
  aux: {
    /** The secret's id. */
    id: string;
    /** `cached` and `unused` come at the end of the build. */
    state: "requested" | "served" | "missing" | "cached" | "unused";
  };
}

/** A registry's login was asked for; from davit itself. */
export interface LoginMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.login";
  /** Never a login. */
  aux: {
    /** The registry, in its one spelling: `docker.io`, or `host[:port]`. */
    registry: string;
    /** `anonymous`: there is none for it. */
    state: "served" | "anonymous";
  };
}

/** Something happened to an ssh id; from davit itself. */
export interface SshMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.ssh";
  /** What it was. */
  aux: {
    /** The id. */
    id: string;
    /** `cached` and `unused` come at the end of the build. */
    state: "used" | "missing" | "cached" | "unused";
  };
}

/** The result is in its place; from davit itself. */
export interface ExportMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.export";
  /** What it came to. */
  aux: {
    /** The folder or file; none for a stream. */
    dest?: string;
    /** Files, folders and links; 0 for an archive, which is not looked into. */
    entries: number;
    /** Bytes of the files, or of the archive. */
    bytes: number;
    /** Devices, FIFOs and sockets that were left out. */
    skipped: number;
  };
}

/** The context was sent; from davit itself. */
export interface ContextMessage extends JsonMessage {
  /** Tells it from the engine's messages. */
  id: "davit.context";
  /** How much it was. */
  aux: {
    /** Regular files that were offered, where davit knows them. */
    files?: number;
    /** Files that the engine had already. */
    filesReused: number;
    /** Bytes that were offered: of those files, or of the tar. */
    bytesOffered: number;
    /** Bytes that were sent. */
    bytesSent: number;
  };
}

/** One message of a build: the engine's, with secrets masked, or davit's own (`davit.…`). */
export type BuildMessage =
  | WarningMessage
  | SecretMessage
  | LoginMessage
  | SshMessage
  | ExportMessage
  | ContextMessage
  | TraceMessage
  | ImageIdMessage
  | JsonMessage;

/** Makes a warning. */
export function warning(
  code: WarningCode,
  status: string,
  name?: string,
): WarningMessage {
  return {
    id: "davit.warning",
    status,
    aux: { code, ...(name === undefined ? {} : { name }) },
  };
}

/** The image id that a message brings, if it does. */
export function imageIdOf(message: JsonMessage): string | undefined {
  if (message.id !== undefined && message.id !== "moby.image.id") return;
  const id = (message.aux as { ID?: unknown } | null | undefined)?.ID;
  return typeof id === "string" ? id : undefined;
}
