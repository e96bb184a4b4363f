import { fromBinary } from "@bufbuild/protobuf";
// @ts-types="../../lib/std/base64.d.ts"
import { decodeBase64 } from "@std/encoding/base64";
import type { BuildMessage, DockerClient } from "../../mod.ts";
import { StatusResponseSchema } from "../../lib/proto/gen/trace_pb.ts";
import { tarOf } from "../../tests/support/tar.ts";

/** What is built, and who listens. */
export interface SecretBuild {
  /** The secret's value. */
  readonly token: string;
  /** Image to build from. */
  readonly base: string;
  /** Cancels the build. */
  readonly signal: AbortSignal;
  /** Gets the log, line by line, as it comes. */
  readonly onText: (line: string) => void;
}

/** Builds `examples/secret/Dockerfile`. */
export async function buildWithSecret(
  docker: DockerClient,
  options: SecretBuild,
): Promise<{ imageId: string; log: string }> {
  const dockerfile = await Deno.readTextFile(
    new URL("./Dockerfile", import.meta.url),
  );
  await using build = docker.imageBuild(tarOf({ Dockerfile: dockerfile }), {
    tag: "davit-demo/secret:latest",
    buildargs: { BASE: options.base },
    networkmode: "none",
    nocache: true, // a cached step would not ask for its secret again
    secrets: { github_token: options.token },
    strictSecrets: true,
    signal: options.signal,
  });
  let log = "";
  const seen = new Set<string>();
  for await (const message of build.messages()) {
    for (const line of linesOf(message, seen)) {
      log += `${line}\n`;
      options.onText(line);
    }
  }
  return { imageId: await build.wait(), log };
}

/** Names of steps as they begin, and what they print. */
function* linesOf(
  message: BuildMessage,
  seen: Set<string>,
): Generator<string> {
  if (message.id === "davit.warning") yield `WARN ${message.status}`;
  if (message.id !== "moby.buildkit.trace") return;
  const { vertexes, logs } = fromBinary(
    StatusResponseSchema,
    decodeBase64(message.aux as string),
  );
  for (const { digest, name, started } of vertexes) {
    if (started === undefined || seen.has(digest)) continue;
    seen.add(digest);
    yield name;
  }
  for (const { msg } of logs) {
    const text = new TextDecoder().decode(msg).trimEnd();
    for (const line of text.split("\n")) yield `    ${line}`;
  }
}
