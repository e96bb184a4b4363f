import {
  assert,
  assertEquals,
  assertFalse,
  assertGreater,
  assertLess,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import type { DockerClient } from "../../lib/client/docker_client.ts";
import { compareApi } from "../../lib/engine/api_version.ts";
import { buildCancel } from "../../lib/engine/build_cancel.ts";
import { Engine, isPodman, readJson } from "../../lib/engine/engine.ts";
import { imagePath } from "../../lib/engine/image_name.ts";
import { imageSave } from "../../lib/engine/image_save.ts";
import { imageTag } from "../../lib/engine/image_tag.ts";
import { podmanComponent, podmanVersion } from "../../lib/engine/podman.ts";
import { ping } from "../../lib/engine/ping.ts";
import { readPing } from "../../lib/engine/ping_headers.ts";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
  UnsupportedError,
} from "../../lib/errors.ts";
import { scripted, ScriptedEngine, watched } from "./scripted_engine.ts";

Deno.test("versions are ordered by their numbers", () => {
  const ordered = ["0.99", "1.4", "1.24", "1.41", "1.100", "2.0", "2.1"];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assertEquals(Math.sign(compareApi(a, b)), Math.sign(i - j), `${a} ${b}`);
    }
  }
});

Deno.test("a path of an image is made of whole segments, escaped but for tags and digests", () => {
  const cases = [
    ["a", "a"],
    ["r.example:5000/a/b:1@sha256:0", "r.example:5000/a/b:1@sha256:0"],
    ["a b?c#d%e", "a%20b%3Fc%23d%25e"],
    ["..a/b..", "..a/b.."],
    ["...", "..."],
  ] as const;
  for (const [name, path] of cases) assertEquals(imagePath(name), path);
  for (const name of ["", ".", "..", "a/../b", "a//b", "/a", "a/", "./a"]) {
    assertThrows(
      () => imagePath(name),
      TypeError,
      `Cannot use image name ${JSON.stringify(name)}`,
    );
  }
});

function brokenBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    pull(controller) {
      controller.error(new TypeError("reset"));
    },
  }, { highWaterMark: 0 });
}

type Call = (docker: DockerClient) => Promise<unknown>;

Deno.test("what would go wrong is refused before anything is asked", async () => {
  // deno-lint-ignore no-explicit-any -- what a program without types passes
  const any = (value: unknown): any => value;
  const filters = (
    given: unknown,
  ): readonly [call: Call, words: string][] => [
    [
      (docker) => docker.imageList({ filters: any(given) }),
      "Cannot use filters: expected an object of names to lists of text",
    ],
    [
      (docker) => docker.imagePrune({ filters: any(given) }),
      "Cannot use filters",
    ],
    [
      (docker) => docker.buildPrune({ filters: any(given) }),
      "Cannot use filters",
    ],
  ];
  const cases: readonly (readonly [call: Call, words: string])[] = [
    ...filters("dangling=1"),
    ...filters(null),
    ...filters({ dangling: "1" }),
    ...filters({ until: ["1h"], dangling: true }),
    [
      (docker) => docker.imageList({ filters: any(new Map()) }),
      "a Map becomes one by Object.fromEntries(map)",
    ],
    [(docker) => docker.imageSave([]), "no name given"],
    [
      (docker) => docker.imageSave(any(5)),
      "expected the name of an image, or a list",
    ],
    [
      (docker) => docker.imageSave(any(["a", 5])),
      "expected the name of an image, or a list",
    ],
    [
      (docker) => docker.imageSave(any(new Set(["a"]))),
      "expected the name of an image, or a list",
    ],
    [
      (docker) => docker.imagePush(`a@sha256:${"0".repeat(64)}`).wait(),
      `Cannot push "a@sha256:${"0".repeat(64)}": a push needs a tag`,
    ],
    [
      (docker) => docker.imagePush(`a:1@sha256:${"0".repeat(64)}`).wait(),
      "a push needs a tag, not a digest",
    ],
    [(docker) => docker.imageInspect("../x"), 'Cannot use image name "../x"'],
    [
      (docker) =>
        docker.auth({ username: "u", password: "p", serveraddress: "a b" }),
      'Cannot check a login for "a b": expected a registry\'s host',
    ],
  ];
  const misspelt = any({ signals: undefined });
  const options: [call: Call, action: string][] = [
    [(docker) => docker.imageList(misspelt), "list"],
    [(docker) => docker.imageRemove("a", misspelt), "remove"],
    [(docker) => docker.imagePrune(misspelt), "prune"],
    [(docker) => docker.buildPrune(misspelt), "prune"],
    [(docker) => docker.imageImport(new Uint8Array(), misspelt), "import"],
    [(docker) => docker.imageLoad(new Uint8Array(), misspelt), "load"],
    [(docker) => docker.imageSave("a", misspelt), "save"],
    [(docker) => docker.imagePull("a", misspelt).wait(), "pull"],
    [(docker) => docker.imagePush("a", misspelt).wait(), "push"],
    [(docker) => docker.distributionInspect("a", misspelt), "inspect"],
  ];
  const names = options.map(([call, action]) =>
    [
      call,
      `Cannot ${action}: there is no option "signals"; did you mean "signal"?`,
    ] as const
  );
  for (const [call, words] of [...cases, ...names]) {
    const { engine, docker } = scripted(() => Response.json({}));
    await assertRejects(() => call(docker), TypeError, words);
    assertEquals(engine.asked, []);
  }
});

