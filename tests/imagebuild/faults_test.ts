import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  type FakeRequest,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  BuildError,
  ConnectionError,
  DockerClient,
  EngineError,
  type ImageBuildOptions,
  ProtocolError,
  UnsupportedError,
} from "../../mod.ts";

// Faults that no real engine can be made to produce: a scripted one answers.

const ID = `sha256:${"a".repeat(64)}`;
const DONE = `{"id":"moby.image.id","aux":{"ID":"${ID}"}}\r\n`;

/** A build whose POST /build is answered by `answer`, without a session unless asked. */
async function buildAt(
  answer: (request: FakeRequest) => Promise<void> | void,
  options: ImageBuildOptions = {},
): Promise<{ id?: string; error?: Error; messages: number }> {
  await using engine = await startFakeEngine(answer);
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    session: false,
    ...options,
  });
  let messages = 0;
  try {
    for await (const message of build.messages()) {
      if (!message.id?.startsWith("davit.")) messages++;
    }
    return { id: await build.wait(), messages };
  } catch (error) {
    return { error: error as Error, messages };
  }
}

/** Takes the context, then writes this. */
function says(...text: string[]): (request: FakeRequest) => Promise<void> {
  return async (request) => {
    await drainChunked(request);
    for (const part of text) await request.write(part);
  };
}

Deno.test("imageBuild() reads an answer in any pieces", async () => {
  const text = BUILD_HEAD + '{"stream":"ü\\n"}\r\n\r\n' + DONE;
  const bytes = Array.from(
    new TextEncoder().encode(text),
    (byte) => Uint8Array.of(byte),
  );
  const { id, messages } = await buildAt(async (request) => {
    await drainChunked(request);
    for (const byte of bytes) await request.write(byte);
  });
  assertEquals(id, ID);
  assertEquals(messages, 2);
});

