import type { DockerClient } from "../client.ts";
import { OLDEST_DENO, requireDenoVersion } from "../deno_version.ts";
import type { Ping } from "../engine/ping.ts";
import { readCliConfig } from "../transport/docker_config.ts";
import type { CommandContext } from "./command.ts";
import { openClient } from "./open_client.ts";
import { EXIT_FAILED, EXIT_OK } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { print } from "./print.ts";

/** `davit doctor`: looks at one thing after the other, up to the first that fails. */
export async function runDoctor(
  { parsed, signal }: CommandContext,
): Promise<number> {
  let docker: DockerClient | undefined;
  let ping: Ping | undefined;
  const checks: (() => Promise<string>)[] = [
    () => {
      requireDenoVersion();
      return Promise.resolve(
        `Deno ${Deno.version.deno}: ${OLDEST_DENO} or newer is needed`,
      );
    },
    async () => `engine: ${await whichEngine(parsed)}`,
    async () => {
      docker = await openClient(parsed);
      ping = await docker.ping({ signal });
      const { Version, Os, Arch } = await docker.version({ signal });
      const name = ping.libpodApiVersion === undefined ? "Docker" : "podman";
      return `${name} ${Version} on ${Os}/${Arch}, API ${await docker
        .apiVersion()}`;
    },
    async () => {
      if (ping!.gateway) {
        return "a davit gateway: contexts go as a tar and secrets in the header; ssh and exports are not to be had";
      }
      if (ping!.libpodApiVersion !== undefined) {
        throw new Error(
          "podman has no BuildKit and no session: secrets only with allowSecretFiles, ssh and exports not at all; use a docker engine for them",
        );
      }
      const { context } = await docker!.imageBuild(
        { dockerfile: { text: "FROM scratch\nLABEL davit=doctor\n" } },
        // No engine keeps what is exported to nowhere.
        { outputs: { type: "tar", dest: new WritableStream() }, signal },
      ).result();
      return `BuildKit builds, over a session with file sync (${context.bytesSent} bytes sent) and export`;
    },
  ];
  try {
    for (const check of checks) {
      try {
        print(`✓ ${await check()}`);
      } catch (error) {
        signal.throwIfAborted();
        for (const line of explain(error)) print(line);
        return EXIT_FAILED;
      }
    }
    return EXIT_OK;
  } finally {
    await docker?.close();
  }
}

/** Which engine it is, and why this one. */
async function whichEngine(parsed: ParsedWords): Promise<string> {
  const host = parsed.text("host");
  if (host !== undefined) return `${host}, by --host`;
  const context = parsed.text("context");
  if (context !== undefined) return `docker context "${context}", by --context`;
  const fromEnv = Deno.env.get("DOCKER_HOST");
  if (fromEnv) return `${fromEnv}, by DOCKER_HOST`;
  const named = Deno.env.get("DOCKER_CONTEXT");
  if (named) return `docker context "${named}", by DOCKER_CONTEXT`;
  const config = await readCliConfig();
  const current = config?.fields.currentContext;
  if (typeof current === "string" && current !== "" && current !== "default") {
    return `docker context "${current}", the current one of ${config!.path}`;
  }
  return "the first default socket that answers: neither DOCKER_HOST nor a context names one";
}

/** The words of a failure, and the flag that is missing, if that is all. */
function explain(error: unknown): string[] {
  const lines: string[] = [];
  for (
    let cause = error;
    cause instanceof Error && lines.length < 5;
    cause = cause.cause
  ) {
    lines.push(`${lines.length === 0 ? "✗" : " "} ${cause.message}`);
    const [, kind, what] =
      /Requires (\w+) access to "([^"]+)"/.exec(cause.message) ?? [];
    if (kind !== undefined) lines.push(`  add --allow-${kind}=${what}`);
  }
  return lines.length > 0 ? lines : [`✗ ${error}`];
}
