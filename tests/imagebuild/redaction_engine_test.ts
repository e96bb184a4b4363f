import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
} from "../support/assert.ts";
import { decodeBase64, encodeBase64 } from "../support/base64.ts";
import { collect, SALT, warnings } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import {
  bothWaysTest,
  buildersOf,
  daemonWaysTest,
  everyWayTest,
} from "../support/ways.ts";
import { dockerfileTar } from "../support/tar.ts";
import { BuildError, type BuildEvent, type ImageBuild } from "../../mod.ts";

const NONE = { networkmode: "none", nocache: true } as const;
const FROM = `FROM davit-test/base\n${SALT}`;

/** What the steps print, also of a build that fails. */
async function logText(build: ImageBuild): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const bytes of build.logs()) {
      text += decoder.decode(bytes, { stream: true });
    }
  } catch (error) {
    assertInstanceOf(error, BuildError);
  }
  return text;
}

/** Everything that a build gives out, as one text, with base64 of traces undone. */
async function everything(
  build: ImageBuild,
): Promise<{ text: string; log: string; events: BuildEvent[] }> {
  const events: BuildEvent[] = [];
  const [{ messages, error }, log] = await Promise.all([
    collect(build),
    logText(build),
    (async () => {
      for await (const event of build.events()) events.push(event);
    })().catch(() => {}), // the same error as that of messages()
  ]);
  const result = await build.result().catch((error) => error);
  const raw = messages.map((message) =>
    message.id === "moby.buildkit.trace"
      ? new TextDecoder("latin1").decode(decodeBase64(message.aux as string))
      : JSON.stringify(message)
  );
  const text = [
    ...raw,
    Deno.inspect([messages, events, error, result], {
      depth: 20,
      strAbbreviateSize: 1e6,
      iterableLimit: 1e6,
    }),
    JSON.stringify([messages, events]),
    String(error),
    events.map((event) => event.type === "log" ? event.text : "").join(""),
    log,
  ].join("\n");
  return { text, log, events };
}

everyWayTest(
  "a secret is masked in everything that leaves a build, in every form",
  async ({ docker }) => {
    const token = "s3cr3t/Token+with=odd&chars";
    const pem =
      "-----BEGIN KEY-----\nMIIBmultilineAAAA\nsecondlineBBBBBBB\n-----END KEY-----\n";
    const build = docker.imageBuild(
      dockerfileTar(
        FROM,
        "RUN --mount=type=secret,id=token --mount=type=secret,id=pem cd /run/secrets && cat token && echo && cat pem && " +
          "base64 token && xxd -p token && sed 's/^/x/' token | base64 && tail -n 2 pem | head -n 1 && " +
          // Byte by byte, to both outputs at once.
          `for i in $(seq 1 27); do cut -c$i token | tr -d '\\n'; sleep 0.01; done; echo done; cat token >&2; exit 3`,
      ),
      { ...NONE, secrets: { token, pem } },
    );
    const { text, log } = await everything(build);
    for (
      const form of [
        token,
        "MIIBmultilineAAAA",
        "secondlineBBBBBBB",
        encodeBase64(token).slice(0, 20),
        "73336372337",
        encodeBase64("x" + token).slice(4, 24),
      ]
    ) {
      assertFalse(text.includes(form), form);
    }
    assertStringIncludes(log, "***");
    assertStringIncludes(log, "***done");
  },
);

everyWayTest(
  "a log without a secret passes byte for byte, and a short value gives one warning",
  async ({ docker }) => {
    const step =
      "RUN --mount=type=secret,id=t seq 1 2000 | sha256sum; seq 1 2000; printf 'no line end'";
    const build = docker.imageBuild(dockerfileTar(FROM, step), {
      ...NONE,
      secrets: { t: "some-secret-token", short: "abc" },
    });
    const [{ messages }, log] = await Promise.all([
      collect(build),
      new Response(build.logs() as ReadableStream<Uint8Array<ArrayBuffer>>)
        .text(),
    ]);
    const numbers = Array.from({ length: 2000 }, (_, i) => `${i + 1}\n`).join(
      "",
    );
    assertEquals(log.slice(log.indexOf("\n") + 1), numbers + "no line end");
    assertEquals(
      warnings(messages).filter((text) =>
        text.includes('"short" is not masked')
      ).length,
      1,
    );
  },
);

everyWayTest(
  "a value that a function gives is masked from then on",
  async ({ docker }) => {
    const build = docker.imageBuild(
      dockerfileTar(
        FROM,
        "RUN --mount=type=secret,id=lazy cat /run/secrets/lazy",
      ),
      { ...NONE, secrets: { lazy: () => "lazy-secret-value" } },
    );
    const { text, log } = await everything(build);
    assertFalse(text.includes("lazy-secret-value"));
    assertEquals(log, "***");
  },
);

