import { Engine } from "../../lib/engine/engine.ts";
import { GatewayConnection } from "../../lib/gateway/connection.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import { DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { listenUnix } from "../../lib/gateway/listen_unix.ts";
import { makePolicy } from "../../lib/gateway/policy.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import { Turns } from "../../lib/gateway/turns.ts";
import type { RequestSettings } from "../../lib/gateway/request.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { connDuplex } from "../../lib/transport/conn.ts";
import { assert, assertFalse } from "../support/assert.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { withTempFolder } from "../support/folder.ts";
import { Random } from "../support/random.ts";
import { rounds } from "../support/stress.ts";
import { ATTACKS, build, request, SECRET } from "../gateway/attacks.ts";
import { checkForwarded, checkSame } from "../gateway/forwarded.ts";
import {
  type ParsedRequest,
  parseRequests,
} from "../gateway/parsed_request.ts";
import { type Recorded, RecordingEngine } from "../gateway/recording_engine.ts";
import { CLOSED, ROUTES } from "../gateway/routes.ts";

const COUNT = rounds(100_000);
/** How many of them go over a real socket. */
const SOCKET_COUNT = 2000;
/** A gateway that has not answered then hangs; the machine may be busy. */
const DEADLINE_MS = 60_000;
/** Another seed tries other requests; a failure tells which it was. */
const SEED = Number(Deno.env.get("DAVIT_TEST_SEED") ?? 7);

const bytesOf = (text: string) =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

const LATIN1 = new TextDecoder("latin1");
const HEADER = "X-BuildKit-Secrets: " + btoa(JSON.stringify({ id: SECRET }));

/** What passes; a third of what is mutated. */
const PASSING: readonly Uint8Array<ArrayBuffer>[] = [
  bytesOf(build("version=2", HEADER)),
  bytesOf(build("t=a", HEADER, "X-Registry-Config: e30=")),
  bytesOf(
    request("POST /build", ["Transfer-Encoding: chunked", HEADER]) +
      "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n",
  ),
  bytesOf(
    request("POST /build?q=1", ["Content-Length: 5", HEADER], "hello") +
      build("t=b"),
  ),
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
];

/** What is refused: attacks, and requests of every route that is closed. */
const REFUSED: readonly Uint8Array<ArrayBuffer>[] = [
  ...ATTACKS.map(([, , bytes]) => bytesOf(bytes)),
  ...[...ROUTES.map(([, line]) => line), ...CLOSED].map((line) =>
    bytesOf(request(line, ["Content-Length: 5"], "hello"))
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
        bytes = put(
          random.pick(random.below(2) === 0 ? PASSING : REFUSED).subarray(
            random.below(60),
          ),
        );
        break;
      default:
        bytes = put(random.pick(WORDS), at);
    }
  }
  return bytes;
}

/** Both ends of a connection. */
type Connecting = () => Promise<[client: ByteDuplex, server: ByteDuplex]>;

