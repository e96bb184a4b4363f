import { denoLacks, OLDEST_DENO, requireDenoVersion } from "../deno_version.ts";
import type { DockerClient } from "../client/docker_client.ts";
import type { Ping } from "../engine/ping_headers.ts";
import type { Endpoint } from "../transport/endpoint.ts";
import { buildBuilder, type ChosenBuilder } from "./build_builder.ts";
import type { CommandContext } from "./command.ts";
import { tryBuild } from "./doctor_build.ts";
import { chooseEngine } from "./engine_choice.ts";
import { type Finding, Findings } from "./findings.ts";
import type { ParsedWords } from "./flag.ts";
import { missingPermissions } from "./missing_permissions.ts";
import { openClient } from "./open_client.ts";
import { loadModule } from "./load_module.ts";

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
  const builder = await findings.look(() => builderOf(parsed));
  if (builder === ENGINE) {
    await checkEngine(parsed, findings, signal);
    return findings.exitCode;
  }
  await findings.look(() => checkPermissions(undefined));
  if (builder !== undefined) {
    const { checkBuilder } = await loadModule<
      typeof import("./doctor_builder.ts")
    >("./doctor_builder.ts");
    await checkBuilder({ chosen: builder, parsed, findings, signal });
  }
  return findings.exitCode;
}

/** Stands for the engine where no builder is chosen in its place. */
const ENGINE = Symbol("engine");

/** What builds. Nothing is said of an engine that does so by itself. */
async function builderOf(
  parsed: ParsedWords,
): Promise<Finding<ChosenBuilder | typeof ENGINE>> {
  const chosen = await buildBuilder(parsed);
  if (chosen === undefined) return [undefined, ENGINE];
  const { builder: { name, driver }, why } = chosen;
  return [`builder: ${name}, driver ${driver}, ${why}`, chosen];
}

/** Checks the engine that the flags name. */
async function checkEngine(
  parsed: ParsedWords,
  findings: Findings,
  signal: AbortSignal,
): Promise<void> {
  const chosen = await findings.look(async () => {
    const chosen = await chooseEngine(parsed);
    const lines = [
      `engine: ${chosen.address}, ${chosen.why}`,
      ...chosen.passedOver.map((why) => `  passed over: ${why}`),
    ];
    return [lines.join("\n"), chosen] as const;
  });
  await findings.look(() => checkPermissions(chosen?.endpoint));
  if (chosen === undefined) return;
  await using docker = await openClient(parsed);
  const ping = await findings.look(async () => {
    using patience = new Patience(chosen.address, signal);
    const { signal: both } = patience;
    const ping = await docker.ping({ signal: both });
    const { Version, Os, Arch } = await docker.version({ signal: both });
    const name = ping.libpodApiVersion === undefined ? "Docker" : "podman";
    const api = await docker.apiVersion();
    return [`${name} ${Version} on ${Os}/${Arch}, API ${api}`, ping] as const;
  });
  if (ping !== undefined) {
    await findings.look(() => checkBuild(docker, ping, signal));
  }
}

/** How long an engine may take to say what it is. */
const PATIENCE_MS = 30_000;

/**
 * Ends the wait for an engine that takes the connection and does not answer, as
 * one does whose machine sleeps.
 */
class Patience implements Disposable {
  /** Aborted at the end of the patience, or by the signal that was given. */
  readonly signal: AbortSignal;
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(address: string, signal: AbortSignal) {
    const over = new AbortController();
    this.signal = AbortSignal.any([signal, over.signal]);
    this.#timer = setTimeout(
      () =>
        over.abort(
          new Error(
            `no answer from ${address} in ${
              PATIENCE_MS / 1000
            } s, though something listens there: restart the engine, or set DOCKER_HOST to the address of another one`,
          ),
        ),
      PATIENCE_MS,
    );
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

function checkPermissions(endpoint: Endpoint | undefined): Finding {
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
): Promise<Finding> {
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
  return await tryBuild(docker, "BuildKit", { signal });
}
