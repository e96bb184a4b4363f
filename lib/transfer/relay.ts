import type { ClientCredentials, Credentials } from "../credentials/store.ts";
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

/** A push or a pull. */
export interface Relay {
  /** Which of them. */
  readonly action: "push" | "pull";
  /** The image. */
  readonly reference: ImageReference;
  /** The logins that were given for it. */
  readonly credentials: Credentials | undefined;
  /** Where one comes from otherwise. */
  readonly logins: ClientCredentials;
  /**
   * Makes the request.
   *
   * @param registryAuth Value of `X-Registry-Auth`; not to be printed.
   */
  readonly request: (registryAuth: string) => AsyncIterable<JsonMessage>;
  /** Gets each message. */
  readonly onMessage: (message: JsonMessage) => void;
}

/**
 * Makes a request for a registry with the login for it, and tells what the
 * engine says of it.
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
