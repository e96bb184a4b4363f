// With the option `strictSecrets`, the frontend is asked what the target mounts
// before a step runs, so that a secret that is missing, or that nobody wants,
// stops the build then, also where all steps would come from the cache. Where
// the frontend does not know, the rest of the build tells it.

import type { Bridge, BridgeResult } from "../buildkit/bridge.ts";
import { runGatewayBuild } from "../buildkit/gateway_build.ts";
import { SolveError } from "../buildkit/solve_error.ts";
import { ProtocolError, SecretError, UnsupportedError } from "../errors.ts";
import { formatPlatform, parsePlatform } from "../platforms/platform.ts";
import { syntaxOf } from "../progress/dockerfile.ts";
import { isOwnSyntax } from "../progress/own_syntax.ts";
import { isProbed } from "../secrets/store.ts";
import type { OpenSession } from "../session/open.ts";
import type { Build } from "./build_way.ts";
import type { DockerfileMount, DockerfileOutline } from "./calls/answers.ts";
import { answerOf, ask, knows } from "./calls/frontend_call.ts";
import { readOutline, sourceIn } from "./calls/read_answer.ts";
import type { TargetMounts } from "./target_mounts.ts";
import { type OpenSolve, withSolve } from "./ways/open_solve.ts";

function isStrict({ request: { strict } }: Pick<Build, "request">): boolean {
  return strict.missing || strict.unused;
}

/** Whether the frontend is asked what the target mounts. */
function asksForOutline(build: Build): boolean {
  return isStrict(build) && knows(build, "outline");
}

/**
 * Asks the frontend what the target mounts, and holds the given secrets against
 * it; of a build by several nodes, against what all of them mount. Does nothing where `strictSecrets` is off, or the frontend can't tell.
 *
 * @throws {SecretError} If a secret is missing or unused, and `strictSecrets`
 * makes that an error.
 */
export async function checkOutline(
  bridge: Bridge,
  open: Pick<OpenSolve, "request">,
  build: Build,
  signal: AbortSignal,
): Promise<void> {
  const mounts = asksForOutline(build)
    ? await targetMounts(bridge, open, build, signal)
    : undefined;
  const check = (all: TargetMounts) => {
    build.record.mounts = all;
    checkMounts(all, build);
  };
  if (build.shared !== undefined) {
    await build.shared.join(mounts, check, signal);
  } else if (mounts !== undefined) check(mounts);
}

/**
 * The same beside `POST /build`, where the frontend is asked in a build of its
 * own, by BuildKit's API and over the session of the build: it reads the
 * Dockerfile once. A tar, which is the body of that request, can't be asked
 * about before.
 *
 * @throws {SecretError} As {@linkcode checkOutline} does. What else fails is
 * left to the build to tell.
 */
export async function checkOutlineBeside(
  build: Build,
  session: OpenSession,
): Promise<void> {
  const { request, context, record, stop } = build;
  const isTar = context.locals === undefined &&
    request.context.kind !== "remote";
  if (isTar || !asksForOutline(build)) return;
  let mounts: TargetMounts | undefined;
  try {
    await withSolve(build, session, undefined, async (open) => {
      await runGatewayBuild(open.control, {
        ...open.request,
        exporters: [],
        cache: undefined,
        internal: true,
      }, {
        signal: open.signal,
        onStatus() {}, // the build tells the same steps
        async frontend(bridge, signal) {
          mounts = await targetMounts(bridge, open, build, signal);
          return NOTHING;
        },
      }).catch(() => {}); // the build tells what it fails with, too
    });
  } catch {
    stop.throwIfAborted(); // BuildKit's API can't be reached
  }
  if (mounts === undefined) return;
  record.mounts = mounts;
  checkMounts(mounts, build);
}

/** A result of which nothing is made. */
const NOTHING: BridgeResult = {
  refs: new Map(),
  metadata: new Map(),
  message: new Uint8Array(),
};

/**
 * What the steps of the target mount; undefined where the frontend does not
 * know, or is not docker's own, or the Dockerfile can't be read: then the build
 * fails with more words.
 */
async function targetMounts(
  bridge: Bridge,
  open: Pick<OpenSolve, "request">,
  build: Build,
  signal: AbortSignal,
): Promise<TargetMounts | undefined> {
  const { request, record } = build;
  const platforms = request.platforms.length === 0
    ? [undefined]
    : request.platforms;
  const outlines: DockerfileOutline[] = [];
  for (const platform of platforms) {
    try {
      const attrs = platformAttrs(platform, open);
      if (attrs === undefined) return undefined;
      const outline = async (more: Readonly<Record<string, string>>) => {
        const given = { ...attrs, ...more };
        const result = await ask(bridge, open, "outline", given, signal);
        return result && answerOf(result);
      };
      let answer = await outline(QUIET);
      // Something in the Dockerfile may depend on it.
      const isRead = answer && sourceIn(answer)?.includes(CHECK);
      if (isRead) answer = await outline({});
      if (answer === undefined || !isOwn(sourceIn(answer), build)) {
        return undefined;
      }
      outlines.push(readOutline(answer, (file, text) => {
        const known = record.dockerfile();
        return known?.text === text ? known.name : file;
      }));
    } catch (error) {
      const isTold = error instanceof SolveError ||
        error instanceof ProtocolError || error instanceof UnsupportedError;
      if (isTold) return undefined;
      throw error;
    }
  }
  return {
    secret: byId(outlines.flatMap(({ secrets }) => secrets)),
    ssh: byId(outlines.flatMap(({ ssh }) => ssh)),
  };
}

