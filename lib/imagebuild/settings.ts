import { Secret } from "../secrets/secret.ts";
import type { ImageBuildOptions } from "./options.ts";

/** What a build takes from the surroundings of its program, behind its options. */
export interface BuildSettings {
  /** Proxies for the steps, by their variables' names in upper case. */
  readonly proxies: Readonly<Record<string, string>>;
  /** The platform. */
  readonly platform: string | undefined;
  /** The time that the image and its files are to have, in seconds since 1970. */
  readonly sourceDateEpoch: string | undefined;
}

/**
 * The options with what docker's clients add of their surroundings, as buildx
 * (version "2") and the classic builder's client (version "1") do it. What the
 * options say themselves counts before.
 *
 * BuildKit sets both cases of letters of a proxy's variable and is told one;
 * the classic builder is told both, and of `ALL_PROXY`, too.
 */
export function withSettings(
  options: ImageBuildOptions,
  { proxies, platform, sourceDateEpoch }: BuildSettings,
): ImageBuildOptions {
  const isClassic = options.version === "1";
  const added: [name: string, value: string][] = [];
  for (const [name, value] of Object.entries(proxies)) {
    if (isClassic) added.push([name, value], [name.toLowerCase(), value]);
    else if (name !== "ALL_PROXY") added.push([name, value]);
  }
  if (sourceDateEpoch !== undefined && !isClassic) {
    added.push(["SOURCE_DATE_EPOCH", sourceDateEpoch]);
  }
  const given = argumentsOf(options);
  return {
    ...options,
    ...(platform === undefined || options.platform !== undefined
      ? {}
      : { platform }),
    ...(added.length === 0 || given === undefined ? {} : {
      buildargs: { ...Object.fromEntries(missing(added, given)), ...given },
    }),
  };
}

/** Shorter ones would mask everything. */
const MIN_PASSWORD_LENGTH = 4;

/**
 * The passwords in the addresses of proxies, by the variables' names, as they
 * are and as they stand there: nobody who calls a build wrote them there to be
 * seen, and a step that prints its environment shows them.
 */
export function proxyPasswords(
  { proxies }: Pick<BuildSettings, "proxies">,
): [name: string, password: Secret][] {
  return Object.entries(proxies).flatMap(([name, address]) => {
    const [, written = ""] = /^(?:[a-z][a-z\d+.-]*:\/\/)?[^/@:]*:([^/]*)@/i
      .exec(address) ?? [];
    return [...new Set([written, decoded(written)])]
      .filter(({ length }) => length >= MIN_PASSWORD_LENGTH)
      .map((text): [string, Secret] => [name, new Secret(text)]);
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // no escapes, then
  }
}

/** An argument that is given in the other case of letters is the same proxy. */
function missing(
  added: readonly [name: string, value: string][],
  given: Readonly<Record<string, unknown>>,
): [name: string, value: string][] {
  const names = new Set(Object.keys(given).map((name) => name.toUpperCase()));
  return added.filter(([name]) => !names.has(name.toUpperCase()));
}

/** The arguments that are given; undefined if they can't be read: then they are refused as they are. */
function argumentsOf(
  { buildargs = {} }: ImageBuildOptions,
): Record<string, string | null> | undefined {
  try {
    const given = typeof buildargs === "string"
      ? JSON.parse(buildargs)
      : buildargs;
    return typeof given === "object" && !Array.isArray(given)
      ? given
      : undefined;
  } catch {
    return undefined;
  }
}
