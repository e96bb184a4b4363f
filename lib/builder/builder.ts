import type { BuilderNode, OpenedNode } from "./open_nodes.ts";
import type { BuilderTls } from "./tls_files.ts";
import type { BuildkitDaemon } from "./daemon.ts";
import type { Control } from "../buildkit/control.ts";
import type { Worker as BuilderWorker } from "../buildkit/worker.ts";
import type { Credentials } from "../credentials/source.ts";
import { requireDenoVersion } from "../deno_version.ts";
import { daemonHost } from "../imagebuild/host.ts";
import type { BuildNode } from "../imagebuild/nodes/plan.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import { type BuildStart, runImageBuild } from "../imagebuild/run.ts";
import { BuildClient } from "../client/build_client.ts";
import type { RequestOptions } from "../client/request_options.ts";
import { dockerSettings } from "../client/settings.ts";
import { UnsupportedError } from "../errors.ts";
import { Operations } from "../operation/operations.ts";
import { checkOptionNames } from "../option_names.ts";
import type { PemSource } from "../transport/pem.ts";
import type { OnSilence } from "../transport/silence.ts";

export type { BuilderNode } from "./open_nodes.ts";
export type { BuilderTls } from "./tls_files.ts";
export type {
  GcRule as BuilderGcRule,
  Worker as BuilderWorker,
} from "../buildkit/worker.ts";

/** Options of {@linkcode Builder.fromAddress}. */
export interface BuilderOptions {
  /**
   * TLS for `tcp://`, mostly with a certificate on both sides; an empty object
   * for TLS alone. Without this option `tcp://` is not encrypted.
   */
  readonly tls?: BuilderTls | undefined;
  /**
   * Address of the engine that runs the container of `docker-container://`, as
   * for `DockerClient.fromDockerHost()`. The engine that docker's CLI would use
   * unless given.
   */
  readonly dockerHost?: string | undefined;
  /**
   * Logins for registries. The option of the same name of a build is used before
   * this one.
   */
  readonly credentials?: Credentials | undefined;
  /**
   * Whether docker's own configuration is used on this machine, after
   * `credentials` and the options of each build: logins, `proxies` as build
   * arguments, `DOCKER_DEFAULT_PLATFORM` and `SOURCE_DATE_EPOCH`.
   *
   * @default {false}
   */
  readonly dockerConfig?: boolean | undefined;
  /**
   * Called when the daemon, or the engine of its container, takes a connection
   * and does not answer for 10 seconds, as for a `DockerClient`.
   */
  readonly onSilence?: OnSilence | undefined;
}

/** Options of {@linkcode Builder.fromNodes}. */
export interface BuilderNodesOptions
  extends Pick<BuilderOptions, "credentials" | "dockerConfig" | "onSilence"> {
  /**
   * Authorities that are trusted besides those of Deno when the images of the
   * nodes are joined in a registry. With `dockerConfig` also those that docker
   * has for the registry.
   */
  readonly registryCa?: PemSource | readonly PemSource[] | undefined;
}

const NODES_OPTIONS = {
  credentials: true,
  dockerConfig: true,
  onSilence: true,
  registryCa: true,
} satisfies Record<keyof BuilderNodesOptions, true>;

const OPTIONS = {
  tls: true,
  dockerHost: true,
  credentials: true,
  dockerConfig: true,
  onSilence: true,
} satisfies Record<keyof BuilderOptions, true>;

const REQUEST_OPTIONS = {
  signal: true,
} satisfies Record<keyof RequestOptions, true>;

