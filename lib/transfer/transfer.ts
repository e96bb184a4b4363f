import type { Engine } from "../engine/engine.ts";
import type { OperationInit } from "../operation/operation.ts";
import type { Operations } from "../operation/operations.ts";
import type { Broadcast } from "../streams/broadcast.ts";
import type { TransferEvent } from "./event.ts";
import type { ClientCredentials } from "../credentials/source.ts";

/**
 * A running push or pull; it began with the call that returned it.
 *
 * Several readers may use `events()` at the same time. The transfer does not
 * wait for slow or late readers: about four thousand of the newest events are
 * kept for them, and one `lost` event stands for the older ones.
 *
 * If the program never awaits, reads or cancels a transfer, its failure is an
 * uncaught error at the program's end; see {@linkcode ImageBuild}.
 */
export interface ImageTransfer extends AsyncDisposable {
  /**
   * The events of the transfer, as they happen.
   *
   * @throws After the last event, the error that `wait()` rejects with.
   */
  events(): AsyncGenerator<TransferEvent, void, undefined>;
  /**
   * Waits for the end of the transfer.
   *
   * @returns The digest of the manifest, `sha256:…`, under which the registry
   * has the image as `name@digest`. Empty after podman pulled an image that it
   * already had with another manifest, because podman does not report which one
   * it pulled.
   * @throws {TransferError} If the engine, or the registry, refuses.
   * @throws {ConnectionError} If the engine can't be reached, or the connection
   * breaks.
   * @throws {ProtocolError} If the engine's answer can't be read.
   * @throws {TypeError} If an option is wrong; nothing was sent then.
   */
  wait(): Promise<string>;
  /**
   * Closes the connection, which makes the engine stop.
   *
   * @param reason What `wait()` rejects with; the default is an `AbortError`.
   */
  cancel(reason?: unknown): Promise<void>;
}

/** How much of the events is kept for late and slow readers, in UTF-16 code units. */
const KEPT_SIZE = 1024 * 1024;

/** What an event counts in addition to its text. */
const EVENT_SIZE = 200;

/** What the work of a transfer gets. */
export interface TransferRun {
  /** Aborts when the transfer is to be stopped. */
  readonly signal: AbortSignal;
  /** Reports an event to the readers, without waiting for them. */
  readonly tell: (event: TransferEvent) => void;
}

/** What is pushed or pulled, and by which engine. */
export interface TransferSubject<Options> {
  /** The engine that pushes or pulls. */
  readonly engine: Engine;
  /** The image's name. */
  readonly name: string;
  /** The options of the call. */
  readonly options: Options;
  /** The client's own source of logins, used after the option. */
  readonly logins: ClientCredentials;
}

/** What is needed to start a transfer. */
export interface TransferInit {
  /** The running operations of the client. */
  readonly operations: Operations;
  /**
   * What the transfer is, in words for a message, such as `push of "app:1"`.
   */
  readonly what: string;
  /** The client's method that was called. */
  readonly startedBy: OperationInit<string, TransferEvent>["startedBy"];
  /** The caller's signal. */
  readonly signal: AbortSignal | undefined;
  /** Does the work and returns the digest. */
  readonly work: (run: TransferRun) => Promise<string>;
}

/**
 * Starts a transfer. Every failure, also that of a wrong option, is reported by
 * the returned object and not thrown here.
 */
export function startTransfer(
  { operations, work, ...init }: TransferInit,
): ImageTransfer {
  const transfer = operations.start<string, TransferEvent>({
    ...init,
    items: {
      maxSize: KEPT_SIZE,
      sizeOf: (event) =>
        EVENT_SIZE + ("status" in event ? event.status.length : 0),
      patienceMs: 0,
      lost: (count) => ({ type: "lost", count }),
    },
    work: (stop, events) => runWork(work, stop, events),
  });
  return {
    events: () => transfer.items.read(),
    wait: () => transfer.wait((digest) => digest),
    cancel: (reason) => transfer.cancel(reason),
    [Symbol.asyncDispose]: () => transfer.cancel(),
  };
}

async function runWork(
  work: (run: TransferRun) => Promise<string>,
  stop: AbortSignal,
  events: Broadcast<TransferEvent>,
): Promise<string> {
  stop.throwIfAborted();
  try {
    return await work({
      signal: stop,
      tell: (event) => void events.write(event),
    });
  } catch (error) {
    stop.throwIfAborted();
    throw error;
  }
}
