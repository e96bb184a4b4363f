import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { engineTest } from "../support/engines.ts";
import { tarBytes } from "../support/tar.ts";
import { decodedAnswer } from "../gateway/answers.ts";
import { startGateway } from "../gateway/gateway.ts";
import { untilFlat } from "./memory_in_use.ts";

const BUILDS = 100;
/** Engines of 20.10 trip over each other where so many begin at once. */
const MAX_TRIES = 10;
/**
 * What a round may leave in memory more than the one before, in bytes: 20 KB of
 * a build; ten times what was seen.
 */
const MAX_GROWTH = 2_000_000;

/** Has a secret of its own, and finds out whether it got it. */
async function ownDockerfile(value: string): Promise<string> {
  const sum = await sha256(value);
  return [
    "FROM davit-test/base",
    "RUN --mount=type=secret,id=t,required=true " +
    `test "$(sha256sum < /run/secrets/t)" = "${sum}  -" && echo "same ${sum}"`,
  ].join("\n");
}

/** Prints the secret of whichever build runs the step for all that share it. */
const sharedDockerfile = (id: string) =>
  [
    "FROM davit-test/base",
    "RUN --mount=type=secret,id=t,required=true " +
    `: ${id}; echo "token is $(cat /run/secrets/t)"`,
  ].join("\n");

engineTest(
  `${BUILDS} builds at once through the gateway, half of them of one Dockerfile: no secret in another's answer, memory flat`,
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: served.path },
      poolMaxIdlePerHost: 2 * BUILDS,
    });
    const build = async (value: string, dockerfile: string) => {
      const secrets = encodeSecretsHeader([["t", new Secret(value)]]);
      for (let tries = 1;; tries++) {
        const response = await fetch(
          "http://localhost/build?networkmode=none",
          {
            method: "POST",
            client,
            headers: { "X-BuildKit-Secrets": secrets },
            body: await tarBytes({ Dockerfile: dockerfile }),
          },
        );
        const text = decodedAnswer(await response.text());
        if (
          tries === MAX_TRIES ||
          !text.includes("flightcontrol: exceeded retry timeout")
        ) return text;
      }
    };
    const round = async () => {
      const shared = sharedDockerfile(crypto.randomUUID());
      const values = Array.from(
        { length: BUILDS },
        (_, i) => `secret number ${i} ${crypto.randomUUID()}`,
      );
      const answers = await Promise.all(
        values.map(async (value, i) =>
          await build(value, i % 2 === 0 ? await ownDockerfile(value) : shared)
        ),
      );
      for (const [i, answer] of answers.entries()) {
        assertStringIncludes(answer, '"moby.image.id"');
        assertEquals(values.filter((value) => answer.includes(value)), []);
        if (i % 2 === 0) {
          const sum = await sha256(values[i]!);
          assertStringIncludes(answer, `same ${sum}`);
        }
      }
      // One that ran the step was told of what it printed, and so were all beside it.
      const printed = answers.flatMap((answer) =>
        answer.match(/(?<!echo ")token is .{0,20}/g) ?? []
      );
      assert(printed.length > 0, "nothing was printed");
      return printed;
    };
    const before = Deno.memoryUsage().rss;
    await untilFlat(MAX_GROWTH, async () => {
      for (const line of await round()) {
        assertStringIncludes(line, "token is ***");
      }
    });
    assert(Deno.memoryUsage().rss - before < 200_000_000);
  },
);