/**
 * A BuildKit daemon (buildkitd), which builds as the BuildKit in a Docker engine
 * does. It has no image store in which docker finds images: a build names where
 * its result goes by the option `outputs`. Builds, questions about a Dockerfile,
 * the history and the cache are methods of {@linkcode BuildClient}, as those of
 * {@linkcode DockerClient} are.
 *
 * - `{ type: "registry" }` pushes the image by the names in `tag`;
 * - `oci`, `docker`, `local` and `tar` come to this machine;
 * - `{ type: "image" }` is an image in the daemon's own store;
 * - without an output the result stays in the daemon's cache, which is a
 *   warning; `{ type: "cacheonly" }` says that this is meant.
 *
 * Nothing goes to a Docker engine by itself. An image is loaded there by the
 * output `docker` and {@linkcode DockerClient.imageLoad}, which may run at the
 * same time; see the example.
 *
 * One connection serves all builds. It is opened with the first request, closed
 * with the last one, and opened again when the daemon has been restarted. If the
 * daemon sends nothing for 15 seconds, and no answer to a PING of HTTP/2 for 15
 * more, the connection counts as broken.
 *
 * A daemon has no Engine API, so the options `version: "1"`, `api: "engine"`,
 * `secretsVia: "header"` and `squash` of a build are refused, and `verify` takes
 * an output that comes to this machine.
 *
 * Of several nodes the first one answers questions about a Dockerfile, and builds
 * for `buildFiles()`; the history and the cache are those of one node each, see
 * {@linkcode Builder.nodes}.
 *
 * Every method rejects with
 *
 * - a {@linkcode ConnectionError} if the daemon can't be reached, refuses the
 *   certificate, or the connection breaks,
 * - an {@linkcode UnsupportedError} if a daemon can't do what is asked,
 * - a {@linkcode ProtocolError} if the answer does not come from BuildKit,
 * - a `TypeError` or `RangeError` if an option is wrong; nothing was sent then,
 * - the reason of its `signal` when that aborts.
 *
 * @example An image that a daemon builds and an engine gets
 * ```ts
 * import { Builder, DockerClient } from "@davit/build";
 *
 * await using builder = await Builder.fromAddress("tcp://builds.example:1234", {
 *   tls: { ca: "certs/ca.pem", cert: "certs/cert.pem", key: "certs/key.pem" },
 * });
 * await using docker = await DockerClient.fromDockerConfig();
 * const { readable, writable } = new TransformStream<
 *   Uint8Array<ArrayBuffer>,
 *   Uint8Array<ArrayBuffer>
 * >();
 * const build = builder.imageBuild("./app", {
 *   tag: "app:1",
 *   outputs: { type: "docker", dest: writable },
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * await Promise.all([build.wait(), docker.imageLoad(readable)]);
 * ```
 */
export class Builder extends BuildClient {
  readonly #daemon: BuildkitDaemon;
  readonly #operations: Operations;
  readonly #nodes: BuilderNodes | undefined;

  private constructor(
    daemon: BuildkitDaemon,
    { credentials, dockerConfig }: BuilderOptions,
    nodes?: BuilderNodes,
  ) {
    const operations = new Operations();
    super({
      operations,
      host: daemonHost(daemon),
      logins: { credentials, dockerConfig },
      settings: dockerConfig === true
        ? dockerSettings(daemon.where)
        : undefined,
      runBuild: nodes === undefined
        ? runImageBuild
        : (start) => buildOnNodes(nodes, start),
      records() {
        checkAlone(nodes);
        return () => Promise.resolve(daemon);
      },
      async close() {
        if (nodes === undefined) return await daemon.close();
        for (const node of nodes.builders.values()) await node.close();
      },
    });
    this.#daemon = daemon;
    this.#operations = operations;
    this.#nodes = nodes;
  }

  /**
   * The daemon at an address, in the forms that buildctl and buildx know:
   *
   * - `unix:///run/buildkit/buildkitd.sock`
   * - `tcp://host:1234`, with the option `tls` for TLS
   * - `ssh://user@host`: by the user's `ssh`, which runs `buildctl dial-stdio`
   *   there; `ssh://user@host:port/path/of/socket` for another socket
   * - `docker-container://NAME`: by the Engine API, which runs
   *   `buildctl dial-stdio` in the container; `?context=NAME` for the engine of
   *   a docker context
   * - `kube-pod://POD`: by the user's `kubectl exec`; behind it
   *   `?context=NAME&namespace=NAME&container=NAME`
   *
   * Nothing is sent yet; certificates are read.
   *
   * Needs the permission for its way: `--allow-net` for the address,
   * `--allow-run=ssh` or `--allow-run=kubectl`, or that for the engine.
   *
   * @throws {TypeError} If the address has another form, an option does not
   * belong to it, or a certificate can't be read.
   * @throws {UnsupportedError} If this version of Deno is too old.
   */
  static async fromAddress(
    address: string,
    options: BuilderOptions = {},
  ): Promise<Builder> {
    requireDenoVersion();
    checkOptionNames("make a builder", options, OPTIONS);
    const { openDaemon } = await import("./open_daemon.ts");
    return new Builder(await openDaemon(address, options), options);
  }

