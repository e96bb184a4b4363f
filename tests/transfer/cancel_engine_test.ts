import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { startRegistry } from "../support/registry.ts";
import { type Relay, startRelay } from "../support/relay.ts";
import { DockerClient, EngineError, type ImageTransfer } from "../../mod.ts";
import { importRandomImage } from "./images.ts";

const SIZE = 48 * 1024 * 1024;

/** Waits until a layer is on its way: some of it is there, and not all. */
async function waitForMiddle(transfer: ImageTransfer): Promise<void> {
  for await (const event of transfer.events()) {
    if (event.type !== "layer" || event.units !== "bytes") continue;
    if (event.current! > 0 && event.current! < (event.total ?? 0)) return;
  }
  throw new Error("The transfer was over before it could be cancelled");
}

/** Waits until no request whose path ends so is open. */
async function waitForClosed(relay: Relay, path: RegExp): Promise<void> {
  const found = relay.connections.filter((connection) =>
    path.test(connection.request())
  );
  assert(found.length > 0, "no such request was seen");
  for (let left = 100; found.some(({ open }) => open); left--) {
    assert(left > 0, "the connection is still open after two seconds");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function withRelay(
  engine: EngineContext,
  use: (docker: DockerClient, relay: Relay, name: string) => Promise<void>,
): Promise<void> {
  await using registry = await startRegistry();
  await using relay = await startRelay(engine.socketPath);
  await using docker = await DockerClient.fromDockerHost(relay.host);
  await use(docker, relay, `${registry.host}/cancel/app:1`);
}

engineTest(
  "a push that is cancelled in the middle leaves no connection and no image in the registry",
  (engine) =>
    withRelay(engine, async (docker, relay, name) => {
      await importRandomImage(engine.docker, name, SIZE);
      const abort = new AbortController();
      const push = docker.imagePush(name, { signal: abort.signal });
      await waitForMiddle(push);
      const reason = new Error("enough");
      abort.abort(reason);
      assertEquals(await assertRejects(() => push.wait()), reason);
      assertEquals(
        await assertRejects(() => Array.fromAsync(push.events())),
        reason,
      );
      await waitForClosed(relay, /^POST \S+\/push\?/m);
      await assertRejects(
        () => engine.docker.distributionInspect(name),
        EngineError,
      );
      await engine.docker.imageRemove(name, { force: true });
    }),
);

engineTest(
  "a pull that is cancelled in the middle leaves no connection and no image",
  (engine) =>
    withRelay(engine, async (docker, relay, name) => {
      await importRandomImage(engine.docker, name, SIZE);
      const digest = await docker.imagePush(name).wait();
      await engine.docker.imageRemove(name, { force: true });
      {
        await using pull = docker.imagePull(name);
        await waitForMiddle(pull);
        await pull.cancel();
        await assertRejects(() => pull.wait(), DOMException, "abort");
      }
      await waitForClosed(relay, /^POST \S+\/images\/create\?/m);
      await assertRejects(
        () => engine.docker.imageInspect(name),
        EngineError,
      );
      // What was cancelled can be had again.
      assertEquals(await docker.imagePull(name).wait(), digest);
      await engine.docker.imageRemove(name, { force: true });
    }),
);

engineTest(
  "what is cancelled before it began sends nothing",
  (engine) =>
    withRelay(engine, async (docker, relay, name) => {
      const signal = AbortSignal.abort(new Error("never"));
      for (
        const transfer of [
          docker.imagePush(name, { signal }),
          docker.imagePull(name, { signal }),
        ]
      ) {
        await assertRejects(() => transfer.wait(), Error, "never");
        await transfer.cancel();
        await transfer[Symbol.asyncDispose]();
      }
      assertEquals(relay.connections.length, 0);
    }),
);
