import type { AuthConfig } from "../credentials/auth_config.ts";
import type { Engine } from "../engine/engine.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import { imagePull } from "../engine/image_pull.ts";
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from "../engine/image_reference.ts";
import { EngineError, ProtocolError } from "../errors.ts";
import { transferEvent } from "./event.ts";
import { registryLogin } from "./registry_login.ts";
import type { TransferRun, TransferSubject } from "./transfer.ts";
import { TransferError } from "./transfer_error.ts";

/** How an image is pulled. */
export interface ImagePullOptions {
  /** The tag to pull, where the name has none; `latest` unless given. */
  readonly tag?: string;
  /** The platform to pull, as `os/arch` or `os/arch/variant`; the engine's own unless given. */
  readonly platform?: string;
  /** The login for the image's registry; the client's own for it unless given. */
  readonly auth?: AuthConfig;
  /** Cancels the pull; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Fetches an image from its registry; the result is its digest. */
export async function pullImage(
  { engine, name, options, logins }: TransferSubject<ImagePullOptions>,
  { signal, tell }: TransferRun,
): Promise<string> {
  const reference = parseImageReference(name, options.tag);
  const login = await registryLogin(
    reference.registry,
    { auth: options.auth, signal },
    logins,
  );
  let digest = reference.digest;
  try {
    const messages = imagePull(
      engine,
      reference,
      login.header,
      options.platform,
      signal,
    );
    for await (const message of messages) {
      digest = /^Digest: (\w+:[0-9a-f]+)$/.exec(message.status ?? "")?.[1] ??
        digest;
      const event = transferEvent(message);
      if (event !== undefined) await tell(event);
    }
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    throw new TransferError({
      action: "pull",
      image: formatImageReference(reference),
      registry: reference.registry,
      authenticated: login.present,
      closed: login.closed,
      cause,
    });
  }
  return digest ?? await inspectedDigest(engine, reference, signal);
}

/**
 * Podman names no digest while it pulls; the image that came knows it, but not
 * which of them, if it had been here with another manifest.
 */
async function inspectedDigest(
  engine: Engine,
  reference: ImageReference,
  signal: AbortSignal,
): Promise<string> {
  const name = formatImageReference(reference);
  const { RepoDigests } = await imageInspect(engine, name, signal);
  const digests = (RepoDigests ?? []).map((entry) => entry.split("@"))
    .filter(([repository]) => repository!.endsWith(reference.repository))
    .map(([, digest]) => digest);
  if (digests.length === 0 || digests[0] === undefined) {
    throw new ProtocolError(
      `The engine ended the pull of "${name}" with neither a digest nor an error: look into its log`,
    );
  }
  return digests.length === 1 ? digests[0] : "";
}
