import { Builder } from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { withTempFolder } from "../support/folder.ts";
import { memoryInUse } from "./memory_in_use.ts";

/** How many builds run at the same time, over all daemons. */
const AT_ONCE = 100;

/** For how long, in seconds; `DAVIT_STRESS_SECONDS` says another time. */
const SECONDS = Number(Deno.env.get("DAVIT_STRESS_SECONDS") ?? 20);

/**
 * By how much the memory in use may grow, in bytes: what is kept of a build would
 * be kept of hundreds. Compared are the lowest points of the first and of the
 * second half, since the builds that run now hold some. The memory of the
 * process is no measure here; it grows by what the system's allocator does not
 * give back.
 */
const MAX_GROWTH = 64 * 1024 * 1024;

/** How often the memory is looked at, in milliseconds: that stops everything. */
const LOOK_MS = 500;

const DOCKERFILE = `FROM davit-test/base AS build
ARG NUMBER
RUN --mount=type=secret,id=text,required=true \\
    echo "number $NUMBER has $(cat /run/secrets/text)" && \\
    sha256sum < /run/secrets/text > /sum
FROM scratch
COPY --from=build /sum /
COPY own /
`;

Deno.test(`${AT_ONCE} builds at once over three daemons: no secret, file or log of another, and memory stays`, async () => {
  await using one = await startBuildkitd();
  await using two = await startBuildkitd({ tcp: "plain" });
  await using three = await startBuildkitd({ tcp: true });
  await using unix = await Builder.fromAddress(one.address);
  await using tcp = await Builder.fromAddress(two.tcpAddress);
  await using tls = await Builder.fromAddress(three.tcpAddress, {
    tls: three.tls,
  });
  const builders = [unix, tcp, tls];
  const counts = builders.map(() => 0);
  const run = crypto.randomUUID();
  await withTempFolder(async (folder) => {
    const buildOne = async (which: number, number: string) => {
      const text = `text of ${number} in ${run}`;
      const dest = `${folder}/${number}`;
      const build = builders[which]!.imageBuild({
        files: { Dockerfile: DOCKERFILE, own: number },
      }, {
        buildargs: { NUMBER: number },
        secrets: { text },
        outputs: { type: "local", dest },
        // What is built is not kept in mind for two minutes.
        history: false,
      });
      const log = new Response(build.logs()).text();
      const { secrets } = await build.result();
      assertEquals(secrets.served, ["text"]);
      assertEquals(
        await Deno.readTextFile(`${dest}/sum`),
        `${await sha256(text)}  -\n`,
      );
      assertEquals(await Deno.readTextFile(`${dest}/own`), number);
      assertStringIncludes(await log, `number ${number} has ***`);
      assert(!(await log).includes(run), await log);
      await Deno.remove(dest, { recursive: true });
      counts[which]!++;
    };
    const half = Date.now() + SECONDS * 500;
    const until = half + SECONDS * 500;
    const lowest = { first: Infinity, second: Infinity };
    let looked = 0;
    const look = () => {
      const which = Date.now() < half ? "first" : "second";
      if (Date.now() - looked < LOOK_MS && lowest[which] < Infinity) return;
      lowest[which] = Math.min(lowest[which], memoryInUse());
      looked = Date.now();
    };
    await Promise.all(Array.from({ length: AT_ONCE }, async (_, worker) => {
      for (let turn = 0; turn === 0 || Date.now() < until; turn++) {
        await buildOne(worker % builders.length, `${worker}-${turn}`);
        look();
      }
    }));
    const grown = lowest.second - lowest.first;
    const told = `${counts.join(" + ")} builds: ${JSON.stringify(lowest)}`;
    assert(grown < MAX_GROWTH, told);
  });
  for (const builder of builders) {
    assert((await builder.workers()).length === 1);
  }
});
