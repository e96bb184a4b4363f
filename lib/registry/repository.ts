import { ProtocolError, UnsupportedError } from "../errors.ts";
import { readBytes } from "../streams/read_whole.ts";
import { bodyOf } from "./body.ts";
import type { Descriptor } from "./descriptor.ts";
import { checkedStream, digestOf, hasDigest, isDigest } from "./digest.ts";
import { isOldManifestType, MANIFEST_TYPES } from "./media_type.ts";
import { RegistryError } from "./registry_error.ts";
import type { RegistryHost } from "./registry_host.ts";
import { repositoryOf } from "./repository_name.ts";
import { uploadBlob, type UploadSource } from "./upload.ts";

/** The longest manifest, in bytes: what registries take. */
export const MAX_MANIFEST_BYTES: number = 4 * 1024 * 1024;

/** A manifest or an index, as it is stored. */
export interface StoredManifest {
  /** What it is, how long it is, and its digest. */
  readonly descriptor: Descriptor;
  /** Its bytes: the digest is theirs. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * One repository of a registry: its manifests and blobs (OCI distribution
 * specification). The digest of everything that is read or written is checked.
 */
export class Repository {
  /** The registry. */
  readonly host: RegistryHost;
  /** The path in the registry, such as `library/busybox`. */
  readonly path: string;
  readonly #pull: readonly string[];
  readonly #push: readonly string[];

  /** Asks nothing yet. */
  constructor(host: RegistryHost, path: string) {
    this.host = host;
    this.path = path;
    this.#pull = [`repository:${path}:pull`];
    this.#push = [`repository:${path}:pull,push`];
  }

  /** The repository's name, with its registry. */
  get name(): string {
    return repositoryOf({ registry: this.host.registry, path: this.path });
  }

  /**
   * Asks for a manifest's digest, type and size.
   *
   * @param reference A tag or a digest.
   * @returns undefined where there is none.
   * @throws {RegistryError} If the registry refuses, or can't be reached.
   */
  async headManifest(reference: string): Promise<Descriptor | undefined> {
    const response = await this.#askManifest("HEAD", reference);
    await response.body?.cancel();
    if (response.status === 404) return undefined;
    if (response.status !== 200) {
      throw await this.#refusal(`look for ${this.#at(reference)}`, response);
    }
    const digest = response.headers.get("docker-content-digest") ?? reference;
    const length = response.headers.get("content-length");
    // A registry that leaves something out is asked for the whole.
    if (!isDigest(digest) || length === null || !/^\d+$/.test(length)) {
      return (await this.getManifest(reference)).descriptor;
    }
    if (isDigest(reference) && digest !== reference) {
      throw this.#wrongDigest(reference);
    }
    const mediaType = typeOf(response);
    return { mediaType, digest, size: Number(length) };
  }

  /**
   * Reads a manifest or an index.
   *
   * @param reference A tag or a digest.
   * @throws {RegistryError} If there is none, the registry refuses, or can't be
   * reached.
   * @throws {ProtocolError} If it is not what its digest says, or too long.
   * @throws {UnsupportedError} If it has the form that docker gave up.
   */
  async getManifest(reference: string): Promise<StoredManifest> {
    const response = await this.#askManifest("GET", reference);
    if (response.status !== 200) {
      throw await this.#refusal(`read ${this.#at(reference)}`, response);
    }
    const bytes = await this.#small(response, this.#at(reference));
    const told = response.headers.get("docker-content-digest");
    const digest = isDigest(reference)
      ? reference
      : isDigest(told)
      ? told
      : digestOf(bytes);
    if (!hasDigest(bytes, digest)) throw this.#wrongDigest(reference);
    const mediaType = typeOf(response) || ownType(bytes);
    if (isOldManifestType(mediaType)) {
      throw new UnsupportedError(
        "manifest of schema 1",
        `Cannot use ${
          this.#at(reference)
        }: it has docker's first form, which no index can have; push the image again`,
      );
    }
    return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
  }

  /**
   * Writes a manifest or an index.
   *
   * @param reference A tag, or the manifest's digest.
   * @throws {RegistryError} If the registry refuses it.
   */
  async putManifest(
    reference: string,
    { descriptor: { mediaType, digest }, bytes }: StoredManifest,
  ): Promise<void> {
    const response = await this.host.request(
      `${this.path}/manifests/${reference}`,
      this.#push,
      {
        method: "PUT",
        headers: { "content-type": mediaType },
        body: bytes,
      },
    );
    if (response.status !== 201 && response.status !== 200) {
      throw await this.#refusal(`write ${this.#at(reference)}`, response);
    }
    await response.body?.cancel();
    const told = response.headers.get("docker-content-digest");
    if (told !== null && told !== digest) throw this.#wrongDigest(reference);
  }

