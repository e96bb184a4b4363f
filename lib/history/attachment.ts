import type { Control } from "../buildkit/control.ts";
import { attachmentsOf } from "./attachments.ts";
import { checkedContent } from "./content.ts";
import { BuildHistoryError } from "./history_error.ts";
import type { HistoryRecordMessage } from "../proto/history.ts";

/** Which attachment of a record is meant: by its digest, or the first that fits. */
export interface BuildHistoryAttachmentQuery {
  /** Its digest, `sha256:…`. */
  readonly digest?: string | undefined;
  /** The platform that it belongs to, such as `linux/amd64`. */
  readonly platform?: string | undefined;
  /**
   * Its type: `provenance`, `sbom`, `index`, `manifest`, `image`, or one in full
   * such as `https://slsa.dev/provenance/v0.2`.
   */
  readonly type?: string | undefined;
}

/** What buildx's short words for types stand for. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  index: ["application/vnd.oci.image.index.v1+json"],
  manifest: ["application/vnd.oci.image.manifest.v1+json"],
  image: ["application/vnd.oci.image.config.v1+json"],
  provenance: [
    "https://slsa.dev/provenance/v1",
    "https://slsa.dev/provenance/v0.2",
  ],
  sbom: ["https://spdx.dev/Document"],
};

/**
 * The bytes of an attachment.
 *
 * @throws {BuildHistoryError} If the record has none that fits.
 * @throws {ProtocolError} At their end, if they are not those of its digest.
 */
export async function* attachmentBytes(
  control: Control,
  record: HistoryRecordMessage,
  { digest, platform, type }: BuildHistoryAttachmentQuery,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  if (digest !== undefined) {
    yield* checkedContent(control, digest, { signal });
    return;
  }
  const types = type === undefined
    ? undefined
    : Object.hasOwn(TYPES, type)
    ? TYPES[type]!
    : [type];
  const found = (await attachmentsOf(control, record, signal)).find((one) =>
    (platform === undefined || one.platform === platform) &&
    (types === undefined || types.includes(one.type))
  );
  if (found === undefined) {
    const { ref } = record;
    throw new BuildHistoryError(
      `no matching attachment found for ref ${JSON.stringify(ref)}`,
      { ref },
    );
  }
  yield* checkedContent(control, found.digest, { signal });
}
