import { isDenoBefore } from "../deno_version.ts";
import { type Endpoint, hostPort } from "./endpoint.ts";

/** What Deno has to allow; without `what`, all of the kind. */
export interface Permission {
  /** As in `--allow-KIND`. */
  readonly kind: "net" | "read" | "run" | "write";
  /** As in `--allow-KIND=WHAT`. */
  readonly what?: string;
}

/** The permissions that reaching an endpoint takes; measured with `--no-prompt`. */
export function permissionsFor(endpoint: Endpoint): Permission[] {
  switch (endpoint.kind) {
    case "unix": {
      const { path } = endpoint;
      return [
        ...(isDenoBefore("2.9.0")
          ? []
          : [{ kind: "net", what: `unix:${path}` } as const]),
        // Requests over a Unix socket are addressed to it.
        { kind: "net", what: "localhost:80" },
        { kind: "read", what: path },
        { kind: "write", what: path },
      ];
    }
    case "tcp":
      return [{ kind: "net", what: hostPort(endpoint) }];
    case "ssh":
      // ssh is reached through a private socket.
      return [
        { kind: "run", what: "ssh" },
        { kind: "net" },
        { kind: "read" },
        { kind: "write" },
      ];
  }
}

/** Permissions as Deno's flags, one for each kind. */
export function permissionFlags(permissions: readonly Permission[]): string[] {
  const kinds = new Map<string, string[] | "all">();
  for (const { kind, what } of permissions) {
    const named = kinds.get(kind) ?? [];
    kinds.set(
      kind,
      what === undefined || named === "all" ? "all" : [...named, what],
    );
  }
  return [...kinds].map(([kind, named]) =>
    named === "all" ? `--allow-${kind}` : `--allow-${kind}=${named.join(",")}`
  );
}