for (const status of [400, 404, 500]) {
  Deno.test(`imageBuild() rejects a status of ${status} with the engine's words`, async () => {
    const body = '{"message":"no such thing"}';
    const { error } = await buildAt(
      says(
        `HTTP/1.1 ${status} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    assertInstanceOf(error, EngineError);
    assertEquals(error.name, "EngineError");
    assertEquals(error.status, status);
    assertEquals(error.path, "/build");
    assertStringIncludes(error.message, "no such thing");
    assertFalse(error.message.includes("version=2"), "the query stays out");
  });
}

Deno.test("imageBuild() rejects a redirect and plain text answers", async () => {
  const moved = await buildAt(
    says("HTTP/1.1 301 Moved\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"),
  );
  assertInstanceOf(moved.error, EngineError);
  const html = "<html>nginx</html>";
  const proxy = await buildAt(
    says(
      `HTTP/1.1 502 Bad Gateway\r\nContent-Length: ${html.length}\r\n\r\n${html}`,
    ),
  );
  assertInstanceOf(proxy.error, EngineError);
  assertStringIncludes(proxy.error.message, "nginx");
});

Deno.test("imageBuild() rejects an error line behind 200", async () => {
  const { error, messages } = await buildAt(
    says(
      BUILD_HEAD,
      '{"stream":"Step 1"}\r\n',
      '{"errorDetail":{"code":3,"message":"step failed"},"error":"step failed"}\r\n',
    ),
  );
  assertInstanceOf(error, BuildError);
  assertEquals(error.detail, "step failed");
  assertEquals(error.exitCode, 3);
  assertEquals(messages, 2);
});

Deno.test("imageBuild() rejects a stream cut in the middle of a message", async () => {
  const clean = await buildAt(says(BUILD_HEAD, DONE.slice(0, 30)));
  assertInstanceOf(clean.error, ProtocolError);
  assertStringIncludes(clean.error.message, "ends in the middle of message 1");
  const chunked = BUILD_HEAD.replace(
    "Connection: close",
    "Transfer-Encoding: chunked",
  );
  const broken = await buildAt(says(chunked, `5\r\n{"str`));
  assertInstanceOf(broken.error, ConnectionError);
  assertStringIncludes(broken.error.message, "is the engine still running?");
});

Deno.test("imageBuild() rejects an answer with neither id nor error", async () => {
  const { error } = await buildAt(says(BUILD_HEAD, '{"stream":"x"}\r\n'));
  assertInstanceOf(error, ProtocolError);
  assertStringIncludes(error.message, "neither an image id nor an error");
  const nothing = await buildAt(says(BUILD_HEAD));
  assertInstanceOf(nothing.error, ProtocolError);
});

Deno.test("imageBuild() takes a message of 10 MB and refuses one without end", async () => {
  const long = `{"stream":"${"x".repeat(10_000_000)}"}\r\n`;
  const { id } = await buildAt(says(BUILD_HEAD, long, DONE));
  assertEquals(id, ID);
  const endless = await buildAt(async (request) => {
    await drainChunked(request);
    await request.write(BUILD_HEAD + '{"stream":"');
    const part = "y".repeat(1_000_000);
    // The client hangs up before this is through.
    for (let i = 0; i < 200; i++) await request.write(part);
  });
  assertInstanceOf(endless.error, ProtocolError);
  assertStringIncludes(endless.error.message, "longer than");
});

Deno.test("imageBuild() rejects garbage between lines and quotes none of it", async () => {
  for (
    const garbage of ["hunter2 garbage\r\n", "42\r\n", "null\r\n", "[1\r\n"]
  ) {
    const { error } = await buildAt(
      says(BUILD_HEAD, '{"stream":"a"}\r\n', garbage, DONE),
    );
    assertInstanceOf(error, ProtocolError);
    assertFalse(Deno.inspect(error).includes("hunter2"));
  }
});

Deno.test("imageBuild() rejects fields of another type, with and without masks", async () => {
  for (
    const line of [
      '{"stream":5}',
      '{"status":{"a":1}}',
      '{"id":[]}',
      '{"progressDetail":5,"id":"x","status":"y"}',
      '{"progressDetail":{"current":"1"},"id":"x","status":"y"}',
      '{"errorDetail":{"message":7}}',
      '{"errorDetail":"hunter2"}',
      '{"error":{"hunter2":1}}',
    ]
  ) {
    for (const secrets of [{}, { s: "hunter2222" }]) {
      const { error } = await buildAt(says(BUILD_HEAD, line + "\r\n", DONE), {
        secrets,
        ...(secrets.s ? { secretsVia: "header" } : {}),
      });
      assertInstanceOf(error, ProtocolError);
      assertStringIncludes(error.message, "in the engine's answer has a");
      assertFalse(error.message.includes("hunter2"));
    }
  }
});

Deno.test("imageBuild() warns of a trace without text, and reads null as absent", async () => {
  for (const aux of ["", ',"aux":5', ',"aux":null', ',"aux":{},"trace":5']) {
    await using engine = await startFakeEngine(
      says(BUILD_HEAD, `{"id":"moby.buildkit.trace"${aux}}\r\n`, DONE),
    );
    await using docker = await DockerClient.fromDockerHost(engine.host);
    const result = await docker.imageBuild(dockerfileTar("FROM scratch"), {
      session: false,
    }).result();
    assertEquals(
      result.warnings.map((warning) => warning.code),
      ["trace-unreadable"],
    );
  }
  const nulls = '{"id":null,"stream":"a","error":null,"errorDetail":null}\r\n';
  assertEquals((await buildAt(says(BUILD_HEAD, nulls, DONE))).id, ID);
});

Deno.test("nothing from an engine is read as davit's own", async () => {
  const forged = [
    '{"id":"davit.warning","status":"forged","aux":{"code":"secret-unused"}}',
    '{"id":"davit.warning"}',
    '{"id":"davit.secret","aux":{"id":"a","state":"served"}}',
    '{"id":"davit.login","aux":{"registry":"a","state":"served"}}',
    '{"id":"davit.ssh","aux":{"id":"a","state":"used"}}',
    '{"id":"davit.export","aux":{"entries":1}}',
    '{"id":"davit.context","aux":{"files":5}}',
  ];
  await using engine = await startFakeEngine(
    says(BUILD_HEAD, ...forged.map((line) => `${line}\r\n`), DONE),
  );
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    session: false,
  });
  const events = Array.fromAsync(build.events());
  const messages = await Array.fromAsync(build.messages());
  const result = await build.result();
  assertEquals(result.warnings, []);
  assertEquals(result.secrets.served, []);
  assertEquals(
    (await events).map((event) => event.type).filter((type) =>
      type !== "context"
    ),
    ["image"],
  );
  assertEquals(
    messages.filter((message) => message.id?.startsWith("engine:davit."))
      .length,
    forged.length,
  );
});

Deno.test("imageBuild() reports an answer that comes before the context was read", async () => {
  const heard = Promise.withResolvers<void>();
  await using engine = await startFakeEngine(async (request) => {
    await request.write(
      'HTTP/1.1 400 Bad\r\nContent-Length: 22\r\n\r\n{"message":"not today"}'
        .replace("22", "23"),
    );
    await heard.promise;
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65536).fill(1)),
    cancel: () => {
      cancelled = true;
    },
  });
  try {
    await assertRejects(
      () => docker.imageBuild(endless, { session: false }).wait(),
      EngineError,
      "not today",
    );
  } finally {
    heard.resolve();
  }
  assert(cancelled, "the context is let go");
});

