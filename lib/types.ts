/**
 * Types for programs that name the parts of options, answers and events.
 *
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import type { ImageSummary } from "@davit/build/types";
 *
 * function megabytes(image: ImageSummary): string {
 *   return `${(image.Size / 1e6).toFixed(1)} MB`;
 * }
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * for (const image of await docker.imageList()) {
 *   console.log(image.RepoTags[0] ?? image.Id, megabytes(image));
 * }
 * ```
 *
 * Most programs need none of them, because TypeScript knows the type of what a
 * method takes and returns. Here are the parts of {@linkcode ImageBuildOptions}
 * and of a result, the options and answers of the Engine API's smaller calls and
 * of the history of builds, what the constructors of errors take (`…Init`), and
 * BuildKit's own messages ({@linkcode SolveStatus}). What a build takes and
 * gives at first hand is in `@davit/build` itself; no name is in both.
 *
 * @module
 */
export type { RequestOptions } from "./client/request_options.ts";
export type {
  BuilderGcRule,
  BuilderNode,
  BuilderNodesOptions,
  BuilderTls,
  BuilderWorker,
} from "./builder/builder.ts";
export type { ByteSource } from "./streams/byte_source.ts";
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
} from "./imagebuild/calls/answers.ts";
export type { FrontendAnswer } from "./imagebuild/calls/frontend_call.ts";
export type { BuiltEntry } from "./imagebuild/files/built_entry.ts";
export type { BuiltFileCode } from "./imagebuild/files/built_file_error.ts";
export type {
  BuiltFileOptions,
  ReadBuiltFileOptions,
  StreamBuiltFileOptions,
} from "./imagebuild/files/built_files.ts";
export type {
  IdCharacter,
  OtherId,
  OtherMessage,
  TraceMessage,
  WarningCode,
} from "./imagebuild/message.ts";
export type {
  AttestOptions,
  ProvenanceOptions,
  SbomOptions,
} from "./imagebuild/attest_options.ts";
export type {
  SourcePolicy,
  SourcePolicyConstraint,
  SourcePolicyRule,
  SourcePolicySelector,
  SourcePolicyUpdates,
} from "./imagebuild/source_policy.ts";
export type { Ulimit } from "./imagebuild/options.ts";
export type { CacheOutput, ImageOutput } from "./imagebuild/output_options.ts";
export type { BuildVerifyOptions } from "./imagebuild/verify_options.ts";
export type {
  CacheAttrs,
  CacheExport,
  CacheFormat,
  CacheSecret,
  GithubCache,
  InlineCacheTo,
  LocalCacheFrom,
  LocalCacheTo,
  RegistryCacheFrom,
  RegistryCacheTo,
  ServiceCache,
} from "./imagebuild/cache_options.ts";
export type {
  BuildCacheResult,
  BuildContextResult,
  BuildExportResult,
  BuildImageResult,
  ImagePlatform,
} from "./imagebuild/result.ts";
export type {
  BuildPruneOptions,
  BuildPruneResult,
} from "./engine/build_prune.ts";
export type {
  BuildHistoryAttachmentOptions,
  BuildHistoryExportOptions,
  BuildHistoryExportResult,
  BuildHistoryInspectOptions,
  BuildHistoryListOptions,
  BuildHistoryLog,
  BuildHistoryOptions,
} from "./history/options.ts";
export type { BuildHistoryAttachment } from "./history/attachments.ts";
export type { BuildHistoryAttachmentQuery } from "./history/attachment.ts";
export type {
  BuildHistoryAttestation,
  BuildHistoryMaterial,
} from "./history/inspect.ts";
export type { BuildHistoryDockerfile } from "./history/dockerfile.ts";
export type {
  BuildHistoryFailure,
  BuildHistoryOutput,
  BuildHistoryStatus,
} from "./history/record.ts";
export type { BuildCacheFilters } from "./history/cache_filters.ts";
export type { BuildCacheRecord } from "./history/cache_record.ts";
export type {
  BuildDiskUsage,
  BuildDiskUsageOptions,
} from "./history/disk_usage.ts";
export type { BuildPruneRecordsOptions } from "./history/prune.ts";
export type { CredentialCallback } from "./credentials/source.ts";
export type { AuthResult } from "./engine/auth.ts";
export type {
  DistributionInspect,
  DistributionPlatform,
} from "./engine/distribution_inspect.ts";
export type { ImageHistoryEntry } from "./engine/image_history.ts";
export type { ImageImportOptions } from "./engine/image_import.ts";
export type { ImageConfig, ImageInspect } from "./engine/image_inspect.ts";
export type { ImageListOptions, ImageSummary } from "./engine/image_list.ts";
export type { ImageLoadResult } from "./engine/image_load.ts";
export type {
  ImagePruneOptions,
  ImagePruneResult,
} from "./engine/image_prune.ts";
export type {
  ImageRemoveEntry,
  ImageRemoveOptions,
} from "./engine/image_remove.ts";
export type { EngineInfo } from "./engine/info.ts";
export type { ErrorDetail, ProgressDetail } from "./engine/message.ts";
export type { Ping } from "./engine/ping_headers.ts";
export type { EngineVersion, VersionComponent } from "./engine/version.ts";
export type { GatewayBreakout } from "./gateway/build_rules.ts";
export type { GatewayLimitOptions, GatewayLimits } from "./gateway/limits.ts";
export type { GatewayTls } from "./gateway/listen.ts";
export type { GatewayGroup } from "./gateway/routes.ts";
export type { DisplayFile, DisplayOptions } from "./display/display_events.ts";
export type { Terminal, TerminalSize } from "./display/terminal.ts";
export type {
  BuildErrorInit,
  BuildErrorSource,
  EngineErrorInit,
  FailedCache,
} from "./errors.ts";
export type { WarningSource } from "./progress/event.ts";
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
} from "./progress/solve_status.ts";
export type { LineRange } from "./progress/dockerfile.ts";
export type { BuildStep } from "./progress/state.ts";
export type { SecretOptions } from "./secrets/secret.ts";
export type { SecretReport } from "./secrets/store.ts";
export type {
  SecretCallback,
  SecretRequest,
  SecretValue,
} from "./secrets/source.ts";
export type { ByteDuplex } from "./streams/duplex.ts";
export type { TransferBytesEvent } from "./transfer/event.ts";
export type { DistributionInspectOptions } from "./transfer/distribution.ts";
export type { TransferErrorInit } from "./transfer/transfer_error.ts";
export type { PemSource } from "./transport/pem.ts";
export type { OnSilence, Silence } from "./transport/silence.ts";
export type { UpgradeInit } from "./transport/transport.ts";
export type { SecretPart } from "./verify/find.ts";
export type {
  SecretLeakErrorInit,
  VerifyErrorInit,
} from "./verify/leak_error.ts";
export type { Packing as SecretPacking } from "./verify/packing.ts";
export type { Form as SecretForm } from "./redact/forms.ts";
export type { ImagetoolsProgress } from "./imagetools/options.ts";
export type {
  ImagetoolsImage,
  ImagetoolsPlatform,
} from "./imagetools/result.ts";
export type { Platform } from "./platforms/platform.ts";
export type {
  Descriptor,
  ImageIndex,
  ImageManifest,
} from "./registry/descriptor.ts";
export type { RegistryOptions } from "./registry/registries.ts";
export type { RegistryErrorInit } from "./registry/registry_error.ts";
export type { SshKey, SshOption, SshSource } from "./ssh/option.ts";
export type { ImageFormat } from "./exporter/image_format.ts";
export type {
  ArchiveOutput,
  ArchivePlace,
  ExportOutput,
  LocalOutput,
  TarOutput,
} from "./exporter/output.ts";
