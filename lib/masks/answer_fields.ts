/**
 * Tables that say which fields of an engine's answers are text that is masked.
 * The masks of builds and of the gateway all use them.
 *
 * Only the output of steps, errors, warnings, names and descriptions are
 * masked. Keys, ids and digests are not, even if they contain a secret's value:
 * changing them would break the message, and a client may give any text as a
 * value.
 *
 * @module
 */

import type { ImageHistoryEntry } from "../engine/image_history.ts";
import type { ImageConfig, ImageInspect } from "../engine/image_inspect.ts";
import type { ErrorDetail, JsonMessage } from "../engine/message.ts";
import type {
  CacheEvent,
  ContextEvent,
  ExportEvent,
  LoginEvent,
  SecretEvent,
  SshEvent,
  WarningEvent,
} from "../progress/event.ts";
import type { RECORD } from "../progress/record.ts";
import type {
  ProgressGroup,
  SolveStatus,
  SourceInfo,
  Vertex,
  VertexLog,
  VertexStatus,
  VertexWarning,
} from "../progress/solve_status.ts";
import {
  Choice,
  type FieldsOf,
  type FieldTable,
  ListOf,
  MapOf,
} from "./field_kind.ts";

const GROUP: FieldsOf<ProgressGroup> = {
  id: "kept",
  name: "text",
  weak: "kept",
  unknown: "unknown",
};

const VERTEX: FieldsOf<Vertex> = {
  digest: "kept",
  inputs: "kept",
  name: "text",
  cached: "kept",
  started: "kept",
  completed: "kept",
  error: "text",
  group: GROUP,
  unknown: "unknown",
};

const VERTEX_STATUS: FieldsOf<VertexStatus> = {
  // For example `naming to docker.io/library/app`, or the digest of a layer.
  id: "sentence",
  vertex: "kept",
  // The kind of action, such as `transferring`.
  name: "kept",
  current: "kept",
  total: "kept",
  timestamp: "kept",
  started: "kept",
  completed: "kept",
  unknown: "unknown",
};

const VERTEX_LOG: FieldsOf<VertexLog> = {
  vertex: "kept",
  timestamp: "kept",
  stream: "kept",
  data: "output",
  unknown: "unknown",
};

const SOURCE_INFO: FieldsOf<SourceInfo> = {
  filename: "text",
  data: "text",
  language: "kept",
  unknown: "unknown",
};

const VERTEX_WARNING: FieldsOf<VertexWarning> = {
  vertex: "kept",
  level: "kept",
  short: "text",
  detail: new ListOf("text"),
  url: "text",
  info: SOURCE_INFO,
  ranges: "kept",
  unknown: "unknown",
};

/**
 * BuildKit's `StatusResponse`, decoded: the `aux` of a `moby.buildkit.trace`.
 */
export const TRACE_FIELDS: FieldsOf<SolveStatus> = {
  vertexes: new ListOf(VERTEX),
  statuses: new ListOf(VERTEX_STATUS),
  logs: new ListOf(VERTEX_LOG),
  warnings: new ListOf(VERTEX_WARNING),
  unknown: "unknown",
};

const ERROR_DETAIL: FieldsOf<ErrorDetail> = { message: "text", code: "kept" };

/**
 * A message of a build's answer, from BuildKit, the classic builder or davit
 * itself. The `aux` of a trace is decoded, masked by {@linkcode TRACE_FIELDS},
 * and encoded again.
 */
export const BUILD_MESSAGE_FIELDS: FieldsOf<JsonMessage> & FieldTable = {
  // Used where an error comes in the same form as in an error answer.
  message: "text",
  id: "kept",
  stream: "output",
  status: "sentence",
  progress: "kept",
  progressDetail: "kept",
  error: "text",
  errorDetail: ERROR_DETAIL,
  aux: new Choice({
    "": { ID: "kept" },
    "moby.image.id": { ID: "kept" },
    "davit.warning": { code: "kept", name: "kept", count: "kept" },
    "davit.secret": { id: "kept", state: "kept" },
    "davit.login": { registry: "kept", state: "kept" },
    "davit.ssh": { id: "kept", state: "kept" },
    "davit.context": "kept",
    "davit.cache": {
      action: "kept",
      kind: "kept",
      place: "text",
      state: "kept",
      digest: "kept",
      error: "text",
    },
    "davit.export": {
      dest: "text",
      entries: "kept",
      bytes: "kept",
      skipped: "kept",
    },
  }),
};