bothWaysTest(
  "events() tells the story of a build, and result() sums it up",
  async ({ docker, daemon }) => {
    const tag = `davit-test/story:${crypto.randomUUID()}`;
    const build = docker.imageBuild(
      dockerfileTar(
        FROM,
        "RUN --mount=type=secret,id=given --mount=type=secret,id=absent echo out && echo err >&2",
      ),
      {
        ...NONE,
        tag,
        secrets: { given: "secret-of-story", spare: "spare-of-story" },
      },
    );
    const events = await Array.fromAsync(build.events());
    const logs = events.filter((event) => event.type === "log");
    assertEquals(
      logs.filter((event) => event.stream === "stdout").map((event) =>
        event.text
      ).join(""),
      "out\n",
    );
    assertEquals(
      logs.filter((event) => event.stream === "stderr").map((event) =>
        event.text
      ).join(""),
      "err\n",
    );
    assertEquals(
      events.filter((event) => event.type === "secret").map((event) =>
        `${event.id} ${event.state}`
      ).sort(),
      [
        "absent missing",
        "absent requested",
        "given requested",
        "given served",
        "spare unused",
      ],
    );
    assertEquals(events.filter((event) => event.type === "context").length, 1);
    const image = events.find((event) => event.type === "image");
    const result = await build.result();
    assertEquals(image?.id, result.imageId);
    assertEquals(image?.names, [tag]);
    assertEquals(result.imageId, await build.wait());
    assertEquals(result.names, [tag]);
    assertEquals(result.secrets, {
      served: ["given"],
      missing: ["absent"],
      cached: [],
      unused: ["spare"],
    });
    const run = result.steps.find((step) => step.name.includes("RUN"));
    assert(
      run !== undefined && !run.cached && run.completed !== undefined &&
        run.completed >= run.started,
    );
    assert(result.context.bytesSent > 1024);
    assertEquals(result.warnings.map((warning) => warning.code).sort(), [
      "secret-missing",
      "secret-unused",
    ]);
    if (daemon === undefined) await docker.imageRemove(tag);
  },
);

bothWaysTest(
  "an image's id and the digests of steps stay whole where they hold a short secret",
  async ({ docker, api }) => {
    const mark = crypto.randomUUID();
    for (const version of buildersOf(api)) {
      const build = (secrets?: Record<string, string>) =>
        docker.imageBuild(
          dockerfileTar(FROM, `LABEL mark=${mark}`, "RUN echo the words"),
          { version, networkmode: "none", ...(secrets && { secrets }) },
        );
      const first = build();
      const { imageId, steps } = await first.result();
      // Four characters of each, which are secrets of the second build.
      const secrets = Object.fromEntries(
        [imageId, ...steps.map(({ digest }) => digest)].map((digest, at) => [
          `s${at}`,
          digest.slice(-4),
        ]),
      );
      const second = build(secrets);
      const ids: string[] = [];
      const digests = new Set<string>();
      for await (const event of second.events()) {
        if (event.type === "image") ids.push(event.id);
        if (event.type === "vertex") {
          digests.add(event.digest);
          for (const input of event.inputs) digests.add(input);
        }
      }
      assertEquals(await second.wait(), imageId);
      assertEquals(ids.at(-1), imageId);
      assertEquals([...digests].filter((digest) => /\*/.test(digest)), []);
      assert(digests.size > 1);
    }
  },
);

engineTest(
  "the classic builder's messages become the same events",
  async ({ docker }) => {
    const name = `davit-test/classic:${crypto.randomUUID()}`;
    const build = docker.imageBuild(
      dockerfileTar("FROM davit-test/base", "RUN echo classic words"),
      {
        version: "1",
        networkmode: "none",
        nocache: true,
        tag: name,
      },
    );
    const events = await Array.fromAsync(build.events());
    assertEquals(
      events.filter((event) => event.type === "log").map((event) => event.text)
        .join(""),
      "classic words\n",
    );
    const names = events.filter((event) =>
      event.type === "vertex" && event.completed !== undefined
    )
      .map((event) => event.type === "vertex" ? event.name : "");
    assertEquals(names, [
      "[1/2] FROM davit-test/base",
      "[2/2] RUN echo classic words",
    ]);
    const result = await build.result();
    assertEquals(
      events.findLast((event) => event.type === "image")?.id,
      result.imageId,
    );
    assertEquals(result.steps.length, 2);
    await docker.imageRemove(name);
  },
);

everyWayTest(
  "a BuildError tells step, exit code, last lines and place",
  async ({ docker }) => {
    const build = docker.imageBuild(
      dockerfileTar(
        "FROM davit-test/base",
        "LABEL a=b",
        "RUN echo last words && \\",
        "    exit 42",
        "LABEL c=d",
      ),
      NONE,
    );
    const error = await build.wait().catch((error) => error);
    assertInstanceOf(error, BuildError);
    assertEquals(error.exitCode, 42);
    assertStringIncludes(error.step ?? "", "RUN echo last words");
    assertEquals(error.log, ["last words"]);
    assertEquals([
      error.source?.file,
      error.source?.startLine,
      error.source?.endLine,
    ], ["Dockerfile", 3, 4]);
    assertStringIncludes(
      error.message,
      "   3 | >>> RUN echo last words && \\\n   4 | >>>     exit 42\n",
    );
    assertStringIncludes(
      error.message,
      "did not complete successfully: exit code: 42".slice(-13),
    );
  },
);

daemonWaysTest("what leaves a build is masked");
