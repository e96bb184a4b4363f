/** The history of builds, by an engine that can be made to say anything. */
import { GrpcCode } from "../../lib/grpc/status.ts";
import type { DescriptorMessage } from "../../lib/proto/history.ts";
import { readContentResponse } from "../../lib/proto/content.ts";
import { wholeStatus } from "../../lib/proto/status.ts";
import {
  BuildHistoryError,
  DockerClient,
  fetchTransport,
  ProtocolError,
  UnsupportedError,
} from "../../mod.ts";
import { refuse, say } from "../buildkit/scripted_engine.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { StandingClock } from "../support/standing_clock.ts";
import { withTempFolder } from "../support/folder.ts";
import { readBundle } from "./read_bundle.ts";
import { at, recordWith } from "./records.ts";
import { scriptedHistory } from "./scripted_history.ts";
import { sha256 } from "../support/digest.ts";

const ENDED = [
  recordWith({ ref: "old", createdAt: at(1), completedAt: at(2) }),
  recordWith({ ref: "new", createdAt: at(3, 5), completedAt: at(4) }),
  recordWith({ ref: "mid", createdAt: at(3, 4), completedAt: at(9) }),
];
const RUNNING = recordWith({ ref: "runs", createdAt: at(2) });

/** Asks for all that is there now, and for nothing else. */
const ALL = Uint8Array.of(3 << 3, 1);

Deno.test("records come newest first, each once; the engine is asked for all of them, whatever is wanted", async () => {
  const again = recordWith({
    ref: "runs",
    createdAt: at(2),
    completedAt: at(8),
  });
  await using scripted = scriptedHistory({
    records: [RUNNING, ...ENDED, again],
  });
  const history = scripted.docker.buildHistory();
  const refs = async (options?: Parameters<typeof history.list>[0]) =>
    (await history.list(options)).map(({ ref }) => ref);
  assertEquals(await refs(), ["new", "mid", "runs", "old"]);
  assertEquals(await refs({ limit: 2 }), ["new", "mid"]);
  assertEquals(await refs({ limit: 1 }), ["new"]);
  assertEquals(await refs({ filters: ["ref=o"], limit: 9 }), ["old"]);
  const [, , runs] = await history.list();
  assertEquals(runs!.completedAt, "1970-01-01T00:00:08Z");
  assertEquals([runs!.status, runs!.duration], ["completed", 6000]);
  await history.inspect("new");
  await history.logs("new");
  await history.attestations("new");
  await history.remove(["new"]);
  await history.pin("mid");
  assertEquals(scripted.asked.length, 10);
  for (const request of scripted.asked) assertEquals(request, ALL);
});

