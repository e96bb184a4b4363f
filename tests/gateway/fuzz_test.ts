import { Engine } from "../../lib/engine/engine.ts";
import { GatewayConnection } from "../../lib/gateway/connection.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { makePolicy } from "../../lib/gateway/policy.ts";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { Random } from "../support/random.ts";
import { ATTACKS, build, request, SECRET } from "./attacks.ts";
import { type Recorded, RecordingEngine } from "./recording_engine.ts";

const COUNT = 100_000;
/** Another seed tries other requests; a failure tells which it was. */
const SEED = Number(Deno.env.get("DAVIT_TEST_SEED") ?? 7);

const bytesOf = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** What is mutated: attacks, and requests that pass. */
const SEEDS: readonly Uint8Array<ArrayBuffer>[] = [
  ...ATTACKS.map(([, , bytes]) => bytesOf(bytes)),
  bytesOf(request("GET /_ping")),
  bytesOf(request("GET /v1.41/images/a%2Fb:1/json?platform=linux")),
  bytesOf(build("version=2&t=a&t=b&networkmode=none&remote=http://public/x")),
  bytesOf(request("POST /build", ["Content-Length: 5"], "hello")),
  bytesOf(
    request(
      "POST /build?version=2",
      ["Transfer-Encoding: chunked"],
      "5\r\nhello\r\n0\r\n\r\n",
    ) + request("GET /version"),
  ),
].filter((bytes) => bytes.length < 5000);

/** What is put in. */
const WORDS: readonly Uint8Array<ArrayBuffer>[] = [
  ...["\r\n", "\n", "\r", " ", "\t", ":", "\0", "%", "%2f", "%2e", "..", "//"],
  ...["?", "&", "=", ";", "#", "@", "\\", "/", "/v1.41", "/session", "/grpc"],
  ...["/containers/json", "/build", "networkmode=host", "session=x", "host"],
  ...["Transfer-Encoding: chunked\r\n", "Content-Length: 7\r\n", "0\r\n\r\n"],
  ...["Host: b\r\n", "Origin: null\r\n", "Upgrade: h2c\r\n", "HTTP/1.1"],
  ...["GET ", "POST ", "DELETE ", "http://localhost/", "\xff", "\xe2\x80\xa8"],
].map(bytesOf);

function mutate(random: Random, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  let bytes = seed.slice();
  for (let i = random.below(4); i >= 0; i--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + random.below(12));
    const put = (middle: Uint8Array, from = end) =>
      new Uint8Array([
        ...bytes.subarray(0, at),
        ...middle,
        ...bytes.subarray(from),
      ]);
    switch (random.below(6)) {
      case 0:
        bytes = put(random.bytes(end - at));
        break;
      case 1:
        bytes = put(new Uint8Array());
        break;
      case 2:
        bytes = put(bytes.slice(at, end), at);
        break;
      case 3:
        bytes = put(random.pick(SEEDS).subarray(random.below(60)));
        break;
      default:
        bytes = put(random.pick(WORDS), at);
    }
  }
  return bytes;
}

const PATH_REGEXP =
  /^(?:\/v\d{1,2}\.\d{1,3})?(?:\/_ping|\/version|\/info|\/build|\/build\/cancel|\/images\/.+\/(?:json|history))$/;
const QUERY = new Set(
  "version dockerfile t extrahosts q nocache cachefrom pull rm forcerm memory memswap cpushares cpusetcpus cpuperiod cpuquota buildargs shmsize ulimits squash labels platform target buildid outputs remote networkmode cgroupparent id manifests"
    .split(" "),
);
const HEADERS = new Set([
  "accept",
  "content-type",
  "x-registry-auth",
  "x-registry-config",
]);

/** The same rules once more, in other words. */
function checkForwarded({ method, path, headers }: Recorded): void {
  assert(path.startsWith("/"), path);
  const url = new URL(`http://engine${path}`);
  const target = url.pathname + url.search;
  assertEquals(target, path, "a parser on the way would change it");
  assert(PATH_REGEXP.test(decodeURIComponent(url.pathname)), path);
  assertFalse(/\/\.|\.\/|\/\/|\\|%/.test(url.pathname), path);
  assert(["GET", "HEAD", "POST"].includes(method), method);
  assertEquals(method === "POST", /\/build(?:\/cancel)?$/.test(url.pathname));
  for (const [name, value] of url.searchParams) {
    assert(QUERY.has(name), path);
    if (name === "networkmode") {
      assert(["", "default", "none", "bridge"].includes(value), path);
    }
    if (name === "cgroupparent") assertEquals(value, "");
  }
  for (const [name] of headers) assert(HEADERS.has(name), name);
}

Deno.test(`no mutation of ${COUNT} requests crashes or hangs the gateway, or reaches the engine other than as decided`, async () => {
  const engine = new RecordingEngine();
  const settings = {
    engine: new Engine(engine, "1.51"),
    policy: makePolicy(
      [],
      [],
      (name) =>
        Promise.resolve([name.startsWith("p") ? "93.184.215.14" : "10.0.0.1"]),
    ),
    limits: { ...DEFAULT_LIMITS, maxBodyBytes: 1_000_000 },
    token: undefined,
    known: new KnownValues(DEFAULT_LIMITS.maxAllSecretBytes),
    hosts: undefined,
    takeBuild: () => true,
    giveBuild: () => {},
    signal: new AbortController().signal,
  };
  const random = new Random(SEED);
  const statuses = new Map<number, number>();
  let forwarded = 0;
  for (let i = 0; i < COUNT; i++) {
    const bytes = mutate(random, random.pick(SEEDS));
    const [client, server] = duplexPair();
    const serving = new GatewayConnection(server, settings).serve();
    const answer = new Response(
      client.readable as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).text().catch(() => "");
    const writer = client.writable.getWriter();
    const cut = random.below(bytes.length + 1);
    // It may have answered, and hung up, before all is written.
    await writer.write(bytes.subarray(0, cut)).catch(() => {});
    await writer.write(bytes.subarray(cut)).catch(() => {});
    await writer.close().catch(() => {});
    await serving;
    const text = await answer;
    for (const recorded of engine.requests) {
      try {
        checkForwarded(recorded);
      } catch (cause) {
        throw new Error(
          `seed ${SEED}, request ${i}: ${
            new TextDecoder("latin1").decode(bytes)
          }`,
          { cause },
        );
      }
    }
    forwarded += engine.requests.length;
    engine.requests.length = 0;
    assertFalse(text.includes(SECRET.slice(0, 6)), text);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  assert((statuses.get(200) ?? 0) > 1000, "hardly any got through");
  assert(forwarded > 1000);
  assertFalse(statuses.has(500));
});
