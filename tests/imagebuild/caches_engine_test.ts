// Caches that travel: what one engine built, another need not build again.

import type {
  BuildEvent,
  CacheFrom,
  CacheTo,
  DockerClient,
} from "../../mod.ts";
import {
  BuildError,
  DockerClient as Client,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { runDavit } from "../cli/command.ts";
import { cacheIdsOf } from "../support/build_cache.ts";
import {
  containerdTest,
  engineKindTest,
  engineOf,
  engineTest,
} from "../support/engines.ts";
import { startGithubCache } from "../support/github_cache.ts";
import { startRelay } from "../support/relay.ts";
import { LOGIN, type Registry, startRegistry } from "../support/registry.ts";
import { withTempFolder } from "../support/folder.ts";
import { until } from "../support/until.ts";
import { bothWaysTest, by } from "../support/ways.ts";

/** Two stages of which each has a secret; `mark` is in no other build. */
function dockerfile(base: string, mark: string): string {
  return [
    `FROM ${base} AS one`,
    `RUN --mount=type=secret,id=token test -s /run/secrets/token && echo one-${mark} > /one`,
    `FROM ${base}`,
    "COPY --from=one /one /",
    `RUN --mount=type=secret,id=token sha256sum < /run/secrets/token > /tmp/x && rm /tmp/x && echo two-${mark} > /two`,
    "",
  ].join("\n");
}

/** How a build of {@linkcode dockerfile} went. */
interface Built {
  /** Of each step that could be run: whether it came from a cache. */
  readonly cached: readonly boolean[];
  /** What the events say of caches. */
  readonly caches: readonly BuildEvent[];
  readonly served: readonly string[];
  readonly fromCache: readonly string[];
  /** Those about caches. */
  readonly warnings: readonly (readonly [code: string, short: string])[];
  /** The value of the secret. */
  readonly value: string;
}

async function build(
  docker: DockerClient,
  text: string,
  { registry, ...options }: {
    readonly registry?: Registry;
    readonly tag?: string;
    readonly push?: boolean;
    readonly secrets?: Record<string, string>;
    readonly cachefrom?: string | CacheFrom | readonly (string | CacheFrom)[];
    readonly cacheto?: string | CacheTo | readonly (string | CacheTo)[];
  },
): Promise<Built> {
  const value = `value-of-${crypto.randomUUID()}`;
  const { push, ...more } = options;
  const running = docker.imageBuild({ files: { Dockerfile: text } }, {
    networkmode: "none",
    secrets: { token: value },
    ...(registry === undefined
      ? {}
      : { credentials: { [registry.host]: LOGIN } }),
    ...(push ? { outputs: { type: "image", push: true } } : {}),
    ...more,
  });
  const caches: BuildEvent[] = [];
  for await (const event of running.events()) {
    if (event.type === "cache") caches.push(event);
  }
  const { steps, secrets, caches: told, warnings } = await running.result();
  assertEquals(
    caches,
    told.map((cache) => ({ type: "cache" as const, ...cache })),
  );
  return {
    cached: steps.filter(({ name }) => /\] (?:RUN|COPY) /.test(name))
      .map(({ cached }) => cached),
    caches,
    served: secrets.served,
    fromCache: secrets.cached,
    warnings: warnings.flatMap(({ code, short }) =>
      code?.startsWith("cache-") ? [[code, short] as const] : []
    ),
    value,
  };
}

/** Puts the tests' base image into a registry, where all engines find the same. */
async function pushBase(
  docker: DockerClient,
  registry: Registry,
): Promise<string> {
  const base = `${registry.host}/base:1`;
  await docker.imageTag("davit-test/base", `${registry.host}/base`, "1");
  const credentials = { [registry.host]: LOGIN };
  await docker.imagePush(base, { credentials }).wait();
  await docker.imageRemove(base);
  return base;
}

/** The digest of what a registry has by a name. */
function read(place: string, kind = "registry") {
  return {
    type: "cache",
    action: "import",
    kind,
    place,
    state: "done",
    digest: undefined,
    error: undefined,
  } as const;
}

const DIGEST_REGEXP = /^sha256:[0-9a-f]{64}$/;