Deno.test("what is wrong is refused before the engine hears of it", async () => {
  await using scripted = scriptedHistory();
  const history = scripted.docker.buildHistory();
  const wrong = { nope: 1 } as never;
  for (
    const [work, words] of [
      [
        () => history.list({ limit: 0 }),
        "limit is 0, and must be a whole number, 1 or more",
      ],
      [() => history.list({ limit: 1.5 }), "limit is 1.5"],
      [() => history.list({ limit: "5" as never }), "limit is 5"],
      [
        () => history.list({ filters: "status=error" as never }),
        "filters is an array of texts",
      ],
      [() => history.list({ filters: [5 as never] }), "filters is an array"],
      [() => history.inspect(5 as never), "inspect a build: its id is no"],
      [() => history.logs(null as never), "its id is no string"],
      [() => history.attestations(5 as never), "its id is no string"],
      [() => history.attachment(5 as never, {}), "its id is no string"],
      [() => history.pin(5 as never), "pin a build: its id is no string"],
      [() => history.unpin(5 as never), "pin a build: its id is no string"],
      [() => history.remove("abc" as never), "an array with the ids"],
      [() => history.remove(["a", ""]), "none of them empty"],
      [() => history.remove([undefined as never]), "an array with the ids"],
      [() => history.export("abc" as never, { dest: "/x" }), "an array with"],
      [() => history.export([""], { dest: "/x" }), "none of them empty"],
      [() => history.list({ limit: NaN }), "limit is NaN"],
      [() => history.list({ filters: ["x"] }), 'filter "x"'],
      [() => history.list(wrong), "nope"],
      [() => history.inspect("", wrong), "nope"],
      [() => history.logs("", wrong), "nope"],
      [() => history.attestations("", wrong), "nope"],
      [() => history.attachment("", wrong), "nope"],
      [() => history.export([], wrong), "nope"],
      [() => history.export([], { dest: "" }), "dest"],
      [() => history.remove([], wrong), "nope"],
      [() => history.removeAll(wrong), "nope"],
      [() => history.pin("", wrong), "nope"],
      [() => history.unpin("", wrong), "nope"],
      [() => scripted.docker.buildDiskUsage(wrong), "nope"],
      [
        () => Array.fromAsync(scripted.docker.buildPruneRecords(wrong)),
        "nope",
      ],
      [
        () =>
          Array.fromAsync(
            scripted.docker.buildPruneRecords({ maxUsedSpace: -1 }),
          ),
        "maxUsedSpace is -1",
      ],
      [
        () =>
          Array.fromAsync(
            scripted.docker.buildPruneRecords({ reservedSpace: 0.5 }),
          ),
        "reservedSpace is 0.5",
      ],
    ] as const
  ) {
    const error = await assertRejects<Error>(work, TypeError);
    assertStringIncludes(error.message, words);
  }
  assertEquals(scripted.engine.calls, []);
});

Deno.test("records are deleted and pinned by their ids; a build that runs is left alone", async () => {
  const keep = { pinned: false, delete: false, finalize: false };
  await using scripted = scriptedHistory({ records: [RUNNING, ...ENDED] });
  const history = scripted.docker.buildHistory();
  assertEquals(await history.removeAll(), ["new", "mid", "old"]);
  assertEquals(await history.remove(["^1", "o", "mid"]), ["mid", "old"]);
  await history.pin("default/default/old");
  await history.unpin();
  assertEquals(scripted.updates.splice(0), [
    ...["new", "mid", "old", "mid", "old"].map((ref) => ({
      ...keep,
      ref,
      delete: true,
    })),
    { ...keep, ref: "old", pinned: true },
    { ...keep, ref: "new" },
  ]);
  for (
    const work of [
      () => history.remove(["old", "runs"]),
      () => history.remove(["old", "none"]),
      () => history.pin("runs"),
      () => history.unpin("none"),
    ]
  ) await assertRejects(work, BuildHistoryError);
  assertEquals(scripted.updates, []);
});

Deno.test("what the engine refuses is an error with its words", async () => {
  await using scripted = scriptedHistory({
    records: ENDED,
    answers: {
      UpdateBuildHistory: refuse(2, 'lease "ref_old": not found'),
    },
  });
  const error = await assertRejects(
    () => scripted.docker.buildHistory().remove(["old"]),
    BuildHistoryError,
  );
  assertEquals(error.message, 'lease "ref_old": not found');
});

Deno.test("where there is no history, or no BuildKit's API, that is said with the way out", async () => {
  await using old = scriptedHistory({
    answers: {
      ListenBuildHistory: refuse(GrpcCode.UNIMPLEMENTED, "unknown method"),
    },
  });
  await using far = new DockerClient(fetchTransport("http://localhost:1"));
  const asks = (docker: DockerClient) => [
    () => docker.buildHistory().list(),
    () => docker.buildHistory().logs(),
    () => docker.buildHistory().attachment("", { type: "sbom" }),
  ];
  for (const ask of asks(old.docker)) {
    const error = await assertRejects(ask, UnsupportedError);
    assertEquals([error.feature, error.message], [
      "The history of builds",
      "The history of builds is not kept by this engine: its BuildKit does not know the call; engines from 24 on do",
    ]);
  }
  for (
    const ask of [
      ...asks(far),
      () => far.buildDiskUsage(),
      () => far.buildPruneRecords().next(),
    ]
  ) {
    const error = await assertRejects<UnsupportedError>(ask, UnsupportedError);
    assertStringIncludes(
      error.message,
      "can't be reached at http://localhost:1, because it takes BuildKit's own API: use the socket of a Docker engine",
    );
    assert(error.cause instanceof UnsupportedError);
  }
});

