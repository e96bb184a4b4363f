// The check of the option `annotations`, whose keys may begin with the parts of
// an image that they are for, as in buildx's `--annotation`.

import { advised } from "../../advice.ts";
import { isPlainObject, plainObjectHint } from "../../plain_object.ts";

/** The parts of an image that can be annotated. */
const PARTS = [
  "manifest",
  "index",
  "manifest-descriptor",
  "index-descriptor",
] as const;

/** An annotation that was asked for. */
export interface RequestedAnnotation {
  /**
   * The part of the image that gets it; undefined for the manifest, as the
   * engine chooses.
   */
  readonly part: typeof PARTS[number] | undefined;
  /** The platform whose manifest gets it; undefined for each. */
  readonly platform: string | undefined;
  /** Key of the annotation, such as `org.opencontainers.image.title`. */
  readonly key: string;
  /** Its value. */
  readonly value: string;
}

/** What BuildKit takes before the key; it drops an annotation with another platform. */
const PART_REGEXP = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/;

/**
 * Checks the option `annotations`.
 *
 * @throws {TypeError} If it has another form, names a part that no image has,
 * or says something twice.
 */
export function checkAnnotations(
  given: Readonly<Record<string, string>>,
): RequestedAnnotation[] {
  if (!isPlainObject(given)) {
    throw new TypeError(
      `Cannot use annotations: expected an object of keys to text${
        plainObjectHint(given)
      }`,
    );
  }
  const annotations = Object.entries(given).flatMap(([name, value]) => {
    if (typeof value !== "string") {
      throw unusable(`: the value of ${JSON.stringify(name)} is not text`);
    }
    return placed(name, value);
  });
  const seen = new Set<string>();
  for (const { part, platform, key } of annotations) {
    const place = JSON.stringify([part, platform, key]);
    if (seen.has(place)) {
      throw unusable(`: ${JSON.stringify(key)} is given twice for one part`);
    }
    seen.add(place);
  }
  return annotations;
}

/**
 * Checks that annotations for a platform by its name have a place: BuildKit
 * drops them where the image is a single one, and no list of several. With
 * attestations it is a list.
 *
 * @throws {TypeError} If they have none.
 */
export function checkNamedPlatforms(
  { annotations, platforms, attestations }: {
    readonly annotations: readonly RequestedAnnotation[];
    readonly platforms: readonly string[];
    readonly attestations: readonly unknown[];
  },
): void {
  if (platforms.length > 1 || attestations.length > 0) return;
  const named = annotations.find(({ platform }) => platform !== undefined);
  if (named === undefined) return;
  throw unusable(
    ` for [${named.platform}]: the image has one platform, and BuildKit would drop them without a word; leave "[${named.platform}]" out`,
  );
}

/** The annotation for each part that is named before a `:`. */
function placed(name: string, value: string): RequestedAnnotation[] {
  const cut = name.indexOf(":");
  const key = name.slice(cut + 1);
  if (key === "" || /[\0\s=]/.test(key)) {
    throw unusable(
      ` ${
        JSON.stringify(name)
      }: expected a key without blanks and "=", as in "org.opencontainers.image.title"`,
    );
  }
  if (cut === -1) {
    return [{ part: undefined, platform: undefined, key, value }];
  }
  return name.slice(0, cut).split(",").map((word) => {
    const [, part, platform] = PART_REGEXP.exec(word) ?? [];
    const known = PARTS.find((each) => each === part);
    if (known === undefined) {
      throw unusable(
        ` ${JSON.stringify(name)}: expected one of ${
          PARTS.join(", ")
        } before the ":"`,
      );
    }
    return { part: known, platform, key, value };
  });
}

function unusable(why: string): TypeError {
  return advised(
    (message) => new TypeError(message),
    "option",
    why,
    "annotations",
  );
}
