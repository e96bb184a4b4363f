// The values of the fields of a cache, in the forms that BuildKit reads.

import { COMPRESSION_LEVELS } from "../../exporter/image_format.ts";
import { pathOfUrl } from "../../file_url.ts";
import type { FieldForm } from "./cache_fields.ts";

/** A value in the form of its field; undefined if it has none. */
export function valueText(
  form: Exclude<FieldForm, "secret">,
  value: unknown,
): string | undefined {
  const fits = (regexp: RegExp) =>
    typeof value === "string" && regexp.test(value) ? value : undefined;
  switch (form) {
    case "text":
      // deno-lint-ignore no-control-regex -- they are what is refused
      return fits(/^[^\0-\x1f\x7f]+$/);
    case "path":
      return value instanceof URL || String(value).startsWith("file:")
        ? pathOf(value as string | URL)
        // deno-lint-ignore no-control-regex -- they are what is refused
        : fits(/^[^\0-\x1f\x7f]+$/);
    case "digest":
      return fits(/^sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})$/);
    case "reference":
      return fits(REFERENCE_REGEXP);
    case "switch":
      return typeof value === "boolean" || typeof value === "string"
        ? Object.hasOwn(SWITCHES, `${value}`) ? SWITCHES[`${value}`] : undefined
        : undefined;
    case "mode":
      return fits(/^(?:min|max)$/);
    case "min":
      return fits(/^min$/);
    case "compression":
      return typeof value === "string" &&
          Object.hasOwn(COMPRESSION_LEVELS, value)
        ? value
        : undefined;
    case "count":
      return Number.isSafeInteger(value) && (value as number) >= 0
        ? `${value}`
        : fits(/^\d+$/);
    case "duration":
      return fits(DURATION_REGEXP);
  }
}

/** What is expected of each form, for errors. */
export const EXPECTED_VALUES: Readonly<
  Record<Exclude<FieldForm, "secret">, string>
> = {
  text: "one line of text",
  path: "the path of a folder, or its file: URL",
  digest: "a digest such as sha256:…",
  reference: "the name of an image",
  switch: "true or false",
  mode: "min or max",
  min: "min: the cache within an image has no other mode",
  compression: `one of ${Object.keys(COMPRESSION_LEVELS).join(", ")}`,
  count: "a whole number of at least 0",
  duration: "a time such as 10m or 1h30m",
};

/**
 * A reference to an image, with a tag, a digest, or both. Only what no registry
 * takes is refused; the engine has the last word.
 */
const REFERENCE_REGEXP = /^[A-Za-z0-9[][A-Za-z0-9._:/@[\]-]*$/;

/** A time as Go's `time.ParseDuration` reads it. */
const DURATION_REGEXP = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;

/** The values that Go's `strconv.ParseBool` reads. */
const SWITCHES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ["1", "t", "T", "true", "TRUE", "True"].map((word) => [word, "true"]),
  ),
  ...Object.fromEntries(
    ["0", "f", "F", "false", "FALSE", "False"].map((word) => [word, "false"]),
  ),
};

/** The path of a URL; undefined if that is none of a file. */
function pathOf(url: string | URL): string | undefined {
  try {
    return new URL(url).protocol === "file:" ? pathOfUrl(url) : undefined;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return undefined; // another machine's, or no URL
  }
}
