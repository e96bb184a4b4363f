// One image by two daemons: the second one says that it is for arm64, and its
// steps run this machine's programs all the same.

import { dockerCommand, pulledFiles } from "../buildx/docker_client.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { putForm } from "../imagetools/images.ts";
import { Builder } from "../../lib/builder/builder.ts";
import { displayBuild } from "../../lib/display/display_build.ts";
import { openBuilder } from "../../lib/builder/open_builder.ts";
import { BuildError, ConnectionError, SecretError } from "../../lib/errors.ts";
import {
  imagetoolsCreate,
  imagetoolsInspect,
} from "../../lib/imagetools/imagetools.ts";
import { provenanceOf, solvedOf } from "../../lib/imagebuild/solved.ts";
import { Registries } from "../../lib/registry/registries.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { engineKindTest } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { tarBytes } from "../support/tar.ts";
import { until } from "../support/until.ts";

const CERT = new URL("../transport/certs/ca.pem", import.meta.url).pathname;
const PLATFORMS = ["linux/amd64", "linux/arm64"] as const;

const dockerfile = (base: string) =>
  `FROM ${base} AS private
FROM --platform=$BUILDPLATFORM davit-test/base AS made
ARG BUILDPLATFORM TARGETARCH
WORKDIR /out
RUN --mount=type=secret,id=token,required=true \\
    sha256sum < /run/secrets/token > token.sum && \\
    echo "$TARGETARCH by $BUILDPLATFORM" > made
FROM scratch
COPY --from=private /arch.txt /base.txt
COPY --from=made /out /
COPY notes.txt /
`;

