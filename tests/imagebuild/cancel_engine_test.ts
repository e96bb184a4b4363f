import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { bothWaysTest, by } from "../support/ways.ts";
import {
  type Relay,
  type RelayedConnection,
  startRelay,
} from "../support/relay.ts";
import { sleeper, sleeping, stopsOnEngine } from "../support/sleeper.ts";
import { randomBytes } from "../support/digest.ts";
import { dockerfileTar, tarBytes, tarHeader } from "../support/tar.ts";
import { until, withinMs } from "../support/until.ts";
import { BuildError, ContextError, DockerClient } from "../../mod.ts";

const NONE = { networkmode: "none", nocache: true } as const;

function sessionsOf(relay: Relay): RelayedConnection[] {
  return relay.connections.filter((one) =>
    /^POST \S*\/session /.test(one.request())
  );
}

bothWaysTest(
  "a signal stops the build on the engine, closes the session and rejects with its reason",
  async (engine) => {
    // A daemon's session is a call on the connection of its builds.
    await using relay = engine.daemon === undefined
      ? await startRelay(engine.socketPath)
      : undefined;
    await using client = relay === undefined
      ? undefined
      : await DockerClient.fromDockerHost(relay.host);
    const docker = client === undefined
      ? engine.docker
      : by(client, engine.api);
    let builds = 0;
    await withinMs(1000, async () => {
      const controller = new AbortController();
      const { build, seconds } = await sleeper(docker, controller.signal);
      const reason = new Error("changed my mind");
      const began = performance.now();
      controller.abort(reason);
      const error = await build.wait().catch((error) => error);
      const took = performance.now() - began;
      assertEquals(error, reason);
      await stopsOnEngine(engine, seconds);
      if (relay === undefined) return took;
      assertEquals(sessionsOf(relay).length, ++builds);
      // The relay sees the end a moment after us.
      await until(
        () => !sessionsOf(relay).at(-1)!.open,
        "the session is closed",
      );
      return took;
    });
  },
);

bothWaysTest("disposal stops the build", async (engine) => {
  let seconds: string;
  let failed: Promise<unknown>;
  {
    const sleep = await sleeper(engine.docker);
    await using build = sleep.build;
    seconds = sleep.seconds;
    failed = build.wait().catch((error) => error);
  }
  const error = await failed;
  assert(error instanceof DOMException && error.name === "AbortError");
  await stopsOnEngine(engine, seconds);
});

bothWaysTest(
  "cancel() resolves when all is closed, also twice and behind the end",
  async (engine) => {
    const { build, seconds } = await sleeper(engine.docker);
    await build.cancel("enough");
    assertEquals(await build.wait().catch((error) => error), "enough");
    await build.cancel();
    await stopsOnEngine(engine, seconds);
  },
);

bothWaysTest(
  "an endless context is cancelled, and its source is told",
  async ({ docker }) => {
    await withinMs(1000, async () => {
      let told: unknown;
      let sent = 0;
      const endless = new ReadableStream<Uint8Array>({
        start: (controller) =>
          controller.enqueue(tarHeader("endless", 2 ** 32)),
        pull(controller) {
          sent++;
          controller.enqueue(new Uint8Array(65536));
        },
        cancel: (reason) => {
          told = reason;
        },
      });
      const controller = new AbortController();
      const build = docker.imageBuild(endless, {
        ...NONE,
        signal: controller.signal,
      });
      await until(() => sent >= 500, "the context is sent");
      const began = performance.now();
      controller.abort();
      const error = await build.wait().catch((error) => error);
      const took = performance.now() - began;
      assertEquals(error, controller.signal.reason);
      assert(told !== undefined, "the source was cancelled");
      return took;
    });
  },
);

/** A tar that fails before its last chunk, or behind it. */
async function* brokenTar(
  whole: boolean,
  failure: Error,
): AsyncGenerator<Uint8Array> {
  let last: Uint8Array | undefined;
  for await (const chunk of dockerfileTar("FROM scratch", "LABEL a=b")) {
    if (last !== undefined) yield last;
    last = chunk;
  }
  if (whole) yield last!;
  await new Promise((resolve) => setTimeout(resolve, 50));
  throw failure;
}

bothWaysTest(
  "a context that throws fails the build with its error as the cause, even behind a whole archive",
  async ({ docker }) => {
    const failure = new Error("the disk is on fire");
    for (const whole of [false, true]) {
      const tag = `davit-test/broken-context:${crypto.randomUUID()}`;
      const error = await assertRejects(
        () =>
          docker.imageBuild(ReadableStream.from(brokenTar(whole, failure)), {
            ...NONE,
            tag,
          })
            .wait(),
        ContextError,
        "the disk is on fire",
      );
      assertEquals(error.cause, failure);
      // Had it gone on, it would have come to its end before one that began now.
      await docker.imageBuild(
        dockerfileTar("FROM scratch", `LABEL later=${whole}`),
        NONE,
      ).wait();
      await assertRejects(
        () => docker.imageInspect(tag),
        Error,
        "No such image",
      );
    }
  },
);

