import type { ClientCredentials, Credentials } from "../credentials/source.ts";
import {
  formatImageReference,
  type ImageReference,
} from "../engine/image_reference.ts";
import type { JsonMessage } from "../engine/message.ts";
import { EngineError } from "../errors.ts";
import { transferEvent } from "./event.ts";
import { registryLogin } from "./registry_login.ts";
import type { TransferRun } from "./transfer.ts";
import { TransferError } from "./transfer_error.ts";

/** What is needed for a push or a pull. */
export interface Relay {
  /** Whether it is a push or a pull. */
  readonly action: "push" | "pull";
  /** The image's name in its parts. */
  readonly reference: ImageReference;
  /** The logins given to this call. */
  readonly credentials: Credentials | undefined;
  /** The client's own source of logins, used after these. */
  readonly logins: ClientCredentials;
  /**
   * Sends the request and reads its answer.
   *
   * @param registryAuth Value of `X-Registry-Auth`; not to be printed.
   */
  readonly request: (registryAuth: string) => AsyncIterable<JsonMessage>;
  /** Called with each message. */
  readonly onMessage: (message: JsonMessage) => void;
}

/**
 * Pushes or pulls: finds the registry's login, makes the request with it, and
 * reports the engine's progress.
 *
 * @throws {TransferError} If the engine, or the registry, refuses.
 */
export async function relayTransfer(
  { action, reference, credentials, logins, request, onMessage }: Relay,
  { signal, tell }: TransferRun,
): Promise<void> {
  const { registry } = reference;
  const login = await registryLogin(registry, { credentials, signal }, logins);
  try {
    for await (const message of request(login.header)) {
      onMessage(message);
      const event = transferEvent(message);
      if (event !== undefined) tell(event);
    }
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new TransferError({
      action,
      image: formatImageReference(reference),
      registry,
      authenticated: login.present,
      closed: login.closed,
      cause,
    });
  }
}
