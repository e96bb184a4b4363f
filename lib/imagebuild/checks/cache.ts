// The checks of the options `cachefrom` and `cacheto`: which caches a build reads
// and writes. They throw before a byte is sent. A message never quotes the value
// of a token.

import { COMPRESSION_LEVELS } from "../../exporter/image_format.ts";
import { checkOptionNames } from "../../option_names.ts";
import { isPlainObject } from "../../plain_object.ts";
import { checkSource, type SecretSource } from "../../secrets/source.ts";
import type { CacheFrom, CacheTo } from "../cache_options.ts";
import { CACHE_KINDS, type CacheField } from "./cache_fields.ts";
import { EXPECTED_VALUES, valueText } from "./cache_values.ts";
import {
  cacheError,
  type CacheOption,
  type CacheWords,
  readCacheWords,
} from "./cache_words.ts";
import type { RequestedCache } from "./requested_cache.ts";
import { parseJson } from "./values.ts";

/**
 * Checks the option `cachefrom`: one cache or a list, or the JSON of a list.
 *
 * @throws {TypeError} If it has another form.
 */
export function checkCacheFrom(
  given: string | CacheFrom | readonly (string | CacheFrom)[],
): readonly RequestedCache[] {
  return check("cachefrom", given);
}

/**
 * Checks the option `cacheto`, as {@linkcode checkCacheFrom}.
 *
 * @throws {TypeError} If it has another form, or one cache is written twice.
 */
export function checkCacheTo(
  given: string | CacheTo | readonly (string | CacheTo)[],
): readonly RequestedCache[] {
  const caches = check("cacheto", given);
  const places = caches.map(placeOf);
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  if (twice === undefined) return caches;
  throw cacheError("cacheto", `: ${twice} is named twice`);
}

/** What a cache is called where it is spoken of: `registry a:1`, or `gha`. */
export function placeOf(
  { type, attrs: { ref, dest, scope, name, container, bucket } }: Pick<
    RequestedCache,
    "type" | "attrs"
  >,
): string {
  return [type, ref ?? dest ?? bucket ?? container ?? scope, name].filter(
    Boolean,
  )
    .join(" ");
}

function check(
  option: CacheOption,
  given: unknown,
): readonly RequestedCache[] {
  const value = typeof given === "string" && given.trimStart().startsWith("[")
    ? parseJson(option, given)
    : given;
  return [value].flat().flatMap((entry: unknown) => {
    if (typeof entry === "string") {
      return readCacheWords(option, entry).map((words) =>
        checkWords(option, words)
      );
    }
    if (isPlainObject(entry)) return [checkObject(option, entry)];
    throw cacheError(
      option,
      ': expected names of images, words such as "type=registry,ref=IMAGE", or objects such as { type: "registry", ref }',
    );
  });
}

function checkWords(
  option: CacheOption,
  { type, attrs }: CacheWords,
): RequestedCache {
  const isKind = Object.hasOwn(CACHE_KINDS, attrs.ref ?? "");
  if (isKind && Object.keys(attrs).length === 1) {
    throw cacheError(
      option,
      ` ${attrs.ref}: that would be the name of an image; write type=${attrs.ref}`,
    );
  }
  const fields = fieldsOf(option, type);
  const known = fields.map(({ word }) => [word, true] as const);
  try {
    checkOptionNames(`use ${option}`, attrs, Object.fromEntries(known));
  } catch (error) {
    // The command names its flag.
    const [, why] = (error as TypeError).message.split(/: (.*)/s);
    throw cacheError(option, ` of type ${type}: ${why}`);
  }
  return checked(option, type!, fields, new Map(Object.entries(attrs)), false);
}

/** What an object of a kind has besides its fields. */
const OWN = ["type", "attrs"];

