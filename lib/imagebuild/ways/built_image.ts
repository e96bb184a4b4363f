// The image that BuildKit made, as registries know it: the digest of its
// manifest or index, and that of each platform.

import { contentText } from "../../buildkit/content_text.ts";
import type { Control } from "../../buildkit/control.ts";
import { SolveError } from "../../buildkit/solve_error.ts";
import { ProtocolError } from "../../errors.ts";
import type { OwnWarning } from "../fact.ts";
import type { BuildImageResult, ImagePlatform } from "../result.ts";

/** The media types of an index of manifests. */
const INDEXES: readonly unknown[] = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];

/** How large a manifest may be, in bytes; registries take as much. */
const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

/** How long the engine may take to tell of an image that is there, in milliseconds. */
const READ_TIMEOUT_MS = 30_000;

/**
 * Reads out of BuildKit's answer, and of the engine's content store, what the
 * image is.
 *
 * @param response The answer; its `containerimage.descriptor` is there where
 * images are kept in containerd's store.
 * @param warn Called where the platforms can't be told.
 * @returns Undefined with graph drivers, which make a manifest only for a push.
 */
export async function builtImage(
  response: ReadonlyMap<string, string>,
  control: Pick<Control, "content">,
  { signal, warn }: {
    readonly signal: AbortSignal;
    readonly warn: (warning: OwnWarning) => void;
  },
): Promise<BuildImageResult | undefined> {
  const text = response.get("containerimage.descriptor");
  if (text === undefined) return undefined;
  const descriptor = parse("the image's descriptor", () => decodeBase64(text));
  const digest = digestOf("the image's descriptor", descriptor);
  const late = AbortSignal.timeout(READ_TIMEOUT_MS);
  const ends = { signal: AbortSignal.any([signal, late]) };
  try {
    const read = async (of: string) =>
      parse(
        of,
        await contentText(control.content(of, ends), {
          what: `The manifest ${of}`,
          maxBytes: MAX_MANIFEST_BYTES,
        }),
      );
    const platforms = INDEXES.includes(descriptor.mediaType)
      ? manifestsOf(digest, await read(digest))
      : [{
        platform: platformOf(
          await read(await configDigest(response, digest, read)),
        ),
        digest,
      }];
    return { digest, platforms };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof SolveError) && !late.aborted) throw error;
    // The image is there all the same: it was pushed and not stored, or is gone
    // again.
    warn([
      "image-unread",
      `the platforms of image ${digest} could not be read: ${
        (error as Error).message
      }`,
    ]);
    return { digest, platforms: [] };
  }
}

/** The digest of the configuration; engines from 26 on tell it. */
async function configDigest(
  response: ReadonlyMap<string, string>,
  digest: string,
  read: (digest: string) => Promise<Fields>,
): Promise<string> {
  const told = response.get("containerimage.config.digest");
  if (told !== undefined) return told;
  const { config } = await read(digest);
  return digestOf(digest, Object(config));
}

/** The manifests of an index, without those of attestations. */
function manifestsOf(digest: string, { manifests }: Fields): ImagePlatform[] {
  if (!Array.isArray(manifests)) throw unusable(digest);
  return manifests.map((each) => Object(each) as Fields)
    .filter(({ annotations }) =>
      (Object(annotations) as Fields)["vnd.docker.reference.type"] === undefined
    )
    .map((manifest) => ({
      platform: platformOf(Object(manifest.platform)),
      digest: digestOf(digest, manifest),
    }));
}

/** A platform as options name it, such as `linux/arm/v7`. */
function platformOf({ os, architecture, variant }: Fields): string {
  return [os, architecture, variant].filter((part) =>
    typeof part === "string" && part !== ""
  ).join("/");
}

/** Fields of a JSON object, not checked yet. */
type Fields = Readonly<Record<string, unknown>>;

function digestOf(what: string, { digest }: Fields): string {
  if (typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)) {
    return digest;
  }
  throw unusable(what);
}

function parse(what: string, text: string | (() => string)): Fields {
  try {
    const value = JSON.parse(typeof text === "string" ? text : text());
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // the same as a value of another kind
  }
  throw unusable(what);
}

function decodeBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text));
}

function unusable(what: string): ProtocolError {
  return new ProtocolError(
    `The image was built, but the engine tells nothing usable about it: ${what} has another form`,
  );
}
