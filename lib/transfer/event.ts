import type { JsonMessage } from "../engine/message.ts";

/** How far one layer has come. */
export interface LayerEvent {
  /** Tells it from other events. */
  readonly type: "layer";
  /** Short id of the layer. */
  readonly id: string;
  /** The engine's words, such as `Downloading` or `Layer already exists`. */
  readonly status: string;
  /** Done so far, in `units`; it may pass `total` a little (tar headers are not in a layer's size). */
  readonly current?: number;
  /** All there is, where it is known. */
  readonly total?: number;
  /** What `current` counts: `bytes`, or another word of the engine such as `s` for seconds. */
  readonly units?: string;
}

/** Something that is said of the whole. */
export interface TransferStatusEvent {
  /** Tells it from other events. */
  readonly type: "status";
  /** The engine's words. */
  readonly status: string;
}

/** How much went through davit so far. */
export interface TransferBytesEvent {
  /** Tells it from other events. */
  readonly type: "bytes";
  /** Bytes from the first on. */
  readonly bytes: number;
}

/** This reader was too slow, or came late: events are missing here. */
export interface EventsLostEvent {
  /** Tells it from other events. */
  readonly type: "lost";
  /** How many. */
  readonly count: number;
}

/** Something that happened while an image travels to or from a registry. */
export type TransferEvent = LayerEvent | TransferStatusEvent | EventsLostEvent;

/** What a message of the engine tells, if it is progress at all. */
export function transferEvent(
  message: JsonMessage,
): LayerEvent | TransferStatusEvent | undefined {
  const { id, status, progressDetail } = message;
  if (id === undefined || progressDetail === undefined) {
    const text = (status ?? message.stream)?.trimEnd();
    return text ? { type: "status", status: text } : undefined;
  }
  const { current, total, units } = progressDetail;
  return {
    type: "layer",
    id,
    status: status ?? "",
    ...(current === undefined ? {} : {
      current,
      units: units === undefined || units === "" ? "bytes" : units,
    }),
    ...(total === undefined || total <= 0 ? {} : { total }),
  };
}
