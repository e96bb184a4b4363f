import type { Endpoint } from "../transport/endpoint.ts";
import {
  type Permission,
  permissionFlags,
  permissionsFor,
} from "../transport/permissions.ts";

/**
 * The flags that a build of a folder still lacks.
 *
 * @param endpoint The engine; undefined if none is known.
 */
export function missingPermissions(
  folder: string,
  endpoint: Endpoint | undefined,
): string[] {
  const needed: Permission[] = [
    { kind: "read", what: folder },
    ...(endpoint === undefined ? [] : permissionsFor(endpoint)),
  ];
  return permissionFlags(needed.filter((permission) => !isGranted(permission)));
}

function isGranted({ kind, what }: Permission): boolean {
  const descriptor = what === undefined
    ? { name: kind }
    : kind === "net"
    ? { name: kind, host: what }
    : kind === "run"
    ? { name: kind, command: what }
    : { name: kind, path: what };
  return Deno.permissions.querySync(descriptor as Deno.PermissionDescriptor)
    .state === "granted";
}
