import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { type FakeRequest, startFakeEngine } from "../support/fake_engine.ts";
import { tarBytes } from "../support/tar.ts";
import { shortSilence } from "../support/short_silence.ts";
import { until } from "../support/until.ts";
import { davitHere } from "./in_process.ts";
import { pong } from "./scripted.ts";

const INFO = JSON.stringify({ Driver: "overlay2", OSType: "linux" });

async function refuse(request: FakeRequest): Promise<void> {
  await request.write(
    "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
  );
}

/** Builds at an engine that takes a question and is silent for a while. */
async function buildSilent(
  args: readonly string[],
  { at, isTold = false, isTerminal = false }: {
    readonly at: RegExp;
    /** Whether the engine waits until that is told. */
    readonly isTold?: boolean;
    readonly isTerminal?: boolean;
  },
) {
  using silences = shortSilence();
  const shown = Promise.withResolvers<void>();
  let last = "";
  let isTakenBack = false;
  await using engine = await startFakeEngine(async (request) => {
    if (at.test(request.target)) {
      await silences.pass();
      if (isTold) await shown.promise;
    } else if (isTerminal && request.target.includes("/build")) {
      await until(() => !last.includes("no answer"), "a frame without it");
      isTakenBack = true;
    } else if (request.target.includes("/info")) {
      return await request.write(
        `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${INFO.length}\r\n\r\n${INFO}`,
      );
    }
    await refuse(request);
  }, pong("Builder-Version: 2"));
  const { stderr } = await davitHere(
    ["build", ...args, "-H", engine.host, "-"],
    {
      stdin: await tarBytes({ Dockerfile: "FROM scratch\n" }),
      terminals: isTerminal ? ["stderr"] : [],
      wrote(text) {
        last = text;
        if (text.includes("no answer")) shown.resolve();
      },
    },
  );
  return { stderr, host: engine.host, isTakenBack };
}

Deno.test("davit build tells what it waits for when an engine answers its ping and nothing else", async () => {
  const { stderr, host } = await buildSilent([], { at: /info/, isTold: true });
  const line = `no answer for 10 s from ${host} to GET /info; still waiting\n`;
  assertEquals(stderr.split(line).length, 2, stderr);
});

Deno.test("a display in a terminal shows what is waited for until the answer comes", async () => {
  const { stderr, isTakenBack } = await buildSilent(["--progress=tty"], {
    at: /session/,
    isTold: true,
    isTerminal: true,
  });
  assertStringIncludes(stderr, "\x1b[33mno answer for 10 s from unix://");
  assert(isTakenBack, stderr);
});

for (const flag of ["--quiet", "--progress=rawjson", "--progress=none"]) {
  Deno.test(`davit build ${flag} tells nothing of a silent engine`, async () => {
    const { stderr } = await buildSilent([flag], { at: /info|session/ });
    assertFalse(stderr.includes("no answer"), stderr);
    assertStringIncludes(stderr, "ERROR");
  });
}
