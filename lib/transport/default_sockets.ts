import { ConnectionError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import { connectionFailure } from "./failure.ts";

/**
 * The sockets where engines listen by default: docker, rootless docker, Docker
 * Desktop, then podman, rootless and not.
 */
export function defaultSockets(env: Environment = Deno.env): string[] {
  const runtime = env.get("XDG_RUNTIME_DIR");
  const home = env.get("HOME");
  return [
    "/var/run/docker.sock",
    ...(runtime ? [`${runtime}/docker.sock`] : []),
    ...(home ? [`${home}/.docker/run/docker.sock`] : []),
    ...(runtime ? [`${runtime}/podman/podman.sock`] : []),
    "/run/podman/podman.sock",
  ];
}

/**
 * The first of the default sockets that accepts a connection.
 *
 * @throws {ConnectionError} If none does; the error lists why each existing
 * socket failed.
 */
export async function findDefaultSocket(
  paths: readonly string[],
): Promise<Endpoint> {
  const failures: ConnectionError[] = [];
  for (const path of paths) {
    const endpoint: Endpoint = { kind: "unix", path };
    try {
      const conn = await Deno.connect({ transport: "unix", path });
      conn.close();
      return endpoint;
    } catch (error) {
      const failure = connectionFailure(endpoint, error);
      if (!(failure instanceof ConnectionError)) throw failure;
      if (!(error instanceof Deno.errors.NotFound)) failures.push(failure);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) {
    throw new ConnectionError(
      `No engine can be reached:\n${
        failures.map((failure) => `- ${failure.message}`).join("\n")
      }`,
      { cause: failures[0] },
    );
  }
  throw new ConnectionError(
    `No engine found: none of ${
      paths.join(", ")
    } exists; start docker or podman, or set DOCKER_HOST`,
  );
}
