/**
 * Messages of `moby.buildkit.v1.frontend.LLBBridge`, with the fields that davit
 * reads and writes.
 *
 * @module
 */

import {
  type TypedAttrs,
  typedAttrs,
  worker,
  type WorkerMessage,
} from "./control.ts";
import { definition, type DefinitionMessage } from "./llb.ts";
import {
  FLAG,
  INT32,
  INT64,
  many,
  map,
  maybe,
  type Message,
  message,
  one,
  RAW,
  TEXT,
} from "./message.ts";

/** `APICap`: something that BuildKit can do. */
export interface CapabilityMessage {
  readonly id: string;
  readonly enabled: boolean;
  readonly deprecated: boolean;
  /** A word for programs; empty if it is enabled. */
  readonly disabledReason: string;
  /** A sentence for people. */
  readonly disabledReasonText: string;
  /** What can be used instead. */
  readonly disabledAlternative: string;
}

const capability: Message<CapabilityMessage> = message({
  id: one(1, TEXT),
  enabled: one(2, FLAG),
  deprecated: one(3, FLAG),
  disabledReason: one(4, TEXT),
  disabledReasonText: one(5, TEXT),
  disabledAlternative: one(6, TEXT),
});

/** `PongResponse`. */
export interface PongMessage {
  /** What frontends may use. */
  readonly frontend: readonly CapabilityMessage[];
  /** What definitions of builds may use, and much of what exporters can do. */
  readonly llb: readonly CapabilityMessage[];
  readonly workers: readonly WorkerMessage[];
}

/** `PongResponse`. */
export const pong: Message<PongMessage> = message({
  frontend: many(1, capability),
  llb: many(2, capability),
  workers: many(3, worker),
});

/** `SolveRequest` of this service: a frontend is run within a build. */
export interface BridgeSolveMessage {
  readonly frontend: string;
  readonly frontendOpt: ReadonlyMap<string, string>;
  /** Whether the answer may be a result, and not only a ref. */
  readonly allowResultReturn: boolean;
  /** Whether the refs of a result may be messages of their own. */
  readonly allowResultArrayRef: boolean;
  readonly cacheImports: readonly TypedAttrs[];
  readonly frontendInputs: ReadonlyMap<string, DefinitionMessage>;
}

/** `SolveRequest` of this service. */
export const bridgeSolveRequest: Message<BridgeSolveMessage> = message({
  frontend: one(2, TEXT),
  frontendOpt: map(3, TEXT),
  allowResultReturn: one(5, FLAG),
  allowResultArrayRef: one(6, FLAG),
  cacheImports: many(12, typedAttrs),
  frontendInputs: map(13, definition),
});

/**
 * `SolveResponse` of this service. The result is kept as it came, to be given
 * back by `Return` with all of its fields.
 */
export const bridgeSolveResponse: Message<{
  readonly result: Uint8Array | undefined;
}> = message({ result: maybe(3, RAW) });

/** `Ref`: something that was built, or that is built when it is looked into. */
export interface RefMessage {
  /** Its id; empty where there is nothing, as `FROM scratch` alone. */
  readonly id: string;
}

const ref: Message<RefMessage> = message({ id: one(1, TEXT) });

/** `Result`, with the fields that davit looks into. */
export interface ResultMessage {
  /** What was built for one platform. */
  readonly ref: RefMessage | undefined;
  /** What was built for several platforms, by their names. */
  readonly refs:
    | { readonly refs: ReadonlyMap<string, RefMessage> }
    | undefined;
  /** What the frontend tells, such as `result.json`. */
  readonly metadata: ReadonlyMap<string, Uint8Array>;
}

/** `Result`. */
export const bridgeResult: Message<ResultMessage> = message({
  ref: maybe(3, ref),
  refs: maybe(
    4,
    message<{ readonly refs: ReadonlyMap<string, RefMessage> }>({
      refs: map(1, ref),
    }),
  ),
  metadata: map(10, RAW),
});

/** `google.rpc.Status` as `Return` takes it. */
export interface ReturnedError {
  readonly code: number;
  readonly message: string;
}

/** `ReturnRequest`: how the build ends, one of the two. */
export const returnRequest: Message<{
  readonly result: Uint8Array | undefined;
  readonly error: ReturnedError | undefined;
}> = message({
  result: maybe(1, RAW),
  error: maybe(
    2,
    message<ReturnedError>({ code: one(1, INT32), message: one(2, TEXT) }),
  ),
});

/** `ReadFileRequest`. */
export const readFileRequest: Message<{
  readonly ref: string;
  readonly path: string;
  readonly range:
    | { readonly offset: number; readonly length: number }
    | undefined;
}> = message({
  ref: one(1, TEXT),
  path: one(2, TEXT),
  range: maybe(
    3,
    message<{ readonly offset: number; readonly length: number }>({
      offset: one(1, INT64),
      length: one(2, INT64),
    }),
  ),
});

/** `ReadFileResponse`. */
export const readFileResponse: Message<{ readonly data: Uint8Array }> = message(
  { data: one(1, RAW) },
);

/** `fsutil.types.Stat`: a file of a result. */
export interface StatMessage {
  /** Its name in a list of a folder. */
  readonly path: string;
  /** Type and permissions, in the bits of Go's `os.FileMode`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Size in bytes. */
  readonly size: number;
  /** Time of the last change, in nanoseconds since 1970 (rounded). */
  readonly modTime: number;
  /** Target of a symbolic link. */
  readonly linkname: string;
}

const stat: Message<StatMessage> = message({
  path: one(1, TEXT),
  mode: one(2, INT64),
  uid: one(3, INT64),
  gid: one(4, INT64),
  size: one(5, INT64),
  modTime: one(6, INT64),
  linkname: one(7, TEXT),
});

/** `ReadDirRequest`. */
export const readDirRequest: Message<{
  readonly ref: string;
  readonly path: string;
}> = message({ ref: one(1, TEXT), path: one(2, TEXT) });

/** `ReadDirResponse`. */
export const readDirResponse: Message<
  { readonly entries: readonly StatMessage[] }
> = message({ entries: many(1, stat) });

/** `StatFileRequest`. */
export const statFileRequest: Message<{
  readonly ref: string;
  readonly path: string;
}> = message({ ref: one(1, TEXT), path: one(2, TEXT) });

/** `StatFileResponse`. */
export const statFileResponse: Message<
  { readonly stat: StatMessage | undefined }
> = message({ stat: maybe(1, stat) });

/** `EvaluateRequest`. */
export const evaluateRequest: Message<{ readonly ref: string }> = message({
  ref: one(1, TEXT),
});
