import { checkOptionNames } from "../option_names.ts";
import type { Credentials } from "../credentials/source.ts";
import { imagePush } from "../engine/image_push.ts";
import {
  formatImageReference,
  parseImageReference,
} from "../engine/image_reference.ts";
import type { JsonMessage } from "../engine/message.ts";
import { ProtocolError } from "../errors.ts";
import { relayTransfer } from "./relay.ts";
import type { TransferRun, TransferSubject } from "./transfer.ts";

/** Options for pushing an image. */
export interface ImagePushOptions {
  /** The tag to push, where the name has none; `latest` by default. */
  readonly tag?: string | undefined;
  /**
   * Logins for registries; the one for the image's registry is used. Without
   * one there, the client's own login is.
   */
  readonly credentials?: Credentials | undefined;
  /** Cancels the push; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  tag: true,
  credentials: true,
  signal: true,
} satisfies Record<keyof ImagePushOptions, true>;

/** Pushes an image to its registry; the result is its digest. */
export async function pushWithLogin(
  { engine, name, options, logins }: TransferSubject<ImagePushOptions>,
  run: TransferRun,
): Promise<string> {
  checkOptionNames("push", options, OPTIONS);
  const reference = parseImageReference(name, options.tag);
  let digest: string | undefined;
  await relayTransfer({
    action: "push",
    reference,
    credentials: options.credentials,
    logins,
    request: (header) => imagePush(engine, reference, header, run.signal),
    onMessage: (message) => digest = pushedDigest(message) ?? digest,
  }, run);
  if (digest !== undefined) return digest;
  throw new ProtocolError(
    `The engine ended the push of "${
      formatImageReference(reference)
    }" with neither a digest nor an error: look into its log`,
  );
}

/**
 * The digest in a message, if it has one. Most engines send it in a field;
 * containerd's store and podman send it only in the text.
 */
function pushedDigest(message: JsonMessage): string | undefined {
  const aux = message.aux as { Digest?: unknown } | null | undefined;
  if (typeof aux?.Digest === "string") return aux.Digest;
  return /: digest: (\w+:[0-9a-f]+) size: \d+/.exec(message.status ?? "")?.[1];
}
