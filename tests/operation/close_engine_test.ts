import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { startRegistry } from "../support/registry.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { sleeper, stopsOnEngine } from "../support/sleeper.ts";
import { dockerfileTar, tarHeader } from "../support/tar.ts";
import { until } from "../support/until.ts";
import { importRandomImage } from "../transfer/images.ts";
import {
  ConnectionError,
  DockerClient,
  type ImageTransfer,
} from "../../mod.ts";

const SIZE = 48 * 1024 * 1024;

async function allClosed(relay: Relay): Promise<void> {
  await until(
    () => relay.connections.every(({ open }) => !open),
    "every connection of the client is closed",
  );
}

/** Checks that it was cancelled because its client was closed. */
async function cancelledByClose(
  what: string,
  promise: Promise<unknown>,
): Promise<void> {
  const error = await assertRejects(() => promise, DOMException);
  assertEquals(error.name, "AbortError");
  assertStringIncludes(
    error.message,
    `The ${what} was cancelled: its client was closed while it ran`,
  );
}

engineTest(
  "leaving the scope of a client by an error stops its builds, and the error stays as it is",
  async (engine) => {
    await using relay = await startRelay(engine.socketPath);
    const boom = new Error("boom");
    let wait!: Promise<string>;
    let seconds!: string;
    const scope = async () => {
      await using docker = await DockerClient.fromDockerHost(relay.host);
      const sleep = await sleeper(docker);
      seconds = sleep.seconds;
      wait = sleep.build.wait();
      wait.catch(() => {});
      throw boom;
    };
    assertEquals(await assertRejects(scope), boom);
    await cancelledByClose(
      `build of "davit-test/sleeper:${seconds}"`,
      wait,
    );
    await stopsOnEngine(engine, seconds);
    await allClosed(relay);
  },
);

engineTest(
  "a client that is closed while a build starts sends no context, and gives the stream back",
  async ({ socketPath }) => {
    await using relay = await startRelay(socketPath);
    for (const late of [false, true]) {
      const docker = await DockerClient.fromDockerHost(relay.host);
      const { promise: asked, resolve } = Promise.withResolvers<void>();
      let told: unknown;
      const tar = new ReadableStream<Uint8Array>({
        pull: () => resolve(),
        cancel: (reason) => void (told = reason),
      }, { highWaterMark: 0 });
      const build = docker.imageBuild(tar);
      if (late) await asked;
      const wait = build.wait();
      await Promise.all([
        cancelledByClose("build", wait),
        docker.close(),
        docker.close(),
      ]);
      assert(told !== undefined, "the caller's stream was given back");
      await allClosed(relay);
    }
  },
);

/** Waits until a layer is on its way. */
async function isUnderWay(transfer: ImageTransfer): Promise<void> {
  for await (const event of transfer.events()) {
    if (event.type !== "layer" || event.units !== "bytes") continue;
    if (event.current! > 0 && event.current! < (event.total ?? 0)) return;
  }
  throw new Error("The transfer was over before its client was closed");
}

async function withImage(
  engine: EngineContext,
  use: (relay: Relay, name: string) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry();
  await using relay = await startRelay(engine.socketPath);
  const name = `${registry.host}/close/app:1`;
  await importRandomImage(engine.docker, name, SIZE);
  try {
    await use(relay, name);
  } finally {
    // Away already behind a pull that was cancelled.
    await engine.docker.imageRemove(name, { force: true }).catch(() => {});
  }
}

engineTest(
  "closing a client stops pushes and pulls",
  (engine) =>
    withImage(engine, async (relay, name) => {
      for (const verb of ["push", "pull"] as const) {
        const docker = await DockerClient.fromDockerHost(relay.host);
        if (verb === "pull") {
          await engine.docker.imagePush(name).wait();
          await engine.docker.imageRemove(name, { force: true });
        }
        const transfer = verb === "push"
          ? docker.imagePush(name)
          : docker.imagePull(name);
        await isUnderWay(transfer);
        await docker.close();
        await cancelledByClose(`${verb} of "${name}"`, transfer.wait());
        await allClosed(relay);
      }
    }),
);

