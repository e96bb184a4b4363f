import { ContextError } from "../../mod.ts";
import {
  classicContext,
  PackedContextError,
} from "../../lib/imagebuild/context/classic_context.ts";
import {
  HEAD_BYTES,
  HeadCheck,
  readHead,
} from "../../lib/imagebuild/context/tar_head.ts";
import {
  type TarWatcher,
  type WatchedTar,
  watchTar,
} from "../../lib/imagebuild/context/watch_tar.ts";
import type { ContextEvent } from "../../lib/progress/event.ts";
import { addPodmanSecrets } from "../../lib/imagebuild/ways/podman_secrets.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { concatBytes } from "../../lib/streams/bytes.ts";
import { tarBytes, tarHeader } from "../support/tar.ts";
import { changedHeader, pack } from "./tar_forms.ts";

const encoder = new TextEncoder();

/** Bytes that begin like this, and go on with what is no tar. */
function beginning(hex: string, length = 600): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(0x41);
  bytes.set(Uint8Array.fromHex(hex));
  return bytes;
}

Deno.test("readHead() knows each packing by all of its first bytes", () => {
  const neither = { text: false, zstd: false };
  for (
    const [name, hex] of Object.entries({
      gzip: "1f8b",
      bzip2: "425a68",
      xz: "fd377a585a00",
      zstd: "28b52ffd",
      zip: "504b0304",
      "7z": "377abcaf271c",
      rar: "526172211a07",
      lz4: "04224d18",
      lzip: "4c5a4950",
      compress: "1f9d",
    })
  ) {
    const isTaken = ["gzip", "bzip2", "xz"].includes(name);
    const fault = isTaken
      ? undefined
      : `is packed with ${name}, which engines can't unpack: ${
        name === "zstd" ? "pipe it through zstd -d" : "give a tar"
      }`;
    for (const length of [hex.length / 2, 600]) {
      assertEquals(readHead(beginning(hex, length), neither), {
        kind: "packed",
        fault,
      });
    }
    for (let at = 0; at < hex.length / 2; at++) {
      const other = beginning(hex);
      other[at]! ^= 0x80;
      assertEquals(readHead(other, neither).kind, "other", `${name} ${at}`);
    }
    const cut = beginning(hex, hex.length / 2).subarray(0, -1);
    assertEquals(readHead(cut, neither).kind, "other", name);
    assertEquals(
      readHead(beginning(hex), { text: false, zstd: true }).fault,
      name === "zstd" ? undefined : fault,
    );
  }
});

Deno.test("readHead() knows a tar, an empty one, and what is none", () => {
  const takes = { text: false, zstd: false };
  const tar = { kind: "tar", fault: undefined } as const;
  const other = { kind: "other", fault: "is no tar" } as const;
  const header = tarHeader("a", 1);
  assertEquals(readHead(new Uint8Array(), takes), {
    kind: "other",
    fault: "is empty",
  });
  assertEquals(readHead(header, takes), tar);
  assertEquals(readHead(header.subarray(0, HEAD_BYTES - 1), takes), other);
  const old = changedHeader(header, (bytes) => bytes.fill(0, 257));
  assertEquals(readHead(old, takes), tar);
  assertEquals(readHead(old.subarray(0, HEAD_BYTES - 1), takes), other);
  // By its mark alone.
  const wrong = header.slice();
  wrong.fill(0x37, 148, 154);
  assertEquals(readHead(wrong, takes), tar);
  assertEquals(
    readHead(wrong.fill(0, 257, 258), takes),
    other,
  );
  const zeros = new Uint8Array(HEAD_BYTES);
  assertEquals(readHead(zeros, takes), {
    kind: "tar",
    fault: "is a tar without any file",
  });
  assertEquals(readHead(zeros.subarray(1), takes), other);
  const text = encoder.encode("FROM scratch\n");
  assertEquals(readHead(text, takes), other);
  assertEquals(readHead(text, { text: true, zstd: false }), {
    kind: "other",
    fault: undefined,
  });
});

