import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";

const CLASSIC = "BuildKit has no such limit; only the classic builder had it";

/** The flags of buildx that davit can't do, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  "compress": "only what changed is sent, and over a socket it is not worth it",
  "cpu-period": CLASSIC,
  "cpu-quota": CLASSIC,
  "cpu-shares": CLASSIC,
  "cpuset-cpus": CLASSIC,
  "cpuset-mems": CLASSIC,
  "isolation": "it is for Windows",
  "memory": CLASSIC,
  "memory-swap": CLASSIC,
  "security-opt": "it is for Windows",
  "squash": "BuildKit does not squash; use several stages",
};

/**
 * Refuses flags that buildx can do and davit can't.
 *
 * @throws {UsageError} If there is such a flag.
 */
export function refuseFlags(parsed: ParsedWords): void {
  for (const [name, why] of Object.entries(REFUSED)) {
    const asked = parsed.switched(name) || parsed.list(name).length > 0;
    if (asked) throw new UsageError(`--${name} can't be used: ${why}`);
  }
}
