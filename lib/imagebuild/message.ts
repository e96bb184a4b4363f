import type { JsonMessage } from "../engine/message.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import type { WarningCode } from "../progress/warning_code.ts";

export type { WarningCode } from "../progress/warning_code.ts";

/** A message from davit itself, between those of the engine. */
export interface WarningMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.warning";
  /** The sentence. */
  status: string;
  /** What the warning is about. */
  aux: {
    /** Kind of the warning. */
    code: WarningCode;
    /** Name of the option, or id of the secret, where there is one. */
    name?: string;
    /** How many messages were lost. */
    count?: number;
  };
}

/**
 * The image that a build made. BuildKit sends it with an `id` of its own, the
 * classic builder without.
 */
export interface ImageIdMessage extends JsonMessage {
  /** Set by BuildKit. */
  id?: "moby.image.id";
  /** The image's id, `sha256:…`. */
  aux: { ID: string };
}

/** A part of BuildKit's log. */
export interface TraceMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "moby.buildkit.trace";
  /** Base64 of a protobuf `moby.buildkit.v1.StatusResponse`, secrets masked. */
  aux: string;
  /** The status, decoded. */
  trace: SolveStatus;
}

/** Something happened to a secret; from davit itself. */
export interface SecretMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.secret";
  /** What happened to the secret; never its value. */
  aux: {
    /** The secret's id. */
    id: string;
    /** `cached` and `unused` come at the end of the build. */
    state: "requested" | "served" | "missing" | "cached" | "unused";
  };
}

/** A registry's login was asked for; from davit itself. */
export interface LoginMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.login";
  /** The registry that was asked for; never the login itself. */
  aux: {
    /** The registry's normalized name: `docker.io`, or `host[:port]`. */
    registry: string;
    /** Whether a login was given; `anonymous` means that there is none. */
    state: "served" | "anonymous";
  };
}

/** Something happened to an ssh id; from davit itself. */
export interface SshMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.ssh";
  /** What happened. */
  aux: {
    /** The id. */
    id: string;
    /** `cached` and `unused` come at the end of the build. */
    state: "used" | "missing" | "cached" | "unused";
  };
}

/** The exported result is at its destination; from davit itself. */
export interface ExportMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.export";
  /** What was exported. */
  aux: {
    /** Path of the folder or file; undefined for a stream. */
    dest?: string;
    /**
     * How many files, folders and links there are; 0 for an archive, whose
     * entries are not counted.
     */
    entries: number;
    /** How many bytes the files, or the archive, have. */
    bytes: number;
    /** Paths of devices, FIFOs and sockets, which were left out. */
    skipped: number;
  };
}

/** A context was sent; from davit itself. */
export interface ContextMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.context";
  /** How much was sent. */
  aux: {
    /** The name of a context by name; the main context has none. */
    name?: string;
    /**
     * How many regular files the context has; undefined where davit does not
     * know it.
     */
    files?: number;
    /** How many of the files the engine already had from an earlier build. */
    filesReused: number;
    /** How many bytes the context has: those of the files, or of the tar. */
    bytesOffered: number;
    /** Bytes that were sent. */
    bytesSent: number;
  };
}

/** A cache was read or written, or could not be; from davit itself. */
export interface CacheMessage extends JsonMessage {
  /** Marks the kind of message. */
  id: "davit.cache";
  /** What happened. */
  aux: {
    /** `import`: it was to be read. `export`: it was to be written. */
    action: "import" | "export";
    /** Its kind, such as `registry`. */
    kind: string;
    /** Where it is, such as the name in a registry. */
    place?: string;
    /** Whether that went well. */
    state: "done" | "failed";
    /** Digest of the manifest that was written. */
    digest?: string;
    /** The engine's words, if it failed. */
    error?: string;
  };
}

/** The characters with which ids of layers and tags begin. */
export type IdCharacter =
  | ("a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l")
  | ("m" | "n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x")
  | ("y" | "z" | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9")
  | ("A" | "B" | "C" | "D" | "E" | "F" | "G" | "H" | "I" | "J" | "K" | "L")
  | ("M" | "N" | "O" | "P" | "Q" | "R" | "S" | "T" | "U" | "V" | "W" | "X")
  | ("Y" | "Z" | "_" | "." | "-");

/**
 * The short id of a layer, or a tag that is pulled: text that begins neither as
 * `davit.` nor as `moby.`, so that comparing an `id` with one of those tells the
 * type of a message.
 */
export type OtherId =
  | `${Exclude<IdCharacter, "d" | "m">}${string}`
  | `d${Exclude<IdCharacter, "a">}${string}`
  | `da${Exclude<IdCharacter, "v">}${string}`
  | `m${Exclude<IdCharacter, "o">}${string}`
  | ("d" | "da" | "m");

/**
 * Any other message of an engine: about layers, about errors, and all output of
 * the classic builder.
 */
export interface OtherMessage extends JsonMessage {
  /** The layer or tag that it is about; most messages have none. */
  id?: OtherId;
}

/**
 * One message of a build: the engine's, with secrets masked, or davit's own
 * (`davit.…`). Its `id` tells which: `if (message.id === "davit.secret")` makes
 * it a {@linkcode SecretMessage}.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", { tag: "app:1" });
 * for await (const message of build.messages()) {
 *   if (message.id === "davit.warning") console.warn(message.aux.code);
 *   if (message.id === "moby.image.id") console.log(message.aux.ID);
 * }
 * ```
 */
export type BuildMessage =
  | WarningMessage
  | SecretMessage
  | LoginMessage
  | SshMessage
  | ExportMessage
  | ContextMessage
  | CacheMessage
  | TraceMessage
  | ImageIdMessage
  | OtherMessage;