Deno.test("HeadCheck refuses once, as soon as the head is there, or at the end", () => {
  const check = (text = false) =>
    new HeadCheck({ text, zstd: false }, (fault) => new RangeError(fault));
  const bad = new Uint8Array(HEAD_BYTES).fill(0x41);
  const whole = check();
  assertThrows(() => whole.push(bad), RangeError, "is no tar");
  whole.push(bad);
  whole.end();
  const parts = check();
  parts.push(bad.subarray(0, 500));
  parts.push(bad.subarray(0, 11));
  assertThrows(() => parts.push(bad.subarray(0, 1)), RangeError, "is no tar");
  const short = check();
  short.push(bad.subarray(1));
  assertThrows(() => short.end(), RangeError, "is no tar");
  short.end();
  assertThrows(() => check().end(), RangeError, "is empty");
  const good = check();
  const header = tarHeader("a", 1);
  for (const byte of header) good.push(Uint8Array.of(byte));
  good.push(bad);
  good.end();
  const dockerfile = check(true);
  dockerfile.push(encoder.encode("FROM "));
  dockerfile.push(encoder.encode("scratch"));
  dockerfile.end();
});

/** A tar that is watched, and what it reports. */
function watching(
  tar: ReadableStream<Uint8Array>,
  watcher: Partial<TarWatcher> = {},
) {
  const events: ContextEvent[] = [];
  const dockerfiles: string[] = [];
  let failures = 0;
  const watched = watchTar(tar, {
    dockerfile: "Dockerfile",
    files: undefined,
    takes: { text: false, zstd: false },
    onSent: (event) => void events.push(event),
    onDockerfile: (text) => void dockerfiles.push(text),
    onFailure: () => void failures++,
    ...watcher,
  });
  return {
    watched,
    dockerfiles,
    failures: () => failures,
    events: () => events,
  };
}

const FILES = { Dockerfile: "FROM scratch\n", a: "a" };

/** A source that counts how often it is read, and keeps why it was cancelled. */
function source(
  chunks: readonly unknown[],
  cancel: () => Promise<void> = () => Promise.resolve(),
): {
  stream: ReadableStream<Uint8Array>;
  pulls: () => number;
  reasons: unknown[];
} {
  let pulls = 0;
  const reasons: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[pulls++];
      if (chunk instanceof Error) throw chunk;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk as Uint8Array);
    },
    cancel(reason) {
      reasons.push(reason);
      return cancel();
    },
  }, { highWaterMark: 0 });
  return { stream, pulls: () => pulls, reasons };
}

/** How an engine that has answered leaves the rest of a context. */
const LEFT: readonly [
  string,
  (
    reader: ReadableStreamDefaultReader<Uint8Array>,
    watched: WatchedTar,
  ) => unknown,
][] = [
  ["its body is cancelled", (reader) => reader.cancel("answered")],
  ["it is released", (_reader, watched) => watched.release("answered")],
];

Deno.test("watchTar() passes a tar on as it is read, and tells of it at its end", async () => {
  const bytes = await tarBytes(FILES);
  const parts = [bytes.subarray(0, 700), bytes.subarray(700)];
  const { stream, pulls } = source(parts);
  let files = 0;
  const seen = watching(stream, { files: () => files });
  assertEquals(seen.watched.dockerfile, undefined);
  const reader = seen.watched.body.getReader();
  assertEquals(pulls(), 0);
  assertEquals((await reader.read()).value, parts[0]);
  assertEquals([pulls(), seen.events()], [1, []]);
  assertEquals((await reader.read()).value, parts[1]);
  files = 2;
  assertEquals((await reader.read()).done, true);
  const event = {
    type: "context",
    name: undefined,
    files: 2,
    filesReused: 0,
    bytesOffered: bytes.length,
    bytesSent: bytes.length,
  } as const;
  assertEquals<unknown>(seen.events(), [event]);
  assertEquals(seen.watched.dockerfile, {
    name: "Dockerfile",
    text: FILES.Dockerfile,
  });
  assertEquals(seen.dockerfiles, [FILES.Dockerfile]);
  seen.watched.taken();
  seen.watched.release(undefined);
  assertEquals(seen.events().length, 1);
  assertEquals([seen.watched.failure, seen.failures()], [undefined, 0]);
});

