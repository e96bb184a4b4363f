import { grantedEnvironment } from "../transport/environment.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";

/** An environment variable that docker's command obeys and davit does not. */
interface IgnoredVariable {
  /** Its name. */
  readonly name: string;
  /** Whether the value asks for anything that davit does not do. */
  readonly asks: (value: string, parsed: ParsedWords) => boolean;
  /** What davit does instead, and why. */
  readonly why: string;
}

/**
 * The values that Go's `strconv.ParseBool` reads as true and false; any other
 * value is neither.
 */
const TRUE_REGEXP = /^(?:1|t|true)$/i;
const FALSE_REGEXP = /^(?:0|f|false)$/i;

const isTrue = (value: string) => TRUE_REGEXP.test(value);

const IGNORED: readonly IgnoredVariable[] = [
  {
    name: "DOCKER_BUILDKIT",
    asks: (value) => FALSE_REGEXP.test(value),
    why: "BuildKit builds; the classic builder knows no secrets",
  },
  {
    name: "BUILDX_NO_DEFAULT_LOAD",
    asks: isTrue,
    why: "without --output the image stays in the engine",
  },
  {
    name: "BUILDX_GIT_LABELS",
    asks: (value) => value === "full" || isTrue(value),
    why: "no git is asked; a --label says where an image is from",
  },
  {
    name: "BUILDKIT_NO_CLIENT_TOKEN",
    asks: isTrue,
    why:
      "passwords are traded by the engine anyway, and identity tokens here, which an engine does badly",
  },
  {
    name: "BUILDX_METADATA_WARNINGS",
    asks: (value, parsed) =>
      isTrue(value) && parsed.text("metadata-file") !== undefined,
    why: "the metadata file has no warnings; --progress rawjson shows them",
  },
];

/**
 * Warns of set variables that docker's command would have obeyed; their values
 * are not printed.
 */
export function tellIgnoredVariables(parsed: ParsedWords): void {
  for (const { name, asks, why } of IGNORED) {
    const value = grantedEnvironment.get(name);
    if (!value || !asks(value, parsed)) continue;
    print(`WARNING: ${name} is not obeyed: ${why}`, Deno.stderr);
  }
}
