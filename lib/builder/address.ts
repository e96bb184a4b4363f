import { decodedPart, hostPort } from "../transport/endpoint.ts";

/** Where a BuildKit daemon is reached. */
export type BuilderAddress =
  | { readonly kind: "unix"; readonly path: string }
  | {
    readonly kind: "tcp";
    readonly hostname: string;
    readonly port: number;
  }
  | {
    readonly kind: "ssh";
    readonly hostname: string;
    readonly port: number | undefined;
    readonly user: string | undefined;
    /** Path of the daemon's socket there; undefined for the default one. */
    readonly path: string | undefined;
  }
  | {
    readonly kind: "docker-container";
    readonly container: string;
    /** The docker context of the container's engine. */
    readonly context: string | undefined;
  }
  | {
    readonly kind: "kube-pod";
    readonly pod: string;
    readonly namespace: string | undefined;
    /** The container in the pod; undefined for the pod's default one. */
    readonly container: string | undefined;
    /** The context of kubectl's configuration. */
    readonly context: string | undefined;
  };

/** An address of one kind. */
export type AddressOf<Kind extends BuilderAddress["kind"]> = Extract<
  BuilderAddress,
  { kind: Kind }
>;

/** The addresses in their forms, for errors. */
const FORMS =
  '"unix:///path", "tcp://host:port", "ssh://user@host", "docker-container://NAME" or "kube-pod://POD"';

/** Names of containers, as docker has them, and ids. */
const CONTAINER = /^[a-zA-Z0-9][\w.-]*$/;

/** Names of pods, namespaces and containers, as Kubernetes has them (RFC 1123). */
const KUBERNETES = /^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/;

/**
 * Parses the address of a BuildKit daemon, in the forms that buildctl and
 * buildx know:
 *
 * - `unix:///path/of/socket`
 * - `tcp://host:port`
 * - `ssh://user@host:port/path/of/socket`; user, port and path may be left out
 * - `docker-container://NAME?context=NAME`
 * - `kube-pod://POD?context=NAME&namespace=NAME&container=NAME`
 *
 * @throws {TypeError} If the address has another form. A password in it is not
 * quoted.
 */
export function parseBuilderAddress(given: string): BuilderAddress {
  if (typeof given !== "string") {
    throw wrong(String(given), `expected ${FORMS}`);
  }
  const address = given.trim();
  const [, scheme = "", rest = ""] =
    /^([a-z][a-z\d+.-]*):\/\/(.*)$/is.exec(address) ?? [];
  switch (scheme.toLowerCase()) {
    case "unix":
      return unix(address, rest);
    case "tcp":
    case "ssh":
      return network(scheme.toLowerCase() as "tcp" | "ssh", address, rest);
    case "docker-container": {
      const { name, query } = named(address, rest, ["context"]);
      if (!CONTAINER.test(name)) {
        throw wrong(address, "expected the name or the id of a container");
      }
      return { kind: "docker-container", container: name, ...pick(query) };
    }
    case "kube-pod": {
      const { name, query } = named(address, rest, [
        "context",
        "namespace",
        "container",
      ]);
      const { namespace, container } = query;
      for (const each of [name, namespace, container]) {
        if (each === undefined || KUBERNETES.test(each)) continue;
        throw wrong(
          address,
          `${JSON.stringify(each)} is no name of Kubernetes`,
        );
      }
      return {
        kind: "kube-pod",
        pod: name,
        namespace,
        container,
        ...pick(query),
      };
    }
    default:
      throw wrong(address, `expected ${FORMS}`);
  }
}

function unix(address: string, path: string): AddressOf<"unix"> {
  if (!path.startsWith("/") || path.includes("\0")) {
    throw wrong(
      address,
      'a unix address needs an absolute path, as in "unix:///run/buildkit/buildkitd.sock"',
    );
  }
  return { kind: "unix", path };
}

