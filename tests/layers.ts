/**
 * The architecture: which room of `lib/` may import which. A room is a folder,
 * or a file directly in `lib/`. A new arrow is a line changed here.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "advice.ts": [],
  "deno_version.ts": ["errors.ts"],
  "errors.ts": [],
  "open_file.ts": [],
  "option_names.ts": ["plain_object.ts"],
  "file_url.ts": ["std"],
  "plain_object.ts": [],
  proto: ["streams"],
  redact: ["streams"],
  std: [],
  streams: ["errors.ts", "std"],
  secrets: ["errors.ts", "plain_object.ts", "std"],
  ssh: [
    "advice.ts",
    "file_url.ts",
    "plain_object.ts",
    "secrets",
    "streams",
  ],
  transport: ["deno_version.ts", "errors.ts", "std", "streams"],
  http2: ["streams"],
  context: [
    "advice.ts",
    "errors.ts",
    "open_file.ts",
    "option_names.ts",
    "std",
    "streams",
  ],
  fsutil: ["context", "errors.ts", "grpc", "streams"],
  exporter: [
    "advice.ts",
    "context",
    "errors.ts",
    "file_url.ts",
    "fsutil",
    "open_file.ts",
    "option_names.ts",
    "plain_object.ts",
    "std",
    "streams",
  ],
  grpc: ["http2", "proto", "streams"],
  engine: [
    "errors.ts",
    "option_names.ts",
    "plain_object.ts",
    "std",
    "streams",
    "transport",
  ],
  credentials: [
    "plain_object.ts",
    "secrets",
    "std",
    "streams",
    "transport",
  ],
  registry: [
    "advice.ts",
    "credentials",
    "engine",
    "errors.ts",
    "plain_object.ts",
    "std",
    "streams",
    "transport",
  ],
  session: [
    "credentials",
    "errors.ts",
    "exporter",
    "fsutil",
    "grpc",
    "proto",
    "secrets",
    "ssh",
    "streams",
  ],
  progress: ["proto", "streams"],
  buildkit: [
    "engine",
    "errors.ts",
    "grpc",
    "http2",
    "progress",
    "proto",
    "std",
  ],
  masks: ["engine", "progress"],
  operation: ["deno_version.ts", "errors.ts", "streams"],
  imagebuild: [
    "advice.ts",
    "buildkit",
    "context",
    "credentials",
    "engine",
    "errors.ts",
    "exporter",
    "file_url.ts",
    "fsutil",
    "masks",
    "operation",
    "option_names.ts",
    "plain_object.ts",
    "progress",
    "redact",
    "secrets",
    "session",
    "ssh",
    "std",
    "streams",
    "verify",
  ],
  verify: [
    "engine",
    "errors.ts",
    "file_url.ts",
    "open_file.ts",
    "option_names.ts",
    "redact",
    "secrets",
    "streams",
  ],
  gateway: [
    "credentials",
    "deno_version.ts",
    "engine",
    "errors.ts",
    "imagebuild",
    "masks",
    "operation",
    "option_names.ts",
    "plain_object.ts",
    "redact",
    "secrets",
    "session",
    "std",
    "streams",
    "transport",
  ],
  display: ["imagebuild", "option_names.ts", "progress", "streams"],
  transfer: [
    "advice.ts",
    "credentials",
    "engine",
    "errors.ts",
    "operation",
    "option_names.ts",
    "streams",
  ],
  cli: [
    "advice.ts",
    "imagebuild",
    "client.ts",
    "context",
    "deno_version.ts",
    "display",
    "engine",
    "errors.ts",
    "gateway",
    "secrets",
    "std",
    "streams",
    "transfer",
    "transport",
  ],
  "client.ts": [
    "imagebuild",
    "credentials",
    "deno_version.ts",
    "engine",
    "operation",
    "option_names.ts",
    "secrets",
    "streams",
    "transfer",
    "transport",
    "verify",
  ],
};

/** How many rooms stand below a room, one on the other: 0 for one that imports none. */
export function rowOf(room: string): number {
  return 1 + Math.max(-1, ...MAY_IMPORT[room]!.map(rowOf));
}

/** Whether it is in the picture: files directly in `lib/` are for all rooms, but for the client. */
export function isPictured(name: string): boolean {
  return !name.endsWith(".ts") || name === "client.ts";
}

/**
 * The rooms that a room imports, without those that one of them imports, too, by
 * whatever others.
 */
export function nearestOf(room: string): string[] {
  const behind = (name: string): string[] =>
    MAY_IMPORT[name]!.flatMap((next) => [next, ...behind(next)]);
  const own = MAY_IMPORT[room]!.filter(isPictured);
  const further = new Set(own.flatMap(behind));
  return own.filter((name) => !further.has(name)).sort();
}
