/** How an image is written: for outputs that are images, stored or in an archive. */
export interface ImageFormat {
  /**
   * How layers are compressed; the engine's default is `gzip`. Layers that it
   * has already stay as they are without `forceCompression`.
   */
  readonly compression?:
    | "uncompressed"
    | "gzip"
    | "estargz"
    | "zstd"
    | undefined;
  /** How hard to compress: 0 to 9 for gzip and estargz, 0 to 22 for zstd. */
  readonly compressionLevel?: number | undefined;
  /** Whether layers are compressed anew that have another compression. */
  readonly forceCompression?: boolean | undefined;
  /** Whether manifests have OCI's media types, and not docker's. */
  readonly ociMediatypes?: boolean | undefined;
  /**
   * Whether the files of the layers get the time of `sourceDateEpoch`, where
   * they are later.
   */
  readonly rewriteTimestamp?: boolean | undefined;
}

/** The kinds of compression by their names, with the highest level of each. */
export const COMPRESSION_LEVELS: Readonly<Record<string, number>> = {
  uncompressed: 0,
  gzip: 9,
  estargz: 9,
  zstd: 22,
};

/** BuildKit's names of the switches. */
const SWITCHES: Readonly<Record<string, string>> = {
  forceCompression: "force-compression",
  ociMediatypes: "oci-mediatypes",
  rewriteTimestamp: "rewrite-timestamp",
};

/** The names of the options, for the check of misspelt ones. */
export const IMAGE_FORMAT: Readonly<Record<keyof ImageFormat, true>> = {
  compression: true,
  compressionLevel: true,
  forceCompression: true,
  ociMediatypes: true,
  rewriteTimestamp: true,
} satisfies Record<keyof ImageFormat, true>;

/**
 * The options as attributes of BuildKit's image exporters.
 *
 * @throws {TypeError} If one has another form.
 * @throws {RangeError} If the level is none of this compression.
 */
export function imageFormatAttrs(
  given: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const attrs: Record<string, string> = {};
  const { compression, compressionLevel } = given;
  if (compression !== undefined) {
    if (
      typeof compression !== "string" ||
      !Object.hasOwn(COMPRESSION_LEVELS, compression)
    ) {
      throw new TypeError(
        `Cannot use compression ${
          JSON.stringify(compression)
        }: expected one of ${Object.keys(COMPRESSION_LEVELS).join(", ")}`,
      );
    }
    attrs.compression = compression;
  }
  if (compressionLevel !== undefined) {
    const most = COMPRESSION_LEVELS[attrs.compression ?? "gzip"]!;
    if (
      !Number.isInteger(compressionLevel) || (compressionLevel as number) < 0 ||
      (compressionLevel as number) > most
    ) {
      throw new RangeError(
        `Cannot use compressionLevel ${compressionLevel}: expected a whole number from 0 to ${most}`,
      );
    }
    attrs["compression-level"] = `${compressionLevel}`;
  }
  for (const [option, name] of Object.entries(SWITCHES)) {
    const value = given[option];
    if (value === undefined) continue;
    if (typeof value !== "boolean") {
      throw new TypeError(`Cannot use ${option}: expected true or false`);
    }
    attrs[name] = `${value}`;
  }
  return attrs;
}

/**
 * Adds the attributes that options ask for to those that were given as such.
 *
 * @throws {TypeError} If both say something about the same.
 */
export function withFormat(
  attrs: Readonly<Record<string, string>>,
  format: Readonly<Record<string, string>>,
): Record<string, string> {
  const twice = Object.keys(format).find((name) => Object.hasOwn(attrs, name));
  if (twice !== undefined) {
    throw new TypeError(
      `Cannot use outputs: "${twice}" is given as an option and in attrs`,
    );
  }
  return { ...attrs, ...format };
}