/** Whether docker's own frontend reads the Dockerfile. */
function isOwn(
  dockerfile: string | undefined,
  { request: { buildArgs } }: Pick<Build, "request">,
): boolean {
  const syntax = buildArgs?.BUILDKIT_SYNTAX ?? syntaxOf(dockerfile ?? "");
  return !syntax || isOwnSyntax(syntax);
}

/** The build argument that says which rules are checked. */
const CHECK = "BUILDKIT_DOCKERFILE_CHECK";

/** The build itself warns of violated rules; the question does not. */
const QUIET: Readonly<Record<string, string>> = {
  [`build-arg:${CHECK}`]: "skip=all",
};

/**
 * Attributes that make the outline one of a platform. BuildKit's is always of
 * its own platform, but the variables of the platform can be given: in the one
 * spelling that BuildKit has for each, `linux/arm/v7` for `linux/arm`.
 *
 * @returns Undefined if only BuildKit knows which platform is meant.
 */
function platformAttrs(
  platform: string | undefined,
  { request: { frontendAttrs } }: Pick<OpenSolve, "request">,
): Readonly<Record<string, string>> | undefined {
  if (platform === undefined) return {};
  // The builder's own processor, which is that of the outline.
  if (/^linux$/i.test(platform)) return { platform };
  const full = PROCESSOR_REGEXP.test(platform) ? `linux/${platform}` : platform;
  if (!PLATFORM_REGEXP.test(full)) return undefined;
  const target = parsePlatform(full);
  return {
    "build-arg:TARGETPLATFORM": formatPlatform(target),
    "build-arg:TARGETOS": target.os,
    "build-arg:TARGETARCH": target.architecture,
    "build-arg:TARGETVARIANT": target.variant ?? "",
    // What the caller gives counts in the build, too.
    ...frontendAttrs,
    platform,
  };
}

/** A processor alone: BuildKit of an engine builds for linux. */
const PROCESSOR_REGEXP =
  /^(?:amd64|x86[_-]64|arm64|aarch64|arm|armhf|armel|i?386|ppc64le|riscv64|s390x)$/i;

/** A system and a processor, with or without its variant. */
const PLATFORM_REGEXP = /^[\w-]+(?:\/[\w.-]+){1,2}$/;

function byId(
  mounts: readonly DockerfileMount[],
): ReadonlyMap<string, DockerfileMount> {
  return new Map(mounts.toReversed().map((mount) => [mount.id, mount]));
}

/** The line of the step; 0 where it is not known. */
function lineOf({ place }: DockerfileMount): number {
  return place?.ranges[0]?.start ?? 0;
}

/** Holds the given secrets against what the target mounts. */
function checkMounts(
  { secret: wanted }: TargetMounts,
  { request: { strict }, inputs: { secrets }, record }: Build,
): void {
  const given = secrets.ids();
  const missing = [...wanted.values()].filter(({ id }) => !given.includes(id))
    .toSorted((a, b) => lineOf(a) - lineOf(b));
  if (strict.missing && missing.length > 0) {
    for (const { id } of missing) {
      record.tell({ type: "secret", id, state: "missing" });
    }
    const words = missing.map(({ id, required, place }) =>
      `${required ? "requires" : "mounts"} secret "${id}"${
        place === undefined ? "" : ` (${place.file}:${place.ranges[0]!.start})`
      }`
    ).join(" and ");
    throw new SecretError(
      missing[0]!.id,
      `The build was stopped before its first step: this target ${words}, which ${
        missing.length === 1 ? "is" : "are"
      } not given; give ${
        missing.length === 1 ? "it" : "them"
      }, or build without strictSecrets`,
    );
  }
  // What fetches from a network takes these without a mount.
  const unused = given.filter((id) => !wanted.has(id) && !isProbed(id));
  if (!strict.unused || unused.length === 0) return;
  for (const id of unused) {
    record.tell({ type: "secret", id, state: "unused" });
  }
  throw new SecretError(
    unused[0]!,
    `The build was stopped before its first step: ${
      unused.map((id) => `secret "${id}"`).join(" and ")
    } ${
      unused.length === 1 ? "was" : "were"
    } given, and no step of this target mounts ${
      unused.length === 1 ? "it" : "them"
    }; leave ${
      unused.length === 1 ? "it" : "them"
    } out, or build without strictSecrets`,
  );
}
