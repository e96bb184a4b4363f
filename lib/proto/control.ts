/**
 * Messages of `moby.buildkit.v1.Control`, with the fields that davit reads and
 * writes; and of `moby.buildkit.v1.sourcepolicy`.
 *
 * @module
 */

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
  TEXT,
} from "./message.ts";

/** A message with no field. */
export const empty: Message<Record<never, never>> = message({});

/** An exporter, a cache exporter or a cache importer: its type and words. */
export interface TypedAttrs {
  readonly type: string;
  readonly attrs: ReadonlyMap<string, string>;
}

/** `Exporter` and `CacheOptionsEntry`, which have the same fields. */
export const typedAttrs: Message<TypedAttrs> = message({
  type: one(1, TEXT),
  attrs: map(2, TEXT),
});

/** Where results are kept for later builds, and where they are looked for. */
export interface CacheOptions {
  readonly exports: readonly TypedAttrs[];
  readonly imports: readonly TypedAttrs[];
}

const cacheOptions: Message<CacheOptions> = message({
  exports: many(4, typedAttrs),
  imports: many(5, typedAttrs),
});

/** A condition on a source's attribute. */
export interface AttrConstraint {
  readonly key: string;
  readonly value: string;
  /** EQUAL 0, NOTEQUAL 1, MATCHES 2. */
  readonly condition: number;
}

/** Which sources a rule is about. */
export interface Selector {
  readonly identifier: string;
  /** WILDCARD 0, EXACT 1, REGEX 2. */
  readonly matchType: number;
  readonly constraints: readonly AttrConstraint[];
}

/** What a source is replaced by. */
export interface SourceUpdate {
  readonly identifier: string;
  readonly attrs: ReadonlyMap<string, string>;
}

/** A rule about sources. */
export interface PolicyRule {
  /** ALLOW 0, DENY 1, CONVERT 2. */
  readonly action: number;
  readonly selector: Selector | undefined;
  readonly updates: SourceUpdate | undefined;
}

/** `sourcepolicy.Policy`. */
export interface Policy {
  readonly version: number;
  readonly rules: readonly PolicyRule[];
}

const attrConstraint: Message<AttrConstraint> = message({
  key: one(1, TEXT),
  value: one(2, TEXT),
  condition: one(3, INT32),
});

const selector: Message<Selector> = message({
  identifier: one(1, TEXT),
  matchType: one(2, INT32),
  constraints: many(3, attrConstraint),
});

const sourceUpdate: Message<SourceUpdate> = message({
  identifier: one(1, TEXT),
  attrs: map(2, TEXT),
});

const policyRule: Message<PolicyRule> = message({
  action: one(1, INT32),
  selector: maybe(2, selector),
  updates: maybe(3, sourceUpdate),
});

const policy: Message<Policy> = message({
  version: one(1, INT64),
  rules: many(2, policyRule),
});

/** `SolveRequest`. */
export interface SolveRequestMessage {
  readonly ref: string;
  /** The first exporter, for BuildKit before 0.13 (engines up to 25). */
  readonly firstExporter: string;
  readonly firstExporterAttrs: ReadonlyMap<string, string>;
  readonly session: string;
  readonly frontend: string;
  readonly frontendAttrs: ReadonlyMap<string, string>;
  readonly cache: CacheOptions | undefined;
  readonly entitlements: readonly string[];
  readonly frontendInputs: ReadonlyMap<string, DefinitionMessage>;
  readonly internal: boolean;
  readonly sourcePolicy: Policy | undefined;
  readonly exporters: readonly TypedAttrs[];
}

/** `SolveRequest`. */
export const solveRequest: Message<SolveRequestMessage> = message({
  ref: one(1, TEXT),
  firstExporter: one(3, TEXT),
  firstExporterAttrs: map(4, TEXT),
  session: one(5, TEXT),
  frontend: one(6, TEXT),
  frontendAttrs: map(7, TEXT),
  cache: maybe(8, cacheOptions),
  entitlements: many(9, TEXT),
  frontendInputs: map(10, definition),
  internal: one(11, FLAG),
  sourcePolicy: maybe(12, policy),
  exporters: many(13, typedAttrs),
});

/** `SolveResponse`. */
export interface SolveResponseMessage {
  readonly response: ReadonlyMap<string, string>;
}

/** `SolveResponse`. */
export const solveResponse: Message<SolveResponseMessage> = message({
  response: map(1, TEXT),
});

/** `StatusRequest`. */
export const statusRequest: Message<{ readonly ref: string }> = message({
  ref: one(1, TEXT),
});

/** `pb.Platform`. */
export interface PlatformMessage {
  readonly architecture: string;
  readonly os: string;
  readonly variant: string;
}

/** `WorkerRecord`. */
export interface WorkerMessage {
  readonly id: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly platforms: readonly PlatformMessage[];
  readonly gcPolicy: readonly GcPolicyMessage[];
}

/** `GCPolicy`: what a worker keeps when it cleans up by itself. */
export interface GcPolicyMessage {
  readonly all: boolean;
  /** In nanoseconds. */
  readonly keepDuration: number;
  /** In bytes, as the other two. */
  readonly reservedSpace: number;
  readonly filters: readonly string[];
  readonly maxUsedSpace: number;
  readonly minFreeSpace: number;
}

const gcPolicy: Message<GcPolicyMessage> = message({
  all: one(1, FLAG),
  keepDuration: one(2, INT64),
  reservedSpace: one(3, INT64),
  filters: many(4, TEXT),
  maxUsedSpace: one(5, INT64),
  minFreeSpace: one(6, INT64),
});

/** `WorkerRecord`. */
export const worker: Message<WorkerMessage> = message({
  id: one(1, TEXT),
  labels: map(2, TEXT),
  platforms: many(
    3,
    message<PlatformMessage>({
      architecture: one(1, TEXT),
      os: one(2, TEXT),
      variant: one(3, TEXT),
    }),
  ),
  gcPolicy: many(4, gcPolicy),
});

/** `ListWorkersResponse`. */
export const listWorkersResponse: Message<
  { readonly workers: readonly WorkerMessage[] }
> = message({ workers: many(1, worker) });

/** `BuildkitVersion`. */
export interface VersionMessage {
  readonly package: string;
  readonly version: string;
  readonly revision: string;
}

/** `InfoResponse`. */
export const infoResponse: Message<
  { readonly version: VersionMessage | undefined }
> = message({
  version: maybe(
    1,
    message<VersionMessage>({
      package: one(1, TEXT),
      version: one(2, TEXT),
      revision: one(3, TEXT),
    }),
  ),
});
