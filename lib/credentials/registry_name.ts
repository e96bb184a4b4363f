/**
 * The address under which Docker Hub's login is stored: in config files, in
 * helpers and in requests to the engine.
 */
const HUB_ADDRESS = "https://index.docker.io/v1/";

/**
 * Hosts of Docker Hub: in image names, in old image names, and the one that the
 * engine connects to.
 */
const HUB_HOSTS: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
]);

/**
 * The paths that may follow Docker Hub's host. Keys with other paths hold
 * tokens for other purposes.
 */
const HUB_PATH_REGEXP = /^\/?(v[12]\/?)?$/;

/** A host name, an IPv4 address or `[IPv6]`, each with or without a port. */
const HOST_REGEXP =
  /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * The normalized name of a registry: `docker.io` for Docker Hub, otherwise the
 * host in lower case with exactly the port that was given. As in docker's CLI,
 * a key of a config file may also have a scheme and a path.
 *
 * @returns undefined if the key names no host; such a key matches no registry.
 */
export function registryName(key: string): string | undefined {
  // This expression matches every text.
  const [, host = "", path = ""] = /^(?:https?:\/\/)?([^/]*)(.*)$/is.exec(key)!;
  const name = host.toLowerCase();
  if (!HOST_REGEXP.test(name)) return undefined;
  if (!HUB_HOSTS.has(name)) return name;
  return HUB_PATH_REGEXP.test(path) ? "docker.io" : undefined;
}

/**
 * The address of a registry in the spelling of docker's CLI, which helpers,
 * config files and the engine use.
 */
export function serverAddress(registry: string): string {
  return registry === "docker.io" ? HUB_ADDRESS : registry;
}

/** The host that a registry is reached at, as `host[:port]`. */
export function serverHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}