Deno.test("watchTar() tells of what an engine took that did not read on", async () => {
  const bytes = await tarBytes(FILES);
  const { stream, reasons } = source([bytes, bytes]);
  const seen = watching(stream);
  seen.watched.taken();
  assertEquals(seen.events(), []);
  const reader = seen.watched.body.getReader();
  await reader.read();
  seen.watched.taken();
  seen.watched.taken();
  assertEquals<unknown>(seen.events(), [{
    type: "context",
    name: undefined,
    files: undefined,
    filesReused: 0,
    bytesOffered: bytes.length,
    bytesSent: bytes.length,
  }]);
  const reason = new Error("enough");
  seen.watched.release(reason);
  assertEquals(reasons, [reason]);
  const other = watching(source([bytes]).stream);
  await other.watched.body.getReader().read();
  other.watched.release(undefined);
  other.watched.taken();
  assertEquals(other.events(), []);
  const cancelled = source([bytes]);
  await watching(cancelled.stream).watched.body.cancel(reason);
  assertEquals(cancelled.reasons, [reason]);
});

for (const [how, leave] of LEFT) {
  Deno.test(`a tar that is awaited has no fault when ${how}`, async () => {
    const waiting = () => {
      const asked = Promise.withResolvers<void>();
      const stream = new ReadableStream<Uint8Array>({
        pull() {
          asked.resolve();
          return new Promise<void>(() => {});
        },
      }, { highWaterMark: 0 });
      return { stream, asked: asked.promise };
    };
    const empty = waiting();
    const seen = watching(empty.stream);
    const reader = seen.watched.body.getReader();
    const read = reader.read();
    await empty.asked;
    await leave(reader, seen.watched);
    // What the tar's end leads to has happened then.
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals([seen.watched.failure, seen.failures()], [undefined, 0]);
    assertEquals<unknown>(seen.events(), []);
    await reader.cancel();
    assertEquals((await read).done, true);
  });
}

Deno.test("watchTar() keeps why a tar could not be read", async () => {
  const gone = new Error("the disk is gone");
  const own = new ContextError("this file changed");
  const read =
    "The build context could not be read, and the build was stopped: ";
  const thrown = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error("just words"),
  }, { highWaterMark: 0 });
  for (
    const [stream, message, cause] of [
      [source([gone]).stream, `${read}the disk is gone`, gone],
      [source([own]).stream, "this file changed", undefined],
      [thrown, `${read}just words`, "just words"],
    ] as const
  ) {
    const seen = watching(stream);
    const error = await assertRejects(
      () => seen.watched.body.getReader().read(),
      ContextError,
    );
    assertEquals(error.message, message);
    assertEquals(error.cause, cause);
    assertEquals(seen.watched.failure === error, true);
    assertEquals(seen.failures(), 1);
  }
});

Deno.test("watchTar() refuses what is no tar of bytes, and waits for no cancel", async () => {
  const never = () => new Promise<void>(() => {});
  const text = source(["FROM scratch"], never);
  const seen = watching(text.stream);
  const error = await assertRejects(
    () => seen.watched.body.getReader().read(),
    ContextError,
    "The build was stopped: its context gave text",
  );
  assertEquals(text.reasons.length, 1);
  assertEquals([seen.watched.failure === error, seen.failures()], [true, 1]);

  for (const chunks of [[new Uint8Array(600).fill(65)], [Uint8Array.of(65)]]) {
    const odd = source(chunks, never);
    const refused = watching(odd.stream);
    const fault = await assertRejects(
      () => new Response(refused.watched.body).bytes(),
      ContextError,
    );
    assertEquals(
      fault.message,
      "Cannot build: the context that was given is no tar",
    );
    assertEquals(refused.watched.failure === fault, true);
    assertEquals(refused.failures(), 1);
    if (chunks[0]!.length > 1) assertEquals(odd.reasons, [fault]);
  }
  // Where the format is not looked at.
  const any = watching(source([Uint8Array.of(65)]).stream, {
    takes: undefined,
  });
  assertEquals(await new Response(any.watched.body).text(), "A");

  const bytes = await tarBytes(FILES);
  for (const [fault, message] of [[new RangeError("no"), "no"], ["x", "x"]]) {
    const leaking = source([bytes], never);
    const held = watching(leaking.stream, {
      onDockerfile() {
        throw fault;
      },
    });
    const thrown = await held.watched.body.getReader().read().catch((e) => e);
    assertEquals(thrown, fault);
    assertEquals(held.watched.failure?.message, message);
    assertEquals(held.failures(), 1);
    assertEquals(leaking.reasons, [fault]);
  }
});