  /**
   * A builder of several machines. Each platform of a build goes to the node that
   * was given for it, or else to the one whose own processor can run it; the
   * platforms of one build that go to several nodes are built at the same time,
   * pushed by their digests, and joined in the registry as one image with all
   * names. Such a build has the output `registry`, and the names of its steps
   * begin with those of their nodes. If it fails on one node, it is stopped on
   * the others.
   *
   * What builds for other platforms alone takes one node, and has any output.
   *
   * @throws {TypeError} If two nodes have one name, an address has another form,
   * or a certificate can't be read.
   * @throws {UnsupportedError} If this version of Deno is too old.
   * @example
   * ```ts
   * import { Builder } from "@davit/build";
   *
   * const tls = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" };
   * await using builder = await Builder.fromNodes([
   *   { name: "intel", address: "tcp://10.0.0.1:1234", tls },
   *   { name: "arm", address: "ssh://me@10.0.0.2" },
   * ], { dockerConfig: true });
   * await builder.imageBuild("./app", {
   *   tag: "registry.example/app:1",
   *   platform: ["linux/amd64", "linux/arm64"],
   *   outputs: { type: "registry" },
   * }).wait();
   * ```
   */
  static async fromNodes(
    nodes: readonly BuilderNode[],
    options: BuilderNodesOptions = {},
  ): Promise<Builder> {
    requireDenoVersion();
    checkOptionNames("make a builder", options, NODES_OPTIONS);
    const { readAuthorities } = await import("../registry/authorities.ts");
    const ca = await readAuthorities("registryCa", options.registryCa);
    const { openNodes } = await import("./open_nodes.ts");
    const opened = await openNodes(nodes, options.onSilence);
    const builders = new Map(
      opened.map(({ name, daemon }) => [name, new Builder(daemon, options)]),
    );
    return new Builder(opened[0]!.daemon, options, {
      opened,
      builders,
      ca,
    });
  }

  /**
   * The machines of a builder of several, by their names, each as a builder of
   * its own: for its history, its cache and its workers. Empty for a builder
   * that has one. They are closed with this builder.
   */
  get nodes(): ReadonlyMap<string, Builder> {
    return this.#nodes?.builders ?? new Map();
  }

  /** The daemon's address, as it appears in messages; the first one of several. */
  get address(): string {
    return this.#daemon.where;
  }

  /**
   * What runs the daemon's builds, with the platforms that it can run; of several
   * nodes, those of all.
   */
  async workers(
    options: RequestOptions = {},
  ): Promise<readonly BuilderWorker[]> {
    if (this.#nodes !== undefined) {
      const nodes = [...this.#nodes.builders.values()];
      return (await Promise.all(nodes.map((node) => node.workers(options))))
        .flat();
    }
    return await this.#ask(
      options,
      (control, signal) => control.workers({ signal }),
    );
  }

  /**
   * BuildKit's version, such as `v0.25.2`; undefined where the daemon does not
   * tell.
   *
   * @throws {UnsupportedError} With several nodes: ask one of
   * {@linkcode Builder.nodes}.
   */
  async version(
    options: RequestOptions = {},
  ): Promise<string | undefined> {
    return await this.#ask(
      options,
      (control, signal) => control.version({ signal }),
    );
  }

  /** Asks the daemon something, on the connection of its builds. */
  async #ask<T>(
    options: RequestOptions,
    question: (control: Control, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    checkOptionNames("ask a builder", options, REQUEST_OPTIONS);
    checkAlone(this.#nodes);
    const { openControl } = await import("../buildkit/control.ts");
    return await this.#operations.run(options.signal, async (signal) => {
      await using control = await openControl(this.#daemon, { signal });
      return await question(control, signal);
    });
  }
}

/** The machines of a builder of several. */
interface BuilderNodes {
  readonly opened: readonly OpenedNode[];
  readonly builders: ReadonlyMap<string, Builder>;
  /** Authorities for the registry in which images are joined. */
  readonly ca: readonly string[];
}

function buildNode({ name, daemon, platforms }: OpenedNode): BuildNode {
  return { name, host: daemonHost(daemon), platforms };
}

/** Builds each platform on its node. */
async function buildOnNodes(
  { opened, ca }: BuilderNodes,
  start: BuildStart,
): Promise<BuildResult> {
  const { runNodesBuild } = await import("../imagebuild/nodes/run_nodes.ts");
  const { dockerConfig } = start.logins;
  return await runNodesBuild(start, opened.map(buildNode), {
    ca,
    dockerConfig,
  });
}

/** Refuses what only a single daemon can answer. */
function checkAlone(nodes: BuilderNodes | undefined): void {
  if (nodes === undefined) return;
  const [first] = nodes.builders.keys();
  throw new UnsupportedError(
    "several nodes",
    `This builder has several nodes: ask one of them, as in builder.nodes.get(${
      JSON.stringify(first)
    })`,
  );
}
