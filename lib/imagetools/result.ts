import type {
  Descriptor,
  ImageIndex,
  ImageManifest,
} from "../registry/descriptor.ts";

/** The image that `imagetoolsCreate()` made. */
export interface ImagetoolsImage {
  /** What it is, its digest and its size. */
  readonly descriptor: Descriptor;
  /** Its bytes, of which the digest is. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes, parsed, where it is an index. */
  readonly index: ImageIndex | undefined;
  /** The names that it got, in full; empty for a dry run. */
  readonly names: readonly string[];
}

/** One platform of an image in a registry. */
export interface ImagetoolsPlatform {
  /** The platform, such as `linux/amd64` or `linux/arm/v7`. */
  readonly platform: string;
  /** What points at the manifest. */
  readonly descriptor: Descriptor;
  /** The manifest: the configuration's descriptor, and those of the layers. */
  readonly manifest: ImageManifest;
  /** The configuration, in the fields of the OCI image specification. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** What a registry has under a name. */
export interface ImagetoolsInspection {
  /** The name in full, such as `docker.io/library/busybox:latest`. */
  readonly name: string;
  /** What it is, its digest and its size. */
  readonly descriptor: Descriptor;
  /** Its bytes, of which the digest is. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The bytes, parsed, where it is an index. */
  readonly index: ImageIndex | undefined;
  /** The bytes, parsed, where it is a manifest of one image. */
  readonly manifest: ImageManifest | undefined;
  /**
   * The platforms, in the order of the index; empty unless `images` was given.
   */
  readonly images: readonly ImagetoolsPlatform[];
}