/** Events and warnings of davit's own, before they become messages. */
export const OWN_EVENT_FIELDS: FieldTable = {
  type: "kept",
  // Fields of warnings.
  vertex: "kept",
  level: "kept",
  short: "sentence",
  detail: new ListOf("text"),
  url: "kept",
  source: "kept",
  code: "kept",
  // Fields of events about secrets, ssh agents and logins.
  id: "kept",
  registry: "kept",
  state: "kept",
  // Fields of an export's event.
  dest: "text",
  entries: "kept",
  bytes: "kept",
  skipped: "kept",
  // Fields of a cache's event, besides its state.
  action: "kept",
  kind: "kept",
  place: "text",
  digest: "kept",
  error: "text",
  // Fields of a context's event; a name of an image or a stage.
  name: "kept",
  files: "kept",
  filesReused: "kept",
  bytesOffered: "kept",
  bytesSent: "kept",
} satisfies
  & FieldsOf<Omit<WarningEvent, typeof RECORD>>
  & FieldsOf<SecretEvent | SshEvent>
  & FieldsOf<LoginEvent>
  & FieldsOf<ExportEvent>
  & FieldsOf<ContextEvent>
  & FieldsOf<CacheEvent>;

/** A message of the answer to a pull, a push, or the loading of images. */
export const TRANSFER_MESSAGE_FIELDS: FieldsOf<JsonMessage> & FieldTable = {
  ...BUILD_MESSAGE_FIELDS,
  // The engine's own text, such as `Loaded image ID: sha256:…`; here no step
  // prints anything.
  stream: "sentence",
  // Holds only digests, tags and sizes.
  aux: "kept",
};

/** An error answer to a request. */
export const ERROR_FIELDS: FieldTable = { message: "text", code: "kept" };

const HEALTHCHECK: FieldTable = {
  Test: new ListOf("text"),
  Interval: "kept",
  Timeout: "kept",
  StartPeriod: "kept",
  StartInterval: "kept",
  Retries: "kept",
};

/** An image's configuration for its containers. */
const CONFIG: FieldsOf<ImageConfig> & FieldTable = {
  Env: new ListOf("text"),
  Cmd: new ListOf("text"),
  Entrypoint: new ListOf("text"),
  Labels: new MapOf("text"),
  User: "text",
  WorkingDir: "text",
  Hostname: "text",
  Domainname: "text",
  Image: "kept",
  AttachStdin: "kept",
  AttachStdout: "kept",
  AttachStderr: "kept",
  Tty: "kept",
  OpenStdin: "kept",
  StdinOnce: "kept",
  ArgsEscaped: "kept",
  NetworkDisabled: "kept",
  MacAddress: "kept",
  StopSignal: "kept",
  StopTimeout: "kept",
  ExposedPorts: new MapOf("kept"),
  Volumes: new MapOf("kept"),
  OnBuild: new ListOf("text"),
  Shell: new ListOf("text"),
  Healthcheck: HEALTHCHECK,
};

/** `GET /images/{name}/json`. */
export const IMAGE_FIELDS: FieldsOf<ImageInspect> & FieldTable = {
  Id: "kept",
  RepoTags: "kept",
  RepoDigests: "kept",
  Parent: "kept",
  Comment: "text",
  Created: "kept",
  Container: "kept",
  ContainerConfig: CONFIG,
  Config: CONFIG,
  DockerVersion: "kept",
  Author: "text",
  Architecture: "kept",
  Variant: "kept",
  Os: "kept",
  OsVersion: "kept",
  Size: "kept",
  VirtualSize: "kept",
  GraphDriver: "kept",
  RootFS: "kept",
  Metadata: "kept",
  Descriptor: "kept",
  Manifests: "kept",
  Identity: "kept",
};

/** `GET /images/{name}/history`. */
export const HISTORY_FIELDS: ListOf = new ListOf(
  {
    Id: "kept",
    Created: "kept",
    CreatedBy: "text",
    Tags: "kept",
    Size: "kept",
    Comment: "text",
  } satisfies FieldsOf<ImageHistoryEntry>,
);

/** `GET /images/json`. */
export const IMAGE_LIST_FIELDS: ListOf = new ListOf({
  Id: "kept",
  ParentId: "kept",
  RepoTags: "kept",
  RepoDigests: "kept",
  Created: "kept",
  Size: "kept",
  SharedSize: "kept",
  VirtualSize: "kept",
  Containers: "kept",
  Labels: new MapOf("text"),
  Descriptor: "kept",
  Manifests: "kept",
});
