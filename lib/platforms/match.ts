import { normalizePlatform, type Platform } from "./platform.ts";

/** The newest minor version of 64-bit ARM that is in each newer one. */
const ARM_V8_MINORS = 9;

/** v9.x has what v8.(x + 5) has. */
const ARM_V9_AHEAD = 5;

/**
 * Whether an image for a platform is one that is asked for by another name of
 * it: the same system, processor and variant, in whatever spelling.
 *
 * @param wanted May leave the system's version out; then any is meant.
 */
export function isSamePlatform(one: Platform, wanted: Platform): boolean {
  const [a, b] = [normalizePlatform(one), normalizePlatform(wanted)];
  return a.os === b.os && a.architecture === b.architecture &&
    a.variant === b.variant && hasVersion(a, b) &&
    (b["os.features"] ?? []).every((feature) =>
      a["os.features"]?.includes(feature)
    );
}

/** Windows runs images of its own version, without the last number. */
function hasVersion(one: Platform, wanted: Platform): boolean {
  const [own, asked] = [one["os.version"], wanted["os.version"]];
  if (one.os !== "windows" || !own || !asked) return true;
  const build = (version: string) => version.split(".").slice(0, 3).join(".");
  return build(own) === build(asked);
}

/**
 * What a machine of a platform can run, the platform itself first, then what
 * its processor has from older ones (containerd's order): `arm/v7` after
 * `arm64`, `386` after `amd64`.
 */
export function runnablePlatforms(machine: Platform): Platform[] {
  const platform = normalizePlatform(machine);
  const { architecture, variant: own = "" } = platform;
  const older = (architecture: string, variant?: string): Platform => {
    const { variant: _, ...rest } = platform;
    return { ...rest, architecture, ...(variant ? { variant } : {}) };
  };
  const down = (architecture: string, from: number, to: number) =>
    Array.from(
      { length: Math.max(0, from - to + 1) },
      (_, i) => older(architecture, `v${from - i}`),
    );
  const number = /^v?(\d+)$/.exec(own)?.[1];
  switch (architecture) {
    case "amd64":
      return [
        platform,
        ...(number === undefined ? [] : down("amd64", Number(number) - 1, 1)),
        older("386"),
      ];
    case "arm":
      return [
        platform,
        ...(number === undefined ? [] : down("arm", Number(number) - 1, 5)),
      ];
    case "arm64":
      return [
        ...arm64Versions(own).map((variant) => older("arm64", variant)),
        ...down("arm", 8, 5),
      ];
    default:
      return [platform];
  }
}

/** Versions of 64-bit ARM that one has, the newest first. */
function arm64Versions(variant: string): string[] {
  const [, major, minor = "0"] = /^v(8|9)(?:\.(\d))?$/.exec(variant || "v8") ??
    [];
  if (major === undefined) return [variant];
  const versions = (major: number, minor: number) =>
    Array.from(
      { length: minor + 1 },
      (_, i) => minor === i ? `v${major}` : `v${major}.${minor - i}`,
    );
  const newest = Number(minor);
  return major === "8" ? versions(8, newest) : [
    ...versions(9, newest),
    ...versions(8, Math.min(newest + ARM_V9_AHEAD, ARM_V8_MINORS)),
  ];
}

/**
 * Chooses the machine for a platform, as buildx does: one that is of this
 * platform before one that can only run it, and of several the first.
 *
 * @param machines The platforms of each machine.
 * @param isStrict Whether only machines of the very platform count.
 * @returns Its place; -1 where none can run it.
 */
export function machineFor(
  wanted: Platform,
  machines: readonly (readonly Platform[])[],
  isStrict: boolean,
): number {
  let best = -1;
  let bestPlatform: Platform | undefined;
  for (const [i, platforms] of machines.entries()) {
    for (const platform of platforms) {
      const runs = isStrict ? [platform] : runnablePlatforms(platform);
      const rank = (other: Platform) => {
        const at = runs.findIndex((each) => isSamePlatform(each, other));
        return at === -1 ? Infinity : at;
      };
      const own = rank(wanted);
      if (own === Infinity) continue;
      if (bestPlatform === undefined || own < rank(bestPlatform)) {
        best = i;
        bestPlatform = platform;
      }
    }
  }
  return best;
}
