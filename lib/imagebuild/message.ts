import type { JsonMessage } from "../engine/message.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import type { WarningCode } from "../progress/warning_code.ts";

export type { WarningCode } from "../progress/warning_code.ts";

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

/** What ids of layers and tags are made of. */
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

/** What else an engine says: of layers, of errors, and all that the classic builder says. */
export interface OtherMessage extends JsonMessage {
  /** What it is about; mostly there is none. */
  id?: OtherId;
}

/**
 * One message of a build: the engine's, with secrets masked, or davit's own
 * (`davit.…`). Its `id` tells which: `if (message.id === "davit.secret")` makes
 * it a {@linkcode SecretMessage}.
 */
export type BuildMessage =
  | WarningMessage
  | SecretMessage
  | LoginMessage
  | SshMessage
  | ExportMessage
  | ContextMessage
  | TraceMessage
  | ImageIdMessage
  | OtherMessage;
