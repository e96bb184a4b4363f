/** The little of Docker's API that the scripts use, over a Unix socket. */
export interface EngineApi extends Disposable {
  /** Sends a request; `path` starts with a slash. Its answer may be of any status. */
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** The API of the engine that listens on `socketPath`. */
export function connectEngine(socketPath: string): EngineApi {
  const client = Deno.createHttpClient({
    proxy: { transport: "unix", path: socketPath },
  });
  return {
    request: (path, init = {}) =>
      fetch(`http://localhost${path}`, { ...init, client }),
    [Symbol.dispose]: () => client.close(),
  };
}

/**
 * Path of the socket that a host address names.
 *
 * @throws {TypeError} If the address is not `unix://` and an absolute path.
 */
export function socketPathOf(host: string): string {
  const path = host.match(/^unix:\/\/(\/.+)$/)?.[1];
  if (path !== undefined) return path;
  throw new TypeError(
    `Cannot use engine "${host}": expected unix:///path/to/docker.sock`,
  );
}

/** Version of the engine, such as `20.10.24`, without Debian's additions. */
export async function readEngineVersion(
  engine: EngineApi,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const { signal } = options;
  const response = await engine.request(
    "/version",
    signal === undefined ? {} : { signal },
  );
  if (!response.ok) {
    throw new Error(
      `Cannot read engine version: status ${response.status}, expected 200`,
    );
  }
  const { Version } = await response.json();
  return String(Version).replace(/\+.*$/, "");
}
