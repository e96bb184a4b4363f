import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { randomBytes } from "../support/digest.ts";
import { BuildingClient, type ClientBuild } from "./building_client.ts";
import { startGateway } from "./gateway.ts";

const FROM = "FROM davit-test/base";

async function sumOf(value: string): Promise<string> {
  const bytes = new TextEncoder().encode(value);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

/**
 * A step that shows what secret it has, in a way that no mask knows, and as it
 * is; between them it waits for {@linkcode letGo}.
 */
function waitingStep(id: string): string[] {
  return [
    FROM,
    `RUN --mount=type=secret,id=t --mount=type=cache,id=${id},target=/c : ${id}; ` +
    "echo begun-$(cat /run/secrets/t 2>/dev/null | sha256sum | cut -c1-64); " +
    "while [ ! -e /c/go ]; do sleep 0.1; done; " +
    'echo "token is $(cat /run/secrets/t 2>/dev/null)."',
  ];
}

async function letGo(client: BuildingClient, id: string): Promise<void> {
  const { answer } = await client.build([
    FROM,
    `RUN --mount=type=cache,id=${id},target=/c : ${crypto.randomUUID()}; touch /c/go`,
  ]);
  assertStringIncludes(await answer, '"moby.image.id"');
}

engineTest(
  "a step of several clients runs for each of them, with its own secret",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = new BuildingClient(served.path);
    const id = crypto.randomUUID();
    const secrets = ["secret-of-client-a", "secret-of-client-b", ""];
    const builds: ClientBuild[] = [];
    for (const t of secrets) {
      builds.push(
        // One has other secrets than the step asks for.
        await client.build(
          waitingStep(id),
          t === "" ? { u: "other-secret" } : { t },
        ),
      );
      // All of them wait in it at the same time.
      await builds.at(-1)!.seen(`begun-${await sumOf(t)}`);
    }
    await letGo(client, id);
    const answers = await Promise.all(builds.map(({ answer }) => answer));
    for (const [i, answer] of answers.entries()) {
      assertStringIncludes(answer, "token is");
      for (const [k, t] of secrets.entries()) {
        if (t !== "") assertFalse(answer.includes(t), answer);
        assertEquals(answer.includes(await sumOf(t)), i === k, answer);
      }
    }
  },
);

engineTest(
  "a step is found in the cache with the same secrets, and with no others",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = new BuildingClient(served.path);
    const dockerfile = [
      FROM,
      `RUN --mount=type=secret,id=t : ${crypto.randomUUID()}; ` +
      "cat /run/secrets/t 2>/dev/null | sha256sum",
    ];
    const isCached = async (secrets: Readonly<Record<string, string>>) => {
      const answer = await (await client.build(dockerfile, secrets)).answer;
      assertStringIncludes(answer, '"moby.image.id"', answer);
      return !/[0-9a-f]{64} {2}-/.test(answer);
    };
    const mine = { t: "secret-of-client-a", u: "another-secret" };
    assertFalse(await isCached(mine));
    assert(await isCached(mine));
    for (
      const others of [
        { t: "secret-of-client-b", u: "another-secret" },
        { t: "secret-of-client-a" },
        { t: "another-secret", u: "secret-of-client-a" },
        { u: "another-secret" },
      ]
    ) {
      assertFalse(await isCached(others), JSON.stringify(others));
      assert(await isCached(others), JSON.stringify(others));
    }
    assert(await isCached(mine), "the others did not push it out");
    // The key itself is not told to those who print it.
    const answer = await (await client.build([
      FROM,
      `RUN : ${crypto.randomUUID()}; cat /etc/hosts`,
    ], mine)).answer;
    assertStringIncludes(answer, "***.davit-gateway.invalid");
  },
);

engineTest(
  "when a step's output comes does not tell whether it begins another client's secret",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = new BuildingClient(served.path);
    const id = crypto.randomUUID();
    const secret = `ghp_${crypto.randomUUID()}`;
    const victim = await client.build(waitingStep(id), { t: secret });
    await victim.seen("begun-");
    const builds = [victim];
    for (const guess of [secret.slice(0, 12), btoa(secret).slice(0, 20)]) {
      // The step's own name, which is in the answer, has it in two pieces.
      const [first, second] = [guess.slice(0, 5), guess.slice(5)];
      const guessing = await client.build([
        FROM,
        `RUN --mount=type=cache,id=${id},target=/c : ${id}; ` +
        `printf 'out-%s%s' '${first}' '${second}'; ` +
        "while [ ! -e /c/go ]; do sleep 0.1; done",
      ]);
      builds.push(guessing);
      // It comes while the step runs, and prints no more.
      await guessing.seen(`out-${guess}`);
    }
    await letGo(client, id);
    await Promise.all(builds.map(({ answer }) => answer));
  },
);

engineTest(
  "where steps are shared, no chain of clients and no flood of secrets unmasks one",
  async (engine) => {
    await using served = await startGateway({
      engine: engine.host,
      shareSteps: true,
      limits: { maxAllSecretBytes: 100_000 },
    });
    using client = new BuildingClient(served.path);
    const id = crypto.randomUUID();
    const join = async (t: string) => {
      const build = await client.build(waitingStep(id), { t });
      await build.seen(id);
      return build;
    };
    const secret = "secret-of-client-a";
    const first = await join(secret);
    await first.seen("begun-");
    let running = first;
    let refused = 0;
    for (let i = 0; i < 3; i++) {
      const next = await join(`secret-of-client-${i}`);
      await running.hangUp();
      running = next;
      // Other values, to push the first one out.
      const flood = Object.fromEntries(
        Array.from({ length: 60 }, (_, k) => [k, randomBytes(350).toHex()]),
      );
      const answer = await (await client.build([FROM], flood)).answer;
      if (answer.startsWith("503")) refused++;
      else assertStringIncludes(answer, '"moby.image.id"');
    }
    assert(refused > 0, "what can't be masked does not run");
    await letGo(client, id);
    const answer = await running.answer;
    assertStringIncludes(answer, "token is ***.");
    assertFalse(answer.includes(secret));
    // It is the first client's step that went on.
    assertFalse(answer.includes(await sumOf("secret-of-client-2")));
  },
);