engineTest(
  "closing a client stops saves and loads",
  (engine) =>
    withImage(engine, async (relay, name) => {
      const docker = await DockerClient.fromDockerHost(relay.host);
      const saved = (await docker.imageSave(name)).getReader();
      assert(!(await saved.read()).done);
      const untouched = await docker.imageSave(name);
      let told: unknown;
      let sent = 0;
      const endless = new ReadableStream<Uint8Array>({
        start: (controller) =>
          controller.enqueue(tarHeader("endless", 2 ** 32)),
        pull(controller) {
          sent++;
          controller.enqueue(new Uint8Array(65536));
        },
        cancel: (reason) => void (told = reason ?? "cancelled"),
      });
      const load = docker.imageLoad(endless);
      load.catch(() => {});
      await until(() => sent > 10, "the load is under way");
      await docker.close();
      await cancelledByClose("request", saved.read());
      await cancelledByClose("request", untouched.getReader().read());
      await cancelledByClose("request", load);
      assert(told !== undefined, "the caller's stream was given back");
      await allClosed(relay);
    }),
);

engineTest(
  "a save that was read to its end, or given up, is over",
  async (engine) => {
    const name = `davit-test/saved:${crypto.randomUUID()}`;
    await importRandomImage(engine.docker, name, 1024 * 1024);
    await using relay = await startRelay(engine.socketPath);
    const docker = await DockerClient.fromDockerHost(relay.host);
    const whole = await docker.imageSave(name);
    assert((await new Response(whole).bytes()).length > 1024 * 1024);
    const byob = (await docker.imageSave(name)).getReader({ mode: "byob" });
    let length = 0;
    for (let buffer = new ArrayBuffer(65536);;) {
      const { done, value } = await byob.read(new Uint8Array(buffer));
      if (done) break;
      length += value.length;
      buffer = value.buffer;
    }
    assert(length > 1024 * 1024);
    await (await docker.imageSave(name)).cancel();
    await docker.close();
    await engine.docker.imageRemove(name, { force: true });
  },
);

engineTest("a closed client starts nothing, and says so", async ({ host }) => {
  const docker = await DockerClient.fromDockerHost(host);
  await docker.close();
  let told = 0;
  const tar = () =>
    new ReadableStream<Uint8Array>({ cancel: () => void told++ });
  for (
    const late of [
      () => docker.imageBuild(tar()).wait(),
      () => docker.imageLoad(tar()),
      () => docker.imageImport(tar()),
      () => docker.imagePush("app:1").wait(),
      () => docker.imageSave("app:1"),
      () => docker.imageInspect("app:1"),
      () => docker.ping(),
    ]
  ) {
    await assertRejects(late, ConnectionError, "client is closed: make a new");
  }
  assertEquals(told, 3);
  assertEquals(await docker.close(), undefined);
});

engineTest(
  "a program that leaves a client's scope by an error does not stay for its builds",
  async ({ host }) => {
    const seconds = String(100_000 + Math.floor(Math.random() * 900_000));
    const program = `
import { DockerClient } from ${
      JSON.stringify(new URL("../../mod.ts", import.meta.url).href)
    };
try {
  await using docker = await DockerClient.fromDockerHost(${
      JSON.stringify(host)
    });
  const build = docker.imageBuild(
    { dockerfile: { text: "FROM davit-test/base\\nRUN echo started && sleep ${seconds}" } },
    { networkmode: "none", nocache: true },
  );
  build.wait().catch(({ message }) => console.log(message));
  for await (const event of build.events()) {
    if (event.type === "log" && event.text.includes("started")) break;
  }
  throw new Error("boom");
} catch ({ message }) {
  console.log(message);
}`;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        "--ext=ts",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        program,
      ],
      stderr: "inherit",
      signal: AbortSignal.timeout(60_000),
    }).output();
    assertEquals(code, 0);
    const [first = "", second] = new TextDecoder().decode(stdout).split("\n");
    assertStringIncludes(
      first,
      "The build was cancelled: its client was closed",
    );
    assertEquals(second, "boom");
  },
);

engineTest(
  "a build that is read while its client is closed gives what came",
  async ({ host }) => {
    const docker = await DockerClient.fromDockerHost(host);
    const build = docker.imageBuild(dockerfileTar("FROM scratch", "LABEL a=b"));
    await build.wait();
    await docker.close();
    assert((await Array.fromAsync(build.messages())).length > 0);
  },
);
