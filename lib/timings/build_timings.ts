import { BuildError } from "../errors.ts";
import type { BuildHistoryLog } from "../history/options.ts";
import type { ImageBuild } from "../imagebuild/image_build.ts";
import type { BuildResult } from "../imagebuild/result.ts";
import { traceOf } from "../imagebuild/trace.ts";
import { BuildState, SHOWN } from "../progress/state.ts";
import { collectTimings, type KnownFailure } from "./collect.ts";
import type { BuildTimings } from "./timings.ts";

/**
 * Where the time of a build went: its steps and what each of them waited for,
 * the critical path, the time of each instruction, and a summary in words. Show
 * it with {@linkcode timingsHtml}, {@linkcode timingsSvg} or
 * {@linkcode timingsText}.
 *
 * @param build A build, the result of one, or one of the engine's history, as
 * `buildHistory().logs()` gives it. Of a build that runs, the end is waited for;
 * that it fails is no error here, but told in `failure`.
 * @throws {BuildHistoryError} If the engine does not remember the build any
 * more; and what else asking for its history throws.
 * @throws {TypeError} If it is none of these.
 * @example
 * ```ts
 * import { DockerClient } from "@davit/build";
 * import { buildTimings, timingsText } from "@davit/build/timings";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * // The newest build of the engine, whoever began it.
 * const log = await docker.buildHistory().logs();
 * console.log(timingsText(await buildTimings(log)));
 * ```
 */
export async function buildTimings(
  build:
    | Pick<ImageBuild, "events" | "result">
    | BuildResult
    | BuildHistoryLog,
): Promise<BuildTimings> {
  const trace = Object(build) === build ? traceOf(build) : undefined;
  if (trace !== undefined) {
    const failure = "result" in build ? await failureOf(build) : undefined;
    return collectTimings(trace.state, {
      dockerfile: trace.dockerfile(),
      failure,
      silentMs: trace.silentMs(),
      withoutCache: trace.withoutCache(),
    });
  }
  if (!isLog(build)) {
    throw new TypeError(
      "Cannot tell where the time went: expected a build, its result, or what buildHistory().logs() gives",
    );
  }
  const state = new BuildState(SHOWN);
  for await (const event of build.events()) state.apply(event);
  const error = await build.failure();
  return collectTimings(state, {
    dockerfile: await build.dockerfile(),
    failure: error && known(error),
    withoutCache: withoutCacheIn(await build.attrs()),
  });
}

/** The word for BuildKit's frontend: stages, or none where all are meant. */
function withoutCacheIn(
  { "no-cache": stages }: Readonly<Record<string, string>>,
): readonly string[] | true {
  return stages === "" || (stages?.split(",") ?? []);
}

function isLog(build: unknown): build is BuildHistoryLog {
  const log = Object(build) as Partial<BuildHistoryLog>;
  return [log.events, log.dockerfile, log.attrs, log.failure].every((method) =>
    typeof method === "function"
  );
}

async function failureOf(
  build: Pick<ImageBuild, "result">,
): Promise<KnownFailure | undefined> {
  try {
    await build.result();
    return undefined;
  } catch (error) {
    if (error instanceof BuildError) return known(error);
    const { name, message } = error instanceof Error
      ? error
      : { name: "", message: String(error) };
    return { message, canceled: name === "AbortError" };
  }
}

function known({ detail, vertex, source }: BuildError): KnownFailure {
  return {
    message: detail,
    vertex,
    lines: source && { start: source.startLine, end: source.endLine },
    excerpt: source?.excerpt,
  };
}