Deno.test("watchTar() looks at a Dockerfile of each name once, also in a packed tar", async () => {
  const one = await tarBytes({ "sub/Dockerfile": "FROM a\n" });
  const two = await tarBytes({ "sub/Dockerfile": "FROM b\n", c: "c" });
  const both = concatBytes(one.subarray(0, -1024), two);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < both.length; at += 100) {
    parts.push(both.subarray(at, at + 100));
  }
  const seen = watching(source(parts).stream, { dockerfile: "sub/Dockerfile" });
  await new Response(seen.watched.body).bytes();
  assertEquals(seen.dockerfiles, ["FROM a\n", "FROM b\n"]);
  const packed = await pack(two);
  const inside = watching(source([packed]).stream, {
    dockerfile: "sub/Dockerfile",
  });
  await new Response(inside.watched.body).bytes();
  assertEquals(inside.dockerfiles, ["FROM b\n"]);
});

Deno.test("watchTar() copies bytes of a buffer that is shared", async () => {
  const bytes = await tarBytes(FILES);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const { value } = await watching(source([shared, bytes]).stream).watched.body
    .getReader().read();
  assert(value!.buffer instanceof ArrayBuffer);
  assertEquals(value, bytes);
  const own = await watching(source([bytes]).stream).watched.body.getReader()
    .read();
  assertEquals(own.value === bytes, true);
});

const TAIL = new Uint8Array(3000).fill(1);

Deno.test("classicContext() cuts behind the tar, and reads the rest all the same", async () => {
  const tar = await tarBytes(FILES);
  const empty = new Uint8Array();
  // The first piece is a single byte.
  const first = tar.subarray(0, 1);
  const { stream, pulls } = source([
    empty,
    first,
    concatBytes(tar.subarray(1), TAIL),
    TAIL,
  ]);
  const context = classicContext(stream, false);
  assertEquals(pulls(), 0);
  const chunks = await Array.fromAsync(context.body);
  assert(chunks.every(({ length }) => length > 0), "no piece is empty");
  assertEquals(await new Blob(chunks).bytes(), tar);
  await context.whole;
  assertEquals(pulls(), 5);
  assertEquals(context.failure, undefined);
  // Its end may not be read well.
  const gone = new Error("the disk is gone");
  const broken = classicContext(
    source([concatBytes(tar, TAIL), gone]).stream,
    false,
  );
  assertEquals(await new Response(broken.body).bytes(), tar);
  assertEquals(await broken.whole.catch((error) => error), gone);
  assertEquals(broken.failure, undefined);
});

Deno.test("classicContext() unpacks what it can, and cuts that", async () => {
  const tar = await tarBytes(FILES);
  const { zstdCompressSync } = await import("node:zlib");
  const long = concatBytes(tar, TAIL) as Uint8Array<ArrayBuffer>;
  for (
    const packed of [await pack(long), new Uint8Array(zstdCompressSync(long))]
  ) {
    for (const strict of [false, true]) {
      const context = classicContext(source([packed]).stream, strict);
      assertEquals(await new Response(context.body).bytes(), tar);
      await context.whole;
    }
  }
  const packed = await pack(tar);
  packed.fill(0xff, 12);
  const damaged = classicContext(source([packed]).stream, false);
  const error = await assertRejects(
    () => new Response(damaged.body).bytes(),
    PackedContextError,
  );
  assertEquals(error.message, "the context's packing is damaged");
  assertEquals(error.name, "PackedContextError");
  assert(error.cause instanceof Error);
  assertEquals(damaged.failure, error);
  assertEquals(await damaged.whole.catch((error) => error), error);
});

