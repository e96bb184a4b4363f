import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../mod.ts";
import { assertStringIncludes } from "../support/assert.ts";
import { engineTest, isRecent } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarBytes } from "../support/tar.ts";
import { FLOODS } from "./floods.ts";
import { sendRaw } from "../gateway/gateway.ts";

/** What another client's ping may take beside a flood, in milliseconds. */
const MAX_PING_MS = 250;

/** How many times as long as alone another client's build may take beside it. */
const MAX_FACTOR = 2;

/** A machine has other things to do: what is slow because of the flood is slow each time. */
const TRIES = 8;

/** How long one try pings, in milliseconds: a flood has gaps, and each try a part of it. */
const PINGING_MS = 2000;

/** A program of its own, until it is closed. */
async function start(
  file: string,
  ...args: string[]
): Promise<AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--no-check",
      new URL(file, import.meta.url).href,
      ...args,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  assertStringIncludes(new TextDecoder().decode(value), "ready");
  return {
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function ping(path: string): Promise<void> {
  const { status } = await sendRaw(
    path,
    "GET /_ping HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    60_000,
  ).catch(() => ({ status: 0 }));
  // Its connection may have been one too many.
  if (status !== 200) throw new Error(`ping: ${status}`);
}

async function build(path: string): Promise<void> {
  const body = await tarBytes({
    Dockerfile: `FROM davit-test/base\nRUN echo ${crypto.randomUUID()}\n`,
  });
  const secrets = encodeSecretsHeader([["t", new Secret(crypto.randomUUID())]]);
  const { text } = await sendRaw(
    path,
    await new Blob([
      `POST /build?networkmode=none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n` +
      `X-BuildKit-Secrets: ${secrets}\r\nContent-Length: ${body.length}\r\n\r\n`,
      body,
    ]).bytes(),
    60_000,
  );
  assertStringIncludes(text, "moby.image.id");
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
}

/** The best of several tries that is below the limit, or all of them. */
async function below(
  limit: number,
  measure: () => Promise<number>,
): Promise<number | number[]> {
  const seen: number[] = [];
  while (seen.length < TRIES) {
    const ms = await measure();
    if (ms < limit) return ms;
    seen.push(Math.round(ms));
  }
  return seen;
}

engineTest(
  "one client's flood delays no other: pings stay short, and builds below twice their time alone",
  async (engine) => {
    await withTempFolder(async (folder) => {
      const path = `${folder}/gateway.sock`;
      await using _gateway = await start(
        "../gateway/gateway_process.ts",
        engine.host,
        path,
      );
      await build(path); // the first one finds nothing warm
      const alone: number[] = [];
      while (alone.length < 5) alone.push(await took(() => build(path)));
      const limit = MAX_FACTOR * median(alone);
      const late: Record<string, unknown> = {};
      for (const flood of FLOODS) {
        await using _flood = await start("flood_process.ts", flood, path);
        const pings = await below(MAX_PING_MS, async () => {
          const times: number[] = [];
          const end = performance.now() + PINGING_MS;
          while (performance.now() < end) {
            times.push(await took(() => ping(path)));
          }
          return Math.max(...times);
        });
        const builds = await below(limit, () => took(() => build(path)));
        if (typeof pings !== "number" || typeof builds !== "number") {
          late[flood] = { pings, builds };
        }
      }
      if (Object.keys(late).length > 0) {
        throw new Error(
          `a build alone takes ${Math.round(median(alone))} ms; beside it: ${
            JSON.stringify(late)
          }`,
        );
      }
    });
  },
  isRecent,
);
