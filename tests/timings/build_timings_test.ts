import { BuildRecord } from "../../lib/imagebuild/record.ts";
import {
  keepResultTrace,
  keepTrace,
  traceOf,
} from "../../lib/imagebuild/trace.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { DockerClient, type ImageBuildOptions } from "../../mod.ts";
import {
  buildTimings,
  timingsHtml,
  timingsJson,
  timingsSvg,
  timingsText,
} from "../../lib/timings/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import {
  BUILD_HEAD,
  drainChunked,
  startFakeEngine,
} from "../support/fake_engine.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  dockerfileOf,
  readTrace,
  TRACE_GENERATIONS,
} from "../progress/traces.ts";
import { eventsOf, type MadeStep } from "./recorded.ts";

/** A build that is answered as a recorded one was. */
async function answered(
  trace: string,
  dockerfile: string,
  use: (build: ReturnType<DockerClient["imageBuild"]>) => Promise<void>,
  options: ImageBuildOptions = {},
): Promise<void> {
  await using engine = await startFakeEngine(async (request) => {
    await drainChunked(request);
    await request.write(BUILD_HEAD);
    for (const line of readTrace(trace)) {
      await request.write(`${JSON.stringify(line)}\r\n`);
    }
  });
  await using docker = await DockerClient.fromDockerHost(engine.host);
  await use(docker.imageBuild(dockerfileTar(dockerfile), {
    session: false,
    secretsVia: "header",
    ...options,
  }));
}

Deno.test("a build, and its result, tell where the time went", async () => {
  for (const generation of TRACE_GENERATIONS) {
    const text = dockerfileOf("output");
    await answered(`${generation}_output`, text, async (build) => {
      const ofBuild = await buildTimings(build);
      const result = await build.result();
      const ofResult = await buildTimings(result);
      assertEquals(ofResult, ofBuild);
      assertEquals(ofBuild.status, "completed");
      assertEquals(ofBuild.dockerfile!.name, "Dockerfile");
      assertEquals(ofBuild.dockerfile!.text.trimEnd(), text.trimEnd());
      assertEquals(
        ofBuild.steps.filter(({ lines }) => lines?.start === 3).map((
          { words },
        ) => words),
        ["COPY hello.txt /"],
      );
    });
  }
});

Deno.test("that a build fails is told, and is no error of the call", async () => {
  await answered(
    "28_failing_run",
    dockerfileOf("failing_run"),
    async (build) => {
      const { status, failure, steps } = await buildTimings(build);
      assertEquals(status, "error");
      assertEquals(failure!.lines, { start: 7, end: 10 });
      assertEquals(steps[failure!.step!]!.lines, { start: 7, end: 10 });
    },
  );
});

Deno.test("a build that was stopped is told as cancelled", async () => {
  await answered("28_output", "FROM scratch\n", async (build) => {
    await build.cancel();
    assertEquals((await buildTimings(build)).status, "canceled");
  }, { signal: AbortSignal.abort() });
});

Deno.test("a build of the engine's history tells its events, its Dockerfile, and its error", async () => {
  const log = {
    ref: "a",
    async *events() {
      yield* eventsOf([{ name: "[1/1] RUN x", at: [0, 10], error: "no" }]);
    },
    dockerfile: () =>
      Promise.resolve({ name: "D", text: "FROM scratch\nRUN x\n" }),
    attrs: () => Promise.resolve({}),
    failure: () => Promise.resolve(undefined),
  };
  const { dockerfile, steps, failure } = await buildTimings(log);
  assertEquals(dockerfile!.name, "D");
  assertEquals(steps[0]!.lines, { start: 2, end: 2 });
  assertEquals(failure!.message, "no");
});