engineKindTest(
  { generation: "28", containerdStore: true },
  "two platforms by two nodes, with a secret, a private base and a cache: pushed as one image, which is that of buildx",
  async (engine) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using guarded = await startRegistry({
      auth: "basic",
      tls: true,
      direct: true,
    });
    const registries = { [guarded.host]: { http: false, ca: [CERT] } };
    await using intel = await startBuildkitd({ registries });
    await using arm = await startBuildkitd({
      registries,
      platforms: ["linux/arm64"],
      tcp: true,
    });
    const credentials = { [registry.host]: LOGIN, [guarded.host]: LOGIN };
    const base = `${registry.host}/private`;
    using names = new Registries({ credentials });
    const repository = await names.repository(base);
    for (const architecture of ["amd64", "arm64"]) {
      await putForm(repository, architecture, { architecture });
    }
    await imagetoolsCreate([`${base}:amd64`, `${base}:arm64`], {
      tag: `${base}:1`,
      credentials,
    });
    await using builder = await Builder.fromNodes([
      { name: "intel", address: intel.address },
      { name: "arm", address: arm.tcpAddress, tls: arm.tls },
    ], { credentials, registryCa: await Deno.readTextFile(CERT) });
    assertEquals([...builder.nodes.keys()], ["intel", "arm"]);
    const app = `${registry.host}/app`;
    await withTempFolder(async (folder) => {
      const token = `token of two nodes ${crypto.randomUUID()}`;
      await Deno.mkdir(`${folder}/context`);
      await writeTree(`${folder}/context`, {
        Dockerfile: dockerfile(`${base}:1`),
        "notes.txt": "notes",
      });
      await Deno.writeTextFile(`${folder}/token`, token);
      const options = {
        tag: [`${app}:davit`, `${app}:other`],
        platform: PLATFORMS,
        secrets: { token },
        strictSecrets: true,
        attest: { provenance: "max" },
        outputs: { type: "registry", ociMediatypes: true },
        cacheto: `type=registry,ref=${app}:cache,mode=max`,
        annotations: {
          "index:org.example.title": "both",
          "manifest-descriptor[linux/arm64]:org.example.node": "arm",
        },
      } as const;
      const build = builder.imageBuild(`${folder}/context`, options);
      const steps = new Set<string>();
      const digests = new Set<string>();
      for await (const event of build.events()) {
        if (event.type !== "vertex") continue;
        steps.add(event.name);
        digests.add(event.digest);
      }
      const result = await build.result();
      assertEquals(result.warnings, []);
      assertEquals(result.secrets.served, ["token"]);
      for (const [node, arch] of [["intel", "amd64"], ["arm", "arm64"]]) {
        for (
          const step of [
            `[${node} internal] load build definition from Dockerfile`,
            `[${node} linux/${arch} stage-2 3/3] COPY notes.txt /`,
            `[${node}] exporting to image`,
          ]
        ) assert(steps.has(step), `${step} is not in ${[...steps].join("\n")}`);
      }
      assertEquals(
        [...steps].filter((step) => !/^\[(intel|arm)[ \]]/.test(step)),
        [`merging manifest list ${app}:davit,${app}:other`],
      );
      const { answer } = solvedOf(result)!;
      assertEquals(answer.get("containerimage.digest"), result.imageId);
      const descriptor = JSON.parse(
        atob(answer.get("containerimage.descriptor")!),
      );
      assertEquals(descriptor.digest, result.imageId);
      assert(digests.size >= steps.size);
      assertEquals(
        result.caches.map(({ place }) => place).sort(),
        [`${app}:cache-arm`, `${app}:cache-intel`],
      );
      // Both nodes got both files.
      assertEquals(result.context.files, 1);
      assertEquals(result.context.bytesSent, 2 * "notes".length);

      // By the same daemons, which have it all by now.
      await using buildx = await dockerCommand(engine, [registry.host]);
      const create = ["buildx", "create", "--name=two", "--driver=remote"];
      await buildx.run([...create, "--node=intel", intel.address]);
      const tls = arm.tls;
      for (const [name, text] of Object.entries(tls)) {
        await Deno.writeTextFile(`${folder}/${name}.pem`, text);
      }
      await buildx.run([
        ...create,
        ...["--append", "--node=arm"],
        "--driver-opt",
        `cacert=${folder}/ca.pem,cert=${folder}/cert.pem,key=${folder}/key.pem`,
        arm.tcpAddress,
      ]);
      await buildx.run([
        ...["buildx", "build", "--builder=two", "--provenance=mode=max"],
        ...["--platform", PLATFORMS.join(), "-t", `${app}:buildx`],
        ...["--secret", "id=token,src=../token"],
        ...["--annotation", "index:org.example.title=both"],
        "--annotation=manifest-descriptor[linux/arm64]:org.example.node=arm",
        "--output=type=registry,oci-mediatypes=true",
        ".",
      ], `${folder}/context`);
      const inspect = (tag: string) =>
        imagetoolsInspect(`${app}:${tag}`, { credentials, images: true });
      const ours = await inspect("davit");
      const theirs = await inspect("buildx");
      assertEquals((await inspect("other")).descriptor, ours.descriptor);
      assertEquals(result.imageId, ours.descriptor.digest);
      // The provenance tells when it was made; the rest is the same.
      const parts = ({ index, images }: typeof ours) => ({
        annotations: index!.annotations,
        manifests: index!.manifests.map((
          { mediaType, platform, annotations },
        ) => ({
          mediaType,
          platform,
          keys: Object.keys(annotations ?? {}),
        })),
        images,
      });
      assertEquals(parts(ours), parts(theirs));
      assertEquals(ours.index!.manifests.length, 4);
      assertEquals(result.image, {
        digest: ours.descriptor.digest,
        platforms: ours.images.map(({ platform, descriptor: { digest } }) => ({
          platform,
          digest,
        })),
      });

      // By buildx's own files, too.
      const before = Deno.env.get("DOCKER_CONFIG");
      Deno.env.set("DOCKER_CONFIG", buildx.config);
      try {
        await using same = await openBuilder("two", {
          credentials,
          registryCa: await Deno.readTextFile(CERT),
        });
        const byFiles = await same.imageBuild(`${folder}/context`, {
          ...options,
          tag: `${guarded.host}/files:1`,
          cacheto: [],
        }).result();
        assertEquals(byFiles.image?.platforms, result.image?.platforms);
        // The provenance of each platform is asked of the node that made it.
        const { signal } = new AbortController();
        assertEquals(
          [...(await provenanceOf(byFiles, signal)).keys()],
          [...PLATFORMS],
        );
      } finally {
        if (before === undefined) Deno.env.delete("DOCKER_CONFIG");
        else Deno.env.set("DOCKER_CONFIG", before);
      }

      // An engine gets each platform of it.
      for (const platform of PLATFORMS) {
        const arch = platform.split("/")[1]!;
        const files = await pulledFiles(buildx, `${app}:davit`, platform);
        for (
          const [path, text] of [
            ["base.txt", arch],
            ["made", `${arch} by ${platform}\n`],
            ["notes.txt", "notes"],
            ["token.sum", `${await sha256(token)}  -\n`],
          ] as const
        ) {
          const line = files.find((line) => line.startsWith(`${path} `));
          assertStringIncludes(line ?? "", await sha256(text), path);
        }
      }

      // Other daemons, with the cache of the first: nothing is run again.
      await using intel2 = await startBuildkitd({ registries });
      await using arm2 = await startBuildkitd({
        registries,
        platforms: ["linux/arm64"],
      });
      await using others = await Builder.fromNodes([
        { name: "arm", address: arm2.address, platforms: ["linux/arm64"] },
        { name: "intel", address: intel2.address, platforms: "linux/amd64" },
      ], { credentials, registryCa: await Deno.readTextFile(CERT) });
      const again = await others.imageBuild(`${folder}/context`, {
        ...options,
        // A registry with TLS this time, whose authority davit is given.
        tag: `${guarded.host}/again:1`,
        cacheto: [],
        cachefrom: `type=registry,ref=${app}:cache`,
      }).result();
      assertEquals(again.warnings, []);
      // Nothing is run again, so that nobody asks for the token.
      assertEquals(again.secrets.cached, ["token"]);
      assertEquals(
        again.steps.filter(({ name, cached }) =>
          !cached && /COPY|RUN/.test(name)
        ),
        [],
      );
      assertEquals(
        again.image!.platforms.map(({ platform }) => platform),
        [...PLATFORMS],
      );
      assertEquals(
        again.caches.filter(({ state }) => state === "done").map(({ place }) =>
          place
        ).sort(),
        [`${app}:cache-arm`, `${app}:cache-intel`],
      );
    });
  },
);