Deno.test("what an engine is too old for is refused, with the version that it needs", async () => {
  const cases: [
    call: Call,
    apiVersion: string,
    feature: string,
    words: string,
  ][] = [
    [
      (docker) => docker.imageList({ sharedSize: true }),
      "1.41",
      "imageList with sharedSize",
      "can not list with sharedSize: it speaks API 1.41, and that needs 1.42",
    ],
    [
      (docker) => docker.imageList({ manifests: true }),
      "1.46",
      "imageList with manifests",
      "it speaks API 1.46, and that needs 1.47",
    ],
    [
      (docker) => docker.buildPrune({ maxUsedSpace: 0 }),
      "1.47",
      "buildPrune with maxUsedSpace",
      "can not prune with maxUsedSpace: it speaks API 1.47, and that needs 1.48",
    ],
    [
      (docker) => docker.buildPrune({ minFreeSpace: 1 }),
      "1.47",
      "buildPrune with minFreeSpace",
      "can not prune with minFreeSpace",
    ],
  ];
  for (const [call, apiVersion, feature, words] of cases) {
    const { engine, docker } = scripted(() => Response.json([]), {
      apiVersion,
    });
    const error = await assertRejects(
      () => call(docker),
      UnsupportedError,
      words,
    );
    assertEquals(error.feature, feature);
    assertEquals(engine.asked, []);
  }
});

Deno.test("every status from 300 on is a refusal, in the engine's words", async () => {
  const words = (body: string | null, status = 500, statusText = "") =>
    new Response(body, { status, statusText });
  const cases: [response: () => Response, detail: string][] = [
    [() => words("", 300), "no reason given"],
    [() => words(null, 304), "no reason given"],
    [() => words("  ", 500, "Gone Away"), "Gone Away"],
    [() => words('{"message":" no \\n"}', 404, "Not"), "no"],
    [() => words('{"message":5}', 404), '{"message":5}'],
    [() => words(" plain text\n", 599, "Not"), "plain text"],
    [() => words("null"), "null"],
    [() => words("x".repeat(65_536)), "x".repeat(65_536)],
    [() => words("x".repeat(70_000)), "x".repeat(65_536)],
  ];
  for (const [response, detail] of cases) {
    const { docker } = scripted(response);
    const error = await assertRejects(
      () => docker.imageRemove("a"),
      EngineError,
    );
    assertEquals(error.detail, detail);
    assertEquals(
      [error.status, error.method, error.path],
      [response().status, "DELETE", "/images/a"],
    );
  }
  const { docker } = scripted(() =>
    new Response('{"ID":"a"}', { status: 299 })
  );
  assertEquals(await docker.info(), { ID: "a" });
});

