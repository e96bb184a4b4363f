import { forbidden, malformed, Refusal } from "./refusal.ts";

/**
 * Most parameters of a query: a build has one of each, and some names and
 * hosts.
 */
const MAX_PARAMETERS = 1000;

/**
 * Most characters of a path: the longest names of images have some hundreds.
 */
const MAX_PATH_LENGTH = 4096;

/**
 * A request's target in the normal form on which rules are applied and which is
 * forwarded.
 */
export interface Target {
  /** The version, such as `/v1.41`, or empty. */
  readonly version: string;
  /**
   * The path without the version, with no escapes and no empty or dot segments.
   */
  readonly path: string;
  /** Query parameters in their order. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

/**
 * All characters that paths of the engine's API need: names of images, tags and
 * digests; a registry may be an IPv6 address.
 */
const PATH_REGEXP =
  /^(?:\/(?:[A-Za-z0-9._:@~+=,-]+|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?))+$/;
const VERSION_REGEXP = /^\/v\d{1,2}\.\d{1,3}(?=\/)/;

/**
 * Brings a target into its normal form. Escapes are decoded once. If the result
 * is still not a plain path (an escape in an escape, `..`, `//`, a dot at the
 * end of a segment or its beginning, a backslash, a fragment), it is refused
 * rather than repaired.
 *
 * @throws {Refusal} If it has no normal form.
 */
export function normalizeTarget(target: string): Target {
  if (target.includes("#")) throw malformed("its target has a fragment");
  const cut = target.indexOf("?");
  const rawPath = cut === -1 ? target : target.slice(0, cut);
  const rawQuery = cut === -1 ? "" : target.slice(cut + 1);
  if (rawPath.length > MAX_PATH_LENGTH) {
    throw new Refusal(
      414,
      `davit gateway: its path has more than ${MAX_PATH_LENGTH} characters`,
    );
  }
  const path = decodeEscapes(rawPath);
  if (!PATH_REGEXP.test(path)) {
    throw forbidden("this path has a form that is not forwarded");
  }
  for (const segment of path.split("/")) {
    if (/^\.|\.$/.test(segment)) {
      throw forbidden("this path has a form that is not forwarded");
    }
  }
  const version = VERSION_REGEXP.exec(path)?.[0] ?? "";
  return {
    version,
    path: path.slice(version.length),
    query: parseQuery(rawQuery),
  };
}

/** The target to forward. */
export function formatTarget({ version, path, query }: Target): string {
  const search = new URLSearchParams(
    query.map(([name, value]) => [name, value]),
  );
  // A URL's path may not have unescaped brackets (RFC 3986, section 3.3).
  const escaped = path.replaceAll("[", "%5B").replaceAll("]", "%5D");
  return `${version}${escaped}${search.size === 0 ? "" : `?${search}`}`;
}

function parseQuery(query: string): [string, string][] {
  const parts = query.split("&", MAX_PARAMETERS + 1);
  if (parts.length > MAX_PARAMETERS) {
    throw new Refusal(
      414,
      `davit gateway: its query has more than ${MAX_PARAMETERS} parameters`,
    );
  }
  return parts.filter((part) => part !== "").map((part) => {
    // A semicolon: Go's server refuses it, other programs read it as `&`.
    if (part.includes(";")) throw malformed("its query has a semicolon");
    const cut = part.indexOf("=");
    return cut === -1
      ? [decodeWord(part), ""]
      : [decodeWord(part.slice(0, cut)), decodeWord(part.slice(cut + 1))];
  });
}

function decodeWord(word: string): string {
  return decodeEscapes(word.replaceAll("+", " "));
}

function decodeEscapes(text: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw malformed("an escape in its target is none, or no UTF-8");
  }
  if (decoded.includes("\0")) throw malformed("its target has a NUL");
  return decoded;
}
