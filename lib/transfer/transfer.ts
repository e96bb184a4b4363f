import type { Engine } from "../engine/engine.ts";
import type { OperationInit } from "../operation/operation.ts";
import type { Operations } from "../operation/operations.ts";
import type { Broadcast } from "../streams/broadcast.ts";
import type { TransferEvent } from "./event.ts";
import type { ClientCredentials } from "../credentials/store.ts";

/**
 * An image on its way to or from a registry; it began at the call that gave it.
 *
 * Several readers may use `events()` at the same time. The transfer does not wait
 * for slow or late readers: about four thousand of the newest events are kept for
 * them, and one `lost` event stands for the older ones.
 *
 * If the program never awaits, reads or cancels a transfer, its failure is an
 * uncaught error at the program's end; see {@linkcode ImageBuild}.
 */
export interface ImageTransfer extends AsyncDisposable {
  /**
   * What happens, as it does.
   *
   * @throws The error that `wait()` rejects with, behind the last event.
   */
  events(): AsyncGenerator<TransferEvent, void, undefined>;
  /**
   * The digest of the manifest, `sha256:…`: what `name@digest` leads to in the
   * registry. Empty behind a pull by podman of an image that it had already
   * with another manifest: it does not tell which one came.
   *
   * @throws {TransferError} If the engine, or the registry, refuses.
   * @throws {ConnectionError} If the engine can't be reached, or goes away.
   * @throws {ProtocolError} If the engine's answer can't be read.
   * @throws {TypeError} If an option is wrong; nothing was sent then.
   */
  wait(): Promise<string>;
  /**
   * Closes the connection, at which the engine stops.
   *
   * @param reason What `wait()` rejects with; an `AbortError` unless given.
   */
  cancel(reason?: unknown): Promise<void>;
}

/** How much of the events is kept for late and slow readers, in UTF-16 code units. */
const KEPT_SIZE = 1024 * 1024;

/** What an event counts besides its words. */
const EVENT_SIZE = 200;

/** What a transfer's work is done with. */
export interface TransferRun {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Takes an event; no reader is waited for. */
  readonly tell: (event: TransferEvent) => void;
}

/** What a push or a pull is about. */
export interface TransferSubject<Options> {
  /** Who does it. */
  readonly engine: Engine;
  /** The image. */
  readonly name: string;
  /** How. */
  readonly options: Options;
  /** Where logins come from, besides the options. */
  readonly logins: ClientCredentials;
}

/** A transfer that is to be started. */
export interface TransferInit {
  /** All that runs on the client. */
  readonly operations: Operations;
  /** What it is, for people, such as `push of "app:1"`. */
  readonly what: string;
  /** The client's method. */
  readonly startedBy: OperationInit<string, TransferEvent>["startedBy"];
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
  /** Gives the digest. */
  readonly work: (run: TransferRun) => Promise<string>;
}

/** Starts a transfer. Every failure, a wrong option too, comes through the result. */
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
