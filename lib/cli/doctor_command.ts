import { denoLacks, OLDEST_DENO, requireDenoVersion } from "../deno_version.ts";
import type { Builder } from "../builder/builder.ts";
import type { DockerClient } from "../client/docker_client.ts";
import type { Ping } from "../engine/ping_headers.ts";
import type { Endpoint } from "../transport/endpoint.ts";
import { buildBuilder } from "./builders.ts";
import type { CommandContext } from "./command.ts";
import type { ParsedWords } from "./flag.ts";
import { chooseEngine } from "./engine_choice.ts";
import { openClient } from "./open_client.ts";
import { EXIT_FAILED, EXIT_OK } from "./exit.ts";
import { missingPermissions } from "./missing_permissions.ts";
import { print } from "./print.ts";

/**
 * Runs `davit doctor`. A check that fails does not stop the others that can
 * still be made.
 */
export async function runDoctor(
  { parsed, signal }: CommandContext,
): Promise<number> {
  const findings = new Findings(signal);
  await findings.look(() => {
    requireDenoVersion();
    return [
      [
        `Deno ${Deno.version.deno}: ${OLDEST_DENO} or newer is needed`,
        ...denoLacks().map(({ since, what }) =>
          `  before Deno ${since}: ${what}`
        ),
      ].join("\n"),
    ];
  });
  const chosen = await findings.look(async () => {
    const chosen = await chooseEngine(parsed);
    return [`engine: ${chosen.address}, ${chosen.why}`, chosen] as const;
  });
  await findings.look(() => checkPermissions(chosen?.endpoint));
  await checkBuilder(parsed, findings, signal);
  if (chosen === undefined) return findings.exitCode;
  await using docker = await openClient(parsed);
  const ping = await findings.look(async () => {
    const ping = await docker.ping({ signal });
    const { Version, Os, Arch } = await docker.version({ signal });
    const name = ping.libpodApiVersion === undefined ? "Docker" : "podman";
    const api = await docker.apiVersion();
    return [`${name} ${Version} on ${Os}/${Arch}, API ${api}`, ping] as const;
  });
  if (ping !== undefined) {
    await findings.look(() => checkBuild(docker, ping, signal));
  }
  return findings.exitCode;
}

/** Checks the builder that builds in the place of the engine, if there is one. */
async function checkBuilder(
  parsed: ParsedWords,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const chosen = await findings.look(async () => {
    const chosen = await buildBuilder(parsed);
    if (chosen === undefined) return undefined;
    const { builder: { name, driver }, why } = chosen;
    return [`builder: ${name}, driver ${driver}, ${why}`, chosen] as const;
  });
  if (chosen === undefined) return;
  const { builderChecks } = await import("./doctor_builder.ts");
  const build = (builder: DockerClient | Builder, what: string) =>
    tryBuild(builder, what, signal);
  for (const check of builderChecks(chosen, parsed, build, signal)) {
    await findings.look(check);
  }
}

/** Prints one line for each check and keeps the exit code. */
class Findings {
  readonly #signal: AbortSignal;
  exitCode = EXIT_OK;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * Runs one check and prints its outcome; resolves to undefined if it fails, or
   * if there was nothing to check.
   */
  async look<T>(
    check: () =>
      | readonly [line: string, found?: T]
      | Promise<readonly [line: string, found?: T] | undefined>,
  ): Promise<T | undefined> {
    try {
      const [line, found] = await check() ?? [];
      if (line === undefined) return undefined;
      print(`✓ ${line}`);
      return found;
    } catch (error) {
      this.#signal.throwIfAborted();
      this.exitCode = EXIT_FAILED;
      for (const line of explain(error)) print(line);
      return undefined;
    }
  }
}

function checkPermissions(endpoint: Endpoint | undefined): readonly [string] {
  const missing = missingPermissions(".", endpoint);
  if (missing.length === 0) {
    return ["permissions: all for a build of this folder"];
  }
  throw new Error(
    `permissions are missing for a build of this folder: add ${
      missing.join(" ")
    }`,
  );
}

async function checkBuild(
  docker: DockerClient,
  ping: Ping,
  signal: AbortSignal,
): Promise<readonly [string]> {
  if (ping.gateway) {
    return [
      "a davit gateway: contexts go as a tar and secrets in the header; ssh and exports are not to be had",
    ];
  }
  if (ping.libpodApiVersion !== undefined) {
    throw new Error(
      "podman has no BuildKit and no session: images can be built, but without secrets, ssh and outputs; use a docker engine for them",
    );
  }
  return await tryBuild(docker, "BuildKit", signal);
}

/** Builds what needs nothing, and leaves nothing. */
async function tryBuild(
  builder: DockerClient | Builder,
  what: string,
  signal: AbortSignal,
): Promise<readonly [string]> {
  let bytes = 0;
  const dest = new WritableStream<Uint8Array>({
    write: (chunk) => {
      bytes += chunk.length;
    },
  });
  await builder.imageBuild(
    { dockerfile: { text: "FROM scratch\nLABEL davit=doctor\n" } },
    // A tar export leaves nothing there, and its bytes are only counted
    // here.
    { outputs: { type: "tar", dest }, signal },
  ).result();
  return [
    `${what}: it took a Dockerfile by file sync, over a session, and sent an export of ${bytes} bytes`,
  ];
}

/**
 * The messages of an error and of its causes, with the permission flag that is
 * missing, if that is the reason.
 */
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
