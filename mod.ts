/**
 * Image builds over a Docker engine's socket, with build secrets that arrive.
 *
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 *
 * const tar = (await Deno.open("context.tar")).readable;
 * await using docker = await DockerClient.fromDockerConfig();
 * const build = docker.imageBuild(tar, {
 *   tag: "myapp:latest",
 *   secrets: { npm_token: { env: "NPM_TOKEN" } },
 * });
 * for await (const message of build.messages()) console.log(message);
 * console.log(await build.wait()); // sha256:…
 * ```
 *
 * @module
 */
export {
  DockerClient,
  type DockerClientOptions,
} from "./lib/client/docker_client.ts";
export type { BuildClient } from "./lib/client/build_client.ts";
export type { ImageClient } from "./lib/client/image_client.ts";
export type { RequestOptions } from "./lib/client/request_options.ts";
export {
  Builder,
  type BuilderGcRule,
  type BuilderNode,
  type BuilderNodesOptions,
  type BuilderOptions,
  type BuilderTls,
  type BuilderWorker,
  type PemSource,
} from "./lib/builder/builder.ts";
export {
  openBuilder,
  type OpenBuilderOptions,
} from "./lib/builder/open_builder.ts";
export { BuilderError } from "./lib/buildx/builder_error.ts";
export type { ByteSource } from "./lib/streams/byte_source.ts";
export type {
  BuildContext,
  FolderContext,
} from "./lib/imagebuild/context/source.ts";
export type { NamedContext } from "./lib/imagebuild/context/named_source.ts";
export type { ContextFile } from "./lib/imagebuild/context/given_files.ts";
export type { BuildOperation } from "./lib/imagebuild/build_operation.ts";
export type {
  DockerfileArgument,
  DockerfileCache,
  DockerfileCheck,
  DockerfileFault,
  DockerfileMount,
  DockerfileOutline,
  DockerfilePlace,
  DockerfileTarget,
  DockerfileViolation,
} from "./lib/imagebuild/calls/answers.ts";
export type { FrontendAnswer } from "./lib/imagebuild/calls/frontend_call.ts";
export type { BuiltEntry } from "./lib/imagebuild/files/built_entry.ts";
export {
  type BuiltFileCode,
  BuiltFileError,
} from "./lib/imagebuild/files/built_file_error.ts";
export type {
  BuiltFileOptions,
  BuiltFiles,
  ReadBuiltFileOptions,
  StreamBuiltFileOptions,
} from "./lib/imagebuild/files/built_files.ts";
export type { BuildFilesOptions } from "./lib/imagebuild/files/start_files.ts";
export type { ImageBuild } from "./lib/imagebuild/image_build.ts";
export type {
  BuildMessage,
  CacheMessage,
  ContextMessage,
  ExportMessage,
  IdCharacter,
  ImageIdMessage,
  LoginMessage,
  OtherId,
  OtherMessage,
  SecretMessage,
  SshMessage,
  TraceMessage,
  WarningCode,
  WarningMessage,
} from "./lib/imagebuild/message.ts";
export type {
  AttestOptions,
  ProvenanceOptions,
  SbomOptions,
} from "./lib/imagebuild/attest_options.ts";
export type {
  SourcePolicy,
  SourcePolicyConstraint,
  SourcePolicyRule,
  SourcePolicySelector,
  SourcePolicyUpdates,
} from "./lib/imagebuild/source_policy.ts";
export type {
  AuthConfig,
  BuildOutput,
  BuildVerifyOptions,
  CacheOutput,
  ImageBuildOptions,
  ImageOutput,
  Ulimit,
} from "./lib/imagebuild/options.ts";
export type {
  CacheAttrs,
  CacheExport,
  CacheFormat,
  CacheFrom,
  CacheSecret,
  CacheTo,
  GithubCache,
  InlineCacheTo,
  LocalCacheFrom,
  LocalCacheTo,
  RegistryCacheFrom,
  RegistryCacheTo,
  ServiceCache,
} from "./lib/imagebuild/cache_options.ts";
export type {
  BuildCacheResult,
  BuildContextResult,
  BuildExportResult,
  BuildImageResult,
  BuildResult,
  ImagePlatform,
} from "./lib/imagebuild/result.ts";
export type {
  BuildPruneOptions,
  BuildPruneResult,
} from "./lib/engine/build_prune.ts";
export { BuildHistory } from "./lib/history/history.ts";
export type {
  BuildHistoryAttachmentOptions,
  BuildHistoryExportOptions,
  BuildHistoryExportResult,
  BuildHistoryInspectOptions,
  BuildHistoryListOptions,
  BuildHistoryLog,
  BuildHistoryOptions,
} from "./lib/history/options.ts";
export type { BuildHistoryAttachment } from "./lib/history/attachments.ts";
export type { BuildHistoryAttachmentQuery } from "./lib/history/attachment.ts";
export type {
  BuildHistoryAttestation,
  BuildHistoryDetails,
  BuildHistoryMaterial,
} from "./lib/history/inspect.ts";
export type {
  BuildHistoryFailure,
  BuildHistoryOutput,
  BuildHistoryRecord,
  BuildHistoryStatus,
} from "./lib/history/record.ts";
export { BuildHistoryError } from "./lib/history/history_error.ts";
export type { BuildCacheFilters } from "./lib/history/cache_filters.ts";
export type { BuildCacheRecord } from "./lib/history/cache_record.ts";
export type {
  BuildDiskUsage,
  BuildDiskUsageOptions,
} from "./lib/history/disk_usage.ts";
export type { BuildPruneRecordsOptions } from "./lib/history/prune.ts";
export {
  tarDirectory,
  type TarDirectoryOptions,
} from "./lib/context/tar_directory.ts";
export { CredentialError } from "./lib/credentials/credential_error.ts";
export type {
  CredentialCallback,
  Credentials,
} from "./lib/credentials/store.ts";
export type { AuthResult } from "./lib/engine/auth.ts";
export type {
  DistributionInspect,
  DistributionPlatform,
} from "./lib/engine/distribution_inspect.ts";
export type { ImageHistoryEntry } from "./lib/engine/image_history.ts";
export type { ImageImportOptions } from "./lib/engine/image_import.ts";
export type { ImageConfig, ImageInspect } from "./lib/engine/image_inspect.ts";
export type {
  ImageListOptions,
  ImageSummary,
} from "./lib/engine/image_list.ts";
export type { ImageLoadResult } from "./lib/engine/image_load.ts";
export type {
  ImagePruneOptions,
  ImagePruneResult,
} from "./lib/engine/image_prune.ts";
export type {
  ImageRemoveEntry,
  ImageRemoveOptions,
} from "./lib/engine/image_remove.ts";
export type { EngineInfo } from "./lib/engine/info.ts";
export type {
  ErrorDetail,
  JsonMessage,
  ProgressDetail,
} from "./lib/engine/message.ts";
export type { Ping } from "./lib/engine/ping_headers.ts";
export type { EngineVersion, VersionComponent } from "./lib/engine/version.ts";
export type { GatewayBreakout } from "./lib/gateway/build_rules.ts";
export type {
  GatewayLimitOptions,
  GatewayLimits,
} from "./lib/gateway/limits.ts";
export type { GatewayListen, GatewayTls } from "./lib/gateway/listen.ts";
export type { GatewayGroup } from "./lib/gateway/routes.ts";
export type { Gateway, GatewayOptions } from "./lib/gateway/gateway.ts";
export { serveGateway } from "./lib/gateway/serve_gateway.ts";
export {
  displayBuild,
  type DisplayBuildOptions,
} from "./lib/display/display_build.ts";
export type {
  DisplayFile,
  DisplayMode,
  DisplayOptions,
} from "./lib/display/display_events.ts";
export type { Terminal, TerminalSize } from "./lib/display/terminal.ts";
export {
  BuildError,
  type BuildErrorInit,
  type BuildErrorSource,
  ConnectionError,
  ContextError,
  EngineError,
  type EngineErrorInit,
  type FailedCache,
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
  WarningSource,
} from "./lib/progress/event.ts";
export type {
  ProgressGroup,
  SolveStatus,
  SourceInfo,
  SourcePosition,
  SourceRange,
  Timestamp,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "./lib/progress/solve_status.ts";
export type { LineRange } from "./lib/progress/dockerfile.ts";
export type { BuildStep } from "./lib/progress/state.ts";
export type { BuildHistoryDockerfile } from "./lib/history/dockerfile.ts";
export { Secret, type SecretOptions } from "./lib/secrets/secret.ts";
export type { SecretReport } from "./lib/secrets/store.ts";
export type {
  SecretCallback,
  SecretRequest,
  SecretSource,
  SecretSources,
  SecretValue,
} from "./lib/secrets/source.ts";
export type { ByteDuplex } from "./lib/streams/duplex.ts";
export type {
  EventsLostEvent,
  LayerEvent,
  TransferBytesEvent,
  TransferEvent,
  TransferStatusEvent,
} from "./lib/transfer/event.ts";
export type { DistributionInspectOptions } from "./lib/transfer/distribution.ts";
export type { ImageLoadOptions } from "./lib/transfer/load.ts";
export type { ImagePullOptions } from "./lib/transfer/pull.ts";
export type { ImagePushOptions } from "./lib/transfer/push.ts";
export type { ImageSaveOptions } from "./lib/transfer/save.ts";
export type { ImageTransfer } from "./lib/transfer/transfer.ts";
export {
  TransferError,
  type TransferErrorInit,
} from "./lib/transfer/transfer_error.ts";
export {
  fetchTransport,
  type FetchTransportOptions,
} from "./lib/transport/fetch.ts";
export type { Transport, UpgradeInit } from "./lib/transport/transport.ts";
export type { SecretFind, SecretPart } from "./lib/verify/find.ts";
export {
  SecretLeakError,
  type SecretLeakErrorInit,
  VerifyError,
  type VerifyErrorInit,
} from "./lib/verify/leak_error.ts";
export type { Packing as SecretPacking } from "./lib/verify/packing.ts";
export type {
  SecretVerification,
  VerifySecretsOptions,
} from "./lib/verify/verification.ts";
export { verifySecrets } from "./lib/verify/verify.ts";
export type { Form as SecretForm } from "./lib/redact/forms.ts";
export {
  imagetoolsCreate,
  imagetoolsInspect,
} from "./lib/imagetools/imagetools.ts";
export type {
  ImagetoolsCreateOptions,
  ImagetoolsInspectOptions,
  ImagetoolsProgress,
} from "./lib/imagetools/options.ts";
export type {
  ImagetoolsImage,
  ImagetoolsInspection,
  ImagetoolsPlatform,
} from "./lib/imagetools/result.ts";
export type { ImagetoolsSource } from "./lib/imagetools/source.ts";
export type { Platform } from "./lib/platforms/platform.ts";
export type {
  Descriptor,
  ImageIndex,
  ImageManifest,
} from "./lib/registry/descriptor.ts";
export type { RegistryOptions } from "./lib/registry/registries.ts";
export {
  RegistryError,
  type RegistryErrorInit,
} from "./lib/registry/registry_error.ts";
export { SshError } from "./lib/ssh/ssh_error.ts";
export type { SshKey, SshOption, SshSource } from "./lib/ssh/option.ts";
export { ExportError } from "./lib/exporter/export_error.ts";
export { LayoutError } from "./lib/layout/layout_error.ts";
export type { ImageFormat } from "./lib/exporter/image_format.ts";
export type {
  ArchiveOutput,
  ArchivePlace,
  ExportOutput,
  LocalOutput,
  TarOutput,
} from "./lib/exporter/output.ts";
