/**
 * Which fields of which answers are text that may be masked: the one table of
 * it, of which all masks are made, those of builds and the gateway's.
 *
 * What a secret's value happens to stand in is no reason to change it: a mask in
 * a key, an id or a digest would make another message of it, and a value is
 * whatever a client says it is. So only what steps print, and errors, warnings,
 * names and descriptions are text.
 *
 * @module
 */

import type { ImageHistoryEntry } from "../engine/image_history.ts";
import type { ImageConfig, ImageInspect } from "../engine/image_inspect.ts";
import type { ErrorDetail, JsonMessage } from "../engine/message.ts";
import type {
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
  // Such as `naming to docker.io/library/app`, or the digest of a layer.
  id: "sentence",
  vertex: "kept",
  // The kind of the action, such as `transferring`.
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

/** `StatusResponse` of BuildKit, decoded: what `aux` of a `moby.buildkit.trace` holds. */
export const TRACE_FIELDS: FieldsOf<SolveStatus> = {
  vertexes: new ListOf(VERTEX),
  statuses: new ListOf(VERTEX_STATUS),
  logs: new ListOf(VERTEX_LOG),
  warnings: new ListOf(VERTEX_WARNING),
  unknown: "unknown",
};

const ERROR_DETAIL: FieldsOf<ErrorDetail> = { message: "text", code: "kept" };

/**
 * A line of a build's answer, from BuildKit, the classic builder or davit
 * itself. A trace's `aux` is decoded, masked by {@linkcode TRACE_FIELDS}, and
 * encoded again.
 */
export const BUILD_MESSAGE_FIELDS: FieldsOf<JsonMessage> & FieldTable = {
  // Of an error that comes as errors behind other statuses do.
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
    "davit.export": {
      dest: "text",
      entries: "kept",
      bytes: "kept",
      skipped: "kept",
    },
  }),
};

/**
 * What davit itself tells of a build, before a message is made of it: its events
 * and its warnings.
 */
export const OWN_EVENT_FIELDS: FieldTable = {
  type: "kept",
  // Of a warning.
  vertex: "kept",
  level: "kept",
  short: "sentence",
  detail: new ListOf("text"),
  url: "kept",
  source: "kept",
  code: "kept",
  // Of a secret, an ssh agent, a login.
  id: "kept",
  registry: "kept",
  state: "kept",
  // Of an export.
  dest: "text",
  entries: "kept",
  bytes: "kept",
  skipped: "kept",
  // Of a context.
  files: "kept",
  filesReused: "kept",
  bytesOffered: "kept",
  bytesSent: "kept",
} satisfies
  & FieldsOf<Omit<WarningEvent, typeof RECORD>>
  & FieldsOf<SecretEvent | SshEvent>
  & FieldsOf<LoginEvent>
  & FieldsOf<ExportEvent>
  & FieldsOf<ContextEvent>;

/** A line of the answer to a pull, a push, or the loading of images. */
export const TRANSFER_MESSAGE_FIELDS: FieldsOf<JsonMessage> & FieldTable = {
  ...BUILD_MESSAGE_FIELDS,
  // Such as `Loaded image ID: sha256:…`; no step prints it.
  stream: "sentence",
  // Digests, tags and sizes.
  aux: "kept",
};

/** The answer to a request that failed. */
export const ERROR_FIELDS: FieldTable = { message: "text", code: "kept" };

const HEALTHCHECK: FieldTable = {
  Test: new ListOf("text"),
  Interval: "kept",
  Timeout: "kept",
  StartPeriod: "kept",
  StartInterval: "kept",
  Retries: "kept",
};

/** What a Dockerfile says of the containers of its image. */
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
