import { isPlainObject } from "../plain_object.ts";
import type { Platform } from "../platforms/platform.ts";
import { isDigest } from "./digest.ts";

/**
 * What points at a manifest or a blob (OCI image specification, "content
 * descriptor").
 */
export interface Descriptor {
  /** What it is, such as `application/vnd.oci.image.manifest.v1+json`. */
  readonly mediaType: string;
  /** Its digest, `sha256:…`. */
  readonly digest: string;
  /** How many bytes it has. */
  readonly size: number;
  /** Where else its bytes are to be had. */
  readonly urls?: readonly string[];
  /** What is said about it. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Its bytes, in base64, if they are few. */
  readonly data?: string;
  /** The platform that an image is for. */
  readonly platform?: Platform;
  /** What an artifact is. */
  readonly artifactType?: string;
}

/** An index: manifests for several platforms. */
export interface ImageIndex {
  /** Always 2. */
  readonly schemaVersion: number;
  /** What it is; old indexes of OCI may leave it out. */
  readonly mediaType?: string;
  /** What an artifact is. */
  readonly artifactType?: string;
  /** The manifests, in their order. */
  readonly manifests: readonly Descriptor[];
  /** What the index is about. */
  readonly subject?: Descriptor;
  /** What is said about the index. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A manifest: the configuration and the layers of one image. */
export interface ImageManifest {
  /** Always 2. */
  readonly schemaVersion: number;
  /** What it is; old manifests of OCI may leave it out. */
  readonly mediaType?: string;
  /** The configuration. */
  readonly config: Descriptor;
  /** The layers, from the lowest to the highest. */
  readonly layers: readonly Descriptor[];
  /** What is said about the image. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Reads JSON with a descriptor.
 *
 * @returns undefined where it is none.
 */
export function asDescriptor(value: unknown): Descriptor | undefined {
  if (!isPlainObject(value)) return undefined;
  const { mediaType, digest, size, platform } = value as Partial<Descriptor>;
  return typeof mediaType === "string" && isDigest(digest) &&
      Number.isSafeInteger(size) && size! >= 0 && isPlatform(platform ?? {})
    ? value as Descriptor
    : undefined;
}

/** Whether the fields of a platform, as far as they are there, are text. */
function isPlatform(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  const { os, architecture, variant } = value as Partial<Platform>;
  return [os, architecture, variant].every((field) =>
    typeof (field ?? "") === "string"
  );
}

/**
 * Parses an index.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseIndex(bytes: Uint8Array): ImageIndex {
  const value = parseObject(bytes);
  const { manifests } = value as Partial<ImageIndex>;
  if (!Array.isArray(manifests) || !manifests.every(asDescriptor)) {
    throw new SyntaxError("it has no list of manifests");
  }
  return value as ImageIndex;
}

/**
 * Parses a manifest.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseManifest(bytes: Uint8Array): ImageManifest {
  const value = parseObject(bytes);
  const { config, layers } = value as Partial<ImageManifest>;
  if (
    asDescriptor(config) === undefined || !Array.isArray(layers) ||
    !layers.every(asDescriptor)
  ) {
    throw new SyntaxError("it has no configuration and layers");
  }
  return value as ImageManifest;
}

/** A configuration of an image: its platform, and what else it says. */
export type ImageConfig = Readonly<Record<string, unknown>> & Partial<Platform>;

/**
 * Parses an image's configuration.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  try {
    const config = parseObject(bytes);
    if (isPlatform(config)) return config as ImageConfig;
  } catch {
    throw new SyntaxError("its configuration is no JSON object");
  }
  throw new SyntaxError("its configuration has a platform that is no text");
}

/**
 * Parses JSON that is an object.
 *
 * @throws {SyntaxError} If it is none.
 */
export function parseObject(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new SyntaxError("it is no JSON");
  }
  if (!isPlainObject(value)) throw new SyntaxError("it is no object");
  return value;
}
