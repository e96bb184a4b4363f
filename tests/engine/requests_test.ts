import type { DockerClient } from "../../lib/client/docker_client.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { scripted, watched } from "./scripted_engine.ts";

const ID = `sha256:${"ab".repeat(32)}`;
const TAR = { "content-type": "application/x-tar" };
const NO_LOGIN = { "X-Registry-Auth": "e30=" };

interface Exchange {
  readonly call: (docker: DockerClient) => Promise<unknown>;
  /** The newest version that the engine speaks; 1.51 unless given. */
  readonly apiVersion?: string;
  /** What the engine answers: JSON, or lines of it, or a response. */
  readonly answer: unknown;
  /** Method, path with query, headers, body. */
  readonly asked: readonly [
    method: string,
    path: string,
    headers?: Record<string, string>,
    body?: string,
  ];
  readonly result: unknown;
}

const lines = (...messages: object[]) =>
  new Response(messages.map((one) => `${JSON.stringify(one)}\n`).join(""));
const tar = () => new Blob(["tar"]).stream();
const NOTHING_KNOWN = {
  ParentId: "",
  RepoTags: [],
  RepoDigests: [],
  Created: 0,
  Size: 0,
  SharedSize: -1,
  Labels: {},
  Containers: -1,
};

/** Every call, with what goes over the wire and what comes of the answer. */
const EXCHANGES: Record<string, Exchange> = {
  "ping": {
    call: (docker) => docker.ping(),
    answer: {},
    asked: ["", ""],
    result: {
      apiVersion: "1.51",
      osType: undefined,
      builderVersion: undefined,
      experimental: false,
      libpodApiVersion: undefined,
      gateway: false,
    },
  },
  "version": {
    call: (docker) => docker.version(),
    answer: { Version: "1", ApiVersion: "2", More: [] },
    asked: ["GET", "/v1.51/version"],
    result: { Version: "1", ApiVersion: "2", More: [] },
  },
  "apiVersion": {
    call: (docker) => docker.apiVersion(),
    answer: {},
    asked: ["", ""],
    result: "1.51",
  },
  "info": {
    call: (docker) => docker.info(),
    answer: { ID: "x", DriverStatus: [["a", "b"]], NCPU: 2 },
    asked: ["GET", "/v1.51/info"],
    result: { ID: "x", DriverStatus: [["a", "b"]], NCPU: 2 },
  },
  "imageInspect": {
    call: (docker) => docker.imageInspect("r.example:5000/ä b/c:1"),
    answer: { Id: ID, Descriptor: { a: 1 } },
    asked: ["GET", "/v1.51/images/r.example:5000/%C3%A4%20b/c:1/json"],
    result: { Id: ID, Descriptor: { a: 1 } },
  },
  "imageHistory": {
    call: (docker) => docker.imageHistory("a b"),
    answer: [{ Id: ID, Tags: null }],
    asked: ["GET", "/v1.51/images/a%20b/history"],
    result: [{ Id: ID, Tags: null }],
  },
  "imageTag": {
    call: (docker) => docker.imageTag("a b", "r/c", "2"),
    answer: new Response(null, { status: 201 }),
    asked: ["POST", "/v1.51/images/a%20b/tag?repo=r%2Fc&tag=2"],
    result: undefined,
  },
  "imageRemove": {
    call: (docker) => docker.imageRemove("a b"),
    answer: [{ Untagged: "a" }, { Deleted: ID }],
    asked: ["DELETE", "/v1.51/images/a%20b"],
    result: [{ Untagged: "a" }, { Deleted: ID }],
  },
  "imageDelete": {
    call: (docker) =>
      docker.imageDelete("a@sha256:0", { force: true, noprune: false }),
    answer: null,
    asked: ["DELETE", "/v1.51/images/a@sha256:0?force=true&noprune=false"],
    result: [],
  },
  "imageList": {
    call: (docker) => docker.imageList(),
    answer: [
      { Id: ID, Labels: null, Containers: 2, Size: 3, More: 1 },
      { Id: "b" },
    ],
    asked: ["GET", "/v1.51/images/json"],
    result: [
      { ...NOTHING_KNOWN, Id: ID, Containers: 2, Size: 3, More: 1 },
      { ...NOTHING_KNOWN, Id: "b" },
    ],
  },
  "imageList with all": {
    call: (docker) =>
      docker.imageList({
        all: true,
        filters: { reference: ["a", "b"] },
        sharedSize: true,
        digests: false,
        manifests: true,
      }),
    apiVersion: "1.47",
    answer: [],
    asked: [
      "GET",
      `/v1.47/images/json?${new URLSearchParams({
        all: "true",
        filters: '{"reference":["a","b"]}',
        "shared-size": "true",
        digests: "false",
        manifests: "true",
      })}`,
    ],
    result: [],
  },
  "imageList of an old engine, nothing asked that it has not": {
    call: (docker) => docker.imageList({ sharedSize: false, manifests: false }),
    apiVersion: "1.41",
    answer: [],
    asked: ["GET", "/v1.41/images/json?shared-size=false&manifests=false"],
    result: [],
  },
  "imageList with shared sizes, as old as can be": {
    call: (docker) => docker.imageList({ sharedSize: true }),
    apiVersion: "1.42",
    answer: [],
    asked: ["GET", "/v1.42/images/json?shared-size=true"],
    result: [],
  },
  "imagePrune": {
    call: (docker) => docker.imagePrune(),
    answer: { ImagesDeleted: null, SpaceReclaimed: 5 },
    asked: ["POST", "/v1.51/images/prune"],
    result: { ImagesDeleted: null, SpaceReclaimed: 5 },
  },
  "imagePrune with filters": {
    call: (docker) =>
      docker.imagePrune({ filters: { dangling: ["0"], until: undefined! } }),
    answer: {},
    asked: [
      "POST",
      `/v1.51/images/prune?${new URLSearchParams({
        filters: '{"dangling":["0"]}',
      })}`,
    ],
    result: {},
  },
  "buildPrune": {
    call: (docker) => docker.buildPrune(),
    answer: { CachesDeleted: ["a"], SpaceReclaimed: 1 },
    asked: ["POST", "/v1.51/build/prune"],
    result: { CachesDeleted: ["a"], SpaceReclaimed: 1 },
  },
  "buildPrune with all": {
    call: (docker) =>
      docker.buildPrune({
        all: true,
        reservedSpace: 1,
        maxUsedSpace: 2,
        minFreeSpace: 0,
        filters: {},
      }),
    apiVersion: "1.48",
    answer: {},
    asked: [
      "POST",
      "/v1.48/build/prune?all=true&reserved-space=1&max-used-space=2&min-free-space=0&filters=%7B%7D",
    ],
    result: {},
  },
  "buildPrune of an old engine": {
    call: (docker) => docker.buildPrune({ reservedSpace: 7 }),
    apiVersion: "1.47",
    answer: {},
    asked: ["POST", "/v1.47/build/prune?keep-storage=7"],
    result: {},
  },
  "distributionInspect": {
    call: (docker) => docker.distributionInspect("r.example/ä:1"),
    answer: { Descriptor: {}, Platforms: [{}] },
    asked: [
      "GET",
      "/v1.51/distribution/r.example/%C3%A4:1/json",
      NO_LOGIN,
    ],
    result: { Descriptor: {}, Platforms: [{}] },
  },
  "distributionInspect with the client's login": {
    call: (docker) =>
      docker.distributionInspect("r.example/a", {
        credentials: { "r.example": { username: "u", password: "p" } },
      }),
    answer: { Descriptor: {} },
    asked: ["GET", "/v1.51/distribution/r.example/a:latest/json", {
      "X-Registry-Auth": btoa(
        '{"username":"u","password":"p","serveraddress":"r.example"}',
      ),
    }],
    result: { Descriptor: {} },
  },
  "auth": {
    call: (docker) =>
      docker.auth({ username: "u", password: "p", serveraddress: "r.example" }),
    answer: { Status: "Welcome", IdentityToken: "t" },
    asked: [
      "POST",
      "/v1.51/auth",
      { "content-type": "application/json" },
      '{"username":"u","password":"p","serveraddress":"r.example"}',
    ],
    result: { Status: "Welcome", IdentityToken: "t" },
  },
  "auth at Docker Hub, with little in its answer": {
    call: (docker) => docker.auth({ username: "u", password: "p" }),
    answer: { Status: null },
    asked: [
      "POST",
      "/v1.51/auth",
      { "content-type": "application/json" },
      '{"username":"u","password":"p","serveraddress":"https://index.docker.io/v1/"}',
    ],
    result: { Status: "Login Succeeded", IdentityToken: "" },
  },
  "auth with nothing in its answer": {
    call: (docker) =>
      docker.auth({ username: "u", password: "p", serveraddress: "r.example" }),
    answer: new Response(null, { status: 204 }),
    asked: [
      "POST",
      "/v1.51/auth",
      { "content-type": "application/json" },
      '{"username":"u","password":"p","serveraddress":"r.example"}',
    ],
    result: { Status: "Login Succeeded", IdentityToken: "" },
  },
  "imageSave": {
    call: async (docker) =>
      await new Response(await docker.imageSave("a")).text(),
    answer: new Response("the tar"),
    asked: ["GET", "/v1.51/images/get?names=a"],
    result: "the tar",
  },
  "imageSave of several": {
    call: async (docker) =>
      await new Response(await docker.imageSave(["a:1", "b"])).text(),
    answer: new Response("the tar"),
    asked: ["GET", "/v1.51/images/get?names=a%3A1&names=b"],
    result: "the tar",
  },
  "imageLoad": {
    call: (docker) => docker.imageLoad(tar()),
    answer: lines(
      { stream: "Loaded image: a:1\n" },
      { status: "Loading layer" },
      { stream: `Loaded image ID: ${ID}\n` },
      { stream: "Loaded image: b:1,c:2\n" },
      { stream: "Not Loaded image: d\n" },
    ),
    asked: ["POST", "/v1.51/images/load?quiet=true", TAR, "tar"],
    result: { names: ["a:1", "b:1", "c:2"], ids: [ID] },
  },
  "imageLoad, told of": {
    call: (docker) => docker.imageLoad(tar(), { onProgress: () => {} }),
    answer: lines({ stream: "Nothing\nLoaded image: a:1\n" }),
    asked: ["POST", "/v1.51/images/load?quiet=false", TAR, "tar"],
    result: { names: ["a:1"], ids: [] },
  },
  "imageImport": {
    call: (docker) => docker.imageImport(tar()),
    answer: lines({ status: "Downloading" }, { status: ID }, { stream: "x" }),
    asked: ["POST", "/v1.51/images/create?fromSrc=-", TAR, "tar"],
    result: ID,
  },
  "imageImport with a name": {
    call: (docker) =>
      docker.imageImport(tar(), {
        repo: "r/a",
        message: "m",
        changes: ["ENV A=1", "CMD b"],
        platform: "linux/arm64",
      }),
    answer: lines({ status: `${ID}\n` }),
    asked: [
      "POST",
      `/v1.51/images/create?${new URLSearchParams([
        ["fromSrc", "-"],
        ["repo", "r/a"],
        ["tag", "latest"],
        ["message", "m"],
        ["changes", "ENV A=1"],
        ["changes", "CMD b"],
        ["platform", "linux/arm64"],
      ])}`,
      TAR,
      "tar",
    ],
    result: ID,
  },
  "imageImport with a name and a tag": {
    call: (docker) => docker.imageImport(tar(), { repo: "a", tag: "2" }),
    answer: lines({ status: ID }),
    asked: [
      "POST",
      "/v1.51/images/create?fromSrc=-&repo=a&tag=2",
      TAR,
      "tar",
    ],
    result: ID,
  },
  "imagePull": {
    call: (docker) => docker.imagePull("a").wait(),
    answer: lines(
      { status: "Pulling from library/a" },
      { status: `Digest: ${ID}` },
      { status: "Digest: no" },
    ),
    asked: [
      "POST",
      "/v1.51/images/create?fromImage=a&tag=latest",
      NO_LOGIN,
    ],
    result: ID,
  },
  "imagePull of a digest, for a platform": {
    call: (docker) =>
      docker.imagePull(`r.example/a:1@${ID}`, { platform: "linux/arm64" })
        .wait(),
    answer: lines({ status: "Already here" }),
    asked: [
      "POST",
      `/v1.51/images/create?${new URLSearchParams({
        fromImage: "r.example/a",
        tag: ID,
        platform: "linux/arm64",
      })}`,
      NO_LOGIN,
    ],
    result: ID,
  },
  "imagePush": {
    call: (docker) => docker.imagePush("r.example/ä", { tag: "1" }).wait(),
    answer: lines({ aux: { Tag: "1", Digest: ID } }, { aux: { Digest: 1 } }),
    asked: ["POST", "/v1.51/images/r.example/%C3%A4/push?tag=1", NO_LOGIN],
    result: ID,
  },
  "imagePush, told in a sentence": {
    call: (docker) => docker.imagePush("a:2").wait(),
    answer: lines({ status: `2: digest: ${ID} size: 5` }, { aux: null }),
    asked: ["POST", "/v1.51/images/a/push?tag=2", NO_LOGIN],
    result: ID,
  },
};

