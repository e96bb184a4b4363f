/** A platform, in the fields of the OCI image specification. */
export interface Platform {
  /** Processor, in Go's words, such as `amd64`. */
  readonly architecture: string;
  /** Operating system, in Go's words, such as `linux`. */
  readonly os: string;
  /** Version of the operating system, for Windows. */
  readonly "os.version"?: string;
  /** What the operating system must have. */
  readonly "os.features"?: readonly string[];
  /** Variant of the processor, such as `v7`. */
  readonly variant?: string;
}

/** Operating systems that a word alone may name (Go's list). */
const SYSTEMS: ReadonlySet<string> = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos"
    .split(" "),
);

/** Processors that a word alone may name (Go's list). */
const ARCHITECTURES: ReadonlySet<string> = new Set(
  "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
    .split(" "),
);

/** Go's words for Deno's. */
const OWN_SYSTEM = Deno.build.os;
const OWN_ARCHITECTURE = Deno.build.arch === "aarch64" ? "arm64" : "amd64";

const OS_REGEXP = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)\))?$/;
const PART_REGEXP = /^[A-Za-z0-9_.-]+$/;

/**
 * Parses a platform as buildx does: `OS[/ARCH[/VARIANT]]`, or an architecture
 * alone, each also by the names that uname has for it; `local` is this machine.
 * A Windows version may follow the system, as in `windows(10.0.17763)/amd64`.
 *
 * @throws {TypeError} If it is none.
 */
export function parsePlatform(text: string): Platform {
  if (text.toLowerCase() === "local") {
    return { os: OWN_SYSTEM, architecture: OWN_ARCHITECTURE };
  }
  const [first = "", ...rest] = text.split("/");
  const [, name, version = ""] = OS_REGEXP.exec(first) ?? [];
  if (
    name === undefined || rest.length > 2 ||
    !rest.every((part) => PART_REGEXP.test(part))
  ) {
    throw unusable(text, 'expected "os/arch" or "os/arch/variant"');
  }
  const os = systemOf(name);
  const versioned = version === "" ? {} : { "os.version": version };
  const [architecture, variant = ""] = rest;
  if (architecture !== undefined) {
    return {
      ...withVariant(os, ...processorOf(architecture, variant)),
      ...versioned,
    };
  }
  if (SYSTEMS.has(os)) {
    return { os, architecture: OWN_ARCHITECTURE, ...versioned };
  }
  const alone = processorOf(first, "");
  if (ARCHITECTURES.has(alone[0])) return withVariant(OWN_SYSTEM, ...alone);
  throw unusable(text, "it is neither an operating system nor an architecture");
}

/**
 * The one spelling of a platform: lower case, Go's names, and no variant where
 * it says nothing: `amd64/v1` is `amd64`, `arm64/v8` is `arm64`, `arm` is
 * `arm/v7` (containerd's rules).
 */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, variant] = processorOf(
    platform.architecture,
    platform.variant ?? "",
  );
  const { "os.version": version, "os.features": features = [] } = platform;
  return {
    ...withVariant(systemOf(platform.os), architecture, variant),
    ...(version ? { "os.version": version } : {}),
    ...(features.length > 0
      ? { "os.features": [...new Set(features)].sort() }
      : {}),
  };
}

/**
 * Writes a platform as `os/arch` or `os/arch/variant`.
 *
 * @returns `unknown` for one without an operating system.
 */
export function formatPlatform(
  { os, architecture, variant }: Platform,
): string {
  return os === ""
    ? "unknown"
    : [os, architecture, variant].filter(Boolean).join("/");
}

function systemOf(os: string): string {
  const name = os.toLowerCase();
  return name === "" ? OWN_SYSTEM : name === "macos" ? "darwin" : name;
}

function processorOf(
  given: string,
  givenVariant: string,
): [architecture: string, variant: string] {
  const name = given.toLowerCase();
  const variant = givenVariant.toLowerCase();
  switch (name) {
    case "i386":
      return ["386", ""];
    case "x86_64":
    case "x86-64":
    case "amd64":
      return ["amd64", variant === "v1" ? "" : variant];
    case "aarch64":
    case "arm64":
      return [
        "arm64",
        /^(?:8|v8|v8\.0)$/.test(variant)
          ? ""
          : /^(?:9|9\.0|v9\.0)$/.test(variant)
          ? "v9"
          : variant,
      ];
    case "armhf":
      return ["arm", "v7"];
    case "armel":
      return ["arm", "v6"];
    case "arm":
      return [
        "arm",
        variant === ""
          ? "v7"
          : /^[5-8]$/.test(variant)
          ? `v${variant}`
          : variant,
      ];
    default:
      return [name, variant];
  }
}

function withVariant(
  os: string,
  architecture: string,
  variant: string,
): Platform {
  return { os, architecture, ...(variant === "" ? {} : { variant }) };
}

function unusable(text: string, why: string): TypeError {
  return new TypeError(
    `Cannot use platform ${JSON.stringify(text)}: ${why}`,
  );
}
