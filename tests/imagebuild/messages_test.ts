import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import {
  type BuildMessage,
  DockerClient,
  type ImageBuildOptions,
} from "../../mod.ts";
import type { TraceMessage } from "../../lib/types.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";
import { readTrace, TRACE_GENERATIONS } from "../progress/traces.ts";

// A scripted engine repeats what a real one said: of that each byte is known.

/** Runs a build that is answered with these lines. */
async function answered(
  lines: readonly string[],
  options: ImageBuildOptions,
  read: (build: ReturnType<DockerClient["imageBuild"]>) => Promise<void>,
): Promise<void> {
  await using engine = await startFakeEngine(async (request) => {
    await drainChunked(request);
    await request.write(BUILD_HEAD);
    for (const line of lines) await request.write(`${line}\r\n`);
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    session: false,
    secretsVia: "header",
    ...options,
  });
  await read(build);
  await build.wait();
}

function linesOf(trace: string): string[] {
  return readTrace(trace).map((line) => JSON.stringify(line));
}

/** The engine's messages as they stood on the wire. */
function wireLines(messages: readonly BuildMessage[]): string[] {
  return messages.filter(({ id }) => !id?.startsWith("davit."))
    .map((message) => {
      const { trace: _decoded, ...rest } = message as TraceMessage;
      return JSON.stringify(rest);
    });
}

const SECRETS = { a: { value: "not-a-word-of-these-logs" } };

for (const generation of TRACE_GENERATIONS) {
  for (
    const [name, options] of [
      ["stages", { secrets: SECRETS }],
      ["warnings", { secrets: SECRETS }],
      ["output", {}],
      ["classic_output", { version: "1" }],
    ] as const
  ) {
    Deno.test(`messages() of ${generation}_${name} are the engine's byte for byte, also for a reader that comes when all is over`, async () => {
      const lines = linesOf(`${generation}_${name}`);
      await answered(lines, options, async (build) => {
        const live = await Array.fromAsync(build.messages());
        assertEquals(wireLines(live), lines);
        for (const message of live) {
          if (!("trace" in message)) continue;
          assertEquals(message.trace, decodeTrace(String(message.aux)));
        }
        await build.wait();
        assertEquals(await Array.fromAsync(build.messages()), live);
      });
    });
  }
}

Deno.test("what is masked is encoded again for who reads messages(), and for nobody else", async () => {
  const lines = linesOf("28_stages");
  const options = {
    secrets: { a: { value: "stage" }, b: { value: "line 1" } },
  };
  const { toBase64 } = Uint8Array.prototype;
  let encoded = 0;
  Uint8Array.prototype.toBase64 = function () {
    encoded++;
    return btoa(Array.from(this, (byte) => String.fromCharCode(byte)).join(""));
  };
  try {
    await answered(lines, options, async (build) => {
      let logs = "";
      for await (const event of build.events()) {
        if (event.type === "log") logs += event.text;
      }
      assert(logs.includes("***") && !logs.includes("line 1"), logs);
    });
    // The header that carries the secrets is all.
    const others = encoded;
    encoded = 0;
    await answered(lines, options, async (build) => {
      const messages = await Array.fromAsync(build.messages());
      const changed = wireLines(messages).filter((line) =>
        !lines.includes(line)
      );
      assert(changed.length > 0);
      assertEquals(encoded - others, changed.length);
      for (const message of messages) {
        if (!("trace" in message)) continue;
        assertEquals(message.trace, decodeTrace(String(message.aux)));
      }
    });
  } finally {
    Uint8Array.prototype.toBase64 = toBase64;
  }
});

Deno.test("davit's own messages stand among the engine's in the order of what happened", async () => {
  const lines = linesOf("28_output");
  const secrets = { e: { value: "" }, s: { value: "abc" } };
  await answered(lines, { secrets }, async (build) => {
    const messages = await Array.fromAsync(build.messages());
    const own = messages.slice(0, -lines.length);
    assertEquals(wireLines(messages), lines);
    assertEquals(wireLines(messages.slice(-lines.length)), lines);
    assertEquals(own.map(({ id, aux }) => [id, aux]), [
      ["davit.warning", { code: "secret-short", name: "s" }],
      ["davit.warning", { code: "secret-empty", name: "e" }],
      [
        "davit.context",
        { filesReused: 0, bytesOffered: 2048, bytesSent: 2048 },
      ],
    ]);
    assertEquals(Object.keys(own[0]!), ["id", "status", "aux"]);
    assertEquals(
      own[0]!.status,
      'secret "s" is not masked in the log: it has fewer than 4 bytes, and would mask everything',
    );
  });
});

for (
  const [what, secrets] of [
    ["as they came", {}],
    ["where all are masked", { s: { value: "what-a-step-prints" } }],
  ] as const
) {
  Deno.test(`the newest 16 MiB are kept for a reader that comes late, ${what}; one warning tells what it lost`, async () => {
    const data = new TextEncoder().encode(
      `what-a-step-prints ${"and more ".repeat(50_000)}\n`,
    );
    const log = {
      vertex: "sha256:0",
      stream: 1,
      timestamp: { seconds: 1, nanos: 0 },
      data,
    };
    const status = { vertexes: [], statuses: [], warnings: [], logs: [log] };
    const line = JSON.stringify({
      id: "moby.buildkit.trace",
      aux: encodeTrace(status),
    });
    const lines = [
      ...Array.from({ length: 40 }, () => line),
      '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}',
    ];
    await answered(lines, { secrets }, async (build) => {
      await build.wait();
      const messages = await Array.fromAsync(build.messages());
      const [lost, ...kept] = messages;
      const logs = kept.filter((message) => "trace" in message);
      const text = new TextDecoder().decode(logs[0]!.trace.logs[0]!.data);
      assert(text.startsWith("s" in secrets ? "*** and" : "what-a-step"));
      // Each takes about the room of its message.
      assertEquals(logs.length, Math.floor(16 * 1024 * 1024 / line.length));
      // Besides the engine's there is what was said of the context.
      const count = lines.length + 1 - kept.length;
      assertEquals<unknown>(lost, {
        id: "davit.warning",
        status:
          `${count} messages are missing here: they were read too slowly, or too late`,
        aux: { code: "messages-lost", count },
      });
      const [event] = await Array.fromAsync(build.events());
      assert(event?.type === "warning" && event.code === "messages-lost");
      const { warnings } = await build.result();
      assertEquals(warnings, [], "it is said to that reader alone");
    });
  });
}
