import type { Documents } from "./archive.ts";
import type { SecretPart } from "./find.ts";

/** A layer of an image. */
export interface LayerInfo {
  /** Digest of the layer's tar, or of its blob. */
  readonly digest: string;
  /** Number of the layer; the lowest is 1. */
  readonly number: number;
  /** The instruction that made the layer; secrets in it are not masked yet. */
  readonly instruction: string | undefined;
}

/** The meaning of an archive's files. */
export interface ImageLayout {
  /** Whether the archive is an image. */
  readonly isImage: boolean;
  /** The layers by the names of their blobs. */
  readonly layers: ReadonlyMap<string, LayerInfo>;
  /** The meaning of JSON documents, by their names. */
  readonly parts: ReadonlyMap<string, SecretPart>;
  /**
   * Configurations in an old form that no engine reads any more; they repeat
   * others.
   */
  readonly legacy: ReadonlySet<string>;
}

// JSON of an archive: any field may be missing, or have another type.
// deno-lint-ignore no-explicit-any
type Json = any;

/**
 * Finds the meaning of an archive's files, in the form of `docker save` up to
 * 24 (`manifest.json` with `Layers`) and in OCI's form (`index.json`,
 * `blobs/`).
 */
export function readLayout({ files, links }: Documents): ImageLayout {
  return new LayoutReader(files, links);
}

class LayoutReader implements ImageLayout {
  readonly layers = new Map<string, LayerInfo>();
  readonly parts = new Map<string, SecretPart>();
  readonly legacy = new Set<string>();
  isImage = false;
  readonly #files: ReadonlyMap<string, Uint8Array>;
  readonly #links: ReadonlyMap<string, string>;

  constructor(
    files: ReadonlyMap<string, Uint8Array>,
    links: ReadonlyMap<string, string>,
  ) {
    this.#files = files;
    this.#links = links;
    const manifests = parseDocument(files.get("manifest.json"));
    for (const { Config, Layers } of list(manifests)) {
      if (typeof Config === "string" && Array.isArray(Layers)) {
        this.isImage = true;
        this.parts.set("manifest.json", "manifest");
        this.#image(Config, Layers.map(textOf));
      }
    }
    if (files.has("oci-layout")) this.#index("index.json", 0);
    if (!this.isImage) return;
    for (const [name, bytes] of files) {
      if (this.parts.has(name)) continue;
      const fields = parseDocument(bytes);
      if (name.endsWith("/json") || fields?.container_config !== undefined) {
        this.legacy.add(name);
        this.parts.set(name, "config");
      } else if (typeof fields?.predicateType === "string") {
        this.parts.set(name, "attestation");
      } else this.parts.set(name, "manifest");
    }
  }

  /** Reads an index or a manifest of OCI, and everything below it. */
  #index(name: string, depth: number): void {
    const fields = parseDocument(this.#files.get(name));
    if (fields === undefined || depth > 8 || this.parts.has(name)) return;
    this.isImage = true;
    this.parts.set(name, "manifest");
    for (const { digest } of list(fields.manifests)) {
      this.#index(blobOf(digest), depth + 1);
    }
    if (fields.config?.digest === undefined) return;
    const layers: Json[] = list(fields.layers);
    for (const { mediaType, digest } of layers) {
      if (/in-toto|spdx|cyclonedx/.test(textOf(mediaType))) {
        this.parts.set(blobOf(digest), "attestation");
      }
    }
    this.#image(
      blobOf(fields.config.digest),
      layers.map(({ digest }) => blobOf(digest)),
    );
  }

  #image(config: string, blobs: readonly string[]): void {
    this.parts.set(config, "config");
    const fields = parseDocument(this.#files.get(config));
    const made: Json[] = list(fields?.history).filter(({ empty_layer }) =>
      empty_layer !== true
    );
    const digests: Json[] = list(fields?.rootfs?.diff_ids);
    for (const [index, blob] of blobs.entries()) {
      const info: LayerInfo = {
        digest: textOf(digests[index]) ||
          blob.replace(/^blobs\/(\w+)\//, "$1:"),
        number: index + 1,
        // If the numbers differ, for example because a base image has no
        // history, the instructions can't be assigned to layers.
        instruction: made.length === blobs.length
          ? textOf(made[index].created_by ?? made[index].comment)
          : undefined,
      };
      for (const name of [blob, this.#links.get(blob)]) {
        if (name !== undefined && !this.layers.has(name)) {
          this.layers.set(name, info);
        }
      }
    }
  }
}

/** The name of a digest's blob in the archive. */
function blobOf(digest: unknown): string {
  return `blobs/${textOf(digest).replace(":", "/")}`;
}

/** The value if it is a text, otherwise an empty text. */
function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function list(value: Json): Json[] {
  return (Array.isArray(value) ? value : []).filter((item) =>
    item !== null && item !== undefined
  );
}

/** Parses JSON; undefined if the bytes are not JSON. */
export function parseDocument(bytes: Uint8Array | undefined): Json {
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) ?? undefined;
  } catch {
    return undefined; // a file that begins like JSON may be anything
  }
}
