import type { DefinitionMessage } from "../proto/llb.ts";
import {
  type Policy,
  solveRequest,
  type TypedAttrs,
} from "../proto/control.ts";

/** An exporter, a cache exporter or a cache importer. */
export interface SolveEntry {
  /** Its type, such as `image`, `local` or `registry`. */
  readonly type: string;
  /** Its attributes, in BuildKit's words. */
  readonly attrs: Readonly<Record<string, string>>;
  /** Where it is, if the attributes don't say that as it is; it is not sent. */
  readonly place?: string | undefined;
}

/** A rule about the sources that a build may use. */
export interface SourceRule {
  /** What is done with a source that the selector matches. */
  readonly action: "ALLOW" | "DENY" | "CONVERT";
  /** Which sources the rule is about. */
  readonly selector: {
    /** Such as `docker-image://docker.io/library/alpine:*`. */
    readonly identifier: string;
    /** How the identifier is read. @default {"WILDCARD"} */
    readonly matchType?: "WILDCARD" | "EXACT" | "REGEX" | undefined;
    /** Conditions on the attributes of the source. */
    readonly constraints?:
      | readonly {
        readonly key: string;
        readonly value: string;
        /** @default {"EQUAL"} */
        readonly condition?: "EQUAL" | "NOTEQUAL" | "MATCHES" | undefined;
      }[]
      | undefined;
  };
  /** What the source is replaced by, for CONVERT. */
  readonly updates?: {
    readonly identifier?: string | undefined;
    readonly attrs?: Readonly<Record<string, string>> | undefined;
  } | undefined;
}

/** What BuildKit is asked to build. */
export interface SolveRequest {
  /**
   * The build's id, unique for some time: one that is used again within ten
   * seconds is refused.
   */
  readonly ref: string;
  /** Id of the session that serves the build. A session is for one build. */
  readonly session?: string | undefined;
  /** `dockerfile.v0`; without one BuildKit waits for calls of LLBBridge. */
  readonly frontend?: string | undefined;
  /** The frontend's attributes, in its words. */
  readonly frontendAttrs?: Readonly<Record<string, string>> | undefined;
  /**
   * What the frontend takes as `input:NAME`, by its name: graphs of operations,
   * as {@linkcode unpackedArchive} makes one.
   */
  readonly frontendInputs?: ReadonlyMap<string, DefinitionMessage> | undefined;
  /** Where the results go. Engines up to 25 take only the first. */
  readonly exporters?: readonly SolveEntry[] | undefined;
  /** Where results are kept for later builds, and where they are looked for. */
  readonly cache?: {
    readonly exports?: readonly SolveEntry[] | undefined;
    readonly imports?: readonly SolveEntry[] | undefined;
  } | undefined;
  /** What the build may use besides, such as `network.host`. */
  readonly entitlements?: readonly string[] | undefined;
  /** Rules about the sources that it may use, in their order. */
  readonly sourcePolicy?: readonly SourceRule[] | undefined;
  /**
   * Whether the build is left out of the engine's history.
   *
   * @default {false}
   */
  readonly internal?: boolean | undefined;
}

/** BuildKit's numbers for the words of a policy (sourcepolicy/pb). */
const ACTIONS = ["ALLOW", "DENY", "CONVERT"] as const;
const MATCH_TYPES = ["WILDCARD", "EXACT", "REGEX"] as const;
const CONDITIONS = ["EQUAL", "NOTEQUAL", "MATCHES"] as const;

/** Writes a request as `SolveRequest` of BuildKit's API. */
export function encodeSolveRequest(
  request: SolveRequest,
): Uint8Array<ArrayBuffer> {
  const { cache, sourcePolicy, exporters = [] } = request;
  const [first] = exporters;
  return solveRequest.encode({
    ref: request.ref,
    session: request.session,
    frontend: request.frontend,
    frontendAttrs: mapOf(request.frontendAttrs),
    exporters: exporters.map(typedAttrsOf),
    firstExporter: first?.type,
    firstExporterAttrs: mapOf(first?.attrs),
    // Always sent: BuildKit of the 20.10 line reads it unasked.
    cache: {
      exports: (cache?.exports ?? []).map(typedAttrsOf),
      imports: (cache?.imports ?? []).map(typedAttrsOf),
    },
    entitlements: request.entitlements,
    frontendInputs: request.frontendInputs,
    internal: request.internal,
    sourcePolicy: sourcePolicy && policyOf(sourcePolicy),
  });
}

function policyOf(rules: readonly SourceRule[]): Policy {
  return {
    version: 1,
    rules: rules.map(({ action, selector, updates }) => ({
      action: ACTIONS.indexOf(action),
      selector: {
        identifier: selector.identifier,
        matchType: MATCH_TYPES.indexOf(selector.matchType ?? "WILDCARD"),
        constraints: (selector.constraints ?? []).map((
          { key, value, condition = "EQUAL" },
        ) => ({ key, value, condition: CONDITIONS.indexOf(condition) })),
      },
      updates: updates && {
        identifier: updates.identifier ?? "",
        attrs: mapOf(updates.attrs),
      },
    })),
  };
}

function typedAttrsOf({ type, attrs }: SolveEntry): TypedAttrs {
  return { type, attrs: mapOf(attrs) };
}

function mapOf(
  attrs: Readonly<Record<string, string>> = {},
): ReadonlyMap<string, string> {
  return new Map(Object.entries(attrs));
}
