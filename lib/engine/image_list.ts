import { checkOptionNames } from "../option_names.ts";
import { UnsupportedError } from "../errors.ts";
import { compareApi } from "./api_version.ts";
import type { Engine } from "./engine.ts";
import { checkFields } from "./fields.ts";
import type { AnswerShape } from "./fields.ts";
import { filtersQuery } from "./filters.ts";

/** Which images are listed, and with which fields. */
export interface ImageListOptions {
  /** List also the intermediate images that the classic builder keeps. */
  readonly all?: boolean | undefined;
  /**
   * Filters by name: `reference: ["app:*"]`, `label: ["key", "key=value"]`,
   * `dangling: ["true"]`, `before` and `since: ["name"]`, and others that the
   * engine knows.
   */
  readonly filters?: Readonly<Record<string, readonly string[]>> | undefined;
  /**
   * Compute `SharedSize`, which is slow; without it the field is -1. API 1.42.
   */
  readonly sharedSize?: boolean | undefined;
  /** Include `RepoDigests`; newer engines always include them. */
  readonly digests?: boolean | undefined;
  /** Include `Manifests`; only with the containerd image store. API 1.47. */
  readonly manifests?: boolean | undefined;
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS = {
  all: true,
  filters: true,
  sharedSize: true,
  digests: true,
  manifests: true,
  signal: true,
} satisfies Record<keyof ImageListOptions, true>;

/** An image in `GET /images/json`, in the engine's own field names. */
export interface ImageSummary {
  /** `sha256:…`: digest of the config, or of the manifest with the containerd store. */
  Id: string;
  /**
   * Id of the parent image, if the classic builder made the image; otherwise
   * empty.
   */
  ParentId: string;
  /**
   * Names with tags; older engines give `<none>:<none>` where there is none.
   */
  RepoTags: string[];
  /** Names with digests. */
  RepoDigests: string[];
  /** When it was made, in seconds since 1970. */
  Created: number;
  /** Size in bytes. */
  Size: number;
  /**
   * Bytes that it shares with other images; -1 where that was not asked for.
   */
  SharedSize: number;
  /** Labels. */
  Labels: Record<string, string>;
  /** Number of containers that use it; -1 where that was not computed. */
  Containers: number;
  /** Everything else. */
  [field: string]: unknown;
}

const LIST: AnswerShape = {
  type: "list",
  fields: {
    Id: "text",
    ParentId: "text",
    RepoTags: "texts",
    RepoDigests: "texts",
    Created: "number",
    Size: "number",
    SharedSize: "number",
    Labels: "object",
    Containers: "number",
  },
  required: ["Id"],
};

/** Values for fields that an engine leaves out, or writes as `null`. */
const NOTHING: Omit<ImageSummary, "Id"> = {
  ParentId: "",
  RepoTags: [],
  RepoDigests: [],
  Created: 0,
  Size: 0,
  SharedSize: -1,
  Labels: {},
  Containers: -1,
};

/**
 * `GET /images/json`.
 *
 * @throws {UnsupportedError} If this engine does not know an option.
 * @throws {TypeError} If the filters have another form.
 */
export async function imageList(
  engine: Engine,
  options: ImageListOptions = {},
): Promise<ImageSummary[]> {
  checkOptionNames("list", options, OPTIONS);
  const filters = filtersQuery(options.filters);
  const { negotiated } = await engine.facts(options.signal);
  const since = { sharedSize: "1.42", manifests: "1.47" } as const;
  for (const option of ["sharedSize", "manifests"] as const) {
    if (!options[option] || compareApi(negotiated, since[option]) >= 0) {
      continue;
    }
    throw new UnsupportedError(
      `imageList with ${option}`,
      `This engine can not list with ${option}: it speaks API ${negotiated}, and that needs ${
        since[option]
      }`,
    );
  }
  const images = await engine.json<ImageSummary[]>({
    path: "/images/json",
    query: {
      all: options.all,
      filters,
      "shared-size": options.sharedSize,
      digests: options.digests,
      manifests: options.manifests,
    },
    signal: options.signal,
  }, LIST);
  return images.map((image) => ({
    ...structuredClone(NOTHING),
    ...checkFields(image, LIST.fields, "The answer to GET /images/json"),
  }));
}
