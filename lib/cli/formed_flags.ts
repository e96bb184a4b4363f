import type { ImageBuildOptions } from "../imagebuild/options.ts";
import { parseAnnotations } from "./annotation_flag.ts";
import { attestOptions } from "./attest_flags.ts";
import { parseBytes } from "./bytes_flag.ts";
import { parseBuildContexts } from "./build_context_flag.ts";
import { cachesFrom, cachesTo } from "./cache_flags.ts";
import type { ParsedWords } from "./flag.ts";
import { parseHosts } from "./host_flag.ts";
import { many, some } from "./option_fields.ts";
import { secretSources } from "./secret_flag.ts";
import { parseUlimits } from "./ulimit_flag.ts";

/**
 * Reads the flags of a build whose values have a form of their own.
 *
 * @throws {UsageError} If a value can't be used.
 */
export function readFormedFlags(parsed: ParsedWords): ImageBuildOptions {
  const shm = parsed.text("shm-size");
  // As in docker: an empty value or 0 means the default size.
  const shmsize = shm === undefined ? 0 : parseBytes("--shm-size", shm);
  return {
    ...some("contexts", parseBuildContexts(parsed.list("build-context"))),
    ...some("secrets", secretSources(parsed.list("secret"))),
    ...some("attest", attestOptions(parsed)),
    ...some("annotations", parseAnnotations(parsed.list("annotation"))),
    ...many("extrahosts", parsed.list("add-host").flatMap(parseHosts)),
    ...many("ulimits", parseUlimits(parsed.list("ulimit"))),
    ...many("cachefrom", cachesFrom(parsed.list("cache-from"))),
    ...many("cacheto", cachesTo(parsed.list("cache-to"))),
    ...(shmsize === 0 ? {} : { shmsize }),
  };
}
