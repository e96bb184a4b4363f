import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { dockerfileTar, tarBytes } from "../support/tar.ts";
import { ContextError, DockerClient } from "../../mod.ts";

const DONE = `{"id":"moby.image.id","aux":{"ID":"sha256:${
  "a".repeat(64)
}"}}\r\n`;

Deno.test("an engine that is told to stop may say how it ended before it is cut off", async () => {
  // A busy machine may take longer than it has for it.
  for (let tries = 1;; tries++) {
    const cancelled = Promise.withResolvers<void>();
    await using engine = await startFakeEngine(async (request) => {
      if (request.target.includes("/build/cancel?")) {
        await request.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        cancelled.resolve();
        return;
      }
      await drainChunked(request);
      await request.write(`${BUILD_HEAD}{"stream":"step 1"}\r\n`);
      await cancelled.promise;
      // It has containers to take away.
      await new Promise((done) => setTimeout(done, 50));
      await request.write('{"stream":"cleaned up"}\r\n');
    });
    await using docker = await DockerClient.fromDockerHost(engine.host);
    const stop = new AbortController();
    const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
      session: false,
      signal: stop.signal,
    });
    const told: string[] = [];
    const error = await assertRejects(async () => {
      for await (const { stream } of build.messages()) {
        if (stream !== undefined) told.push(stream);
        if (stream === "step 1") stop.abort(new RangeError("enough"));
      }
    });
    assert(error instanceof RangeError);
    if (told.includes("cleaned up")) return;
    assert(tries < 10, told.join());
  }
});

Deno.test("a context that fails behind its tar's end fails the build, also when the engine built it", async () => {
  const heard = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  await using engine = await startFakeEngine(async (request) => {
    await drainChunked(request);
    await request.write(`${BUILD_HEAD}{"stream":"step 1"}\r\n`);
    await failed.promise;
    await request.write(DONE);
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const tar = await tarBytes({ Dockerfile: "FROM scratch\n" });
  let pulls = 0;
  const context = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (pulls++ === 0) return controller.enqueue(tar);
      await heard.promise;
      failed.resolve();
      throw new Error("the disk is gone");
    },
  }, { highWaterMark: 0 });
  const build = docker.imageBuild(context, { version: "1" });
  const error = await assertRejects(async () => {
    for await (const { stream } of build.messages()) {
      if (stream === "step 1") heard.resolve();
    }
  });
  assert(error instanceof ContextError, Deno.inspect(error));
  assertStringIncludes(error.message, "the disk is gone");
  assertEquals(pulls, 2);
});
