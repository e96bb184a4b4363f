import type { Endpoint } from "../transport/endpoint.ts";
import {
  type Permission,
  permissionFlags,
  permissionsFor,
} from "../transport/permissions.ts";

/**
 * The Deno permission flags that are missing to build a folder.
 *
 * @param endpoint The engine's address; undefined if it is not known.
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
