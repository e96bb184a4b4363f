import { checkOptionNames } from "../option_names.ts";
import type { Credentials } from "../credentials/store.ts";
import { imagePush } from "../engine/image_push.ts";
import {
  formatImageReference,
  parseImageReference,
} from "../engine/image_reference.ts";
import type { JsonMessage } from "../engine/message.ts";
import { ProtocolError } from "../errors.ts";
import { relayTransfer } from "./relay.ts";
import type { TransferRun, TransferSubject } from "./transfer.ts";

/** How an image is pushed. */
export interface ImagePushOptions {
  /** The tag to push, where the name has none; `latest` unless given. */
  readonly tag?: string | undefined;
  /** Logins for registries, of which the one for the image's registry is used; the client's own stand behind. */
  readonly credentials?: Credentials | undefined;
  /** Cancels the push; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  tag: true,
  credentials: true,
  signal: true,
} satisfies Record<keyof ImagePushOptions, true>;

/** Sends an image to its registry; the result is its digest. */
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

/** Told in numbers by most engines, and by containerd's store and podman in a sentence alone. */
function pushedDigest(message: JsonMessage): string | undefined {
  const aux = message.aux as { Digest?: unknown } | null | undefined;
  if (typeof aux?.Digest === "string") return aux.Digest;
  return /: digest: (\w+:[0-9a-f]+) size: \d+/.exec(message.status ?? "")?.[1];
}
