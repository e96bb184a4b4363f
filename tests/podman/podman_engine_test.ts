import { importBaseImage } from "../engines/base_image.ts";
import { startPodman } from "../engines/podman.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { sha256 } from "../support/digest.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { dockerfileTar, tarOf } from "../support/tar.ts";
import { changedEnvironment } from "../support/environment.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { podmanComponent, podmanVersion } from "../../lib/engine/podman.ts";
import { directTransport } from "../../lib/transport/direct.ts";
import {
  BuildError,
  displayBuild,
  DockerClient,
  type DockerClientOptions,
  EngineError,
  type ImageBuildOptions,
  SecretLeakError,
  TransferError,
  UnsupportedError,
} from "../../mod.ts";

/** Names of the image that the steps share. */
const NAMES = ["davit-test/podman:1", "davit-test/podman:2"];

/** All that a build says, as text. */
async function buildLog(
  docker: DockerClient,
  ...[context, options]: Parameters<DockerClient["imageBuild"]>
): Promise<{ log: string; id: string }> {
  const build = docker.imageBuild(context, options);
  let log = "";
  for await (const message of build.messages()) log += message.stream ?? "";
  return { log, id: await build.wait() };
}

/** The bytes of an image, as `docker save` writes them. */
async function savedText(docker: DockerClient, name: string): Promise<string> {
  const tar = await docker.imageSave(name);
  return await new Response(tar as ReadableStream<Uint8Array<ArrayBuffer>>)
    .text();
}

