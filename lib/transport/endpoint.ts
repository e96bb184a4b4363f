/** Certificates for a TLS connection, as PEM text. */
export interface TlsFiles {
  /** Certificate authority of the engine. */
  readonly ca?: string;
  /** The client's certificate. */
  readonly cert?: string;
  /** The client's private key. */
  readonly key?: string;
}

/** Where an engine listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | {
    readonly kind: "tcp";
    readonly hostname: string;
    readonly port: number;
    readonly tls?: TlsFiles;
  }
  | {
    readonly kind: "ssh";
    readonly hostname: string;
    readonly port?: number;
    readonly user?: string;
    /**
     * Path of the engine's socket on the other machine; undefined for the
     * default one.
     */
    readonly path?: string;
  };

/** The ports that Docker's documentation uses for plain TCP and for TLS. */
const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Parses the value of `DOCKER_HOST`: `unix:///path`, `tcp://host:port`,
 * `http://`, `https://` and `ssh://user@host:port/path/of/socket`. An absolute
 * path and `unix:/path` are also read as a socket; docker would read them as
 * the name of a host, which nobody intends. `host:port` is TCP, as with docker.
 *
 * @param tls Certificates to use; if they are given, `tcp://` uses TLS.
 * @throws {TypeError} If the address has another form.
 */
export function parseEndpoint(given: string, tls?: TlsFiles): Endpoint {
  const address = withScheme(given);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === "unix") {
    const path = address.slice("unix://".length);
    if (!path.startsWith("/")) {
      throw new TypeError(
        `Cannot use engine address "${address}": a unix address needs an absolute path, as in "unix:///var/run/docker.sock"`,
      );
    }
    return { kind: "unix", path };
  }
  if (
    scheme === "tcp" || scheme === "http" || scheme === "https" ||
    scheme === "ssh"
  ) {
    return parseNetwork(scheme, address, tls);
  }
  throw new TypeError(
    `Cannot use engine address "${withoutPassword(address)}": ${
      scheme === "npipe"
        ? "davit can't open named pipes; run it in WSL, or use a tcp:// or https:// address of the engine"
        : `expected "unix:///path", "tcp://host:port", "http://…", "https://…" or "ssh://user@host"`
    }`,
  );
}

/** Completes an address whose scheme is missing or incomplete. */
export function withScheme(given: string): string {
  const address = given.trim();
  const path = /^(?:unix:)?(\/[^/].*)$/is.exec(address)?.[1];
  if (path !== undefined) return `unix://${path}`;
  return /^(?:[\w.-]+|\[[\da-f:.]+\]):\d+$/i.test(address)
    ? `tcp://${address}`
    : address;
}

function parseNetwork(
  scheme: "tcp" | "http" | "https" | "ssh",
  address: string,
  tls: TlsFiles | undefined,
): Endpoint {
  // Parsed as `http:`, because the URL parser normalizes and checks hosts only
  // for the schemes that it knows.
  const rest = address.slice(address.indexOf("://"));
  const url = URL.parse(`http${rest}`);
  if (url === null || url.hostname === "") {
    throw new TypeError(
      `Cannot use engine address "${withoutPassword(address)}": ${
        /^:\/\/[\da-f]*:[\da-f]*:[\da-f:.]*$/i.test(rest)
          ? `an IPv6 address needs brackets, as in "tcp://[::1]:2375"`
          : /:\d{5,}(?:\/|$)/.test(rest)
          ? "its port is none: expected 1 to 65535"
          : "no host in it"
      }`,
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw new TypeError(
      `Cannot use engine address "${
        withoutPassword(address)
      }": it has a query or a fragment`,
    );
  }
  if (url.password !== "") {
    throw new TypeError(
      `Cannot use engine address "${
        withoutPassword(address)
      }": a password in an address ends up in logs; use keys or certificates`,
    );
  }
  // The port is read from the text, because the URL parser drops the port of
  // `http://host:80`.
  const port = /^:\/\/(?:[^@/]*@)?(?:\[[^\]]*\]|[^:/]*):(\d+)(?:\/|$)/.exec(
    rest,
  )
    ?.[1];
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  if (scheme === "ssh") {
    if (hostname.startsWith("-")) {
      throw new TypeError(
        `Cannot use engine address "${address}": the host starts with a dash`,
      );
    }
    const [user, path] = [url.username, url.pathname].map(decodedPart);
    if (user === undefined || path === undefined) {
      throw new TypeError(
        `Cannot use engine address "${address}": what follows a "%" is no letter of a name`,
      );
    }
    return {
      kind: "ssh",
      hostname,
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(user === "" ? {} : { user }),
      ...(path === "/" ? {} : { path }),
    };
  }
  if (url.username !== "" || url.pathname !== "/") {
    throw new TypeError(
      `Cannot use engine address "${address}": expected a host and a port, nothing more`,
    );
  }
  const files = scheme === "https"
    ? tls ?? {}
    : scheme === "tcp"
    ? tls
    : undefined;
  return {
    kind: "tcp",
    hostname,
    port: port === undefined
      ? (files === undefined ? PLAIN_PORT : TLS_PORT)
      : Number(port),
    ...(files === undefined ? {} : { tls: files }),
  };
}

/** Writes an endpoint as an address, for messages. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix://${endpoint.path}`;
    case "tcp":
      return `${endpoint.tls === undefined ? "tcp" : "https"}://${
        hostPort(endpoint)
      }`;
    case "ssh":
      return `ssh://${endpoint.user === undefined ? "" : `${endpoint.user}@`}${
        bracketed(endpoint.hostname)
      }${endpoint.port === undefined ? "" : `:${endpoint.port}`}${
        endpoint.path ?? ""
      }`;
  }
}

/**
 * `host:port` in the form that addresses, flags and permissions use, with IPv6
 * in brackets.
 */
export function hostPort(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): string {
  return `${bracketed(hostname)}:${port}`;
}

/** A host in the form that addresses use, with IPv6 in brackets. */
export function bracketed(hostname: string): string {
  return /^[^[].*:/s.test(hostname) || hostname.startsWith(":")
    ? `[${hostname}]`
    : hostname;
}

const LOOPBACK_REGEXP = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

/**
 * Whether a host, with or without a port, is `localhost`, in 127.0.0.0/8 or
 * `[::1]`.
 */
export function isLoopback(host: string): boolean {
  return LOOPBACK_REGEXP.test(host);
}

/**
 * Whether an engine is on this machine, so that `localhost` means the same
 * machine for both.
 *
 * @param address The engine's address, as {@linkcode formatEndpoint} writes it.
 */
export function isHere(address: string): boolean {
  if (address.startsWith("unix://")) return true;
  const host = /^(?:tcp|https?):\/\/([^/]*)/.exec(address)?.[1];
  return host !== undefined && isLoopback(host);
}

/**
 * Removes everything up to the last `@`, because a password that was not
 * escaped may contain any character.
 */
function withoutPassword(address: string): string {
  return address.replace(/^((?:[^/@:]*:\/\/)?[^/@:]*):.*@/s, "$1:…@");
}

/**
 * A part of an address without its `%` and digits.
 *
 * @returns undefined where they are no letters, or one that no name has.
 */
export function decodedPart(part: string): string | undefined {
  try {
    const text = decodeURIComponent(part);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