function descriptor(
  digest: string,
  mediaType: string,
  annotations: Record<string, string> = {},
): DescriptorMessage {
  return {
    digest,
    mediaType,
    size: 7,
    annotations: new Map(Object.entries(annotations)),
  };
}

const INDEX = "application/vnd.oci.image.index.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const IN_TOTO = "application/vnd.in-toto+json";
const KIND = "in-toto.io/predicate-type";
const SLSA1 = "https://slsa.dev/provenance/v1";
const SBOM = "https://spdx.dev/Document";

/** A build of two platforms, whose index is kept and one of whose images is not. */
const WITH_ATTACHMENTS = recordWith({
  ref: "r",
  createdAt: at(1),
  completedAt: at(2),
  result: {
    only: undefined,
    attestations: [],
    results: [
      { number: 0, descriptor: descriptor("index", INDEX) },
      { number: 1, descriptor: undefined },
      { number: 2, descriptor: descriptor("missing", MANIFEST) },
      { number: 3, descriptor: descriptor("missing index", INDEX) },
    ],
  },
  results: new Map([
    ["linux/arm64", {
      only: undefined,
      attestations: [
        descriptor("sbom", IN_TOTO, { [KIND]: SBOM }),
        descriptor("slsa", IN_TOTO, { [KIND]: SLSA1 }),
      ],
      results: [],
    }],
    ["linux/amd64", {
      only: undefined,
      attestations: [],
      results: [{ number: 0, descriptor: descriptor("amd", MANIFEST) }],
    }],
  ]),
});

const CONTENTS = {
  index: JSON.stringify({
    manifests: [
      {
        mediaType: MANIFEST,
        digest: "inner",
        size: 3,
        platform: { os: "linux", architecture: "arm", variant: "v7" },
      },
      { mediaType: MANIFEST, digest: "gone", size: 3 },
      {
        mediaType: MANIFEST,
        digest: "attests",
        size: 3,
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
      },
      { mediaType: MANIFEST },
      null,
    ],
  }),
  inner: "{}",
  attests: "{}",
  amd: "the image",
  empty: "",
  sbom: '{"packages":[]}',
  slsa: JSON.stringify({
    buildDefinition: {
      resolvedDependencies: [
        { uri: "pkg:docker/a@1", digest: { sha256: "aa", sha512: "bb" } },
        {},
      ],
    },
  }),
};

Deno.test("attachments are what is kept beside a record, by platform and type", async () => {
  await using scripted = scriptedHistory({
    records: [WITH_ATTACHMENTS],
    contents: CONTENTS,
  });
  const history = scripted.docker.buildHistory();
  const { attachments, materials } = await history.inspect();
  assertEquals(
    attachments.map((
      { digest, platform, type, mediaType, size },
    ) => [digest, platform, type, mediaType, size]),
    [
      ["index", undefined, INDEX, INDEX, 7],
      ["amd", "linux/amd64", MANIFEST, MANIFEST, 7],
      ["inner", "linux/arm/v7", MANIFEST, MANIFEST, 3],
      ["slsa", "linux/arm64", SLSA1, IN_TOTO, 7],
      ["sbom", "linux/arm64", SBOM, IN_TOTO, 7],
    ],
  );
  assertEquals(materials, [
    { uri: "pkg:docker/a@1", digests: ["sha256:aa", "sha512:bb"] },
    { uri: "", digests: [] },
  ]);
  assertEquals(await history.attestations("r"), [
    {
      platform: "linux/arm64",
      predicateType: SLSA1,
      predicate: JSON.parse(CONTENTS.slsa),
      digest: "slsa",
    },
    {
      platform: "linux/arm64",
      predicateType: SBOM,
      predicate: { packages: [] },
      digest: "sbom",
    },
  ]);
  const text = async (options: Parameters<typeof history.attachment>[1]) =>
    await new Response(await history.attachment("r", options)).text();
  assertEquals(await text({ type: "manifest" }), "the image");
  assertEquals(await text({ type: "index" }), CONTENTS.index);
  assertEquals(await text({ type: "sbom" }), CONTENTS.sbom);
  assertEquals(await text({ type: "provenance" }), CONTENTS.slsa);
  assertEquals(await text({ type: SBOM }), CONTENTS.sbom);
  assertEquals(await text({ platform: "linux/arm/v7" }), "{}");
  assertEquals(
    await text({ platform: "linux/arm64", type: "sbom" }),
    CONTENTS.sbom,
  );
  assertEquals(await text({ digest: "empty" }), "");
  assertEquals(
    await text({ digest: "gone too?" }).catch((e) => e.message),
    "content gone too?: not found",
  );
  for (
    const none of [
      { type: "image" },
      { type: "toString" },
      { platform: "linux/amd64", type: "sbom" },
    ]
  ) {
    const error = await assertRejects(() => text(none), BuildHistoryError);
    assertEquals(error.message, 'no matching attachment found for ref "r"');
    assertEquals(error.ref, "r");
  }
});

