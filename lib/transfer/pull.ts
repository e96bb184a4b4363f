import { checkOptionNames } from "../option_names.ts";
import type { Credentials } from "../credentials/store.ts";
import type { Engine } from "../engine/engine.ts";
import { imageInspect } from "../engine/image_inspect.ts";
import { imagePull } from "../engine/image_pull.ts";
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from "../engine/image_reference.ts";
import { ProtocolError } from "../errors.ts";
import { relayTransfer } from "./relay.ts";
import type { TransferRun, TransferSubject } from "./transfer.ts";

/** How an image is pulled. */
export interface ImagePullOptions {
  /** The tag to pull, where the name has none; `latest` unless given. */
  readonly tag?: string | undefined;
  /** The platform to pull, as `os/arch` or `os/arch/variant`; the engine's own unless given. */
  readonly platform?: string | undefined;
  /** Logins for registries, of which the one for the image's registry is used; the client's own stand behind. */
  readonly credentials?: Credentials | undefined;
  /** Cancels the pull; `wait()` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  tag: true,
  platform: true,
  credentials: true,
  signal: true,
} satisfies Record<keyof ImagePullOptions, true>;

/** Fetches an image from its registry; the result is its digest. */
export async function pullWithLogin(
  { engine, name, options, logins }: TransferSubject<ImagePullOptions>,
  run: TransferRun,
): Promise<string> {
  checkOptionNames("pull", options, OPTIONS);
  const reference = parseImageReference(name, options.tag);
  const { credentials, platform } = options;
  let { digest } = reference;
  await relayTransfer({
    action: "pull",
    reference,
    credentials,
    logins,
    request: (header) =>
      imagePull(engine, reference, header, platform, run.signal),
    onMessage: ({ status = "" }) =>
      digest = /^Digest: (\w+:[0-9a-f]+)$/.exec(status)?.[1] ?? digest,
  }, run);
  return digest ?? await inspectedDigest(engine, reference, run.signal);
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
