// `davit build` with a builder of buildx that is a BuildKit daemon, or several.

import type { Builder } from "../builder/builder.ts";
import type { DockerClient } from "../client/docker_client.ts";

import type { BuildResult } from "../imagebuild/result.ts";
import { passOn } from "../streams/pass_on.ts";
import type { BuildSite, SiteInit } from "./build_site.ts";
import { isAttestingOff } from "./buildx_defaults.ts";
import type { ParsedWords } from "./flag.ts";
import { openClient } from "./open_client.ts";
import type { OutputPlan } from "./output_flag.ts";

/**
 * Prepares a build by a daemon. As buildx does it, the build records its
 * provenance in the mode "min" unless a flag or `BUILDX_NO_DEFAULT_ATTESTATIONS`
 * says otherwise.
 *
 * @param builder Is closed with the site.
 * @param node The builder's name and its node's, as buildx has them in its files.
 * @throws {UsageError} If that variable has a value that is neither yes nor no.
 */
export function daemonSite(
  builder: Builder,
  node: string,
  parsed: ParsedWords,
  plan: OutputPlan,
  { options, metadata, watching }: SiteInit,
): BuildSite {
  const attests = options.attest?.provenance === undefined &&
    !isAttestingOff() && makesImage(plan);
  return {
    options: {
      ...options,
      ...(attests
        ? {
          attest: {
            ...options.attest,
            provenance: { mode: "min", inlineOnly: true },
          },
        }
        : {}),
      // The file names the record.
      ...(watching && !metadata ? { history: false } : {}),
    },
    docker: undefined,
    node,
    async build(options, run, { signal }) {
      const { outputs, load } = plan;
      if (load) {
        await using docker = await openClient(parsed);
        // An engine that is not there is told before the build, not after it.
        await docker.apiVersion({ signal });
        const result = await loading(docker, signal, (archive) =>
          run(builder, {
            ...options,
            outputs: [...outputs, { type: "docker", dest: archive }],
          }));
        return { result, pushed: undefined };
      }
      const given = outputs.length === 0 ? options : { ...options, outputs };
      return { result: await run(builder, given), pushed: undefined };
    },
    [Symbol.asyncDispose]: () => builder.close(),
  };
}

function makesImage({ outputs, load }: OutputPlan): boolean {
  return load || outputs.length === 0 ||
    outputs.some(({ type }) => !["local", "tar", "cacheonly"].includes(type));
}

/** Builds, and loads the archive into an engine while it comes. */
async function loading(
  docker: DockerClient,
  signal: AbortSignal,
  build: (archive: WritableStream<Uint8Array>) => Promise<BuildResult>,
): Promise<BuildResult> {
  const { readable, writable } = new TransformStream<
    Uint8Array<ArrayBuffer>,
    Uint8Array<ArrayBuffer>
  >();
  const archive = passOn(readable.getReader());
  const [built, loaded] = await Promise.allSettled([
    build(writable as WritableStream<Uint8Array>),
    docker.imageLoad(archive.stream, { signal }),
  ]);
  // Who fails first is the reason: an engine that takes no more makes the build
  // fail, and a build without an archive leaves nothing to load.
  if (loaded.status === "rejected" && archive.isGivenUp) throw loaded.reason;
  if (built.status === "rejected") throw built.reason;
  if (loaded.status === "rejected") throw loaded.reason;
  return built.value;
}
