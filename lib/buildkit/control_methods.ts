// The methods of `moby.buildkit.v1.Control`, and of the services beside it: their
// paths, and how their messages are written and read.

import type { GrpcRemoteMethod } from "../grpc/client.ts";
import type { SolveStatus } from "../progress/solve_status.ts";
import { decodeTrace } from "../progress/trace.ts";
import { readContentRequest, readContentResponse } from "../proto/content.ts";
import {
  empty,
  infoResponse,
  listWorkersResponse,
  solveResponse,
  statusRequest,
} from "../proto/control.ts";
import {
  historyEvent,
  type HistoryRecordMessage,
  historyRequest,
  type HistoryUpdate,
  historyUpdate,
} from "../proto/history.ts";
import { pong } from "../proto/llbbridge.ts";
import {
  type DiskUsageQuestion,
  diskUsageRequest,
  diskUsageResponse,
  type PruneMessage,
  pruneRequest,
  usageRecord,
  type UsageRecordMessage,
} from "../proto/usage.ts";
import { Capabilities } from "./capabilities.ts";
import { encodeSolveRequest, type SolveRequest } from "./solve_request.ts";

import type { Worker } from "./worker.ts";

/** Builds. */
export const SOLVE: GrpcRemoteMethod<
  SolveRequest,
  ReadonlyMap<string, string>
> = {
  path: "/moby.buildkit.v1.Control/Solve",
  codec: {
    encode: encodeSolveRequest,
    decode: (message) => solveResponse.decode(message).response,
  },
};

/** The log of a build. */
export const STATUS: GrpcRemoteMethod<
  { ref: string },
  SolveStatus | undefined
> = {
  path: "/moby.buildkit.v1.Control/Status",
  codec: {
    encode: statusRequest.encode,
    // No message is shared with a worker.
    decode: (message) => decodeTrace(message as Uint8Array<ArrayBuffer>),
  },
};

/** The records of builds. */
export const HISTORY: GrpcRemoteMethod<
  { earlyExit: boolean },
  HistoryRecordMessage | undefined
> = {
  path: "/moby.buildkit.v1.Control/ListenBuildHistory",
  codec: {
    encode: historyRequest.encode,
    decode: (message) => historyEvent.decode(message).record,
  },
};

/** The bytes of a part of a record. */
export const READ_CONTENT: GrpcRemoteMethod<{ digest: string }, Uint8Array> = {
  path: "/containerd.services.content.v1.Content/Read",
  codec: {
    encode: readContentRequest.encode,
    decode: (message) => readContentResponse.decode(message).data,
  },
};

/** Changes a record. */
export const UPDATE_HISTORY: GrpcRemoteMethod<
  Partial<HistoryUpdate>,
  Record<never, never>
> = {
  path: "/moby.buildkit.v1.Control/UpdateBuildHistory",
  codec: { encode: historyUpdate.encode, decode: empty.decode },
};

/** What is in the cache. */
export const DISK_USAGE: GrpcRemoteMethod<
  DiskUsageQuestion,
  readonly UsageRecordMessage[]
> = {
  path: "/moby.buildkit.v1.Control/DiskUsage",
  codec: {
    encode: diskUsageRequest.encode,
    decode: (message) => diskUsageResponse.decode(message).records,
  },
};

/** Deletes from the cache. */
export const PRUNE: GrpcRemoteMethod<
  Partial<PruneMessage>,
  UsageRecordMessage
> = {
  path: "/moby.buildkit.v1.Control/Prune",
  codec: { encode: pruneRequest.encode, decode: usageRecord.decode },
};

/** What BuildKit can do, asked within a build. */
export const PING: GrpcRemoteMethod<Record<never, never>, Capabilities> = {
  path: "/moby.buildkit.v1.frontend.LLBBridge/Ping",
  codec: {
    encode: empty.encode,
    decode(message) {
      const { frontend, llb } = pong.decode(message);
      return new Capabilities(frontend, llb);
    },
  },
};

/** What runs builds. */
export const LIST_WORKERS: GrpcRemoteMethod<
  Record<never, never>,
  readonly Worker[]
> = {
  path: "/moby.buildkit.v1.Control/ListWorkers",
  codec: {
    encode: empty.encode,
    decode: (message) =>
      listWorkersResponse.decode(message).workers.map((
        { id, labels, platforms, gcPolicy },
      ) => ({
        id,
        labels,
        gcPolicy,
        platforms: platforms.map(({ os, architecture, variant }) =>
          [os, architecture, variant].filter((part) => part !== "").join("/")
        ),
      })),
  },
};

/** BuildKit's version. */
export const INFO: GrpcRemoteMethod<Record<never, never>, string | undefined> =
  {
    path: "/moby.buildkit.v1.Control/Info",
    codec: {
      encode: empty.encode,
      decode: (message) => infoResponse.decode(message).version?.version,
    },
  };