Deno.test("a packed tar that is awaited has no fault when an engine takes no more", async () => {
  const packed = await pack(await tarBytes(FILES));
  const asked = Promise.withResolvers<void>();
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ === 0) return controller.enqueue(packed.subarray(0, 40));
      asked.resolve();
      return new Promise<void>(() => {});
    },
  }, { highWaterMark: 0 });
  const context = classicContext(stream, false);
  const reader = context.body.getReader();
  const read = reader.read();
  await asked.promise;
  await reader.cancel("answered");
  await read;
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(context.failure, undefined);
});

Deno.test("classicContext() passes on what only engines unpack, or refuses it", async () => {
  for (const hex of ["425a68", "fd377a585a00"]) {
    const bytes = beginning(hex);
    const whole = classicContext(source([bytes]).stream, false);
    assertEquals(await new Response(whole.body).bytes(), bytes);
    await whole.whole;
    const strict = classicContext(source([bytes]).stream, true);
    const error = await assertRejects(
      () => new Response(strict.body).bytes(),
      PackedContextError,
      "gets a tar as it is here, or in gzip or zstd",
    );
    assertEquals(strict.failure, error);
    // Of anything else no more is sent than a header.
    for (let at = 0; at < hex.length / 2; at++) {
      const other = beginning(hex);
      other[at]! ^= 0x80;
      const cut = classicContext(source([other]).stream, true);
      const sent = await new Response(cut.body).bytes();
      assertEquals(sent.length, 512, `${hex} ${at}`);
    }
  }
});

Deno.test("classicContext() hands on how its stream fails, and that it is cancelled", async () => {
  const gone = new Error("the disk is gone");
  const tar = await tarBytes(FILES);
  const failing = classicContext(
    source([tar.subarray(0, 600), gone]).stream,
    true,
  );
  assertEquals(await new Response(failing.body).bytes().catch((e) => e), gone);
  assertEquals(failing.failure, gone);
  assertEquals(await failing.whole.catch((error) => error), gone);
  const { stream, reasons } = source([tar]);
  const cancelled = classicContext(stream, true);
  const reason = new Error("enough");
  await cancelled.body.cancel(reason);
  assertEquals(reasons, [reason]);
  assertEquals(await cancelled.whole.catch((error) => error), reason);
  assertEquals(cancelled.failure, undefined);
});

Deno.test("addPodmanSecrets() gives up a context that it can't use, and waits for no cancel", async () => {
  const never = () => new Promise<void>(() => {});
  const { Secret } = await import("../../lib/secrets/secret.ts");
  const given = source([beginning("28b52ffd")], never);
  const error = await assertRejects(
    () => addPodmanSecrets(given.stream, []),
    Error,
    "it must be a tar, plain or compressed with gzip",
  );
  assertEquals(given.reasons, [error]);
  // A name may begin as a packing does.
  for (const name of ["\x1fa", "a\x8b"]) {
    const bytes = await tarBytes({ [name]: "a" });
    bytes.set([name.charCodeAt(0), name.charCodeAt(1)]);
    const header = changedHeader(bytes.subarray(0, 512), () => {});
    bytes.set(header);
    const plain = await addPodmanSecrets(source([bytes]).stream, [
      ["a", new Secret("value")],
    ]);
    const sent = await new Response(
      plain.tar as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).bytes();
    assertEquals(sent.subarray(1024), bytes);
    // What is put before it is a file of root's alone, to the byte.
    const [mount] = JSON.parse(plain.secrets);
    const own = changedHeader(
      tarHeader(mount.split("src=")[1], 5),
      (block) => block.set(encoder.encode("0000600"), 100),
    );
    assertEquals(sent.subarray(0, 512), own as Uint8Array<ArrayBuffer>);
  }
  const tar = source([await tarBytes(FILES)], never);
  const wrong = await assertRejects(
    () => addPodmanSecrets(tar.stream, [["a,b", new Secret("value")]]),
    Error,
    "use another id",
  );
  assertEquals(tar.reasons, [wrong]);
});
