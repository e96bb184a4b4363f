import { Secret } from "../secrets/secret.ts";
import { decoded } from "./address_passwords.ts";
import type { ImageBuildOptions } from "./options.ts";

/**
 * Settings from the environment of the program, used where the options say
 * nothing.
 */
export interface BuildSettings {
  /** Proxies for the steps, by the names of their variables in upper case. */
  readonly proxies: Readonly<Record<string, string>>;
  /** The default platform. */
  readonly platform: string | undefined;
  /** The time that the image and its files get, in seconds since 1970. */
  readonly sourceDateEpoch: string | undefined;
}

/**
 * Adds to the options what docker's clients take from their environment, as
 * buildx (version "2") and the client of the classic builder (version "1") do
 * it. What the options say wins.
 *
 * BuildKit sets a proxy's variable in upper and lower case when it is told one
 * of them. The classic builder has to be told both, and also `ALL_PROXY`.
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
  if (
    sourceDateEpoch !== undefined && options.sourceDateEpoch === undefined &&
    !isClassic
  ) {
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

/** Shorter passwords are not masked: they would mask ordinary words. */
const MIN_PASSWORD_LENGTH = 4;

/**
 * The passwords in the addresses of proxies, by the names of the variables,
 * both decoded and as they are written. They are masked because a step that
 * prints its environment shows them.
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

/**
 * The settings that the given arguments do not replace. Proxies may be named in
 * upper or lower case.
 */
function missing(
  added: readonly [name: string, value: string][],
  given: Readonly<Record<string, unknown>>,
): [name: string, value: string][] {
  const names = new Set(Object.keys(given).map((name) => name.toUpperCase()));
  return added.filter(([name]) => !names.has(name.toUpperCase()));
}

/**
 * The build arguments that are given; undefined if they can't be read. Then
 * nothing is added to them, and the check of the options refuses them.
 */
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
