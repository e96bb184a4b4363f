import { ConnectionError } from "../errors.ts";
import type { Endpoint } from "./endpoint.ts";
import { type Environment, grantedEnvironment } from "./environment.ts";
import { connectionFailure } from "./failure.ts";

/** A socket where an engine listens without anybody saying so. */
export interface DefaultSocket {
  /** Where it is. */
  readonly path: string;
  /** What listens there, in words. */
  readonly of: string;
  /**
   * The folder that a variable names, from which on others must not be able to
   * put a socket of theirs here. Undefined where only root can write.
   */
  readonly within?: string | undefined;
  /** The user's home folder, whose owner is trusted. */
  readonly home?: string | undefined;
}

/** The socket that answered. */
export interface FoundSocket {
  /** It, as an endpoint. */
  readonly endpoint: Endpoint & { readonly kind: "unix" };
  /** What listens there, in words. */
  readonly of: string;
  /** What was wrong with those before it that are there, too. */
  readonly passedOver: readonly string[];
}

/**
 * The sockets where engines listen by default, in the order in which they are
 * tried: docker's own, those of docker for one user and in a machine of its
 * own, then podman's, which has no BuildKit.
 *
 * The paths are those that the programs make: `$TMPDIR` is podman's for macOS
 * (`podman machine`), where the folder is the user's own.
 */
export function defaultSockets(env: Environment = Deno.env): DefaultSocket[] {
  const home = folder(env.get("HOME"));
  const runtime = folder(env.get("XDG_RUNTIME_DIR"));
  // Not one of the variables that programs had to allow so far.
  const temporary = folder(
    (env === Deno.env ? grantedEnvironment : env).get("TMPDIR"),
  );
  const below = (
    within: string | undefined,
    path: string,
    of: string,
  ): DefaultSocket[] =>
    within === undefined
      ? []
      : [{ path: `${within.replace(/\/$/, "")}/${path}`, of, within, home }];
  return [
    { path: "/var/run/docker.sock", of: "docker" },
    ...below(runtime, "docker.sock", "rootless docker"),
    ...below(home, ".docker/run/docker.sock", "Docker Desktop"),
    ...below(home, ".docker/desktop/docker.sock", "Docker Desktop"),
    ...below(home, ".orbstack/run/docker.sock", "OrbStack"),
    ...below(home, ".colima/default/docker.sock", "Colima"),
    ...below(home, ".rd/docker.sock", "Rancher Desktop"),
    ...below(runtime, "podman/podman.sock", "rootless podman"),
    { path: "/run/podman/podman.sock", of: "podman" },
    ...below(
      home,
      ".local/share/containers/podman/machine/podman.sock",
      "podman machine",
    ),
    ...below(
      temporary,
      "podman/podman-machine-default-api.sock",
      "podman machine",
    ),
  ];
}

/**
 * A folder as a variable has it, without slashes at its end. One that begins in
 * the current folder, which may be anybody's, is no folder of the user's.
 */
function folder(value: string | undefined): string | undefined {
  return value?.startsWith("/") ? value.replace(/(.)\/+$/, "$1") : undefined;
}

/**
 * The first of the default sockets that answers. A socket that is there and does
 * not answer is passed over, except the first one (docker's own) if this user
 * may not use it: whoever has it means it, and another engine has other images
 * and may be able to do less.
 *
 * @throws {ConnectionError} If none does. The error has why each existing socket
 * failed, and the places without one.
 */
export async function findDefaultSocket(
  sockets: readonly DefaultSocket[],
  os: typeof Deno.build.os = Deno.build.os,
): Promise<FoundSocket> {
  if (os === "windows") {
    throw new ConnectionError(
      "No engine found: on Windows docker listens at a named pipe, which davit can't open; run davit in WSL, or set DOCKER_HOST to a tcp:// or https:// address of the engine",
    );
  }
  const passedOver: string[] = [];
  const missing: string[] = [];
  const unseen: string[] = [];
  let denied: ConnectionError | undefined;
  for (const socket of sockets) {
    const { path, of } = socket;
    const endpoint = { kind: "unix", path } as const;
    // Only for the first one does Deno ask the user.
    if (socket !== sockets[0] && !mayRead(path)) {
      unseen.push(path);
      continue;
    }
    try {
      // What is not there needs no permission to be reached.
      if (mayRead(path)) await Deno.stat(path);
      await refuseOthers(socket);
      (await Deno.connect({ transport: "unix", path })).close();
    } catch (error) {
      if (isMissing(error)) {
        missing.push(path);
        continue;
      }
      const failure = connectionFailure(endpoint, error);
      if (!(failure instanceof ConnectionError)) throw failure;
      passedOver.push(failure.message);
      if (
        error instanceof Deno.errors.PermissionDenied && socket === sockets[0]
      ) denied = failure;
      continue;
    }
    if (denied === undefined) return { endpoint, of, passedOver };
    throw new ConnectionError(
      `${denied.message}; or set DOCKER_HOST=unix://${path}, where ${of} answers`,
      { cause: denied },
    );
  }
  throw nothingFound(passedOver, missing, unseen);
}

/**
 * Refuses a socket that somebody else may have put where it is, who would get
 * secrets and logins. It is looked at from the first folder on that Deno may
 * read; if there is none, it was given this path itself, so that the user has
 * named it.
 */
async function refuseOthers(
  { path, within, home }: DefaultSocket,
): Promise<void> {
  if (within === undefined) return;
  let from = within;
  while (!mayRead(from)) {
    const end = path.indexOf("/", from.length + 1);
    if (end < 0) return;
    from = path.slice(0, end);
  }
  const { ownersOf, whoElseWrites } = await import("./own_place.ts");
  const why = await whoElseWrites(path, from, await ownersOf(home));
  if (why !== undefined) {
    throw new ConnectionError(
      `The socket unix://${path} is not taken, because ${why}; if it is yours, set DOCKER_HOST=unix://${path}`,
    );
  }
}

/** Whether a path may be looked at without asking anybody. */
function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state ===
    "granted";
}

function isMissing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound ||
    error instanceof Deno.errors.NotADirectory;
}

function nothingFound(
  failures: readonly string[],
  missing: readonly string[],
  unseen: readonly string[],
): ConnectionError {
  const notSeen = unseen.length === 0
    ? ""
    : `\nNot looked at, for want of --allow-read: ${unseen.join(", ")}`;
  if (failures.length === 0) {
    return new ConnectionError(
      `No engine found: none of ${
        missing.join(", ")
      } exists; start docker or podman, or set DOCKER_HOST${notSeen}`,
    );
  }
  return new ConnectionError(
    [
      ...(failures.length === 1
        ? failures
        : ["No engine can be reached:", ...failures.map((one) => `- ${one}`)]),
      ...(missing.length === 0
        ? []
        : [`No socket is at ${missing.join(", ")}`]),
    ].join("\n") + notSeen,
  );
}