for (const generation of ["28", "26"] as const) {
  engineKindTest(
    { generation, containerdStore: true },
    "a cache goes by a registry to another engine, which runs no step, whatever the secrets' values; no value is in the registry",
    async ({ docker }) => {
      await using registry = await startRegistry({ auth: "basic", tls: true });
      const other = await engineOf({ generation, containerdStore: false });
      await using second = await Client.fromDockerHost(other.host);
      const base = await pushBase(docker, registry);
      const mark = crypto.randomUUID();
      const text = dockerfile(base, mark);
      const [all, few, app] = ["cache-all", "cache-few", "app"].map(
        (name) => `${registry.host}/${name}:1`,
      );
      const first = await build(docker, text, {
        registry,
        tag: app!,
        push: true,
        cacheto: [
          { type: "registry", ref: all!, mode: "max" },
          `type=registry,ref=${few}`,
          "type=inline",
        ],
      });
      assertEquals(first.cached, [false, false, false]);
      assertEquals(first.served, ["token"]);
      const written = first.caches.map((event) => {
        assert(event.type === "cache");
        const { action, kind, place, state, digest } = event;
        if (kind !== "inline") assertMatch(digest!, DIGEST_REGEXP);
        return [action, kind, place ?? "", state];
      });
      assertEquals(written.sort(), [
        ["export", "inline", "", "done"],
        ["export", "registry", all, "done"],
        ["export", "registry", few, "done"],
      ]);

      // A second engine that has nothing of it, not even the base image.
      const again = await build(second, text, { registry, cachefrom: all! });
      assertEquals(again.cached, [true, true, true]);
      assertEquals([again.served, again.fromCache], [[], ["token"]]);
      assertEquals(again.caches, [read(all!)]);

      let stored = 0;
      let marks = 0;
      for await (const bytes of registry.stored()) {
        stored++;
        const words = new TextDecoder("latin1").decode(await unpacked(bytes));
        if (words.includes(`one-${mark}`)) marks++;
        for (const { value } of [first, again]) {
          for (const form of [value, btoa(value), LOGIN.password]) {
            assert(!words.includes(form));
          }
        }
      }
      // The search finds what is there: the step's own output.
      assert(stored > 5 && marks > 0, `${stored} ${marks}`);
      await docker.imageRemove(app!);
    },
  );
}

bothWaysTest(
  "the cache in an image goes with it, to an engine with another store where there is one",
  async ({ docker, host, generation, api }) => {
    await using registry = await startRegistry({ auth: "basic" });
    const base = await pushBase(docker, registry);
    const mark = crypto.randomUUID();
    const text = dockerfile(base, mark);
    const tag = `${registry.host}/app:1`;
    const first = await build(docker, text, {
      registry,
      tag,
      cacheto: "type=inline",
    });
    assertEquals(first.cached, [false, false, false]);
    assertEquals(first.caches, [{
      ...read(""),
      action: "export",
      kind: "inline",
      place: undefined,
    }]);
    await docker.imagePush(tag, { credentials: { [registry.host]: LOGIN } })
      .wait();
    await docker.imageRemove(tag);
    // Engines of the 20.10 line have one kind of store.
    const other = generation === "20" ? undefined : await engineOf({
      generation: generation as "28",
      containerdStore: true,
    });
    await using second = await Client.fromDockerHost(other?.host ?? host);
    if (other === undefined) await forget(host, mark, docker);
    const again = await build(by(second, api), text, {
      registry,
      cachefrom: [tag, `${registry.host}/app:none`],
    });
    assertEquals(again.cached, [true, true, true]);
    assertEquals([again.served, again.fromCache], [[], ["token"]]);
    // They are read side by side.
    const isFailed = (event: BuildEvent) =>
      event.type === "cache" && event.state === "failed";
    const found = again.caches.find((event) => !isFailed(event));
    const none = again.caches.find(isFailed);
    assertEquals(found, read(tag));
    assert(none?.type === "cache" && again.caches.length === 2);
    assertEquals([none.place, again.warnings], [`${registry.host}/app:none`, [[
      "cache-import-failed",
      `the cache registry ${registry.host}/app:none could not be read, and is not used: ${none.error}`,
    ]]]);
    assertStringIncludes(none.error!, "not found");
  },
  {
    only: ({ containerdStore }) => !containerdStore,
    engineOnly:
      "it is about an engine with the other store; cache_from_engine_test.ts has a daemon with such a cache",
  },
);