Deno.test("of a refusal's body no more is read than is shown, and what breaks off is told as far as it came", async () => {
  const bodyOf = (chunks: number, bytes: number) => {
    let pulled = 0;
    let cancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        if (pulled++ < chunks) {
          controller.enqueue(new Uint8Array(bytes).fill(97));
        } else controller.error(new TypeError("broken"));
      },
      cancel() {
        cancelled = true;
      },
    }, { highWaterMark: 0 });
    return { body, pulled: () => pulled, isCancelled: () => cancelled };
  };
  // Two of them are just the bound: a third shows that there is more.
  const long = bodyOf(9, 32_768);
  const cut = bodyOf(2, 5);
  for (const [{ body }, length] of [[long, 65_536], [cut, 10]] as const) {
    const { docker } = scripted(() => new Response(body, { status: 500 }));
    const error = await assertRejects(() => docker.info(), EngineError);
    assertEquals(error.detail.length, length);
  }
  assertEquals([long.pulled(), long.isCancelled()], [3, true]);
  assertEquals([cut.pulled(), cut.isCancelled()], [3, false]);
});

Deno.test("readJson() tells an aborted request, a broken connection and an answer that is none apart", async () => {
  const reason = new Error("enough");
  const broken = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new TypeError("reset"));
        },
      }),
    );
  const request = { path: "/x" };
  const lost = await assertRejects(
    () => readJson(broken(), request),
    ConnectionError,
    "The connection broke in the answer to GET /x: is the engine still running?",
  );
  assert(lost.cause instanceof TypeError);
  const { signal } = new AbortController();
  await assertRejects(
    () => readJson(broken(), { ...request, method: "POST", signal }),
    ConnectionError,
    "in the answer to POST /x",
  );
  const aborted = await assertRejects(() =>
    readJson(broken(), { ...request, signal: AbortSignal.abort(reason) })
  );
  assertEquals(aborted, reason);
  await assertRejects(
    () => readJson(new Response("<html>"), request),
    ProtocolError,
    "The answer to GET /x (6 characters) is not JSON",
  );
});

Deno.test("a version that was asked for is spoken, also where the engine is older or newer", async () => {
  for (const theirs of ["1.12", "1.51"]) {
    const engine = new ScriptedEngine(() => Response.json({}), theirs);
    const api = new Engine(engine, "1.99");
    assertEquals((await api.facts()).negotiated, "1.99");
    await api.request({ path: "/x" });
    assertEquals(engine.asked[0]?.path, "/v1.99/x");
  }
  // Written in another way, it is still the newest that is known.
  const api = new Engine(new ScriptedEngine(() => Response.json({}), "1.051"));
  assertEquals((await api.facts()).negotiated, "1.51");
});

Deno.test("where an engine is, for messages and for what leaves this machine", () => {
  const at = (endpoint: string | undefined) => {
    const transport = new ScriptedEngine(() => Response.json({}));
    transport.endpoint = endpoint;
    const { where, isHere } = new Engine(transport);
    return [where, isHere];
  };
  assertEquals(at("unix:///x.sock"), ["unix:///x.sock", true]);
  assertEquals(at("tcp://10.0.0.1:2375"), ["tcp://10.0.0.1:2375", false]);
  assertEquals(at(undefined), ["the given transport", false]);
});

Deno.test("what answers a ping with no version is no engine; its body is given back either way", async () => {
  for (const version of ["", "v1.41", "1", "1.41.2"]) {
    const { response, isCancelled } = watched();
    response.headers.set("Api-Version", version);
    const api = new Engine(new ScriptedEngine(() => response, ""));
    await assertRejects(
      () => api.facts(),
      ConnectionError,
      "What listens at unix:///scripted.sock is not a Docker engine: its answer to /_ping names no API version",
    );
    assert(isCancelled());
  }
});

Deno.test("readPing() reads every header, and an empty builder is none", () => {
  const nothing = {
    apiVersion: "1.41",
    osType: undefined,
    builderVersion: undefined,
    experimental: false,
    libpodApiVersion: undefined,
    gateway: false,
  };
  const cases: [headers: Record<string, string>, ping: object][] = [
    [{}, {}],
    [{ "Builder-Version": "", "Docker-Experimental": "false" }, {}],
    [{
      "Builder-Version": "2",
      "Docker-Experimental": "true",
      "Ostype": "linux",
      "Libpod-Api-Version": "4.3.1",
      "X-Davit-Gateway": "1",
    }, {
      builderVersion: "2",
      experimental: true,
      osType: "linux",
      libpodApiVersion: "4.3.1",
      gateway: true,
    }],
  ];
  for (const [headers, expected] of cases) {
    assertEquals(
      readPing(new Headers({ "Api-Version": "1.41", ...headers })),
      { ...nothing, ...expected },
    );
  }
  assertEquals(readPing(new Headers()), undefined);
});