for (const [name, exchange] of Object.entries(EXCHANGES)) {
  Deno.test(`over the wire: ${name}`, async () => {
    const { call, apiVersion = "1.51", answer, asked, result } = exchange;
    const { engine, docker } = scripted(
      () => answer instanceof Response ? answer : Response.json(answer),
      { apiVersion },
    );
    assertEquals(await call(docker), result);
    const [method, path, headers, body] = asked;
    if (path === "") return assertEquals(engine.asked, []);
    const { signal: _, ...request } = engine.asked[0]!;
    assertEquals(engine.asked.length, 1);
    const given = [
      "method",
      "signal",
      ...(headers === undefined ? [] : ["headers"]),
      ...(body === undefined ? [] : ["body"]),
    ].sort();
    assertEquals(request, { method, path, headers, body, given });
  });
}

Deno.test("what is of no use in an answer is given back, so that its connection is free", async () => {
  const { response, isCancelled } = watched(201);
  const { docker } = scripted(() => response);
  await docker.imageTag("a", "b", "c");
  assert(isCancelled());
});

Deno.test("a signal that was aborted before stops a call at once, and one that is aborted later its request", async () => {
  const calls: ((docker: DockerClient, signal: AbortSignal) => unknown)[] = [
    (docker, signal) => docker.ping({ signal }),
    (docker, signal) => docker.version({ signal }),
    (docker, signal) => docker.apiVersion({ signal }),
    (docker, signal) => docker.info({ signal }),
    (docker, signal) => docker.imageInspect("a", { signal }),
    (docker, signal) => docker.imageHistory("a", { signal }),
    (docker, signal) => docker.imageTag("a", "b", "c", { signal }),
    (docker, signal) => docker.imageRemove("a", { signal }),
    (docker, signal) => docker.imageList({ signal }),
    (docker, signal) => docker.imagePrune({ signal }),
    (docker, signal) => docker.buildPrune({ signal }),
    (docker, signal) => docker.imageSave("a", { signal }),
    (docker, signal) => docker.imageLoad(tar(), { signal }),
    (docker, signal) => docker.imageImport(tar(), { signal }),
    (docker, signal) => docker.distributionInspect("a", { signal }),
    (docker, signal) =>
      docker.auth({ username: "u", password: "p" }, { signal }),
    (docker, signal) => docker.imagePull("a", { signal }).wait(),
    (docker, signal) => docker.imagePush("a", { signal }).wait(),
  ];
  const reason = new Error("enough");
  for (const call of calls) {
    const before = scripted(() => Response.json({}));
    const error = await assertRejects(async () => {
      await call(before.docker, AbortSignal.abort(reason));
    });
    assertEquals(error, reason);
    assertEquals(before.engine.asked, []);
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const later = scripted(({ signal }) => {
      asked.resolve();
      return new Promise((_, reject) =>
        signal!.addEventListener("abort", () => reject(signal!.reason))
      );
    });
    const running = Promise.resolve(call(later.docker, stop.signal)).then(
      () => "done",
      (error) => error,
    );
    // Those that only ask the first time have their answer.
    if (await Promise.race([running, asked.promise]) !== undefined) continue;
    stop.abort(reason);
    assertEquals(await running, reason);
  }
});
