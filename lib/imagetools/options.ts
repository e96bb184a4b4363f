import type { RegistryOptions } from "../registry/registries.ts";

/** Something that `imagetoolsCreate()` is about to do. */
export interface ImagetoolsProgress {
  /** `copy`: a manifest and what it points at; `push`: the image, to a name. */
  readonly action: "copy" | "push";
  /** Digest of what is copied or pushed. */
  readonly digest: string;
  /** The repository that it comes from; undefined for what was just made. */
  readonly from: string | undefined;
  /** The repository, or the name, that it goes to. */
  readonly to: string;
}

/** Options of `imagetoolsCreate()`. */
export interface ImagetoolsCreateOptions extends RegistryOptions {
  /** The names that the image gets; needed but for a dry run. */
  readonly tag?: string | readonly string[] | undefined;
  /**
   * Whether what the first name has so far comes first.
   *
   * @default {false}
   */
  readonly append?: boolean | undefined;
  /**
   * Whether the image is only made, and nothing is written.
   *
   * @default {false}
   */
  readonly dryRun?: boolean | undefined;
  /**
   * Whether a single manifest becomes an index, too; if not, it is copied as it
   * is.
   *
   * @default {true}
   */
  readonly preferIndex?: boolean | undefined;
  /** The platforms that are kept, such as `linux/amd64`; all by default. */
  readonly platform?: string | readonly string[] | undefined;
  /**
   * Annotations of the index, as `index:KEY`, or of what it points at, as
   * `manifest-descriptor:KEY` or `manifest-descriptor[linux/amd64]:KEY`.
   */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Called with what is about to be done. */
  readonly onProgress?: ((progress: ImagetoolsProgress) => void) | undefined;
}

/** Options of `imagetoolsInspect()`. */
export interface ImagetoolsInspectOptions extends RegistryOptions {
  /**
   * Whether the manifest and the configuration of each platform are read, too.
   *
   * @default {false}
   */
  readonly images?: boolean | undefined;
}