function network(
  kind: "tcp" | "ssh",
  address: string,
  rest: string,
): AddressOf<"tcp" | "ssh"> {
  // Parsed as `http:`, because the URL parser checks hosts only for the schemes
  // that it knows.
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.hostname === "") {
    throw wrong(address, "no host in it, or no port");
  }
  if (url.password !== "") {
    throw wrong(
      address,
      "a password in an address ends up in logs; use keys or certificates",
    );
  }
  if (url.search !== "" || url.hash !== "") {
    throw wrong(address, "it has a query or a fragment");
  }
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  // The URL parser drops port 80.
  const port = /^(?:[^@/]*@)?(?:\[[^\]]*\]|[^:/]*):(\d+)(?:\/|$)/.exec(rest)
    ?.[1];
  if (kind === "tcp") {
    if (url.username !== "" || url.pathname !== "/") {
      throw wrong(address, "expected a host and a port, nothing more");
    }
    if (port === undefined) {
      throw wrong(
        address,
        'it has no port, and BuildKit has none of its own: write it, as in "tcp://host:1234"',
      );
    }
    return { kind, hostname, port: Number(port) };
  }
  const [user, path] = [url.username, url.pathname].map(decodedPart);
  if (user === undefined || path === undefined) {
    throw wrong(address, 'what follows a "%" is no letter of a name');
  }
  if (hostname.startsWith("-") || user.startsWith("-")) {
    throw wrong(address, "the host or the user starts with a dash");
  }
  return {
    kind,
    hostname,
    port: port === undefined ? undefined : Number(port),
    user: user === "" ? undefined : user,
    path: path === "/" ? undefined : path,
  };
}

/** A name and a query behind it, of which only these parameters are known. */
function named(
  address: string,
  rest: string,
  known: readonly string[],
): {
  readonly name: string;
  readonly query: Readonly<Record<string, string | undefined>>;
} {
  const [, name = "", search] = /^([^?#]*?)\/?(?:\?([^#]*))?$/.exec(rest) ?? [];
  if (name === "") throw wrong(address, `expected ${FORMS}`);
  const query: Record<string, string> = {};
  for (const [key, value] of new URLSearchParams(search)) {
    if (!known.includes(key) || value === "") {
      throw wrong(
        address,
        `what stands behind "?" is not known: expected ${
          known.map((each) => `${each}=NAME`).join(" or ")
        }`,
      );
    }
    query[key] = value;
  }
  return { name, query };
}

function pick(
  { context }: Readonly<Record<string, string | undefined>>,
): { readonly context: string | undefined } {
  return { context };
}

/** Writes an address, for messages. */
export function formatBuilderAddress(address: BuilderAddress): string {
  switch (address.kind) {
    case "unix":
      return `unix://${address.path}`;
    case "tcp":
      return `tcp://${hostPort(address)}`;
    case "ssh": {
      const { user, hostname, port, path = "" } = address;
      const at = user === undefined ? "" : `${user}@`;
      const host = port === undefined
        ? hostPort({ hostname, port: 0 }).slice(0, -2)
        : hostPort({ hostname, port });
      return `ssh://${at}${host}${path}`;
    }
    case "docker-container":
      return `docker-container://${address.container}${query(address)}`;
    case "kube-pod":
      return `kube-pod://${address.pod}${query(address)}`;
  }
}

function query(
  address: AddressOf<"docker-container" | "kube-pod">,
): string {
  const names = ["context", "namespace", "container"] as const;
  const fields = Object.entries(address).filter(([name, value]) =>
    value !== undefined &&
    (name === "context" || address.kind === "kube-pod") &&
    names.some((each) => each === name)
  );
  return fields.length === 0 ? "" : `?${new URLSearchParams(fields as [])}`;
}

function wrong(address: string, why: string): TypeError {
  // Without what a password may be in.
  const shown = address.replace(/^((?:[^/@:]*:\/\/)?[^/@:]*):.*@/s, "$1:…@");
  return new TypeError(
    `Cannot use builder address ${JSON.stringify(shown)}: ${why}`,
  );
}
