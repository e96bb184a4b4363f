import { checkOptionNames } from "../option_names.ts";
import type { Credentials } from "../credentials/source.ts";
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

/** Options for pulling an image. */
export interface ImagePullOptions {
  /** The tag to pull, where the name has none; `latest` by default. */
  readonly tag?: string | undefined;
  /**
   * The platform to pull, as `os/arch` or `os/arch/variant`; the engine's own
   * by default.
   */
  readonly platform?: string | undefined;
  /**
   * Logins for registries; the one for the image's registry is used. Without
   * one there, the client's own login is.
   */
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

/** Pulls an image from its registry; the result is its digest. */
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
 * The digest of a pulled image from its list of digests, because podman does
 * not report one while it pulls. Empty if the list has several: the image was
 * there before with another manifest, and it is not known which one was pulled.
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
