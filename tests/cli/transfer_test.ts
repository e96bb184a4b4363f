import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { davitHere } from "./in_process.ts";
import { askedFor, startScripted } from "./scripted.ts";

const DIGEST = `sha256:${"d".repeat(64)}`;
const decoder = new TextDecoder();

const PUSHED = [
  { id: "l1", status: "Preparing", progressDetail: {} },
  { id: "l1", status: "Pushing", progressDetail: { current: 1, total: 2 } },
  { id: "l1", status: "Pushing", progressDetail: { current: 2, total: 2 } },
  { status: "The push refers to repository [localhost/a]" },
  { id: "l1", status: "Pushed", progressDetail: {} },
  { aux: { Tag: "1", Digest: DIGEST, Size: 1 } },
];

Deno.test("davit push tells of each layer, and prints the digest", async () => {
  await using engine = await startScripted([
    { to: /^POST \/images\/localhost\/a\/push\?tag=1$/, lines: PUSHED },
  ]);
  const words = ["push", "-H", engine.host, "localhost/a:1"];
  const { code, stdout, stderr } = await davitHere(words);
  assertEquals([code, decoder.decode(stdout)], [0, `${DIGEST}\n`]);
  assertEquals(
    stderr,
    `l1: Preparing\nl1: Pushing\nl1: Pushed\nlocalhost/a:1: pushed ${DIGEST}\n`,
  );
  const quiet = await davitHere([...words, "-q"]);
  assertEquals([quiet.code, quiet.stderr], [0, ""]);
  assertEquals(decoder.decode(quiet.stdout), `${DIGEST}\n`);
});

Deno.test("davit pull asks for a platform, and prints a digest where one is told", async () => {
  await using engine = await startScripted([
    {
      to: /^POST \/images\/create\?.*platform=/,
      lines: [{ status: "Digest: " + DIGEST }],
    },
    { to: /^POST \/images\/create\?/, lines: [{ status: "done" }] },
    {
      to: /^GET \/images\/localhost\/a:1\/json$/,
      // One of them came, and it does not say which.
      json: {
        Id: DIGEST,
        RepoDigests: [`localhost/a@${DIGEST}`, "localhost/a@sha256:0"],
      },
    },
  ]);
  const words = ["pull", "-H", engine.host, "localhost/a:1"];
  const known = await davitHere([...words, "--platform=linux/arm64"]);
  assertEquals([known.code, known.stderr], [
    0,
    `localhost/a:1: pulled ${DIGEST}\n`,
  ]);
  assertEquals(decoder.decode(known.stdout), `${DIGEST}\n`);
  const quiet = await davitHere([...words, "--platform=linux/arm64", "-q"]);
  assertEquals([quiet.stderr, quiet.stdout.length], ["", DIGEST.length + 1]);
  const unknown = await davitHere(words);
  assertEquals(
    [unknown.code, unknown.stdout.length, unknown.stderr],
    [0, 0, "localhost/a:1: pulled \n"],
  );
  assertMatch(
    askedFor(engine.requests[0]!),
    /^POST \/images\/create\?fromImage=localhost%2Fa&tag=1&platform=linux%2Farm64$/,
  );
});

Deno.test("davit prune by the Engine API alone: what it asks for, and what it tells", async () => {
  const pruned = (json: unknown) => ({ to: /^POST \/build\/prune/, json });
  for (
    const [words, query, answer, told] of [
      [[], { all: "false" }, {}, "Total:\t0B"],
      [
        ["-a", "--reserved-space=1k"],
        { all: "true", "keep-storage": "1024" },
        { CachesDeleted: ["a", "b"], SpaceReclaimed: 1_250_000 },
        "a\nb\nTotal:\t1.25MB",
      ],
      [
        ["--filter", "until=24h", "--filter=type=a=b", "--filter", "Type=a=b"],
        { all: "false", filters: { until: ["24h"], type: ["a=b"] } },
        { CachesDeleted: null, SpaceReclaimed: 49_000 },
        "Total:\t49kB",
      ],
      [
        ["--all=false", "--filter=shared=", "--reserved-space=0"],
        { all: "false", filters: { shared: [""] }, "keep-storage": "0" },
        { CachesDeleted: ["a"] },
        "a\nTotal:\t0B",
      ],
    ] as const
  ) {
    await using engine = await startScripted([pruned(answer)]);
    const { code, stdout, stderr } = await davitHere(
      ["prune", "-f", "-H", engine.host, ...words],
    );
    assertEquals([code, stderr], [0, ""]);
    assertEquals(decoder.decode(stdout), `${told}\n`);
    const { searchParams } = new URL(
      engine.requests.map(askedFor).find((asked) =>
        asked.startsWith("POST /build/prune")
      )!.slice("POST ".length),
      "http://e",
    );
    const asked = Object.fromEntries(searchParams);
    const { filters = "{}" } = asked;
    assertEquals<unknown>(
      { ...asked, filters: JSON.parse(filters) },
      { filters: {}, ...query },
    );
  }
  // What comes before = is the filter's name.
  const { code, stderr } = await davitHere(["prune", "-f", "--filter", "=24h"]);
  assertEquals(code, 1);
  assertStringIncludes(stderr, 'filter "" is none of until, ');
});
