import type { JsonMessage } from "../engine/message.ts";

/** The progress of one layer. */
export interface LayerEvent {
  /** Marks the kind of event. */
  readonly type: "layer";
  /** Short id of the layer. */
  readonly id: string;
  /**
   * The engine's description, such as `Downloading` or `Layer already exists`.
   */
  readonly status: string;
  /**
   * How much is done, in `units`. It may be a little more than `total` (tar
   * headers are not in a layer's size).
   */
  readonly current?: number;
  /** The total, where it is known. */
  readonly total?: number;
  /** What `current` counts: `bytes`, or another word of the engine such as `s` for seconds. */
  readonly units?: string;
}

/** A status of the whole transfer. */
export interface TransferStatusEvent {
  /** Marks the kind of event. */
  readonly type: "status";
  /** The engine's description. */
  readonly status: string;
}

/** How many bytes went through davit so far. */
export interface TransferBytesEvent {
  /** Marks the kind of event. */
  readonly type: "bytes";
  /** Number of bytes since the beginning. */
  readonly bytes: number;
}

/**
 * Events are missing here, because this reader was too slow or started late.
 */
export interface EventsLostEvent {
  /** Marks the kind of event. */
  readonly type: "lost";
  /** How many events are missing. */
  readonly count: number;
}

/**
 * An event of a transfer between the engine and a registry or a tar. Its `type`
 * tells which.
 *
 * @example A push, in per cent of each layer
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const push = docker.imagePush("registry.example/app:1");
 * for await (const event of push.events()) {
 *   if (event.type !== "layer") continue;
 *   const { id, status, current, total } = event;
 *   const part = current && total ? Math.floor(100 * current / total) : "";
 *   console.log(id, status, part);
 * }
 * ```
 */
export type TransferEvent = LayerEvent | TransferStatusEvent | EventsLostEvent;

/**
 * The event of an engine's message; undefined if the message is no progress.
 */
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
