import { isDenoBefore } from "../deno_version.ts";
import { type Endpoint, hostPort } from "./endpoint.ts";

/** A permission of Deno's; without `what`, for everything of this kind. */
export interface Permission {
  /** The kind, as in `--allow-KIND`. */
  readonly kind: "net" | "read" | "run" | "write";
  /** What it is for, as in `--allow-KIND=WHAT`. */
  readonly what?: string;
}

/**
 * The permissions that are needed to reach an endpoint; found by running with
 * `--no-prompt`.
 */
export function permissionsFor(endpoint: Endpoint): Permission[] {
  switch (endpoint.kind) {
    case "unix": {
      const { path } = endpoint;
      return [
        ...(isDenoBefore("2.9.0")
          ? []
          : [{ kind: "net", what: `unix:${path}` } as const]),
        // Requests over a Unix socket have the URL `http://localhost`.
        { kind: "net", what: "localhost:80" },
        { kind: "read", what: path },
        { kind: "write", what: path },
      ];
    }
    case "tcp":
      return [{ kind: "net", what: hostPort(endpoint) }];
    case "ssh":
      // Requests go to ssh through a temporary Unix socket, whose path is not
      // known before.
      return [
        { kind: "run", what: "ssh" },
        { kind: "net" },
        { kind: "read" },
        { kind: "write" },
      ];
  }
}

/** The flags of Deno for these permissions, one for each kind. */
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