/** Sends the bytes in two pieces, and hangs up when no more can come of them. */
async function exchange(
  connecting: Connecting,
  bytes: Uint8Array,
  cut: number,
  parsed: readonly ParsedRequest[],
  settings: RequestSettings,
): Promise<string> {
  const [client, server] = await connecting();
  const serving = new GatewayConnection(server, settings).serve();
  const begun = Promise.withResolvers<void>();
  const reading = (async () => {
    let text = "";
    try {
      for await (const chunk of client.readable) {
        text += LATIN1.decode(chunk);
        begun.resolve();
      }
    } catch {
      // It hung up in the middle.
    }
    begun.resolve();
    return text;
  })();
  const writer = client.writable.getWriter();
  // It may have answered, and hung up, before all is written.
  await writer.write(bytes.subarray(0, cut)).catch(() => {});
  await writer.write(bytes.subarray(cut)).catch(() => {});
  const isCut = parsed[0] === undefined || parsed[0].state === "cut";
  if (!isCut) await begun.promise;
  await writer.close().catch(() => {});
  await serving;
  const text = await reading;
  client.close?.();
  return text;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it hangs")), DEADLINE_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the gateway cancels a build; it may be one of a connection before. */
function isCancel({ method, path }: Recorded, ids: Set<string>): boolean {
  const url = new URL(`http://engine${path}`);
  const id = url.searchParams.get("buildid");
  if (id !== null) ids.add(id);
  return method === "POST" && url.pathname.endsWith("/build/cancel") &&
    ids.has(url.searchParams.get("id")!);
}

async function fuzz(
  connecting: Connecting,
  count: number,
  seed: number,
): Promise<void> {
  const engine = new RecordingEngine(undefined, true);
  const api = new Engine(engine, "1.51");
  const settings: RequestSettings = {
    engine: api,
    policy: makePolicy(
      [],
      [],
      (name) =>
        Promise.resolve([name.startsWith("p") ? "93.184.215.14" : "10.0.0.1"]),
    ),
    limits: { ...DEFAULT_LIMITS, maxBodyBytes: 1_000_000 },
    token: undefined,
    known: new KnownValues(DEFAULT_LIMITS.maxAllSecretBytes, false),
    steps: undefined,
    hosts: undefined,
    turns: new Turns(),
    builds: new RunningBuilds(api, 1000),
    signal: new AbortController().signal,
  };
  await settings.engine.facts(); // its ping is none of a client's
  const random = new Random(seed);
  /** Ids that the gateway gave to builds: it cancels those itself. */
  const ids = new Set<string>();
  const statuses = new Map<number, number>();
  const seen = { forwarded: 0, bodies: 0, broken: 0, sessions: 0 };
  for (let i = 0; i < count; i++) {
    const bytes = mutate(
      random,
      random.pick(random.below(3) === 0 ? PASSING : REFUSED),
    );
    const cut = random.below(bytes.length + 1);
    const parsed = parseRequests(LATIN1.decode(bytes));
    engine.requests.length = 0;
    engine.sessionIds.length = 0;
    try {
      const text = await inTime(
        exchange(connecting, bytes, cut, parsed, settings),
      );
      const asked = engine.requests.filter((one) => !isCancel(one, ids));
      for (const [at, recorded] of asked.entries()) {
        checkForwarded(recorded, engine.sessionIds);
        checkSame(recorded, parsed[at]);
        seen.forwarded++;
        if (!recorded.complete) seen.broken++;
        else if (recorded.body !== undefined) seen.bodies++;
        if (recorded.path.includes("session=")) seen.sessions++;
      }
      assertFalse(text.includes(SECRET.slice(0, 6)), text);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    } catch (cause) {
      throw new Error(
        `seed ${seed}, request ${i}: ${JSON.stringify(LATIN1.decode(bytes))}`,
        { cause },
      );
    }
  }
  assertFalse(statuses.has(500));
  // Else what is tried is something else than what is looked at.
  const least = count / 200;
  assert((statuses.get(200) ?? 0) > least, "hardly any got through");
  for (const [what, times] of Object.entries(seen)) {
    assert(times > least, `${what}: only ${times} of ${count}`);
  }
}

Deno.test(`no mutation of ${COUNT} requests crashes or hangs the gateway, or reaches the engine other than as decided`, async () => {
  await fuzz(() => Promise.resolve(duplexPair()), COUNT - SOCKET_COUNT, SEED);
});

Deno.test(`nor does one of ${SOCKET_COUNT} more over a real socket`, async () => {
  await withTempFolder(async (folder) => {
    const path = `${folder}/s`;
    const acceptor = await listenUnix(path);
    try {
      const accepted = acceptor.connections[Symbol.asyncIterator]();
      await fuzz(
        async () => {
          const [conn, { value }] = await Promise.all([
            Deno.connect({ transport: "unix", path }),
            accepted.next(),
          ]);
          return [connDuplex(conn), value];
        },
        SOCKET_COUNT,
        SEED + 1,
      );
    } finally {
      await acceptor.close();
    }
  });
});
