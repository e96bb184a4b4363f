import type { JsonMessage } from "../../lib/engine/message.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { eventsOf, recorded } from "../imagebuild/masked.ts";
import { engineTest } from "../support/engines.ts";
import { BuildingClient } from "./building_client.ts";
import { startGateway } from "./gateway.ts";

const FROM = "FROM davit-test/base";

/** A build with these secrets that runs until it is hung up. */
async function running(
  client: BuildingClient,
  secrets: Readonly<Record<string, string>>,
) {
  const build = await client.build([
    FROM,
    `RUN : ${crypto.randomUUID()}; echo begun; sleep 300`,
  ], secrets);
  await build.seen("begun");
  return build;
}

/** The messages behind the status, as a client reads them. */
function messagesOf(answer: string): JsonMessage[] {
  return answer.split("\n").flatMap((line) => {
    try {
      const message: unknown = JSON.parse(line);
      return typeof message === "object" ? [message as JsonMessage] : [];
    } catch {
      return []; // what was decoded beside it
    }
  });
}

engineTest(
  "what a Dockerfile said of a secret is masked in inspect, history and lists while a build has it",
  async (engine) => {
    await using served = await startGateway({
      engine: engine.host,
      allow: ["images"],
    });
    using client = new BuildingClient(served.path);
    const secret = `tok-${crypto.randomUUID()}`;
    const tag = `davit-gateway-${crypto.randomUUID()}`;
    const made = await (await client.build(
      [
        FROM,
        `ENV TOKEN=${secret}`,
        `LABEL a=${secret} ${secret}=b`,
        `RUN echo ${secret} > /t`,
        `CMD ["echo", "${secret}"]`,
      ],
      {},
      `&t=${tag}`,
    )).answer;
    assertStringIncludes(made, '"moby.image.id"');
    const paths = [
      `/images/${tag}/json`,
      `/images/${tag}/history`,
      "/images/json",
    ];
    const ask = async (path: string) => {
      const response = await client.fetch(path);
      assertEquals(response.status, 200);
      return await response.text();
    };
    try {
      const before = await Promise.all(paths.map(ask));
      const build = await running(client, { t: secret });
      for (const [i, path] of paths.entries()) {
        const text = await ask(path);
        assertStringIncludes(before[i]!, secret, path);
        assertFalse(text.includes(secret), `${path}: ${text}`);
        assertStringIncludes(text, "***");
        // Nothing else is another.
        const { docker } = engine;
        if (path.endsWith("/json") && path.includes(tag)) {
          const masked = JSON.parse(text);
          const { Id, RootFS, Created, Size } = await docker.imageInspect(tag);
          assertEquals(
            [masked.Id, masked.RootFS, masked.Created, masked.Size],
            [Id, RootFS, Created, Size],
          );
          assertEquals(masked.Config.Env.at(-1), "TOKEN=***");
          assertEquals(masked.Config.Labels, { a: "***" });
        }
      }
      const missing = await client.fetch(`/images/${secret}/json`);
      assertEquals(missing.status, 404);
      assertFalse((await missing.text()).includes(secret));
      await build.hangUp();
    } finally {
      await engine.docker.imageRemove(tag, { force: true });
    }
  },
);

engineTest(
  "whatever another client's secrets are, a build's answer is what it is",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = new BuildingClient(served.path);
    const salt = crypto.randomUUID();
    const failing = [FROM, `RUN : ${salt}; exit 7`];
    const fine = [FROM, `RUN : ${salt}`];
    const base = await engine.docker.imageInspect("davit-test/base");
    // No words that stand in every log are taken; ids, keys and digests of this engine are.
    const build = await running(client, {
      a: base.Id,
      b: base.Id.slice(7, 40),
      c: `"errorDetail":{"message":`,
      d: `{"id":"moby.image.id","aux":`,
      e: `"aux":{"ID":"sha256:`,
    });
    for (
      const word of ["error", "errorDetail", "sha256:", "moby.image.id"]
    ) {
      const refused = await (await client.build([FROM], { a: word })).answer;
      assertMatch(refused, /^400\n/);
    }
    const failed = messagesOf(await (await client.build(failing)).answer);
    assertMatch(failed.at(-1)!.errorDetail!.message!, /exit code: 7/);
    const answer = await (await client.build(fine)).answer;
    const messages = messagesOf(answer);
    const events = eventsOf(recorded(messages).facts);
    const images = events.filter((event) => event.type === "image");
    assertEquals(images.length, 1);
    assertMatch(images[0]!.id, /^sha256:[0-9a-f]{64}$/);
    assert(
      events.every((event) =>
        event.type !== "vertex" || /^(sha256|random):\w+$/.test(event.digest)
      ),
    );
    await build.hangUp();
  },
);