Deno.test({
  name: "podman",
  ignore: Deno.env.has("DAVIT_TEST_HOST"),
  async fn(t) {
    await using podman = await startPodman();
    await importBaseImage(podman.host);
    await using docker = await DockerClient.fromDockerHost(podman.host);
    const transport = directTransport({
      kind: "unix",
      path: podman.socketPath,
    });
    const engine = new Engine(transport);

    await t.step(
      "verify finds what a step left, in podman's archives",
      async () => {
        const t = `left by podman ${crypto.randomUUID()}`;
        const build = (command: string) =>
          docker.imageBuild(
            dockerfileTar(
              "FROM davit-test/base",
              `RUN --mount=type=secret,id=t ${command}`,
            ),
            {
              tag: NAMES[0]!,
              secrets: { t },
              allowSecretFiles: true,
              networkmode: "none",
              verify: true,
            },
          ).result();
        const { verification } = await build("sha256sum /run/secrets/t > /sum");
        assert(verification!.bytes > 1_000_000);
        const error = await assertRejects(
          () => build("cat /run/secrets/t > /etc/app.conf"),
          SecretLeakError,
        );
        assertEquals(
          error.finds.map(({ path, layerNumber }) => [path, layerNumber]),
          [["etc/app.conf", 2]],
        );
        assertEquals(error.removed, [NAMES[0]!]);
      },
    );

    await t.step("is told by its ping, and by its parts", async () => {
      assertEquals((await docker.ping()).libpodApiVersion, podman.version);
      const version = await docker.version();
      assertEquals(podmanComponent(version), podman.version);
      assertEquals(await podmanVersion(engine), podman.version);
      // Something between may take the header away.
      const headless = new Engine({
        fetch: async (path, init) => {
          const response = await transport.fetch(path, init);
          const headers = new Headers(response.headers);
          headers.delete("libpod-api-version");
          const { status } = response;
          return new Response(await response.text(), { status, headers });
        },
        close: () => {},
      });
      assertEquals((await headless.facts()).libpodApiVersion, undefined);
      assertEquals(await podmanVersion(headless), podman.version);
    });

    await t.step("builds a tar", async () => {
      const { log, id } = await buildLog(
        docker,
        tarOf({
          Dockerfile:
            "FROM davit-test/base\nARG A\nCOPY a /a\nRUN echo $A-$(cat /a)\n",
          a: "x",
        }),
        {
          tag: NAMES,
          buildargs: { A: "1 ü" },
          labels: { made: "here" },
          networkmode: "none",
        },
      );
      assertStringIncludes(log, "1 ü-x\n");
      for (const name of NAMES) {
        const image = await docker.imageInspect(name);
        assertEquals(image.Id, id);
        assertEquals(image.Config?.Labels?.made, "here");
      }
      await assertRejects(
        () =>
          docker.imageBuild(
            dockerfileTar("FROM davit-test/base", "RUN exit 7"),
            { networkmode: "none" },
          ).wait(),
        Error,
        "exit status 7",
      );
    });

    await t.step(
      "tells the steps, what they print, and what came from the cache",
      async () => {
        const secrets = { token: `printed-${crypto.randomUUID()}` };
        const Dockerfile = [
          "FROM davit-test/base AS tools",
          "RUN echo made > /made",
          "FROM davit-test/base",
          `ENV SALT=${crypto.randomUUID()}`,
          "RUN --mount=type=secret,id=token cat /run/secrets/token; echo shown",
          "COPY --from=tools /made /",
        ].join("\n");
        const build = () =>
          docker.imageBuild({ files: { Dockerfile } }, {
            tag: "davit-test/podman-steps:1",
            networkmode: "none",
            secrets,
            allowSecretFiles: true,
          });
        const first = build();
        const shown = new TransformStream<
          Uint8Array<ArrayBuffer>,
          Uint8Array<ArrayBuffer>
        >();
        const [text, { steps, names }] = await Promise.all([
          new Response(shown.readable).text(),
          first.result(),
          displayBuild(first, { mode: "plain", output: shown.writable })
            .finally(() => shown.writable.close()),
        ]);
        const words = [
          "[tools 1/2] FROM davit-test/base AS tools",
          "[tools 2/2] RUN echo made > /made",
          "[stage-1 1/4] FROM davit-test/base",
        ];
        assertEquals(steps.slice(0, 3).map(({ name }) => name), words);
        assertMatch(
          steps[4]!.name,
          /^\[stage-1 3\/4\] RUN --mount=type=secret/,
        );
        for (const { completed } of steps) assert(completed !== undefined);
        for (const word of words) assertStringIncludes(text, word);
        assertMatch(text, /^#5 [\d.]+ \*\*\*shown$/m);
        assertEquals(names, ["davit-test/podman-steps:1"]);
        const { steps: again } = await build().result();
        assertEquals(again.map(({ cached }) => cached), [
          false,
          true,
          false,
          true,
          true,
          true,
        ]);
      },
    );

    await t.step("tells where a build failed, and how", async () => {
      const error = await assertRejects(
        () =>
          docker.imageBuild({
            files: {
              Dockerfile: [
                "FROM davit-test/base AS tools",
                "RUN echo fine; false || true",
                "FROM tools",
                "# A comment",
                "RUN echo compiling && \\",
                "  exit 7",
                "RUN echo never",
              ].join("\n"),
            },
          }, { networkmode: "none" }).wait(),
        BuildError,
        "exit status 7",
      );
      assertEquals(error.exitCode, 7);
      assertEquals(error.log, ["compiling"]);
      assertMatch(error.step!, /^\[stage-1 2\/3\] RUN echo compiling/);
      const { startLine, endLine } = error.source!;
      assertEquals([startLine, endLine], [5, 6]);
      // Podman counts what makes no layer, too.
      const twice = await assertRejects(
        () =>
          docker.imageBuild({
            files: {
              Dockerfile:
                "FROM davit-test/base\nRUN mkdir /a\nRUN mkdir /a\nENV x=y\n",
            },
          }, { networkmode: "none" }).wait(),
        BuildError,
      );
      assertEquals(twice.source?.startLine, 3);
    });

    await t.step("names the image when it is asked to be quiet", async () => {
      const { id } = await buildLog(
        docker,
        dockerfileTar("FROM davit-test/base"),
        { quiet: true, tag: "davit-test/podman-quiet:1" },
      );
      const { Id } = await docker.imageInspect("davit-test/podman-quiet:1");
      assertEquals(id, Id);
    });

    await t.step("takes hosts and limits in its own form", async () => {
      const { log } = await buildLog(
        docker,
        dockerfileTar(
          "FROM davit-test/base",
          "RUN cat /etc/hosts; ulimit -n; ulimit -Hn",
        ),
        {
          networkmode: "none",
          nocache: true,
          extrahosts: ["somewhere:10.1.2.3"],
          ulimits: [{ name: "nofile", soft: 100, hard: 200 }],
        },
      );
      assertMatch(log, /^10\.1\.2\.3\tsomewhere$/m);
      assertStringIncludes(log, "\n100\n200\n");
    });

    await t.step(
      "mounts secrets that came in the tar, and keeps them out of the image",
      async () => {
        const values = {
          token: `hunter2-${crypto.randomUUID()}`,
          "a.b": `binary\0\xff-${crypto.randomUUID()}`,
        };
        const tar = () =>
          tarOf({
            ".dockerignore": "*\n!Dockerfile\n",
            Dockerfile: [
              "FROM davit-test/base",
              "COPY . /before",
              "RUN --mount=type=secret,id=token --mount=type=secret,id=a.b,target=/b sha256sum /run/secrets/token /b; ls -l /run/secrets/token",
              "COPY . /after",
              "RUN ls -aR /before /after; ls /run/secrets/token || echo gone",
            ].join("\n"),
          });
        const name = "davit-test/podman-secret:1";
        const options: ImageBuildOptions = {
          tag: name,
          nocache: true,
          networkmode: "none",
          secrets: values,
          allowSecretFiles: true,
        };
        const { log: text } = await buildLog(docker, tar(), options);
        for (const value of Object.values(values)) {
          assertStringIncludes(text, await sha256(value));
        }
        assertStringIncludes(text, "-r--------");
        assertStringIncludes(text, "gone");
        assert(!text.includes("davit-secret-"), text);
        const image = await savedText(docker, name);
        const history = JSON.stringify(await docker.imageHistory(name));
        for (const value of Object.values(values)) {
          assert(!image.includes(value.slice(-36)));
          assert(!history.includes(value.slice(-36)));
        }
        assert(!image.includes("davit-secret-"));
        assertEquals(await leftovers(podman.directory, values.token), []);
      },
    );

    await t.step(
      "has no session, cache, or registry's answer to ask for: an UnsupportedError names it",
      async () => {
        const cases: [feature: string, ask: () => Promise<unknown>][] = [
          ["buildPrune", () => docker.buildPrune({ all: true })],
          [
            "distributionInspect",
            () => docker.distributionInspect("davit-test/base"),
          ],
        ];
        for (const [feature, ask] of cases) {
          const error = await assertRejects(ask, UnsupportedError, "Podman");
          assertEquals(error.feature, feature);
        }
        for (
          const ask of [
            () => docker.buildHistory().list(),
            () => docker.buildDiskUsage(),
            () => docker.buildPruneRecords().next(),
          ]
        ) {
          await assertRejects<Error>(
            ask,
            UnsupportedError,
            "it takes BuildKit's own API: use the socket of a Docker engine",
          );
        }
        const secrets = { token: "hunter2-hunter2" };
        const refused: [ImageBuildOptions, words: string][] = [
          [{ secrets }, "allowSecretFiles: true"],
          [{ secrets, version: "1", allowSecretFiles: true }, "leave version"],
          [
            { secrets, allowSecretFiles: true, strictSecrets: true },
            "leave strictSecrets out",
          ],
          [
            { secrets: { token: () => "x" }, allowSecretFiles: true },
            "give the value itself",
          ],
          [{ strictSecrets: "missing" }, "leave strictSecrets out"],
          [{ session: "some" }, "leave the option out"],
          [{ outputs: { type: "cacheonly" } }, "imageSave"],
          [{ outputs: { type: "tar", dest: "/nowhere" } }, "imageSave"],
          [{ remote: "https://x.example/y.git" }, "give it as a tar"],
        ];
        for (const [options, words] of refused) {
          await assertRejects(
            () =>
              docker.imageBuild(dockerfileTar("FROM davit-test/base"), options)
                .wait(),
            UnsupportedError,
            words,
          );
        }
        // Its own refusals stay what they are.
        await assertRejects(() => docker.imageInspect("no/such"), EngineError);
      },
    );

    await t.step("pushes and pulls, with a login and without", async () => {
      await using open = await startRegistry();
      await using guarded = await startRegistry({ auth: "basic" });
      for (const registry of [open, guarded]) {
        const name = `${registry.host}/podman/app:1`;
        await docker.imageTag("davit-test/podman:1", name.slice(0, -2), "1");
        if (registry === guarded) {
          const error = await assertRejects(
            () => docker.imagePush(name).wait(),
            TransferError,
            "give a login for",
          );
          assertStringIncludes(error.detail, "unauthorized");
        }
        const options = registry === guarded
          ? { credentials: { [registry.host]: LOGIN } }
          : {};
        const digest = await docker.imagePush(name, options).wait();
        // With the image still there, under a manifest of another push or of the
        // build, it may not know which one came: then no digest, never a wrong one.
        await docker.imageRemove(name);
        const again = await docker.imagePull(name, options).wait();
        assert(["", digest].includes(again), again);
        for (const other of [name, ...NAMES]) await docker.imageRemove(other);
        const pull = docker.imagePull(name, options);
        assert((await Array.fromAsync(pull.events())).length > 0);
        assertEquals(await pull.wait(), digest);
        for (const tag of ["1", "2"]) {
          await docker.imageTag(name, "davit-test/podman", tag);
        }
        await docker.imageRemove(name);
      }
      await assertRejects(
        () => docker.imagePull(`${open.host}/nothing/here:1`).wait(),
        TransferError,
        "check its name and its tag",
      );
    });

    await t.step("saves, loads, tags and prunes", async () => {
      const name = "davit-test/podman:1";
      const tar = await new Response(
        await docker.imageSave(name) as ReadableStream<Uint8Array<ArrayBuffer>>,
      ).bytes();
      const { Id } = await docker.imageInspect(name);
      for (const other of NAMES) await docker.imageRemove(other);
      const { names } = await docker.imageLoad(ReadableStream.from([tar]));
      assertEquals(names, [`docker.io/${name}`]);
      assertEquals((await docker.imageInspect(name)).Id, Id);
      await docker.imageRemove(name);
      await docker.imageBuild(
        dockerfileTar("FROM davit-test/base", "LABEL prune=me"),
      ).wait();
      const { ImagesDeleted } = await docker.imagePrune({
        filters: { label: ["prune=me"] },
      });
      assertEquals(ImagesDeleted?.length, 1);
    });
    await t.step(
      "gets the logins for a private base image, and a function's only where it can be asked",
      async () => {
        await using registry = await startRegistry({ auth: "basic" });
        await using other = await startRegistry({ auth: "basic" });
        const name = `${registry.host}/private/base:1`;
        await docker.imageTag("davit-test/base", name.slice(0, -2), "1");
        await docker.imagePush(name, {
          credentials: { [registry.host]: LOGIN },
        }).wait();
        const folder = await Deno.makeTempDir({ prefix: "davit-podman-" });
        await Deno.writeTextFile(`${folder}/Dockerfile`, `FROM ${name}\n`);
        const credentials = { [registry.host]: LOGIN };
        const callback = (host: string) =>
          host === registry.host ? LOGIN : null;
        const build = async (
          logins: DockerClientOptions,
          options: ImageBuildOptions = {},
          context: string | ReadableStream<Uint8Array> = folder,
        ) => {
          await using client = await DockerClient.fromDockerHost(
            podman.host,
            logins,
          );
          const before = registry.requests.length;
          await client.imageBuild(context, { pull: true, ...options }).wait();
          assert(
            registry.requests.slice(before).some(({ authorization }) =>
              authorization === `Basic ${LOGIN_BASE64}`
            ),
          );
        };
        try {
          const tar = () => dockerfileTar(`FROM ${name}`);
          await assertRejects(() => build({}), Error, "unauthorized");
          await build({}, { credentials }, tar());
          await build({}, { credentials, version: "1" }, tar());
          await build({ credentials });
          await build({ credentials: callback });
          await build({}, { credentials: callback });
          await assertRejects(
            () => build({}, { credentials: callback }, tar()),
            UnsupportedError,
            "give the logins by registry",
          );
          await Deno.writeTextFile(
            `${folder}/config.json`,
            JSON.stringify({
              auths: { [registry.host]: { auth: LOGIN_BASE64 } },
            }),
          );
          {
            using _config = changedEnvironment({ DOCKER_CONFIG: folder });
            await build({ dockerConfig: true });
            await build({ dockerConfig: true }, {}, tar());
          }
          assertEquals(other.requests.length, 0);
        } finally {
          await Deno.remove(folder, { recursive: true });
        }
      },
    );
    await transport.close();
  },
});

/** Files of the service that hold a text. */
async function leftovers(directory: string, text: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("grep", {
    args: ["-rlF", text, directory],
  }).output();
  return new TextDecoder().decode(stdout).trim().split("\n").filter(Boolean);
}