Deno.test("an attestation that is no JSON is an error without its text", async () => {
  await using scripted = scriptedHistory({
    records: [WITH_ATTACHMENTS],
    contents: { ...CONTENTS, slsa: "{hunter2" },
  });
  const history = scripted.docker.buildHistory();
  for (const ask of [() => history.attestations(), () => history.inspect()]) {
    const error = await assertRejects<Error>(ask, ProtocolError);
    assertEquals(
      error.message,
      "An attestation in the engine's history is no JSON",
    );
    assertEquals(error.cause, undefined);
  }
});

Deno.test("the error of a build has what BuildKit's words and details say", async () => {
  const detail = (type: string, value: unknown) => ({
    typeUrl: `github.com/moby/buildkit/${type}`,
    value: new TextEncoder().encode(JSON.stringify(value)),
  });
  const source = detail("errdefs.Source+json", {
    info: { filename: "Dockerfile", data: btoa("FROM a\nRUN b\n") },
    ranges: [{ start: { line: 2 }, end: { line: 2 } }],
  });
  const failed = (ref: string, message: string, inside: boolean) =>
    recordWith({
      ref,
      createdAt: at(1),
      completedAt: at(2),
      error: { code: 2, message, details: inside ? [source] : [] },
      externalError: inside ? undefined : descriptor("error", "status"),
      frontendAttrs: new Map([["platform", "linux/riscv64"]]),
    });
  await using scripted = scriptedHistory({
    records: [
      failed("secret", "x: secret npm: not found", true),
      failed("network", "a: network.host is not allowed", false),
      failed("foreign", "exec /bin/sh: exec format error", false),
      recordWith({
        ref: "bare",
        completedAt: at(2),
        error: { code: 2, message: "only words", details: [] },
      }),
    ],
    contents: {
      error: wholeStatus.encode({
        code: 2,
        message: "",
        details: [source, detail("gatewayapi.ExitMessage+json", { Code: 9 })],
      }),
    },
  });
  const history = scripted.docker.buildHistory();
  const failure = async (ref: string) => (await history.inspect(ref)).failure!;
  const secret = await failure("secret");
  assertEquals([secret.missingSecrets, secret.missingEntitlements], [
    ["npm"],
    [],
  ]);
  assertEquals(
    [secret.exitCode, secret.source?.file, secret.source?.startLine],
    [undefined, "Dockerfile", 2],
  );
  const network = await failure("network");
  assertEquals([network.missingEntitlements, network.exitCode], [
    ["network.host"],
    9,
  ]);
  assertEquals([network.source?.startLine, network.missingSecrets], [2, []]);
  assertStringIncludes(
    (await failure("foreign")).message,
    "steps for linux/riscv64 need emulation",
  );
  const bare = await failure("bare");
  assertEquals([bare.detail, bare.source, bare.log], [
    "only words",
    undefined,
    [],
  ]);
});