Deno.test("ping() asks once each time, gives the body back, and falls back on the first answer", async () => {
  const bodies: ReturnType<typeof watched>[] = [];
  const answers = ["1.41", "1.42", ""];
  const engine = new ScriptedEngine(() => {
    const next = watched();
    next.response.headers.set("Api-Version", answers[bodies.length]!);
    bodies.push(next);
    return next.response;
  }, "");
  const api = new Engine(engine);
  for (const expected of ["1.41", "1.42", "1.41"]) {
    const { apiVersion, ...rest } = await ping(api);
    assertEquals(apiVersion, expected);
    assertEquals("negotiated" in rest, false);
  }
  assertEquals(bodies.map(({ isCancelled }) => isCancelled()), [
    true,
    true,
    true,
  ]);
});

Deno.test("a ping without answer is given up after half a minute; a client that closes gives it up at once", async () => {
  const times: number[] = [];
  const late = new AbortController();
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms) => {
    times.push(ms);
    return late.signal;
  };
  const silent = () => {
    const engine = new ScriptedEngine(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal!.addEventListener("abort", () => reject(signal!.reason))
        ),
      "",
    );
    return new Engine(engine);
  };
  try {
    const closing = silent();
    const closed = assertRejects(() => closing.facts(), DOMException);
    closing.close();
    assertEquals((await closed).name, "AbortError");
    const waiting = assertRejects(
      () => silent().facts(),
      ConnectionError,
      "What listens at unix:///scripted.sock did not answer within 30 seconds: is it a Docker engine?",
    );
    await Promise.resolve();
    late.abort(new DOMException("late", "TimeoutError"));
    await waiting;
  } finally {
    AbortSignal.timeout = timeout;
  }
  assertEquals(times, [30_000, 30_000]);
});

Deno.test("what of an answer can't be given back is told", async () => {
  const stuck = () => {
    const cancel = () => Promise.reject(new TypeError("stuck"));
    return new Response(new ReadableStream({ cancel }), {
      headers: { "Api-Version": "1.41" },
    });
  };
  const api = new Engine(new ScriptedEngine(stuck));
  const calls = [
    () => imageTag(api, "a", "b", "c"),
    () => buildCancel(api, "the-id"),
    () => new Engine(new ScriptedEngine(stuck, "")).facts(),
    async () => {
      let asked = 0;
      // The first ping went well.
      const once = new ScriptedEngine(
        () => asked++ === 0 ? pong(null) : stuck(),
        "",
      );
      const engine = new Engine(once);
      await ping(engine);
      await ping(engine);
    },
  ];
  for (const call of calls) await assertRejects(call, TypeError, "stuck");
});

function pong(body: BodyInit | null, headers: Record<string, string> = {}) {
  return new Response(body, { headers: { "Api-Version": "1.41", ...headers } });
}

Deno.test("a build is cancelled by its id, and the answer given back", async () => {
  const { response, isCancelled } = watched();
  const engine = new ScriptedEngine(() => response);
  await buildCancel(new Engine(engine), "a b");
  assertEquals(
    engine.asked.map(({ method, path }) => [method, path]),
    [["POST", "/v1.51/build/cancel?id=a+b"]],
  );
  assert(isCancelled());
});

Deno.test("podman that says so in its ping is asked for no more", async () => {
  for (const named of ["4.3.1", undefined]) {
    const headers: Record<string, string> = named === undefined
      ? {}
      : { "Libpod-Api-Version": named };
    const engine = new ScriptedEngine(
      ({ path }) =>
        path === "/_ping"
          ? pong("", headers)
          : Response.json({ Version: "1", ApiVersion: "1.41" }),
      "",
    );
    const api = new Engine(engine);
    assertEquals(await podmanVersion(api), named);
    assertEquals(engine.asked.length, named === undefined ? 2 : 1);
    assertEquals(isPodman(await api.facts()), named !== undefined);
  }
});

Deno.test("what is in a list of images belongs to who asked for it", async () => {
  const { docker } = scripted(() => Response.json([{ Id: "a" }, { Id: "b" }]));
  const [first, second] = await docker.imageList();
  first!.RepoTags.push("x");
  first!.Labels.x = "x";
  assertEquals([second!.RepoTags, second!.Labels], [[], {}]);
  const [again] = await docker.imageList();
  assertEquals([again!.RepoTags, again!.Labels], [[], {}]);
});

