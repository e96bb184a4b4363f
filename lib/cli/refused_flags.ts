import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

const BUILDER = "an engine's own builder is used; a builder container is not";
const CLASSIC = "BuildKit has no such limit; only the classic builder had it";
const ATTEST = "an engine's /build makes no attestations";

/** The flags of buildx that davit can't do, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  "allow":
    "an engine's /build grants network.host with --network=host, for all steps, and nothing else",
  "annotation": "an engine's /build writes none; a --label stays in the image",
  "attest": ATTEST,
  "build-context":
    "an engine's /build knows one context; COPY --from=IMAGE takes an image",
  "builder": BUILDER,
  "call": "an engine's /build only builds",
  "cgroup-parent":
    "BuildKit behind an engine's /build ignores it; the engine's own --cgroup-parent holds for all builds",
  "check": "an engine's /build only builds",
  "compress": "only what changed is sent, and over a socket it is not worth it",
  "cpu-period": CLASSIC,
  "cpu-quota": CLASSIC,
  "cpu-shares": CLASSIC,
  "cpuset-cpus": CLASSIC,
  "cpuset-mems": CLASSIC,
  "isolation": "it is for Windows",
  "memory": CLASSIC,
  "memory-swap": CLASSIC,
  "no-cache-filter": "an engine's /build caches all stages or none: --no-cache",
  "provenance": ATTEST,
  "sbom": ATTEST,
  "security-opt": "it is for Windows",
  "squash": "BuildKit does not squash; use several stages",
};

/** The values with which buildx makes no attestation. */
const NO_REGEXP =
  /^(?:0|f|F|false|FALSE|False)$|(?:^|,)disabled=(?:1|t|true)$/i;

/** Whether a value of such a flag asks only for what davit does anyway. */
const NOTHING_ASKED: Readonly<
  Record<string, (value: string, parsed: ParsedWords) => boolean>
> = {
  "allow": (value, parsed) =>
    value === "network.host" && parsed.text("network") === "host",
  "attest": (value) =>
    /^type=(?:provenance|sbom),/.test(value) && NO_REGEXP.test(value),
  "builder": (value) => value === "default",
  "call": (value) => value === "build",
  "provenance": (value) => NO_REGEXP.test(value),
  "sbom": (value) => NO_REGEXP.test(value),
};

/**
 * Refuses flags that buildx can do and davit can't.
 *
 * @throws {UsageError} If there is such a flag.
 */
export function refuseFlags(parsed: ParsedWords): void {
  for (const [name, why] of Object.entries(REFUSED)) {
    const asked = parsed.switched(name) ||
      parsed.list(name).some((value) => !NOTHING_ASKED[name]?.(value, parsed));
    if (asked) throw new UsageError(`--${name} can't be used: ${why}`);
  }
}