Deno.test("an export is whole or not there, and asks for traces only where they are missing", async () => {
  const log = "the log";
  const digest = `sha256:${await sha256(log)}`;
  const logs = (size: number) => ({ ...descriptor(digest, "log"), size });
  const wrong = `sha256:${"a".repeat(64)}`;
  const trace = '{\n  "Name": "n"\n}\n';
  await using scripted = scriptedHistory({
    records: [
      RUNNING,
      recordWith({
        ref: "good",
        createdAt: at(5),
        completedAt: at(6),
        logs: logs(7),
        externalError: logs(7),
        trace: descriptor("trace", "application/vnd.buildkit.otlp.json.v0"),
      }),
      recordWith({
        ref: "short",
        createdAt: at(1),
        completedAt: at(6),
        logs: logs(8),
      }),
      recordWith({
        ref: "long",
        createdAt: at(1),
        completedAt: at(6),
        logs: logs(6),
      }),
      recordWith({
        ref: "other",
        createdAt: at(1),
        completedAt: at(6),
        logs: { ...descriptor(wrong, "log"), size: 7 },
      }),
      recordWith({
        ref: "path",
        createdAt: at(1),
        completedAt: at(6),
        logs: { ...descriptor("sha256:../../x", "log"), size: 7 },
      }),
      recordWith({
        ref: "broken",
        createdAt: at(1),
        completedAt: at(6),
        trace: descriptor("no trace", "x"),
      }),
      recordWith({
        ref: "lost",
        createdAt: at(1),
        completedAt: at(6),
        logs: descriptor(`sha256:${"0".repeat(64)}`, "log"),
      }),
    ],
    contents: {
      [digest]: log,
      [wrong]: "the l0g",
      "sha256:../../x": log,
      trace,
      "no trace": "{hunter2",
    },
  });
  const history = scripted.docker.buildHistory();
  await withTempFolder(async (folder) => {
    const dest = `${folder}/new/x.dockerbuild`;
    const { bytes, dest: path } = await history.export([], {
      dest,
      finalize: true,
    });
    const file = await Deno.readFile(dest);
    assertEquals([path, bytes], [dest, file.length]);
    const { builds: [build] } = await readBundle(file);
    assertEquals(build!.record.Ref, "good");
    assertEquals(build!.record.DefaultPlatform, "linux/arm64");
    // Each part once.
    assertEquals(build!.layers.length, 1);
    assertEquals(build!.spans, [["n", undefined]]);
    assertEquals(scripted.updates, []);
    let kept: Uint8Array<ArrayBuffer>[] = [];
    let end: unknown = "open";
    const stream = () => {
      kept = [];
      end = "open";
      return new WritableStream<Uint8Array<ArrayBuffer>>({
        write: (chunk) => void kept.push(chunk),
        close: () => void (end = "closed"),
        abort: (reason) => void (end = reason),
      });
    };
    assertEquals(
      (await history.export(["good", "good"], { dest: stream() })).dest,
      undefined,
    );
    assertEquals(end, "closed");
    assertEquals(await new Blob(kept).bytes(), file);
    for (
      const [ref, words] of [
        ["short", "ended after 7 of 8 bytes"],
        ["long", "has more than the 6 bytes"],
        ["other", "has other bytes than those of its digest"],
        ["path", 'has "sha256:../../x" for its digest'],
        ["broken", "The trace of a build in the engine's history is no JSON"],
        ["lost", "not found"],
        ["runs", 'no record found for ref "runs"'],
      ] as const
    ) {
      const name = `${folder}/${ref}`;
      const error = await assertRejects<Error>(
        () => history.export([ref], { dest: name }),
        Error,
      );
      assertStringIncludes(error.message, words);
      assert(!error.message.includes("hunter2"), error.message);
      if (ref === "runs") continue;
      const aborted = await assertRejects<Error>(
        () => history.export([ref], { dest: stream() }),
        Error,
      );
      assertEquals((end as unknown as Error).message, aborted.message);
    }
    assertEquals(
      await Array.fromAsync(Deno.readDir(folder), ({ name }) => name),
      ["new"],
    );
    await history.export(["good", "short"], {
      dest: `${folder}/x`,
      finalize: true,
    }).catch(() => {});
    assertEquals(scripted.updates, [{
      ref: "short",
      pinned: false,
      delete: false,
      finalize: true,
    }]);
  });
});

