import { EngineError } from "../errors.ts";

/** What an engine says of an error inside a stream. */
export interface ErrorDetail {
  /** The sentence. */
  message?: string;
  /** Exit code of a step, from the classic builder. */
  code?: number;
}

/** How far a transfer has come. */
export interface ProgressDetail {
  /** Done so far; bytes unless `units` says otherwise. */
  current?: number;
  /** All there is, where it is known. */
  total?: number;
  /** When it began, in seconds since the epoch. */
  start?: number;
  /** What is counted, such as `layers`. */
  units?: string;
}

/** One line of an engine's streaming answer. */
export interface JsonMessage {
  /** What the message is about: a layer, or `moby.buildkit.trace`, or `moby.image.id`. */
  id?: string;
  /** Text of the classic builder, with its line ends. */
  stream?: string;
  /** A state, such as `Pulling fs layer`. */
  status?: string;
  /** Progress as text; old engines only. */
  progress?: string;
  /** Progress as numbers. */
  progressDetail?: ProgressDetail;
  /** Text of an error; the stream ends behind it. */
  error?: string;
  /** The same error in parts. */
  errorDetail?: ErrorDetail;
  /** `{ ID }` of an image, or the base64 text of a BuildKit trace. */
  aux?: unknown;
}

/** The sentence of an error message; undefined for every other message. */
export function errorText(message: JsonMessage): string | undefined {
  if (message.error === undefined && message.errorDetail === undefined) {
    return undefined;
  }
  return message.errorDetail?.message || message.error || "no reason given";
}

/** An error line behind a status of 200, as an error of the request. */
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