  /** Whether a blob is there. */
  async hasBlob(digest: string): Promise<boolean> {
    const response = await this.host.request(
      `${this.path}/blobs/${digest}`,
      this.#pull,
      { method: "HEAD" },
    );
    await response.body?.cancel();
    if (response.status === 200) return true;
    if (response.status === 404) return false;
    throw await this.#refusal(`look for the blob ${digest}`, response);
  }

  /**
   * Reads a blob as a stream, which fails at its end if the bytes are not those
   * of the digest.
   *
   * @throws {RegistryError} If the registry refuses it; the stream fails with it
   * if only a part of the bytes comes.
   */
  async getBlob(
    { digest, size }: Pick<Descriptor, "digest" | "size">,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const response = await this.host.request(
      `${this.path}/blobs/${digest}`,
      this.#pull,
      { method: "GET" },
    );
    if (response.status !== 200) {
      throw await this.#refusal(`read the blob ${digest}`, response);
    }
    return ReadableStream.from(
      bodyOf(response, () => this.#partOf(`the blob ${digest}`, response)),
    ).pipeThrough(
      checkedStream(digest, size, (why) =>
        new ProtocolError(
          `The blob ${digest} of ${this.name} ${why}: the registry, or a proxy before it, is broken`,
        )),
    );
  }

  /**
   * Reads a blob that is small, such as a configuration, whole.
   *
   * @throws {ProtocolError} If it has more than 4 MiB.
   */
  async readBlob(
    descriptor: Pick<Descriptor, "digest" | "size">,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const what = `the blob ${descriptor.digest}`;
    if (descriptor.size > MAX_MANIFEST_BYTES) throw this.#tooLong(what);
    return await readBytes(
      await this.getBlob(descriptor),
      MAX_MANIFEST_BYTES,
      () => this.#tooLong(what),
    );
  }

  /**
   * Puts a blob into the repository, if it is not there: from another repository
   * of the same registry without its bytes, otherwise with them.
   *
   * @param from Another repository that has it.
   * @param open Opens its bytes, if they are needed.
   */
  async putBlob(
    descriptor: Pick<Descriptor, "digest" | "size">,
    open: UploadSource,
    from?: Repository,
  ): Promise<void> {
    if (await this.hasBlob(descriptor.digest)) return;
    const isNear = from?.host.registry === this.host.registry;
    await uploadBlob({
      host: this.host,
      path: this.path,
      scopes: isNear ? [...this.#push, ...from!.#pull] : this.#push,
      mountFrom: isNear ? from!.path : undefined,
      digest: descriptor.digest,
      open,
      refusal: (response) =>
        this.#refusal(`write the blob ${descriptor.digest}`, response),
    });
  }

  #askManifest(method: "GET" | "HEAD", reference: string): Promise<Response> {
    return this.host.request(
      `${this.path}/manifests/${reference}`,
      this.#pull,
      { method, headers: { accept: MANIFEST_TYPES.join(", ") } },
    );
  }

  async #small(
    response: Response,
    what: string,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await readBytes(
      bodyOf(response, () => this.#partOf(what, response)),
      MAX_MANIFEST_BYTES,
      () => this.#tooLong(what),
    );
  }

  /** The connection broke while it came. */
  #partOf(what: string, { status }: Response): RegistryError {
    const { registry } = this.host;
    return new RegistryError(
      `Cannot read ${what}: the registry ${registry} sent only a part of it`,
      { registry, status },
    );
  }

  #at(reference: string): string {
    return `the manifest ${this.name}${
      isDigest(reference) ? "@" : ":"
    }${reference}`;
  }

  #tooLong(what: string): ProtocolError {
    return new ProtocolError(
      `Cannot use ${what} of ${this.name}: it has more than ${MAX_MANIFEST_BYTES} bytes`,
    );
  }

  #wrongDigest(reference: string): ProtocolError {
    return new ProtocolError(
      `The registry ${this.host.registry} has other bytes for ${
        this.#at(reference)
      } than those of its digest: the registry, or a proxy before it, is broken`,
    );
  }

  #refusal(what: string, response: Response): Promise<RegistryError> {
    return this.host.refusal(what, response);
  }
}

/** The type that a registry gives, if it gives one of its own. */
function typeOf(response: Response): string {
  const type = response.headers.get("content-type") ?? "";
  const [name = ""] = type.split(";");
  return /^application\/(?:json|octet-stream)$|^text\//.test(name.trim())
    ? ""
    : name.trim();
}

/** The type that stands in a manifest. */
function ownType(bytes: Uint8Array): string {
  try {
    const { mediaType } = JSON.parse(new TextDecoder().decode(bytes));
    return typeof mediaType === "string" ? mediaType : "";
  } catch {
    return ""; // what it should be is asked later
  }
}