Deno.test("an attachment with other bytes than those of its digest fails at its end", async () => {
  const digest = `sha256:${await sha256("right")}`;
  for (const content of ["right", "wrong"]) {
    await using scripted = scriptedHistory({
      records: ENDED,
      contents: { [digest]: content },
    });
    const history = scripted.docker.buildHistory();
    const read = new Response(await history.attachment("new", { digest }));
    if (content === "right") assertEquals(await read.text(), content);
    else {
      const error = await assertRejects(() => read.text(), ProtocolError);
      assertStringIncludes(error.message, `${digest} in the engine's history`);
    }
  }
});

Deno.test("an attachment that is left ends its call at once, also while the engine is silent", async () => {
  const digest = `sha256:${"1".repeat(64)}`;
  const left = Promise.withResolvers<void>();
  await using scripted = scriptedHistory({
    records: ENDED,
    answers: {
      Read(stream) {
        say(stream, readContentResponse.encode({ data: Uint8Array.of(1) }));
        stream.signal.addEventListener("abort", () => left.resolve());
        return left.promise;
      },
      // Another call keeps the connection.
      Status(stream) {
        say(stream, STEP);
        return left.promise;
      },
    },
  });
  const history = scripted.docker.buildHistory();
  const events = (await history.logs("old")).events();
  await events.next();
  const stream = await history.attachment("new", { digest });
  const reader = stream.getReader();
  assertEquals((await reader.read()).value, Uint8Array.of(1));
  await reader.cancel();
  await left.promise;
  await events.return();
});

Deno.test("an attachment may be read as slowly as one likes", async () => {
  using clock = new StandingClock();
  const data = new Uint8Array(4_000_000).fill(7);
  const digest = `sha256:${await sha256(data)}`;
  await using scripted = scriptedHistory({
    records: ENDED,
    contents: { [digest]: data },
  });
  const history = scripted.docker.buildHistory();
  const stream = await history.attachment("new", { digest });
  let read = 0;
  for await (const { length } of stream) {
    read += length;
    await clock.pass(60_000);
  }
  assertEquals(read, data.length);
});

/** A part of a log with a step whose digest is `d`. */
const STEP = Uint8Array.of(1 << 3 | 2, 3, 1 << 3 | 2, 1, 0x64);

Deno.test("a log that is read on ends with the client, and holds up nobody who closes it", async () => {
  for (const how of ["waiting", "left"] as const) {
    const scripted = scriptedHistory({
      records: ENDED,
      answers: {
        async Status(stream) {
          // A step that is only planned; or nothing yet.
          if (how === "left") say(stream, STEP);
          else say(stream);
          await new Promise<void>((resolve) =>
            stream.signal.addEventListener("abort", () => resolve())
          );
        },
      },
    });
    await using _ = scripted;
    const { docker } = scripted;
    const log = await docker.buildHistory().logs("old");
    assertEquals(log.ref, "old");
    const events = log.events();
    // Nobody waits for what comes next, and nobody ends it.
    if (how === "left") {
      assertEquals((await events.next()).done, false);
      await docker.close();
      // The connection is given back all the same.
      const closed = scripted.engine.connections.map(({ server }) =>
        server.closed
      );
      assertEquals(closed.length, 2);
      await Promise.all(closed);
      continue;
    }
    const next = events.next();
    const failed = assertRejects<Error>(() => next, Error);
    await docker.close();
    assertEquals((await failed).name, "AbortError");
  }
});

