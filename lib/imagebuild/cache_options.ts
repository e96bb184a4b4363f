// What the options `cachefrom` and `cacheto` take.

import type { ImageFormat } from "../exporter/image_format.ts";
import type { SecretCallback, SecretSource } from "../secrets/source.ts";

/** A value that is masked, and sent to the engine alone. */
export type CacheSecret = Exclude<SecretSource, SecretCallback>;

/** What every kind of cache takes besides its own options. */
export interface CacheAttrs {
  /**
   * More of BuildKit's attributes, by its own names, such as
   * `{ "image-manifest": "true" }`. One that the kind does not know is refused.
   */
  readonly attrs?: Readonly<Record<string, string>> | undefined;
}

/** What every cache takes that is written and can hold all steps. */
export interface CacheExport extends CacheAttrs {
  /**
   * Which steps are kept: `"min"` those that the result is made of, `"max"` all,
   * those of the stages before it among them.
   *
   * @default {"min"}
   */
  readonly mode?: "min" | "max" | undefined;
  /**
   * Whether a cache that can't be written is only a warning (code
   * `cache-export-failed`), and does not fail the build.
   *
   * @default {false}
   */
  readonly ignoreError?: boolean | undefined;
}

/** How the layers and the manifest of a cache are written. */
export interface CacheFormat extends
  Pick<
    ImageFormat,
    "compression" | "compressionLevel" | "forceCompression" | "ociMediatypes"
  > {
  /**
   * Whether the cache has the form of an image, which some registries need, and
   * not that of an index. Engines from 25 on know it; the default is the
   * engine's own.
   */
  readonly imageManifest?: boolean | undefined;
}

/** A cache in a registry, or one that an image holds (`inline`). */
export interface RegistryCacheFrom extends CacheAttrs {
  /** The kind. */
  readonly type: "registry";
  /** Name of the cache or image, such as `registry.example/app:cache`. */
  readonly ref: string;
  /** Whether the registry may speak plain HTTP, or have any certificate. */
  readonly insecure?: boolean | undefined;
}

/** A cache that is pushed to a registry, with the logins of the build. */
export interface RegistryCacheTo extends CacheExport, CacheFormat {
  /** The kind. */
  readonly type: "registry";
  /** Name of the cache, such as `registry.example/app:cache`. */
  readonly ref: string;
  /** Whether the registry may speak plain HTTP, or have any certificate. */
  readonly insecure?: boolean | undefined;
}

/**
 * A cache of the mode `min` within the image that is built: whoever has the
 * image names it in `cachefrom`.
 */
export interface InlineCacheTo extends CacheAttrs {
  /** The kind. */
  readonly type: "inline";
}

/** A cache in a folder of this machine, in OCI's image layout. */
export interface LocalCacheFrom extends CacheAttrs {
  /** The kind. */
  readonly type: "local";
  /**
   * The folder, as a path or a `file:` URL. If it holds no such cache, that is a
   * warning (code `cache-import-failed`).
   */
  readonly src: string | URL;
  /** Digest of the cache; that of the tag if it is not given. */
  readonly digest?: string | undefined;
  /**
   * The cache's tag in the folder.
   *
   * @default {"latest"}
   */
  readonly tag?: string | undefined;
}

/**
 * A cache that is written to a folder of this machine, in OCI's image layout.
 * Several builds may write to one folder at the same time, also those of buildx.
 * A cache has its tag there when the build has succeeded.
 */
export interface LocalCacheTo extends CacheExport, CacheFormat {
  /** The kind. */
  readonly type: "local";
  /** The folder, as a path or a `file:` URL; it is made if it does not exist. */
  readonly dest: string | URL;
  /**
   * The cache's tag in the folder. Another cache that had it before loses it.
   *
   * @default {"latest"}
   */
  readonly tag?: string | undefined;
  /**
   * Whether the blobs are removed that no tag in the folder leads to any more.
   * Nothing is removed while another build of davit uses the folder, which is a
   * warning (code `cache-not-pruned`); of one that buildx runs davit does not
   * know. It needs Deno 2.7.1 or newer, and a system other than Windows.
   *
   * @default {false}
   */
  readonly prune?: boolean | undefined;
}

/** The cache service of GitHub Actions. */
export interface GithubCache extends CacheAttrs {
  /** The kind. */
  readonly type: "gha";
  /**
   * Whether what is not given is read from the environment, as buildx reads it:
   * `ACTIONS_RUNTIME_TOKEN`, `ACTIONS_CACHE_URL`, `ACTIONS_RESULTS_URL` and
   * `ACTIONS_CACHE_SERVICE_V2`. Where that has no token or no address, the cache
   * is left out with a warning (code `option-ignored`).
   *
   * @default {false}
   */
  readonly fromEnvironment?: boolean | undefined;
  /** Address of the service. */
  readonly url?: string | undefined;
  /** Address of the second version of the service, taken before `url`. */
  readonly urlV2?: string | undefined;
  /** The token for the service. */
  readonly token?: CacheSecret | undefined;
  /**
   * The cache's name: builds of other things need another one.
   *
   * @default {"buildkit"}
   */
  readonly scope?: string | undefined;
  /** The repository, `owner/name`, to find many blobs with few requests. */
  readonly repository?: string | undefined;
  /** The token for GitHub's own API, for `repository`. */
  readonly ghtoken?: CacheSecret | undefined;
  /**
   * How long a request may take, such as `10m`.
   *
   * @default {"10m"}
   */
  readonly timeout?: string | undefined;
}

/** Another service, by BuildKit's own attributes. Not tested by davit. */
export interface ServiceCache {
  /** Amazon S3, or Azure Blob Storage. */
  readonly type: "s3" | "azblob";
  /**
   * BuildKit's attributes, such as `{ bucket: "cache", region: "eu-west-1" }`.
   * `access_key_id`, `secret_access_key` and `session_token` may be sources of a
   * secret; they are masked in any case.
   */
  readonly attrs: Readonly<Record<string, CacheSecret>>;
}

/**
 * A cache to read from, besides the engine's own.
 *
 * @example
 * ```ts
 * import type { CacheFrom } from "@davit/build";
 *
 * const caches: CacheFrom[] = [
 *   { type: "registry", ref: "registry.example/app:cache" },
 *   { type: "local", src: "./cache" },
 *   { type: "gha", scope: "app" }, // GitHub Actions' own
 * ];
 * ```
 */
export type CacheFrom =
  | RegistryCacheFrom
  | LocalCacheFrom
  | GithubCache
  | ServiceCache;

/**
 * A cache to write to, for builds on other engines and machines.
 *
 * @example
 * ```ts
 * import type { CacheTo } from "@davit/build";
 *
 * const cache: CacheTo = {
 *   type: "registry",
 *   ref: "registry.example/app:cache",
 *   mode: "max", // the steps of all stages, not only those of the result
 * };
 * ```
 */
export type CacheTo =
  | RegistryCacheTo
  | InlineCacheTo
  | LocalCacheTo
  | GithubCache & CacheExport
  | ServiceCache & Omit<CacheExport, "attrs">;