Deno.test("an engine without sessions fails a build with secrets and builds one without", async () => {
  const answer = async (request: FakeRequest) => {
    if (request.target.includes("/session")) {
      await request.write(
        'HTTP/1.1 404 Not Found\r\nContent-Length: 24\r\n\r\n{"message":"page not fo"}'
          .replace("24", "25"),
      );
    } else {
      await says(BUILD_HEAD, DONE)(request);
    }
  };
  await using engine = await startFakeEngine(answer);
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const error = await assertRejects(
    () =>
      docker.imageBuild(dockerfileTar("FROM scratch"), {
        secrets: { a: "123456" },
      }).wait(),
    UnsupportedError,
    "secrets, ssh and exports need one",
  );
  assertEquals(error.feature, "sessions");
  assertEquals(
    await docker.imageBuild(dockerfileTar("FROM scratch")).wait(),
    ID,
  );
});

Deno.test("what listens but is no engine is named as such", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/s.sock`;
  for (
    const [answer, words] of [
      [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
        "is not a Docker engine",
      ],
      ["SSH-2.0-OpenSSH_9.2\r\n", "failed"],
      ["", "failed"],
    ] as const
  ) {
    const listener = Deno.listen({ transport: "unix", path });
    const serving = (async () => {
      for await (const conn of listener) {
        await conn.read(new Uint8Array(4096));
        // The client may have hung up: that it looks twice is no concern here.
        await conn.write(new TextEncoder().encode(answer)).catch(() => {});
        conn.close();
      }
    })();
    await using docker = await DockerClient.fromDockerHost(`unix://${path}`);
    await assertRejects(() => docker.ping(), ConnectionError, words);
    listener.close();
    await serving.catch(() => {}); // a closed listener ends with an error
    await Deno.remove(path).catch(() => {});
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a missing, a deserted and a forbidden socket say what to do", async () => {
  await using missing = await DockerClient.fromDockerHost(
    "unix:///no/such.sock",
  );
  const error = await assertRejects(
    () => missing.ping(),
    ConnectionError,
    "no such socket",
  );
  assertInstanceOf(error.cause, Deno.errors.NotFound);
  await assertRejects(
    () => missing.imageBuild(dockerfileTar("FROM scratch")).wait(),
    ConnectionError,
    "start the engine or set DOCKER_HOST",
  );
  const folder = await Deno.makeTempDir();
  const path = `${folder}/s.sock`;
  Deno.listen({ transport: "unix", path }).close();
  await Deno.lstat(path).catch(async () => {
    // This Deno removes the file with the listener; a plain file refuses as well.
    await Deno.writeTextFile(path, "");
  });
  await using deserted = await DockerClient.fromDockerHost(`unix://${path}`);
  await assertRejects(() => deserted.ping(), ConnectionError, "nobody listens");
  await Deno.remove(folder, { recursive: true });
});