/** A build of one result, for a platform. */
function withResult(result: DescriptorMessage) {
  return recordWith({
    ref: "r",
    completedAt: at(1),
    results: new Map([["linux/arm64", {
      only: undefined,
      attestations: [],
      results: [{ number: 0, descriptor: result }],
    }]]),
  });
}

Deno.test("an index gives its platform to what has none, and one that names itself has an end", async () => {
  const manifest = (digest: string, more = {}) => ({
    mediaType: MANIFEST,
    digest,
    size: 1,
    ...more,
  });
  await using scripted = scriptedHistory({
    records: [withResult(descriptor("top", INDEX))],
    contents: {
      top: JSON.stringify({
        manifests: [
          manifest("a"),
          manifest("b", {
            platform: { os: "linux", architecture: "s390x", variant: "" },
          }),
          { ...manifest("top"), mediaType: INDEX },
        ],
      }),
      a: "a",
      b: "b",
    },
  });
  const { attachments } = await scripted.docker.buildHistory().inspect();
  const count = (digest: string) =>
    attachments.filter((one) => one.digest === digest).length;
  assertEquals([count("top"), count("a"), count("b")], [1, 1, 1]);
  assertEquals(
    new Set(attachments.map(({ digest, platform }) => `${digest} ${platform}`)),
    new Set(["top linux/arm64", "a linux/arm64", "b linux/s390x"]),
  );
});

Deno.test("indexes that name each other many times are read once each", async () => {
  const names = (digest: string) =>
    JSON.stringify({
      manifests: Array.from({ length: 20 }, () => ({
        mediaType: INDEX,
        digest,
        size: 1,
      })),
    });
  const contents = Object.fromEntries(
    Array.from({ length: 8 }, (_, at) => [`i${at}`, names(`i${at + 1}`)]),
  );
  await using scripted = scriptedHistory({
    records: [withResult(descriptor("i0", INDEX))],
    contents,
  });
  const { attachments } = await scripted.docker.buildHistory().inspect();
  assertEquals(
    attachments.map(({ digest }) => digest),
    Object.keys(contents),
  );
});

Deno.test("a time that none can be is an error that says so", async () => {
  for (
    const [time, isTime] of [
      [at(-62_135_596_800), true],
      [at(253_402_300_799, 999_999_999), true],
      [at(-62_135_596_801), false],
      [at(253_402_300_800), false],
      [at(0, -1), false],
      [at(0, 1_000_000_000), false],
    ] as const
  ) {
    await using scripted = scriptedHistory({
      records: [recordWith({ ref: "r", createdAt: time })],
    });
    const listed = scripted.docker.buildHistory().list();
    if (isTime) assertEquals((await listed).length, 1);
    else {
      const { message } = await assertRejects(() => listed, ProtocolError);
      assertStringIncludes(message, `${time.seconds} seconds`);
    }
  }
});

Deno.test("a store that fails is no store without that part", async () => {
  for (const type of [MANIFEST, INDEX]) {
    await using scripted = scriptedHistory({
      records: [withResult(descriptor("x", type))],
      answers: { Read: refuse(2, "the disk is broken") },
    });
    const error = await assertRejects<Error>(
      () => scripted.docker.buildHistory().inspect(),
      BuildHistoryError,
    );
    assertEquals(error.message, "the disk is broken");
  }
});

Deno.test("connections are given back when all is read, and when it is not", async () => {
  await using scripted = scriptedHistory({
    records: [WITH_ATTACHMENTS],
    contents: { ...CONTENTS, amd: "x".repeat(100_000) },
  });
  const history = scripted.docker.buildHistory();
  await history.list();
  const log = await history.logs("r");
  assertEquals(await Array.fromAsync(log.events()), []);
  const whole = await history.attachment("r", { type: "manifest" });
  assertEquals((await new Response(whole).bytes()).length, 100_000);
  const part = await history.attachment("r", { type: "manifest" });
  await part.cancel();
  const { connections } = scripted.engine;
  assertEquals(connections.length, 5);
  await Promise.all(connections.map(({ server }) => server.closed));
});