Deno.test("a node that fails or is gone ends the build on the others, and nothing gets a name", async () => {
  await using registry = await startRegistry();
  await using intel = await startBuildkitd();
  await using arm = await startBuildkitd({ platforms: ["linux/arm64"] });
  await using builder = await Builder.fromNodes([
    { name: "intel", address: intel.address },
    { name: "arm", address: arm.address },
  ]);
  const app = `${registry.host}/app`;
  const build = (dockerfile: string, tag: string) =>
    builder.imageBuild({ dockerfile: { text: dockerfile } }, {
      tag: `${app}:${tag}`,
      platform: PLATFORMS,
      outputs: { type: "registry" },
      nocache: true,
    });
  const only = (command: string) =>
    `FROM davit-test/base
ARG TARGETARCH
RUN if [ $TARGETARCH = arm64 ]; then ${command}; else echo waits; sleep 600; fi
`;
  // Each node mounts one of the two: together they are used, and told before any
  // step that no node needs the third.
  const own = {
    dockerfile: {
      text:
        "FROM davit-test/base\nARG TARGETARCH\nRUN --mount=type=secret,id=for-$TARGETARCH true\n",
    },
  };
  const strict = (...ids: string[]) =>
    builder.imageBuild(own, {
      platform: PLATFORMS,
      outputs: { type: "cacheonly" },
      secrets: Object.fromEntries(ids.map((id) => [id, `value of ${id}`])),
      strictSecrets: true,
      nocache: true,
    });
  const pair = ["for-amd64", "for-arm64"];
  const used = await strict(...pair).result();
  assertEquals([used.secrets.served.toSorted(), used.warnings], [pair, []]);
  const spare = strict(...pair, "spare");
  const states: string[] = [];
  const reading = (async () => {
    for await (const event of spare.events()) {
      if (event.type === "secret") states.push(`${event.id} ${event.state}`);
      if (event.type === "vertex" && event.name.includes("RUN")) {
        states.push(event.name);
      }
    }
  })().catch(() => {}); // the result fails with the same
  const unused = await assertRejects(() => spare.result(), SecretError);
  assertStringIncludes(
    unused.message,
    'stopped before its first step: secret "spare" was given, and no step',
  );
  await reading;
  assertEquals(states, ["spare unused"]);
  const isThere = (tag: string) =>
    imagetoolsInspect(`${app}:${tag}`).then(() => true, () => false);

  // What a step printed is masked in the error, too: each value by its node.
  const values = { given: "value that is given", later: "value by a function" };
  const printed = builder.imageBuild({
    dockerfile: {
      text: `FROM davit-test/base
RUN --mount=type=secret,id=given --mount=type=secret,id=later \\
  cd /run/secrets; cat given; echo; cat later; echo; exit 3
`,
    },
  }, {
    platform: PLATFORMS,
    outputs: { type: "cacheonly" },
    secrets: { ...values, later: () => values.later },
    nocache: true,
  });
  const told = await assertRejects(() => printed.result(), BuildError);
  assertEquals(told.log, ["***", "***"]);
  for (const value of Object.values(values)) {
    assert(!Deno.inspect(told, { depth: 20 }).includes(value));
  }

  const failed = build(only("exit 42"), "failed");
  let shown = "";
  const display = displayBuild(failed, {
    mode: "plain",
    output: new WritableStream<Uint8Array>({
      write: (bytes) => void (shown += new TextDecoder().decode(bytes)),
    }),
  }).catch(() => {}); // it fails as the build does
  const error = await assertRejects(() => failed.result(), BuildError);
  assertEquals(error.exitCode, 42);
  assertStringIncludes(
    error.message,
    'it failed on the node "arm", and the builds of the other nodes were stopped',
  );
  assertStringIncludes(
    error.step ?? "",
    "[linux/arm64 2/2] RUN if [ arm64 = arm64 ]",
  );
  assertEquals(error.source?.startLine, 3);
  // The display ends with both: what failed, and what was beside for it.
  await display;
  const step = (node: string, platform: string) =>
    new RegExp(`^#(\\d+) \\[${node} linux/${platform} 2/2\\] RUN`, "m")
      .exec(shown)?.[1];
  assertMatch(shown, new RegExp(`^#${step("arm", "arm64")} ERROR: `, "m"));
  const beside = step("intel", "amd64");
  // If it had begun.
  if (beside !== undefined) {
    assertMatch(shown, new RegExp(`^#${beside} (CANCELED|ERROR)`, "m"));
  }
  assertEquals(await isThere("failed"), false);

  const lost = build(only("echo begun; sleep 600"), "lost");
  const reason = assertRejects(() => lost.result(), ConnectionError);
  for await (const event of lost.events()) {
    if (event.type !== "log") continue;
    if (new TextDecoder().decode(event.bytes).includes("begun")) break;
  }
  await arm.kill();
  assertStringIncludes((await reason).message, arm.address);
  assertEquals(await isThere("lost"), false);
  // Nothing runs there any more, and a build for that node alone goes on.
  const alone = await builder.imageBuild({
    dockerfile: { text: "FROM davit-test/base\nRUN true\n" },
  }, { platform: "linux/amd64", outputs: { type: "cacheonly" } }).result();
  assertEquals(alone.steps.some(({ name }) => name.includes("[intel")), false);
  await assertRejects(
    () => build("FROM scratch\n", "gone").result(),
    ConnectionError,
    arm.address,
  );
  await arm.start();
  // Each node has a layer of its own: the registry of the tests can refuse one
  // that two clients upload at the same moment.
  const back = await build(
    `FROM davit-test/base AS made
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
COPY --from=made /arch /
`,
    "back",
  ).result();
  assertEquals(back.image!.platforms.length, 2);
  assertEquals(await isThere("back"), true);

  // The caller ends it on both.
  const ended = new AbortController();
  const stopped = builder.imageBuild({
    dockerfile: { text: "FROM davit-test/base\nRUN echo begun; sleep 600\n" },
  }, {
    platform: PLATFORMS,
    outputs: { type: "registry" },
    tag: `${app}:stopped`,
    nocache: true,
    signal: ended.signal,
  });
  const stop = assertRejects(() => stopped.result(), Error, "enough");
  const begun = new Set<string>();
  await assertRejects(
    async () => {
      for await (const event of stopped.events()) {
        if (event.type === "log") begun.add(event.vertex);
        if (begun.size === 2) ended.abort(new Error("enough"));
      }
    },
    Error,
    "enough",
  );
  await stop;
  assertEquals(await isThere("stopped"), false);
  for (const node of builder.nodes.values()) {
    await until(async () => {
      const records = await node.buildHistory().list();
      return records.every(({ status }) => status !== "running");
    }, "the build has ended there");
  }

  // What has no place there.
  for (
    const [words, options] of [
      ['output "oci"', { outputs: { type: "oci", dest: "x.tar" } }],
      ['output "image"', { outputs: { type: "image" }, tag: "a" }],
      ["give a tag", { outputs: { type: "registry" } }],
      ["verify", {
        outputs: { type: "registry" },
        tag: `${app}:1`,
        secrets: { a: "bcde" },
        verify: true,
      }],
      ["leave the option session out", { session: "x" }],
    ] as const
  ) {
    await assertRejects(
      () =>
        builder.imageBuild({ dockerfile: { text: "FROM scratch\n" } }, {
          platform: PLATFORMS,
          ...options,
        }).result(),
      Error,
      words,
    );
  }
  // A tar that can be read once goes to both.
  const tars = await Promise.all(
    [
      { Dockerfile: "FROM scratch\nCOPY a.txt /\nCOPY --from=more b.txt /\n" },
      { "b.txt": "b" },
    ].map((files) => tarBytes({ "a.txt": "a".repeat(100_000), ...files })),
  );
  const stream = (bytes: Uint8Array) => ReadableStream.from([bytes]);
  const both = await builder.imageBuild(stream(tars[0]!), {
    tag: `${app}:tar`,
    platform: PLATFORMS,
    outputs: { type: "registry" },
    contexts: { more: stream(tars[1]!) },
  }).result();
  assertEquals(both.image!.platforms.length, 2);
  assertEquals(both.context.bytesSent, 2 * tars[0]!.length);
  let cancelled: unknown;
  const given = new ReadableStream<Uint8Array>({
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  await assertRejects(
    () =>
      builder.imageBuild(given, {
        platform: PLATFORMS,
        outputs: { type: "registry" },
      }).result(),
    TypeError,
    "give a tag",
  );
  assert(cancelled instanceof TypeError);
  await assertRejects(
    async () => await builder.buildDiskUsage(),
    Error,
    'builder.nodes.get("intel")',
  );
  const usage = await builder.nodes.get("arm")!.buildDiskUsage();
  assert(usage.records.length > 0);
  assertEquals((await builder.workers()).length, 2);
});
