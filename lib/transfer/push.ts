import type { AuthConfig } from "../credentials/auth_config.ts";
import { imagePush } from "../engine/image_push.ts";
import {
  formatImageReference,
  parseImageReference,
} from "../engine/image_reference.ts";
import type { JsonMessage } from "../engine/message.ts";
import { EngineError, ProtocolError } from "../errors.ts";
import { transferEvent } from "./event.ts";
import { registryLogin } from "./registry_login.ts";
import type { TransferRun, TransferSubject } from "./transfer.ts";
import { TransferError } from "./transfer_error.ts";

/** How an image is pushed. */
export interface ImagePushOptions {
  /** The tag to push, where the name has none; `latest` unless given. */
  readonly tag?: string;
  /** The login for the image's registry; the client's own for it unless given. */
  readonly auth?: AuthConfig;
  /** Cancels the push; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Sends an image to its registry; the result is its digest. */
export async function pushImage(
  { engine, name, options, logins }: TransferSubject<ImagePushOptions>,
  { signal, tell }: TransferRun,
): Promise<string> {
  const reference = parseImageReference(name, options.tag);
  const login = await registryLogin(
    reference.registry,
    { auth: options.auth, signal },
    logins,
  );
  let digest: string | undefined;
  try {
    for await (
      const message of imagePush(engine, reference, login.header, signal)
    ) {
      digest = pushedDigest(message) ?? digest;
      const event = transferEvent(message);
      if (event !== undefined) await tell(event);
    }
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new TransferError({
      action: "push",
      image: formatImageReference(reference),
      registry: reference.registry,
      authenticated: login.present,
      closed: login.closed,
      cause,
    });
  }
  if (digest !== undefined) return digest;
  throw new ProtocolError(
    `The engine ended the push of "${
      formatImageReference(reference)
    }" with neither a digest nor an error: look into its log`,
  );
}

/** Told in numbers by most engines, and by containerd's store and podman in a sentence alone. */
function pushedDigest(message: JsonMessage): string | undefined {
  const aux = message.aux as { Digest?: unknown } | null | undefined;
  if (typeof aux?.Digest === "string") return aux.Digest;
  return /: digest: (\w+:[0-9a-f]+) size: \d+/.exec(message.status ?? "")?.[1];
}