/** Removes what an engine has of the steps with this word. */
async function forget(
  host: string,
  mark: string,
  docker: DockerClient,
): Promise<void> {
  const ids = await cacheIdsOf(host, mark);
  assert(ids.length > 0);
  for (const id of ids) {
    const { CachesDeleted } = await docker.buildPrune({
      all: true,
      filters: { id: [id] },
    });
    assertEquals(CachesDeleted, [id]);
  }
}

engineTest(
  "a cache that an engine's builder can't write is refused, and nothing is sent",
  async ({ socketPath }) => {
    await using relay = await startRelay(socketPath);
    await using docker = await Client.fromDockerHost(relay.host);
    for (const cacheto of ["davit-test/none:1", "type=gha,url=u,token=t"]) {
      const error = await assertRejects(
        () =>
          docker.imageBuild({ files: { Dockerfile: "FROM scratch" } }, {
            cacheto,
          }).wait(),
        UnsupportedError,
      );
      assertEquals(error.feature, "cacheto");
      assertStringIncludes(
        error.message,
        "take type inline, or an engine with the containerd image store",
      );
    }
    const asked = relay.connections.flatMap((one) =>
      one.request().match(/^[A-Z]+ \S+ HTTP/gm) ?? []
    );
    assert(asked.some((line) => line.includes("/info")), `${asked}`);
    assertEquals(asked.filter((line) => line.startsWith("POST")), []);
  },
  ({ containerdStore }) => !containerdStore,
);

containerdTest(
  "a registry that dies while a cache is written fails the build with the engine's words, or is a warning, if errors are ignored",
  async ({ socketPath }) => {
    await using registry = await startRegistry({ direct: true });
    await using relay = await startRelay(socketPath);
    await using docker = await Client.fromDockerHost(relay.host);
    const mark = crypto.randomUUID();
    const text = [
      "FROM davit-test/base",
      // More than is sent in one piece, and can't be packed.
      `RUN echo ${mark} && head -c 2000000 /dev/urandom > /random`,
    ].join("\n");
    for (const ignoreError of [false, true]) {
      await using dying = startDyingProxy(registry.host, 500_000);
      const ref = `${dying.host}/cache:1`;
      const cacheto = { type: "registry", ref, ignoreError } as const;
      const tag = `davit-test/dying-${mark}`;
      if (ignoreError) {
        const { caches, warnings } = await build(docker, text, {
          cacheto,
          tag,
          secrets: {},
        });
        const [failed] = caches;
        assert(failed?.type === "cache");
        assertEquals([caches.length, failed.state, failed.place], [
          1,
          "failed",
          ref,
        ]);
        assertEquals(warnings, [[
          "cache-export-failed",
          `the cache registry ${ref} could not be written: ${failed.error}`,
        ]]);
      } else {
        const error = await assertRejects(
          () => build(docker, text, { cacheto, tag, secrets: {} }),
          BuildError,
        );
        assertEquals(error.failedCache, { kind: "registry", place: ref });
        assertStringIncludes(error.detail, `error writing layer blob: `);
        assertStringIncludes(error.detail, dying.host);
      }
      assert(dying.sent() >= 500_000, `${dying.sent()}`);
      // The engine has the image in either case, and the build is over.
      await docker.imageRemove(tag);
      await until(
        () =>
          relay.connections.every((one) =>
            !/^POST \S*\/session/.test(one.request()) || !one.open
          ),
        "the session is over",
      );
    }
  },
);

