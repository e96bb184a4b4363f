import { type Endpoint, hostPort } from "../transport/endpoint.ts";

/** What `--allow-KIND=WHAT` has to name. */
type Permission = readonly [
  kind: "net" | "read" | "run" | "write",
  what: string,
];

/**
 * The flags that a build of a folder still lacks.
 *
 * @param endpoint The engine; undefined if none is known.
 */
export function missingPermissions(
  folder: string,
  endpoint: Endpoint | undefined,
): string[] {
  const missing = new Map<string, string[]>();
  for (
    const [kind, what] of [["read", folder], ...needsOf(endpoint)] as const
  ) {
    if (isGranted(kind, what)) continue;
    missing.set(kind, [...missing.get(kind) ?? [], what]);
  }
  return [...missing].map(([kind, all]) => `--allow-${kind}=${all.join(",")}`);
}

function needsOf(endpoint: Endpoint | undefined): Permission[] {
  switch (endpoint?.kind) {
    case "unix": {
      const { path } = endpoint;
      return [
        ["net", `unix:${path}`],
        // Requests over a Unix socket are addressed to it.
        ["net", "localhost:80"],
        ["read", path],
        ["write", path],
      ];
    }
    case "tcp":
      return [["net", hostPort(endpoint)]];
    case "ssh":
      return [["run", "ssh"]];
    default:
      return [];
  }
}

function isGranted(kind: Permission[0], what: string): boolean {
  const descriptor: Deno.PermissionDescriptor = kind === "net"
    ? { name: kind, host: what }
    : kind === "run"
    ? { name: kind, command: what }
    : { name: kind, path: what };
  return Deno.permissions.querySync(descriptor).state === "granted";
}