bothWaysTest(
  "an aborted signal, a used stream and a wrong chunk send nothing",
  async ({ docker }) => {
    const cancelled: unknown[] = [];
    const stream = () =>
      new ReadableStream<Uint8Array>({
        cancel: (reason) => void cancelled.push(reason),
      });
    const reason = new Error("too late");
    const error = await docker.imageBuild(stream(), {
      signal: AbortSignal.abort(reason),
    })
      .wait().catch((error) => error);
    assertEquals(error, reason);
    assertEquals(cancelled, [reason]);
    const used = stream();
    used.getReader();
    await assertRejects(
      () => docker.imageBuild(used).wait(),
      TypeError,
      "in use",
    );
    const bytes = new ArrayBuffer(1) as unknown as Uint8Array;
    await assertRejects(
      () => docker.imageBuild(bytes).wait(),
      TypeError,
      "the path of a folder",
    );
    const text = ReadableStream.from(["text"]) as unknown as ReadableStream<
      Uint8Array
    >;
    await assertRejects(
      () => docker.imageBuild(text).wait(),
      ContextError,
      "gave text, and not bytes",
    );
  },
);

bothWaysTest(
  "a failed build rejects wait() and ends messages() with the same error",
  async ({ docker, socketPath, api, daemon }) => {
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN exit 7"),
      NONE,
    );
    const fromMessages = await Array.fromAsync(build.messages()).catch((
      error,
    ) => error);
    const fromWait = await build.wait().catch((error) => error);
    assert(fromWait instanceof BuildError);
    assert(fromMessages === fromWait);
    assertEquals(fromWait.exitCode, 7);
    // Nobody listens: no unhandled rejection, which would fail this test.
    const unheard = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN exit 8"),
      NONE,
    );
    const late = await Array.fromAsync(unheard.messages()).catch((error) =>
      error
    );
    assert(late instanceof BuildError);
    if (daemon !== undefined) return; // its sessions are not seen from here
    await using relay = await startRelay(socketPath);
    await using other = await DockerClient.fromDockerHost(relay.host);
    const silent = other.imageBuild(dockerfileTar("nonsense"), {
      ...NONE,
      api,
    });
    // Nobody may wait for its end, but its session ends with it.
    const session = await until(
      () => sessionsOf(relay)[0],
      "the build has a session",
    );
    await until(() => !session.open, "the build is over");
    await silent.cancel(); // all is closed then, and an unhandled rejection seen
  },
);

bothWaysTest(
  "wait() alone works for a log that nobody reads, and messages() then gives what is kept",
  async ({ docker }) => {
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN seq 1 30000"),
      NONE,
    );
    const id = await build.wait();
    const messages = await Array.fromAsync(build.messages());
    assert(messages.some((message) => message.id === "moby.image.id"));
    const again = await Array.fromAsync(build.messages());
    assertEquals(again.length, messages.length);
    assert(id.startsWith("sha256:"));
  },
);

for (const isPacked of [false, true]) {
  engineTest(
    `a signal stops the classic builder's step, whatever stands behind the tar${
      isPacked ? " in gzip" : ""
    }`,
    async ({ docker }) => {
      const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
      // An engine reads 256 KiB of what it does not want, and then no more.
      const whole = new Blob([
        await tarBytes({
          Dockerfile: `FROM davit-test/base\nRUN sleep ${seconds}\n`,
        }),
        randomBytes(4_000_000) as Uint8Array<ArrayBuffer>,
      ]).stream();
      const controller = new AbortController();
      const build = docker.imageBuild(
        isPacked ? whole.pipeThrough(new CompressionStream("gzip")) : whole,
        { ...NONE, version: "1", signal: controller.signal },
      );
      const ended = build.wait().catch((error) => error);
      await until(() => sleeping(seconds), "the step sleeps");
      const reason = new Error("changed my mind");
      controller.abort(reason);
      assertEquals(await ended, reason);
      await until(async () => !await sleeping(seconds), "the step is stopped");
    },
  );
}

engineTest(
  "a damaged gzip for the classic builder is an error of the context",
  async ({ docker }) => {
    const gzip = await new Response(
      new Blob([await tarBytes({ Dockerfile: "FROM scratch\n" })]).stream()
        .pipeThrough(new CompressionStream("gzip")),
    ).bytes();
    gzip.fill(0xff, 12);
    await assertRejects(
      () =>
        docker.imageBuild(new Blob([gzip]).stream(), { version: "1" }).wait(),
      ContextError,
      "the context's packing is damaged",
    );
  },
);
