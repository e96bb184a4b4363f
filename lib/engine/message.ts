import { EngineError } from "../errors.ts";

/** An error inside a stream of messages. */
export interface ErrorDetail {
  /** The error's message. */
  message?: string;
  /** Exit code of the failed step, from the classic builder. */
  code?: number;
}

/** The progress of a transfer. */
export interface ProgressDetail {
  /** How much is done; in bytes unless `units` says otherwise. */
  current?: number;
  /** The total, where it is known. */
  total?: number;
  /** When it began, in seconds since 1970. */
  start?: number;
  /** What is counted, such as `layers`. */
  units?: string;
}

/** One message of an engine's answer that is sent line by line. */
export interface JsonMessage {
  /** What the message is about: a layer, or `moby.buildkit.trace`, or `moby.image.id`. */
  id?: string;
  /** Output of the classic builder, including line breaks. */
  stream?: string;
  /** A state, such as `Pulling fs layer`. */
  status?: string;
  /** Progress as text; old engines only. */
  progress?: string;
  /** Progress as numbers. */
  progressDetail?: ProgressDetail;
  /** An error's message; it is the last message of the stream. */
  error?: string;
  /** The same error as an object. */
  errorDetail?: ErrorDetail;
  /** `{ ID }` of an image, or BuildKit's log in base64. */
  aux?: unknown;
}

/** The text of an error message; undefined for every other message. */
export function errorText(message: JsonMessage): string | undefined {
  if (message.error === undefined && message.errorDetail === undefined) {
    return undefined;
  }
  return message.errorDetail?.message || message.error || "no reason given";
}

/**
 * Turns a message that reports an error, after a status of 200, into the error
 * of the request.
 */
export function messageError(
  message: JsonMessage,
  method: string,
  path: string,
): EngineError | undefined {
  const detail = errorText(message);
  if (detail === undefined) return undefined;
  const status = message.errorDetail?.code ?? 200;
  return new EngineError({ status, method, path, detail });
}