Deno.test("what was built without the cache has no other reason, in the history, too", async () => {
  const steps: MadeStep[] = [
    { name: "[a 1/2] COPY . .", at: [0, 1] },
    { name: "[a 2/2] RUN x", at: [1, 60], inputs: [0] },
    { name: "[b 1/2] RUN w", at: [60, 60], cached: true },
    { name: "[b 2/2] RUN y", at: [60, 100], inputs: [1] },
  ];
  const summary = async (attrs: Readonly<Record<string, string>>) =>
    (await buildTimings({
      ref: "a",
      async *events() {
        yield* eventsOf(steps);
      },
      dockerfile: () => Promise.resolve(undefined),
      attrs: () => Promise.resolve(attrs),
      failure: () => Promise.resolve(undefined),
    })).summary.slice(1);
  const [x, y] = ["59 % of the time (59 ms) is", "40 % of the time (40 ms) is"];
  const because = "it runs again because of “COPY . .”.";
  assertEquals(await summary({}), [
    `${x} one RUN that no cache can help as it stands, “RUN x”; ${because}`,
    `${y} one RUN that no cache can help as it stands, “RUN y”; ${because}`,
  ]);
  assertEquals(await summary({ "no-cache": "" }), [
    "It was built without the cache.",
    `${x} “RUN x”.`,
    `${y} “RUN y”.`,
  ]);
  // Stage b is built upon the result of a.
  assertEquals(await summary({ "no-cache": "A,c" }), [
    "Built without the cache: A, c.",
    `${x} “RUN x”.`,
    `${y} “RUN y”.`,
  ]);
  assertEquals(await summary({ "no-cache": "b" }), [
    "Built without the cache: b.",
    `${x} one RUN that no cache can help as it stands, “RUN x”; ${because}`,
    `${y} “RUN y”.`,
  ]);
});

Deno.test("anything else is refused", async () => {
  for (
    const wrong of [undefined, null, 1, "a", {}, { events() {} }, {
      events() {},
      dockerfile() {},
    }, { events() {}, dockerfile() {}, failure() {} }]
  ) {
    await assertRejects(
      () => buildTimings(wrong as never),
      TypeError,
      "expected a build, its result, or what buildHistory().logs() gives",
    );
  }
});

async function protectedRecord(value: string, text: string) {
  const record = new BuildRecord(() => undefined, []);
  const secret = new Secret(value);
  await record.protect([["a", secret]]);
  record.dockerfile = () => ({ name: "Dockerfile", text });
  return record;
}

Deno.test("no form has a secret's value, in whatever words of the build it stood", async () => {
  for (
    const [name, value] of [
      ["output", "to stdout; sleep 0.2"],
      ["failing_run", "echo wrong >&2"],
    ] as const
  ) {
    for (const generation of TRACE_GENERATIONS) {
      // A Dockerfile that has the value is refused: the engine says it alone.
      await answered(
        `${generation}_${name}`,
        "FROM scratch\n",
        async (build) => {
          const timings = await buildTimings(build);
          const forms = [
            timingsHtml(timings),
            timingsSvg(timings),
            timingsText(timings, { columns: 400 }),
            timingsJson(timings),
            JSON.stringify(timings),
          ].map((form) =>
            form.replaceAll("&gt;", ">").replaceAll("&amp;", "&")
          );
          assertEquals(forms.filter((form) => form.includes(value)), []);
          assertEquals(forms.filter((form) => !form.includes("***")), []);
        },
        { secrets: { a: { value } } },
      );
    }
  }
});

Deno.test("a secret's value is masked in the Dockerfile, too", async () => {
  const value = "not-a-word-of-this";
  const text = `FROM scratch\nRUN echo ${value}\n`;
  const record = await protectedRecord(value, text);
  const [build, result] = [{}, {}];
  keepTrace(build, record);
  keepResultTrace(result, record);
  for (const one of [build, result]) {
    const file = traceOf(one)!.dockerfile()!;
    assertEquals(file.name, "Dockerfile");
    assert(!file.text.includes(value));
    assertEquals(file.text.split("\n").length, 3);
  }
  const page = timingsHtml(
    await buildTimings({
      ...build,
      ref: "a",
      async *events() {},
      dockerfile: () => Promise.resolve(traceOf(build)!.dockerfile()),
      attrs: () => Promise.resolve({}),
      failure: () => Promise.resolve(undefined),
    }),
  );
  assert(!page.includes(value));
});

Deno.test("a Dockerfile whose lines masking would join is left out", async () => {
  const value = "first-line-of-it\nsecond-line-of-it";
  const record = await protectedRecord(
    value,
    `FROM scratch\nRUN <<E\n${value}\nE\n`,
  );
  const build = {};
  keepTrace(build, record);
  assertEquals(traceOf(build)!.dockerfile(), undefined);
  assertEquals(traceOf({}), undefined);
});