function checkObject(option: CacheOption, given: object): RequestedCache {
  const { type, attrs = {}, ...options } = given as Readonly<
    Record<string, unknown>
  >;
  const fields = fieldsOf(option, type);
  const named = new Map<string, unknown>();
  for (const { word, option: name } of fields) {
    if (name === undefined || options[name] === undefined) continue;
    named.set(word, options[name]);
  }
  const { fromEnvironment = false } = options;
  const isGithub = type === "gha";
  checkOptionNames(
    `use ${option} of type ${type}`,
    given,
    Object.fromEntries(
      [
        ...OWN,
        ...(isGithub ? ["fromEnvironment"] : []),
        ...fields.flatMap(({ option }) => option ?? []),
      ].map((name) => [name, true]),
    ),
  );
  if (typeof fromEnvironment !== "boolean") {
    throw cacheError(option, " fromEnvironment: expected true or false");
  }
  checkOptionNames(
    `use ${option} of type ${type} with attrs`,
    attrs,
    Object.fromEntries(fields.map(({ word }) => [word, true])),
  );
  for (const [word, value] of Object.entries(attrs as object)) {
    if (named.has(word)) {
      throw cacheError(
        option,
        `: "${word}" is given as an option and in attrs`,
      );
    }
    named.set(word, value);
  }
  return checked(option, type as string, fields, named, fromEnvironment);
}

/** The fields of a kind. */
function fieldsOf(option: CacheOption, type: unknown): readonly CacheField[] {
  const way = option === "cachefrom" ? "from" : "to";
  const usable = Object.keys(CACHE_KINDS).filter((name) =>
    CACHE_KINDS[name]![way] !== undefined
  );
  const kind = typeof type === "string" && Object.hasOwn(CACHE_KINDS, type)
    ? CACHE_KINDS[type]
    : undefined;
  const fields = kind?.[way];
  if (fields !== undefined) return fields;
  if (kind !== undefined) {
    throw cacheError(
      option,
      " of type inline: an image that holds its cache is read as type=registry, with the image's name as ref",
    );
  }
  throw cacheError(
    option,
    type === undefined
      ? `: the type is missing; expected one of ${usable.join(", ")}`
      : ` of type ${JSON.stringify(type)}: expected one of ${
        usable.join(", ")
      }`,
  );
}

/** Sorts checked values into attributes and secrets. */
function checked(
  option: CacheOption,
  type: string,
  fields: readonly CacheField[],
  given: ReadonlyMap<string, unknown>,
  fromEnvironment: boolean,
): RequestedCache {
  const attrs: Record<string, string> = {};
  const secrets: Record<string, SecretSource> = {};
  for (const { word, form, isRequired = false } of fields) {
    const value = given.get(word);
    if (value === undefined) {
      if (isRequired) {
        throw cacheError(option, ` of type ${type}: "${word}" is missing`);
      }
    } else if (form === "secret") {
      secrets[word] = checkSecret(option, type, word, value);
    } else {
      const text = valueText(form, value);
      if (text === undefined) {
        throw cacheError(
          option,
          ` of type ${type}: "${word}" has no usable value: expected ${
            EXPECTED_VALUES[form]
          }`,
        );
      }
      attrs[word] = text;
    }
  }
  const most = COMPRESSION_LEVELS[attrs.compression ?? "gzip"]!;
  if (Number(attrs["compression-level"] ?? 0) > most) {
    throw cacheError(
      option,
      ` of type ${type}: "compression-level" is at most ${most} for ${
        attrs.compression ?? "gzip"
      }`,
    );
  }
  if (
    attrs["image-manifest"] === "true" && attrs["oci-mediatypes"] === "false"
  ) {
    throw cacheError(
      option,
      ` of type ${type}: a cache in the form of an image has OCI's media types; leave one of "image-manifest" and "oci-mediatypes" out`,
    );
  }
  return { type, attrs, secrets, fromEnvironment };
}

/** A secret, whose source is read when the build begins. */
function checkSecret(
  option: CacheOption,
  type: string,
  word: string,
  value: unknown,
): SecretSource {
  const source = value as SecretSource;
  if (typeof source === "function" || source === "") {
    throw cacheError(
      option,
      ` of type ${type}: "${word}" is a value, or one of { file }, { env } and { value }`,
    );
  }
  checkSource(`${type} ${word}`, source);
  return source;
}
