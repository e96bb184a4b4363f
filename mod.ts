/**
 * Builds container images from Deno, over the socket of the Docker engine that
 * is there already, and gives secrets to `RUN --mount=type=secret`.
 *
 * ```ts
 * import { displayBuild, DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild("./app", {
 *   tag: "app:1",
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * await displayBuild(build); // shows what runs, as docker does
 * console.log(await build.wait()); // sha256:…
 * ```
 *
 * Where to begin:
 *
 * - {@linkcode DockerClient} finds the engine as docker's command does, builds
 *   (`imageBuild()`), pushes, pulls and looks at images: see
 *   {@linkcode BuildClient} and {@linkcode ImageClient} for its methods.
 *   {@linkcode Builder} builds on a BuildKit daemon without an engine, and
 *   {@linkcode openBuilder} opens a builder of `docker buildx` by its name.
 * - {@linkcode BuildContext} is what a build is made from: a folder, files in
 *   memory, a tar as a stream, a URL. {@linkcode ImageBuildOptions} are all
 *   settings, with their names in the engine's own request.
 * - {@linkcode ImageBuild} is a running build: wait for it, or read its typed
 *   events, messages and logs. {@linkcode displayBuild} shows one in a terminal.
 * - {@linkcode BuildError} has the step and the line of the Dockerfile that
 *   failed. All classes of errors have a stable `name`.
 * - {@linkcode verifySecrets} looks for secrets in what was built;
 *   {@linkcode serveGateway} is a server before an engine, for clients that can
 *   send secrets only in a header.
 *
 * It needs `--allow-env`, `--allow-read`, and `--allow-write` and `--allow-net`
 * for the engine's socket; what is not allowed is named in the error. The
 * command is `@davit/build/cli`; where a build's time went is told by
 * `@davit/build/timings`; types that programs rarely write down are in
 * `@davit/build/types`.
 *
 * @module
 */
export {
  DockerClient,
  type DockerClientOptions,
} from "./lib/client/docker_client.ts";
export type { BuildClient } from "./lib/client/build_client.ts";
export type { ImageClient } from "./lib/client/image_client.ts";
export { Builder, type BuilderOptions } from "./lib/builder/builder.ts";
export {
  openBuilder,
  type OpenBuilderOptions,
} from "./lib/builder/open_builder.ts";
export { BuilderError } from "./lib/buildx/builder_error.ts";
export type {
  BuildContext,
  FolderContext,
} from "./lib/imagebuild/context/source.ts";
export type { NamedContext } from "./lib/imagebuild/context/named_source.ts";
export type { ContextFile } from "./lib/imagebuild/context/given_files.ts";
export type { BuildOperation } from "./lib/imagebuild/build_operation.ts";
export { BuiltFileError } from "./lib/imagebuild/files/built_file_error.ts";
export type { BuiltFiles } from "./lib/imagebuild/files/built_files.ts";
export type { BuildFilesOptions } from "./lib/imagebuild/files/start_files.ts";
export type { ImageBuild } from "./lib/imagebuild/image_build.ts";
export type {
  BuildMessage,
  CacheMessage,
  ContextMessage,
  ExportMessage,
  ImageIdMessage,
  LoginMessage,
  SecretMessage,
  SshMessage,
  WarningMessage,
} from "./lib/imagebuild/message.ts";
export type { ImageBuildOptions } from "./lib/imagebuild/options.ts";
export type { BuildOutput } from "./lib/imagebuild/output_options.ts";
export type { CacheFrom, CacheTo } from "./lib/imagebuild/cache_options.ts";
export type { BuildResult } from "./lib/imagebuild/result.ts";
export { BuildHistory } from "./lib/history/history.ts";
export type { BuildHistoryDetails } from "./lib/history/inspect.ts";
export type { BuildHistoryRecord } from "./lib/history/record.ts";
export { BuildHistoryError } from "./lib/history/history_error.ts";
export {
  tarDirectory,
  type TarDirectoryOptions,
} from "./lib/context/tar_directory.ts";
export type { AuthConfig } from "./lib/credentials/auth_config.ts";
export { CredentialError } from "./lib/credentials/credential_error.ts";
export type { Credentials } from "./lib/credentials/source.ts";
export type { JsonMessage } from "./lib/engine/message.ts";
export type { GatewayListen } from "./lib/gateway/listen.ts";
export type { Gateway, GatewayOptions } from "./lib/gateway/gateway.ts";
export { serveGateway } from "./lib/gateway/serve_gateway.ts";
export {
  displayBuild,
  type DisplayBuildOptions,
} from "./lib/display/display_build.ts";
export type { DisplayMode } from "./lib/display/display_events.ts";
export {
  BuildError,
  ConnectionError,
  ContextError,
  EngineError,
  ProtocolError,
  SecretError,
  SessionError,
  UnsupportedError,
} from "./lib/errors.ts";
export type {
  BuildEvent,
  CacheEvent,
  ContextEvent,
  ExportEvent,
  ImageEvent,
  LogEvent,
  LoginEvent,
  SecretEvent,
  SshEvent,
  StatusEvent,
  VertexEvent,
  WarningEvent,
} from "./lib/progress/event.ts";
export { Secret } from "./lib/secrets/secret.ts";
export type { SecretSource, SecretSources } from "./lib/secrets/source.ts";
export type {
  EventsLostEvent,
  LayerEvent,
  TransferEvent,
  TransferStatusEvent,
} from "./lib/transfer/event.ts";
export type { ImageLoadOptions } from "./lib/transfer/load.ts";
export type { ImagePullOptions } from "./lib/transfer/pull.ts";
export type { ImagePushOptions } from "./lib/transfer/push.ts";
export type { ImageSaveOptions } from "./lib/transfer/save.ts";
export type { ImageTransfer } from "./lib/transfer/transfer.ts";
export { TransferError } from "./lib/transfer/transfer_error.ts";
export {
  fetchTransport,
  type FetchTransportOptions,
} from "./lib/transport/fetch.ts";
export type { Transport } from "./lib/transport/transport.ts";
export type { SecretFind } from "./lib/verify/find.ts";
export { SecretLeakError, VerifyError } from "./lib/verify/leak_error.ts";
export type {
  SecretVerification,
  VerifySecretsOptions,
} from "./lib/verify/verification.ts";
export { verifySecrets } from "./lib/verify/verify.ts";
export {
  imagetoolsCreate,
  imagetoolsInspect,
} from "./lib/imagetools/imagetools.ts";
export type {
  ImagetoolsCreateOptions,
  ImagetoolsInspectOptions,
} from "./lib/imagetools/options.ts";
export type { ImagetoolsInspection } from "./lib/imagetools/result.ts";
export type { ImagetoolsSource } from "./lib/imagetools/source.ts";
export { RegistryError } from "./lib/registry/registry_error.ts";
export { SshError } from "./lib/ssh/ssh_error.ts";
export { ExportError } from "./lib/exporter/export_error.ts";
export { LayoutError } from "./lib/layout/layout_error.ts";