/** A server before a registry, which dies when so many bytes were sent to it. */
function startDyingProxy(registry: string, limit: number) {
  const [hostname, port] = registry.split(":");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dead = new AbortController();
  const { signal } = dead;
  const pipes: Promise<unknown>[] = [];
  let sent = 0;
  const die = () => {
    if (signal.aborted) return;
    dead.abort();
    listener.close();
  };
  const accepting = (async () => {
    for await (const near of listener) {
      const far = await Deno.connect({
        hostname: hostname!,
        port: Number(port),
      });
      const counter = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          sent += chunk.length;
          if (sent >= limit) die();
          controller.enqueue(chunk);
        },
      });
      pipes.push(Promise.allSettled([
        near.readable.pipeThrough(counter).pipeTo(far.writable, { signal }),
        far.readable.pipeTo(near.writable, { signal }),
      ]));
    }
  })();
  return {
    host: `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    sent: () => sent,
    async [Symbol.asyncDispose]() {
      die();
      await accepting;
      await Promise.all(pipes);
    },
  };
}

containerdTest(
  "GitHub's cache in both versions: the engine asks its address with the token, which is told nobody else (the service is one of the tests' own)",
  async ({ docker, host }) => {
    await using service = startGithubCache();
    const mark = crypto.randomUUID();
    const text = dockerfile("davit-test/base", mark);
    const { url, token } = service;
    // The command finds address and token in the environment, as on GitHub's
    // runners.
    const { code, stderr } = await runDavit(
      [
        ...["build", "--progress=plain", "--network=none"],
        ...["--secret", "id=token,env=VALUE"],
        ...["--cache-to", "type=gha,scope=of-davit,mode=max", "-"],
      ],
      {
        env: {
          DOCKER_HOST: host,
          VALUE: "another value",
          ACTIONS_CACHE_SERVICE_V2: "true",
          ACTIONS_RESULTS_URL: url,
          ACTIONS_RUNTIME_TOKEN: token,
        },
        stdin: new TextEncoder().encode(text),
      },
    );
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /exporting to GitHub Actions Cache/);
    assert(!stderr.includes(token));
    const keys = [...service.entries.keys()];
    assert(keys.some((key) => key.startsWith("index-of-davit-")), `${keys}`);
    for (const bytes of service.entries.values()) {
      const words = new TextDecoder("latin1").decode(await unpacked(bytes));
      assert(!words.includes("another value") && !words.includes(token));
    }
    await forget(host, mark, docker);

    const of = (scope: string) => ({
      ...read(scope),
      kind: "gha",
    } as const);
    const written = (scope: string) => ({
      ...of(scope),
      action: "export",
    } as const);
    const { cached, caches, served, fromCache } = await build(docker, text, {
      cachefrom: { type: "gha", urlV2: url, token, scope: "of-davit" },
      // The first version of the service.
      cacheto: { type: "gha", url, token, scope: "first", mode: "max" },
    });
    assertEquals(cached, [true, true, true]);
    assertEquals([served, fromCache], [[], ["token"]]);
    assertEquals(caches, [of("of-davit"), written("first")]);
    const again = await build(docker, text, {
      cachefrom: `type=gha,url=${url},token=${token},scope=first`,
    });
    assertEquals(again.caches, [of("first")]);
    const versions = new Set<string>();
    for (const { path, authorization } of service.questions) {
      versions.add(path.split("/")[1]!);
      assertEquals(authorization, `Bearer ${token}`);
    }
    assertEquals([...versions].sort(), ["_apis", "twirp"]);
  },
);

async function unpacked(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).bytes();
}

containerdTest(
  "a cache in a folder whose name no header can hold is written and read",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      const dir = `${folder}/ ü%C3%BC\u{1f4e6}, x=y`;
      const text =
        `FROM scratch\nLABEL mark=${crypto.randomUUID()}\nCOPY . /\n`;
      const [written, read] = [
        await build(docker, text, { cacheto: { type: "local", dest: dir } }),
        await build(docker, text, { cachefrom: { type: "local", src: dir } }),
      ];
      for (const { caches } of [written, read]) {
        assertEquals(
          caches.map((event) =>
            event.type === "cache" && [event.place, event.state]
          ),
          [[dir, "done"]],
        );
      }
      assertEquals(
        await Array.fromAsync(Deno.readDir(folder)).then((entries) =>
          entries.map(({ name }) => `${folder}/${name}`)
        ),
        [dir],
      );
    });
  },
);