Deno.test("podman is known by a part of its version, and what it has not is named with what it has", async () => {
  const parts = (...names: string[]) => ({
    Version: "5.0",
    ApiVersion: "1.41",
    Os: "linux",
    Arch: "amd64",
    Components: names.map((Name) => ({ Name, Version: `of ${Name}` })),
  });
  assertEquals(podmanComponent(parts("Engine")), undefined);
  assertEquals(
    podmanComponent(parts("Conmon", "Podman Engine")),
    "of Podman Engine",
  );
  const { Components: _, ...without } = parts();
  assertEquals(podmanComponent(without), undefined);
  const answering = (
    status: number,
    message: string,
    version: object = parts("Podman Engine"),
  ) =>
    scripted(({ path }) =>
      path.endsWith("/version")
        ? Response.json(version)
        : Response.json({ message }, { status })
    );
  const podman = answering(404, "Not Found");
  const calls: [call: Call, words: string][] = [
    [
      (docker) => docker.buildPrune(),
      "Podman of Podman Engine at unix:///scripted.sock has no buildPrune: its cache is made of images, so use imagePrune",
    ],
    [
      (docker) => docker.distributionInspect("a"),
      "has no distributionInspect: pull the image and use imageInspect",
    ],
  ];
  for (const [call, words] of calls) {
    const error = await assertRejects(
      () => call(podman.docker),
      UnsupportedError,
      words,
    );
    assert(error.cause instanceof EngineError);
    // Another status, other words, or another engine: as it is.
    for (
      const other of [
        answering(500, "Not Found"),
        answering(404, "no such image"),
        answering(404, "Not Found", parts("Engine")),
      ]
    ) {
      await assertRejects(() => call(other.docker), EngineError);
    }
    await assertRejects(
      () => call(scripted(() => new Response("?")).docker),
      ProtocolError,
    );
  }
});

Deno.test("an import that names no id, and a load that names nothing", async () => {
  const line = (message: object) => () =>
    new Response(`${JSON.stringify(message)}\n`);
  await assertRejects(
    () =>
      scripted(line({ status: "sha256:short" })).docker.imageImport(
        new Uint8Array(),
      ),
    ProtocolError,
    "The engine imported an image and named no id",
  );
  assertEquals(
    await scripted(line({ stream: "Loaded image: \n" })).docker
      .imageLoad(new Uint8Array()),
    { names: [], ids: [] },
  );
});

Deno.test("a saved image comes as fast as it is read, ends with the caller's reason, and can be given back", async () => {
  let pulled = 0;
  let cancelled: unknown;
  const body = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(10));
      },
      cancel(reason) {
        cancelled = reason;
      },
    }, { highWaterMark: 0 });
  const { docker } = scripted(() => new Response(body()));
  const saved = await docker.imageSave("a");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(pulled, 0);
  const reader = saved.getReader();
  assertEquals((await reader.read()).value?.length, 10);
  assertGreater(pulled, 0);
  assertLess(pulled, 3);
  await reader.cancel("enough");
  assertEquals(cancelled, "enough");
  assertFalse(saved.locked && pulled > 3);
  const stop = new AbortController();
  const failing = new ReadableStream({
    pull(controller) {
      stop.abort(new Error("stopped"));
      controller.error(new TypeError("reset"));
    },
  }, { highWaterMark: 0 });
  const stopped = await scripted(() => new Response(failing)).docker
    .imageSave("a", { signal: stop.signal });
  await assertRejects(() => Array.fromAsync(stopped), Error, "stopped");
  const direct = await imageSave(
    new Engine(new ScriptedEngine(() => new Response(brokenBody()))),
    "a",
    AbortSignal.abort(new Error("stopped")),
  ).catch((error) => error);
  assertEquals(direct.message, "stopped");
  const late = new AbortController();
  const reading = await imageSave(
    new Engine(new ScriptedEngine(() => new Response(brokenBody()))),
    "a",
    late.signal,
  );
  late.abort(new Error("stopped"));
  await assertRejects(() => Array.fromAsync(reading), Error, "stopped");
});
