// BuildKit as a test of builds is given it: in an engine, or in a daemon.

import { openDaemon } from "../../lib/builder/open_daemon.ts";
import { buildkitOf } from "../../lib/buildkit/engine_host.ts";
import type { BuildkitHost } from "../../lib/buildkit/host.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { connectEndpoint } from "../../lib/transport/connect.ts";
import {
  type BuildClient,
  type BuildContext,
  Builder,
  type BuildResult,
  DockerClient,
  type ImageBuildOptions,
} from "../../mod.ts";
import type { BuilderTls } from "../../lib/builder/tls_files.ts";
import type { EngineContext } from "./engines.ts";
import {
  daemonImages,
  engineImages,
  type ImageReader,
  type ReadImage,
  readWhole,
} from "./read_image.ts";

/** The two interfaces by which BuildKit of an engine builds. */
export type BuildApi = NonNullable<ImageBuildOptions["api"]>;

/** Where a daemon is. */
export interface DaemonPlace {
  readonly address: string;
  /** What a client needs for mTLS, in PEM; undefined on a Unix socket. */
  readonly tls?: BuilderTls | undefined;
}

/** What a client builds with. */
export type Builds = Pick<
  BuildClient,
  | "imageBuild"
  | "buildFiles"
  | "dockerfileCheck"
  | "dockerfileOutline"
  | "dockerfileTargets"
  | "dockerfileCall"
>;

/** What a test is given that is for BuildKit wherever it is. */
export interface Way<Client extends Builds = Builds> {
  readonly generation: string;
  readonly api: BuildApi;
  /** Its builds are made there; without an output, their image stays there. */
  readonly docker: Client;
  /** The daemon; undefined where an engine builds. */
  readonly daemon: DaemonPlace | undefined;
  /**
   * Builds an image, and reads what is in it: in the engine's store, or in an
   * archive from the daemon. It is removed then.
   */
  image(context: BuildContext, options?: ImageBuildOptions): Promise<ReadImage>;
  /** The same, without reading it; with `verify` the build has looked through it. */
  built(
    context: BuildContext,
    options?: ImageBuildOptions,
  ): Promise<BuildResult>;
  /** Another client of the same, with the logins of docker's configuration. */
  openConfigured(): Promise<Builds & AsyncDisposable>;
  /** BuildKit's own API there. */
  openBuildkit(): Promise<BuildkitHost & AsyncDisposable>;
}

/**
 * The way of one of an engine's interfaces.
 *
 * @param api The one that davit takes where it needs no other, unless given.
 */
export function engineWay(
  engine: EngineContext,
  api?: BuildApi,
): EngineContext & Way<DockerClient> {
  const docker = api === undefined ? engine.docker : by(engine.docker, api);
  return {
    ...engine,
    api: api ?? "engine",
    docker,
    daemon: undefined,
    ...imagesBy(engineImages(docker)),
    openConfigured: async () => {
      const options = { dockerConfig: true };
      const client = await DockerClient.fromDockerHost(engine.host, options);
      return api === undefined ? client : by(client, api);
    },
    async openBuildkit() {
      const path = engine.socketPath;
      const transport = await connectEndpoint({ kind: "unix", path });
      const host = buildkitOf(new Engine(transport));
      return closedBy(host, () => transport.close());
    },
  };
}

/** The way of a daemon. */
export function daemonWay(
  daemon: DaemonPlace,
  builder: Builder,
): Way & { readonly isUsed: () => boolean } {
  const { address, tls } = daemon;
  let isUsed = false;
  const used =
    <A extends unknown[], R>(method: (...args: A) => R) => (...args: A): R => {
      isUsed = true;
      return method.apply(builder, args);
    };
  const docker: Builds = {
    imageBuild: used((context, options) => {
      // Without an output there is a warning, which the tests of outputs are about.
      const outputs = options?.outputs ?? { type: "image" };
      return builder.imageBuild(context, { ...options, outputs });
    }),
    buildFiles: used(builder.buildFiles),
    dockerfileCheck: used(builder.dockerfileCheck),
    dockerfileOutline: used(builder.dockerfileOutline),
    dockerfileTargets: used(builder.dockerfileTargets),
    dockerfileCall: used(builder.dockerfileCall),
  };
  return {
    // The features are those of engines from 28 on.
    generation: "28",
    api: "buildkit",
    docker,
    daemon,
    isUsed: () => isUsed,
    ...imagesBy(daemonImages(docker)),
    async openConfigured() {
      isUsed = true;
      return await Builder.fromAddress(address, { tls, dockerConfig: true });
    },
    async openBuildkit() {
      isUsed = true;
      const host = await openDaemon(address, { tls });
      return closedBy(host, () => host.close());
    },
  };
}

function imagesBy(images: ImageReader): Pick<Way, "image" | "built"> {
  return {
    image: (context, options = {}) => images(context, options, readWhole),
    built: (context, options = {}) =>
      images(context, options, (result) => Promise.resolve(result)),
  };
}

/** The same object: one host is one. */
function closedBy(
  host: BuildkitHost,
  close: () => void | Promise<void>,
): BuildkitHost & AsyncDisposable {
  return Object.assign(host, {
    [Symbol.asyncDispose]: async () => await close(),
  });
}

/** The client, with the interface that its builds take. */
export function by(docker: DockerClient, api: BuildApi): DockerClient {
  const imageBuild = docker.imageBuild.bind(docker);
  docker.imageBuild = (context, options) =>
    imageBuild(context, { api, ...options });
  return docker;
}
