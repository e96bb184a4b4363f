/** The name under which Docker Hub's login is kept everywhere: in config files, in helpers and on the wire. */
const HUB_ADDRESS = "https://index.docker.io/v1/";

/** Docker Hub in image names, in old ones, and as the engine connects to it. */
const HUB_HOSTS: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
]);

/** What may stand behind Docker Hub's host: its other keys hold tokens for another use. */
const HUB_PATH_REGEXP = /^\/?(v[12]\/?)?$/;

/** `name`, an IPv4 address or `[IPv6]`, each with or without a port. */
const HOST_REGEXP =
  /^(?:[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/;

/**
 * One spelling for one registry: `docker.io` for Docker Hub, else the host in
 * lower case with exactly the port that was given. Keys of config files may
 * have a scheme before it and a path behind it, as docker's CLI reads them.
 *
 * @returns undefined for what names no host; such a key matches nothing.
 */
export function registryName(key: string): string | undefined {
  // It matches whatever there is.
  const [, host = "", path = ""] = /^(?:https?:\/\/)?([^/]*)(.*)$/is.exec(key)!;
  const name = host.toLowerCase();
  if (!HOST_REGEXP.test(name)) return undefined;
  if (!HUB_HOSTS.has(name)) return name;
  return HUB_PATH_REGEXP.test(path) ? "docker.io" : undefined;
}

/** The address of a registry as docker's CLI writes it: for helpers, config files and the engine. */
export function serverAddress(registry: string): string {
  return registry === "docker.io" ? HUB_ADDRESS : registry;
}

/** Where a registry is reached, as `host[:port]`. */
export function serverHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}
