// The kinds of caches, with what BuildKit reads of each (`cache/remotecache`
// and `solver/llbsolver`): a table of the options, their words, and their forms.

/** What a field of a cache may be. */
export type FieldForm =
  | "text"
  | "path"
  | "digest"
  | "reference"
  | "secret"
  | "switch"
  | "mode"
  | "min"
  | "compression"
  | "count"
  | "duration";

/** A field of a kind of cache. */
export interface CacheField {
  /** BuildKit's and buildx's word. */
  readonly word: string;
  /** The name of the option, where the API has one. */
  readonly option: string | undefined;
  /** What it may be. */
  readonly form: FieldForm;
  /** Whether it must be given. */
  readonly isRequired?: boolean;
}

/** A kind of cache: what is read of it where it is read, and where it is written. */
export interface CacheKind {
  /** Undefined where it can't be read. */
  readonly from: readonly CacheField[] | undefined;
  /** Undefined where it can't be written. */
  readonly to: readonly CacheField[] | undefined;
}

function field(
  word: string,
  form: FieldForm = "text",
  option: string | undefined = camelCase(word),
): CacheField {
  return { word, form, option };
}

/** As {@linkcode field}, without an option of its own. */
function attr(word: string, form: FieldForm = "text"): CacheField {
  return { word, form, option: undefined };
}

/** `image-manifest` and `url_v2` as `imageManifest` and `urlV2`. */
function camelCase(word: string): string {
  return word.replace(/[-_](\w)/g, (_, letter: string) => letter.toUpperCase());
}

const EXPORT: readonly CacheField[] = [
  field("mode", "mode"),
  field("ignore-error", "switch"),
];

const FORMAT: readonly CacheField[] = [
  field("compression", "compression"),
  field("compression-level", "count"),
  field("force-compression", "switch"),
  field("image-manifest", "switch"),
  field("oci-mediatypes", "switch"),
];

const REGISTRY: readonly CacheField[] = [
  { ...field("ref", "reference"), isRequired: true },
  field("registry.insecure", "switch", "insecure"),
];

const GITHUB: readonly CacheField[] = [
  field("url"),
  field("url_v2"),
  field("token", "secret"),
  field("scope"),
  field("repository"),
  field("ghtoken", "secret"),
  field("timeout", "duration"),
  attr("version", "count"),
];

const S3: readonly CacheField[] = [
  { ...attr("bucket"), isRequired: true },
  attr("region"),
  attr("name"),
  attr("prefix"),
  attr("blobs_prefix"),
  attr("manifests_prefix"),
  attr("endpoint_url"),
  attr("access_key_id", "secret"),
  attr("secret_access_key", "secret"),
  attr("session_token", "secret"),
  attr("use_path_style", "switch"),
  attr("touch_refresh", "duration"),
  attr("upload_parallelism", "count"),
];

const AZBLOB: readonly CacheField[] = [
  attr("account_url"),
  attr("account_name"),
  attr("secret_access_key", "secret"),
  attr("container"),
  attr("name"),
  attr("prefix"),
  attr("blobs_prefix"),
  attr("manifests_prefix"),
];

/** The kinds, by their names. */
export const CACHE_KINDS: Readonly<Record<string, CacheKind>> = {
  registry: { from: REGISTRY, to: [...REGISTRY, ...FORMAT, ...EXPORT] },
  // It holds the last stage alone; buildx's users write that mode, too.
  inline: { from: undefined, to: [attr("mode", "min")] },
  local: {
    from: [
      { ...field("src", "path"), isRequired: true },
      field("digest", "digest"),
      field("tag"),
    ],
    to: [
      { ...field("dest", "path"), isRequired: true },
      field("tag"),
      field("prune", "switch"),
      ...FORMAT,
      ...EXPORT,
    ],
  },
  gha: { from: GITHUB, to: [...GITHUB, ...EXPORT] },
  s3: { from: S3, to: [...S3, ...EXPORT] },
  azblob: { from: AZBLOB, to: [...AZBLOB, ...EXPORT] },
};
