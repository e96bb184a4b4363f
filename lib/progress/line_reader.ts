import type { BuildEvent } from "./event.ts";

/** The fields of an engine's message that hold a builder's lines. */
export interface LineMessage {
  /** The layer or tag that a message about a pull belongs to. */
  readonly id?: string;
  /** Text that the builder, or the program of a step, has printed. */
  readonly stream?: string;
  /** The state of a pull, or of one of its layers. */
  readonly status?: string;
  /** How many bytes of a layer were pulled. */
  readonly progressDetail?: {
    readonly current?: number;
    readonly total?: number;
  };
  /** The error message, if the build failed. */
  readonly error?: string;
  /** The same error in a structure; `message` is the text. */
  readonly errorDetail?: { readonly message?: string };
  /** `{ ID }` with the image's id. */
  readonly aux?: unknown;
}

/** Translates the messages of a builder into the events of a BuildKit build. */
export interface LineTranslator {
  /**
   * Translates one message; the result is empty if the message says nothing
   * new.
   */
  translate(message: LineMessage): BuildEvent[];
}

/** Separates a builder's own words from the text of steps and Dockerfiles. */
export interface OwnWords {
  /**
   * How many characters at the start of the next text are fixed words of the
   * builder; 0 if all of it is free text or a program's output.
   */
  ownLength(text: string): number;
}

/** What reads the lines of one builder. */
export interface LineReader {
  /** Makes events of them. */
  readonly translator: LineTranslator;
  /** Tells its own words from others, which may hold a secret. */
  readonly words: OwnWords;
}

/** The text of a message's error; undefined if it has none. */
export function errorOf(
  { errorDetail, error }: LineMessage,
): string | undefined {
  if (errorDetail === undefined && error === undefined) return undefined;
  return errorDetail?.message || error || "";
}

/** The image's id in a message; undefined if it has none. */
export function imageIdIn({ aux }: LineMessage): string | undefined {
  const id = (aux as { ID?: unknown } | null | undefined)?.ID;
  return typeof id === "string" ? id : undefined;
}
