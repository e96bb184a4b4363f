import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { randomBytes, sha256 } from "../support/digest.ts";
import {
  containerdTest,
  type EngineContext,
  engineTest,
} from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { tarOf } from "../support/tar.ts";

const BUILDS = 30;

/**
 * Prints the secrets and keeps their sums. The builds differ in an argument
 * alone: a step that two builds share is run with the secrets of one.
 */
const DOCKERFILE = `FROM davit-test/base AS build
ARG NUMBER
RUN --mount=type=secret,id=text,required=true \\
    --mount=type=secret,id=bytes,required=true \\
    echo "number $NUMBER has $(cat /run/secrets/text)" && \\
    sha256sum < /run/secrets/text > /sums && \\
    sha256sum < /run/secrets/bytes >> /sums
FROM scratch
COPY --from=build /sums /
`;

/** Builds at once, on one connection, each with two secrets of its own. */
async function atOnce({ docker }: EngineContext): Promise<void> {
  const run = crypto.randomUUID();
  const texts = Array.from({ length: BUILDS }, (_, i) => `text ${i} of ${run}`);
  await withTempFolder(async (folder) => {
    const printed = await Promise.all(texts.map(async (text, i) => {
      const bytes = randomBytes(1000 + i * 1000);
      const dest = `${folder}/${i}`;
      const build = docker.imageBuild(tarOf({ Dockerfile: DOCKERFILE }), {
        api: "buildkit",
        networkmode: "none",
        buildargs: { NUMBER: `${i} of ${run}` },
        secrets: { text, bytes: { value: bytes } },
        outputs: { type: "local", dest },
        verify: true,
      });
      const log = new Response(build.logs()).text();
      const { secrets } = await build.result();
      assertEquals([...secrets.served].sort(), ["bytes", "text"]);
      const sums = await Deno.readTextFile(`${dest}/sums`);
      assertEquals(
        sums,
        `${await sha256(text)}  -\n${await sha256(bytes)}  -\n`,
        `${i}`,
      );
      return await log;
    }));
    for (const [i, log] of printed.entries()) {
      assertStringIncludes(log, `number ${i} of ${run} has ***`);
      // Neither its own nor another's.
      assert(!texts.some((text) => log.includes(text)), log);
      assertEquals(log.match(/^number/gm)?.length, 1, log);
    }
  });
}

const NAME =
  `${BUILDS} builds at once by BuildKit's API, each with secrets of its own: none gets another's`;

engineTest(NAME, atOnce);
containerdTest(NAME, atOnce);
