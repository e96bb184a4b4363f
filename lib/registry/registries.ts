import type { Credentials } from "../credentials/source.ts";
import { CredentialStore } from "../credentials/store.ts";
import type { PemSource } from "../transport/pem.ts";
import { readAuthorities } from "./authorities.ts";
import type { RegistryTls } from "./connection.ts";
import { RegistryHost } from "./registry_host.ts";
import { parseRegistryName, type RegistryName } from "./repository_name.ts";
import { Repository } from "./repository.ts";

/** How registries are reached. */
export interface RegistryOptions {
  /** Logins for registries. */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own configuration is used, too: its logins, and the
   * certificates of registries that it keeps in `/etc/docker/certs.d`.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
  /**
   * Authorities that are trusted besides those of Deno, for registries with a
   * certificate of their own.
   */
  readonly ca?: PemSource | readonly PemSource[] | undefined;
  /** Aborts everything. */
  readonly signal?: AbortSignal | undefined;
}

/** Where docker keeps certificates of registries, in a folder for each. */
const CERTS_FOLDER = "/etc/docker/certs.d";

/** Where logins and certificates come from. */
export interface RegistrySources {
  /** The logins, in place of those of the options. */
  readonly store?: CredentialStore | undefined;
  /** Docker's folder of certificates. */
  readonly certs?: string | undefined;
  /** Registries that may be asked without encryption. */
  readonly insecure?: ReadonlySet<string> | undefined;
}

/** The registries of one call: opened when a name is in one of them. */
export class Registries implements Disposable {
  readonly #options: RegistryOptions;
  readonly #store: CredentialStore;
  readonly #signal: AbortSignal;
  #ca: Promise<readonly string[]> | undefined;
  readonly #certs: string;
  readonly #insecure: ReadonlySet<string>;
  readonly #hosts = new Map<string, Promise<RegistryHost>>();
  readonly #opened: RegistryHost[] = [];

  /**
   * @param from Where logins and certificates come from instead.
   * @throws {TypeError} If the logins have the wrong form.
   */
  constructor(options: RegistryOptions, from: RegistrySources = {}) {
    const { credentials, dockerConfig, signal } = options;
    this.#options = options;
    this.#certs = from.certs ?? CERTS_FOLDER;
    this.#insecure = from.insecure ?? new Set();
    this.#signal = signal ?? new AbortController().signal;
    this.#store = from.store ?? new CredentialStore({
      credentials,
      client: { dockerConfig },
      signal: this.#signal,
    });
  }

  /** Where the calls' signal is; it never aborts unless one was given. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /**
   * The repository of a name.
   *
   * @throws {TypeError} If it names none, or an authority can't be read.
   */
  async repository(
    name: string | Pick<RegistryName, "registry" | "path">,
  ): Promise<Repository> {
    const { registry, path } = typeof name === "string"
      ? parseRegistryName(name)
      : name;
    return new Repository(await this.#host(registry), path);
  }

  #host(registry: string): Promise<RegistryHost> {
    const known = this.#hosts.get(registry);
    if (known !== undefined) return known;
    const opened = this.#open(registry);
    this.#hosts.set(registry, opened);
    return opened;
  }

  async #open(registry: string): Promise<RegistryHost> {
    const docker = this.#options.dockerConfig === true
      ? await dockerCertificates(`${this.#certs}/${registry}`)
      : { ca: [] };
    this.#ca ??= readAuthorities("ca", this.#options.ca);
    const given = await this.#ca;
    const host = new RegistryHost(registry, {
      store: this.#store,
      tls: { ...docker, ca: [...given, ...docker.ca] },
      signal: this.#signal,
      insecure: this.#insecure.has(registry),
    });
    this.#opened.push(host);
    return host;
  }

  /** Closes all connections. */
  [Symbol.dispose](): void {
    for (const host of this.#opened) host[Symbol.dispose]();
  }
}

/**
 * Reads docker's certificates of a registry: `*.crt` are authorities, `*.cert`
 * and `*.key` of the same name are the client's own. A folder that is not there,
 * or that Deno's permissions do not allow to read, counts as empty.
 */
async function dockerCertificates(folder: string): Promise<RegistryTls> {
  const { state } = await Deno.permissions.query({
    name: "read",
    path: folder,
  });
  if (state !== "granted") return { ca: [] };
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) names.push(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { ca: [] };
    throw error;
  }
  const read = (name: string) => Deno.readTextFile(`${folder}/${name}`);
  names.sort();
  const ca = await Promise.all(
    names.filter((name) => name.endsWith(".crt")).map(read),
  );
  const own = names.find((name) =>
    name.endsWith(".cert") && names.includes(name.replace(/cert$/, "key"))
  );
  if (own === undefined) return { ca };
  const key = own.replace(/cert$/, "key");
  return { ca, cert: await read(own), key: await read(key) };
}
