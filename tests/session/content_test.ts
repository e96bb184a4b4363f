import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { LayoutError } from "../../lib/layout/layout_error.ts";
import type { LayoutFolder } from "../../lib/layout/layout_folder.ts";
import { LayoutStores } from "../../lib/layout/layout_stores.ts";
import { contentService } from "../../lib/session/content.ts";
import { methodsOf } from "../../lib/session/services.ts";
import {
  assert,
  assertEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { concat } from "../support/concat.ts";
import { randomBytes } from "../support/digest.ts";
import { until, untilQuiet } from "../support/until.ts";
import { names, openFiles, scratch } from "../exporter/scratch.ts";
import { bytesOf, digestOf, load, store } from "../layout/layouts.ts";
import {
  InfoRequestSchema,
  InfoResponseSchema,
  ReadContentRequestSchema,
  ReadContentResponseSchema,
  StatusRequestSchema,
  StatusResponseSchema,
  WriteAction,
  WriteContentRequestSchema,
  type WriteContentResponse,
  WriteContentResponseSchema,
} from "../proto/gen/content_pb.ts";
import {
  type EngineCall,
  type EnginePeer,
  withEnginePeer,
} from "./engine_peer.ts";

const SERVICE = "/containerd.services.content.v1.Content";
const NOTHING = `sha256:${"0".repeat(64)}`;
const MEBIBYTE = 1024 * 1024;

function written<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** What an engine may do with a store. */
interface Served {
  readonly engine: EnginePeer;
  /** The store `local:w`, which can be written. */
  readonly layout: LayoutFolder;
  readonly path: string;
  /** A call of one message, with its answer. */
  readonly ask: (
    method: string,
    message: Uint8Array,
    id?: string,
  ) => Promise<{ status: string; message: string; body: Uint8Array[] }>;
  /** A call of `Write`. */
  readonly write: (id?: string) => Writing;
}

/** An engine that writes, message by message. */
class Writing {
  readonly call: EngineCall;
  #answers = 0;

  constructor(call: EngineCall) {
    this.call = call;
  }

  /** Sends a message, and waits for its answer; undefined if the call ended. */
  async send(
    init: MessageInitShape<typeof WriteContentRequestSchema>,
  ): Promise<WriteContentResponse | undefined> {
    await this.call.send(written(WriteContentRequestSchema, init));
    let isOver = false;
    this.call.ended.then(() => isOver = true);
    const index = this.#answers++;
    await until(
      () => this.call.received.length > index || isOver,
      "an answer came",
    );
    const answer = this.call.received[index];
    return answer && fromBinary(WriteContentResponseSchema, answer);
  }

  /** Ends the call, with what became of it. */
  async end(): Promise<string> {
    this.call.end();
    const { status, message } = await this.call.ended;
    return `${status} ${decodeURIComponent(message)}`.trim();
  }
}

async function serve(
  use: (served: Served) => Promise<void>,
): Promise<LayoutError[]> {
  await using place = await scratch();
  await using stores = new LayoutStores();
  const layout = await stores.open("local:w", `${place.path}/w`, "write");
  await Deno.mkdir(`${place.path}/r`);
  await stores.open("oci:r", `${place.path}/r`, "read");
  const failures: LayoutError[] = [];
  const methods = contentService(stores.byId, {
    onError: (error) => failures.push(error),
  });
  const errors = await withEnginePeer(methods, async (engine) => {
    const call = (method: string, id: string) =>
      engine.call(`${SERVICE}/${method}`, {
        "buildkit-attachable-store-id": id,
      });
    await use({
      engine,
      layout,
      path: `${place.path}/w`,
      async ask(method, message, id = "local:w") {
        const asked = call(method, id);
        await asked.send(message);
        asked.end();
        const end = await asked.ended;
        return {
          status: end.status,
          message: decodeURIComponent(end.message),
          body: [...asked.received],
        };
      },
      write: (id = "local:w") => new Writing(call("Write", id)),
    });
  });
  assertEquals(errors, []);
  return failures;
}

const info = (digest: string) => written(InfoRequestSchema, { digest });
const reading = (digest: string, offset = 0n, size = 0n) =>
  written(ReadContentRequestSchema, { digest, offset, size });

Deno.test("an engine asks for what is there, and nothing else is", async () => {
  const failures = await serve(async ({ ask, layout, path }) => {
    const digest = await store(layout, "content");
    const found = await ask("Info", info(digest));
    assertEquals(found.status, "0");
    const answer = fromBinary(InfoResponseSchema, found.body[0]!).info!;
    assertEquals([answer.digest, answer.size], [digest, 7n]);
    const { mtime } = await Deno.stat(
      `${path}/blobs/sha256/${digest.slice(7)}`,
    );
    const at = Number(answer.createdAt!.seconds) * 1000 +
      answer.createdAt!.nanos / 1e6;
    assert(Math.abs(at - mtime!.getTime()) < 1, `${at}`);
    assertEquals(answer.updatedAt, answer.createdAt);
    for (
      const odd of [
        NOTHING,
        "",
        "sha256:../../../../etc/passwd",
        `sha256:${"../".repeat(21)}w`,
        "blobs/sha256",
      ]
    ) {
      for (const method of ["Info", "Read"]) {
        const { status, message, body } = await ask(
          method,
          method === "Info" ? info(odd) : reading(odd),
        );
        assertEquals([status, message, body], ["5", `${odd}: not found`, []]);
      }
    }
    // Of another store, of none, and of one that nobody has registered.
    for (const id of ["oci:r", "", "local:/", path]) {
      const { status } = await ask("Info", info(digest), id);
      assertEquals(status, "5", id);
    }
    const other = await ask("Info", info(digest), "local:/etc");
    assertEquals(other.message, 'no content store is offered as "local:/etc"');
  });
  assertEquals(failures, []);
});

Deno.test("an engine reads any part of a content, in pieces", async () => {
  await serve(async ({ ask, layout }) => {
    const content = randomBytes(3 * MEBIBYTE + 5);
    const digest = await store(layout, content);
    for (
      const [offset, size, from, to] of [
        [0n, 0n, 0, content.length],
        [0n, 512n, 0, 512],
        [512n, 0n, 512, content.length],
        [512n, -1n, 512, content.length],
        [BigInt(MEBIBYTE), BigInt(MEBIBYTE) + 1n, MEBIBYTE, 2 * MEBIBYTE + 1],
        [5n, 1n << 40n, 5, content.length],
        [BigInt(content.length - 1), 1n, content.length - 1, content.length],
        [BigInt(content.length), 0n, content.length, content.length],
      ] as const
    ) {
      const { status, body } = await ask("Read", reading(digest, offset, size));
      assertEquals(status, "0");
      const parts = body.map((message) =>
        fromBinary(ReadContentResponseSchema, message)
      );
      let at = from;
      for (const { offset, data } of parts) {
        assertEquals(Number(offset), at);
        at += data.length;
        assert(data.length > 0 && data.length <= 256 * 1024, `${data.length}`);
      }
      assertEquals(
        concat(parts.map(({ data }) => new Uint8Array(data))),
        content.slice(from, to),
      );
    }
    for (const offset of [-1n, BigInt(content.length + 1)]) {
      const { status, message } = await ask("Read", reading(digest, offset));
      assertEquals(status, "11");
      assertEquals(
        message,
        `${digest} has ${content.length} bytes, and is read at ${offset}`,
      );
    }
    const empty = await store(layout, "");
    assertEquals((await ask("Read", reading(empty))).status, "0");
  });
});

Deno.test("a content that becomes shorter while it is read is told", async () => {
  await serve(async ({ engine, layout, path }) => {
    const digest = await store(layout, randomBytes(64 * MEBIBYTE));
    const file = `${path}/blobs/sha256/${digest.slice(7)}`;
    const call = engine.call(`${SERVICE}/Read`, {
      "buildkit-attachable-store-id": "local:w",
    });
    call.pause();
    const before = openFiles();
    await call.send(reading(digest));
    call.end();
    await until(() => openFiles() > before, "it is read");
    await Deno.chmod(file, 0o600);
    await Deno.truncate(file, 100);
    call.resume();
    const { status, message } = await call.ended;
    assertEquals([status, decodeURIComponent(message)], [
      "15",
      `${digest} became shorter while it was read`,
    ]);
  });
});

Deno.test("a content is read as fast as it is taken, and no faster", async () => {
  await serve(async ({ engine, layout }) => {
    const digest = await store(layout, randomBytes(64 * MEBIBYTE));
    let bytes = 0;
    const open = layout.open.bind(layout);
    layout.open = (digest) => {
      const reader = open(digest);
      const read = reader?.read.bind(reader);
      if (read === undefined) return reader;
      return Object.assign(reader!, {
        async read(...given: Parameters<typeof read>) {
          const count = await read(...given);
          bytes += count;
          return count;
        },
      });
    };
    const call = engine.call(`${SERVICE}/Read`, {
      "buildkit-attachable-store-id": "local:w",
    });
    call.pause();
    await call.send(reading(digest));
    call.end();
    await until(() => bytes > 0, "something was read");
    const taken = await untilQuiet(() => bytes, () => {});
    assert(taken < 32 * MEBIBYTE, `${taken}`);
    const before = openFiles();
    call.cancel();
    await until(() => openFiles() < before, "the content was closed");
  });
});

Deno.test("an engine writes as BuildKit does: asks, appends, commits", async () => {
  const failures = await serve(async ({ ask, write, layout, path }) => {
    const content = randomBytes(2 * MEBIBYTE + 3);
    const digest = await digestOf(content);
    const writing = write();
    const total = BigInt(content.length);
    const begun = Date.now();
    const first = await writing.send({
      action: WriteAction.STAT,
      ref: "layer-1",
      total,
      expected: digest,
    });
    const { offset, total: said, action, digest: none } = first!;
    assertEquals([offset, said, action, none], [0n, total, 0, ""]);
    const startedAt = Number(first!.startedAt!.seconds) * 1000;
    assert(Math.abs(startedAt - begun) < 60_000, `${startedAt}`);
    // Without a name, and without the length.
    for (let count = 0; count < 3; count++) {
      const again = await writing.send({ action: WriteAction.STAT });
      assertEquals([again?.offset, again?.total], [0n, total]);
    }
    for (let at = 0; at < content.length; at += MEBIBYTE) {
      const data = content.slice(at, at + MEBIBYTE);
      const next = await writing.send({
        action: WriteAction.WRITE,
        offset: BigInt(at),
        data,
      });
      assertEquals(next?.offset, BigInt(at + data.length));
      assertEquals([next?.action, next?.digest], [WriteAction.WRITE, ""]);
      assertEquals(next?.startedAt, first!.startedAt);
    }
    const status = fromBinary(
      StatusResponseSchema,
      (await ask("Status", written(StatusRequestSchema, { ref: "layer-1" })))
        .body[0]!,
    ).status!;
    assertEquals(
      [status.ref, status.offset, status.total, status.expected],
      ["layer-1", total, total, digest],
    );
    assertEquals(status.startedAt, first!.startedAt);
    assert(status.updatedAt!.seconds >= status.startedAt!.seconds);
    assertEquals(layout.info(digest), undefined);
    const last = await writing.send({
      action: WriteAction.COMMIT,
      offset: total,
      total,
      expected: digest,
    });
    assertEquals(
      [last?.digest, last?.offset, last?.action],
      [digest, total, WriteAction.COMMIT],
    );
    assertEquals(await writing.end(), "0");
    assertEquals(layout.info(digest)?.size, content.length);
    // It is there: nobody writes it again.
    const again = write();
    const refused = await again.send({
      ref: "layer-1",
      total,
      expected: digest,
    });
    assertEquals(refused, undefined);
    assertEquals(await again.end(), `6 ${digest} already exists`);
    const gone = await ask(
      "Status",
      written(StatusRequestSchema, { ref: "layer-1" }),
    );
    assertEquals([gone.status, gone.message], ["5", "layer-1: not found"]);
    assertEquals(await names(path), ["blobs", "ingest"]);
  });
  assertEquals(failures, []);
});

Deno.test("a commit may bring the last bytes, and the digest", async () => {
  await serve(async ({ write, layout }) => {
    const digest = await digestOf("whole");
    const writing = write();
    await writing.send({
      action: WriteAction.WRITE,
      ref: "r",
      data: bytesOf("wh"),
    });
    const last = await writing.send({
      action: WriteAction.COMMIT,
      offset: 2n,
      data: bytesOf("ole"),
      total: 5n,
      expected: digest,
    });
    assertEquals(last?.digest, digest);
    assertEquals(await writing.end(), "0");
    assertEquals(await load(layout, digest), "whole");
    const empty = write();
    const none = await empty.send({ action: WriteAction.COMMIT, ref: "e" });
    assertEquals(none?.digest, await digestOf(""));
  });
});

Deno.test("bytes at the beginning begin anew, and bytes elsewhere are refused", async () => {
  await serve(async ({ write, layout }) => {
    const writing = write();
    const data = bytesOf("first try");
    await writing.send({ action: WriteAction.WRITE, ref: "r", data });
    const anew = await writing.send({
      action: WriteAction.WRITE,
      offset: 0n,
      data: bytesOf("second"),
    });
    assertEquals(anew?.offset, 6n);
    // A commit without bytes says nothing of where they belong.
    const last = await writing.send({ action: WriteAction.COMMIT });
    assertEquals(last?.digest, await digestOf("second"));
    assertEquals(await load(layout, last!.digest), "second");
    for (const [offset, bytes] of [[4n, "x"], [2n, ""]] as const) {
      const wrong = write();
      await wrong.send({
        action: WriteAction.WRITE,
        ref: "r",
        data: bytesOf("abc"),
      });
      const refused = await wrong.send({
        action: WriteAction.WRITE,
        offset,
        data: bytesOf(bytes),
      });
      assertEquals(refused, undefined);
      assertEquals(
        await wrong.end(),
        `11 the next bytes belong at 3, and were sent for ${offset}`,
      );
    }
  });
});

Deno.test("what is not what was announced is not kept, and said", async () => {
  const failures = await serve(async ({ write, layout, path }) => {
    const digest = await digestOf("right");
    const cases: [
      MessageInitShape<typeof WriteContentRequestSchema>[],
      string,
    ][] = [
      [
        [
          { ref: "r", expected: digest },
          { action: WriteAction.WRITE, data: bytesOf("wrong") },
          { action: WriteAction.COMMIT, offset: 5n },
        ],
        `9 ${digest} was announced, and what came is ${await digestOf(
          "wrong",
        )}`,
      ],
      [
        [
          { ref: "r", total: 6n },
          { action: WriteAction.WRITE, data: bytesOf("right") },
          { action: WriteAction.COMMIT, offset: 5n, expected: digest },
        ],
        "9 6 bytes were announced, and 5 came",
      ],
      [
        [
          { ref: "r", total: 4n },
          { action: WriteAction.WRITE, data: bytesOf("right") },
        ],
        "11 the content was announced with 4 bytes, and more came",
      ],
      [
        [
          { ref: "r", total: 1n },
          { action: WriteAction.WRITE, data: bytesOf("ri") },
        ],
        "11 the content was announced with 1 bytes, and more came",
      ],
      [
        [{ ref: "r", total: 1n }, { total: 2n }],
        "3 the content was announced with 1 bytes, and then with 2",
      ],
      [
        [{ ref: "r", total: 2n }, { total: 1n }],
        "3 the content was announced with 2 bytes, and then with 1",
      ],
      [
        [{ ref: "r", total: 4n }, { total: 5n }],
        "3 the content was announced with 4 bytes, and then with 5",
      ],
      [
        [{ ref: "r", expected: digest }, { expected: NOTHING }],
        `3 the content was announced as ${digest}, and then as ${NOTHING}`,
      ],
      [[{ total: 4n }], "3 the first message names no ref"],
      [
        [{ ref: "r", expected: "sha256:../../x" }],
        '3 "sha256:../../x" is no digest',
      ],
    ];
    for (const [messages, end] of cases) {
      const writing = write();
      let answer: WriteContentResponse | undefined;
      for (const message of messages) answer = await writing.send(message);
      assertEquals(answer, undefined, end);
      assertEquals(await writing.end(), end);
    }
    assertEquals(layout.info(digest), undefined);
    const [aside] = await names(`${path}/ingest`);
    assertEquals(await names(`${path}/ingest/${aside}`), []);
    assertEquals(await names(path), ["ingest"]);
  });
  assertEquals(failures, []);
});

Deno.test("a content has one writer at a time, and is dropped with it", async () => {
  await serve(async ({ ask, write, engine, layout, path }) => {
    const one = write();
    await one.send({ ref: "r", expected: await digestOf("x") });
    const two = write();
    assertEquals(await two.send({ ref: "r" }), undefined);
    assertEquals(await two.end(), '14 "r" is being written by another call');
    // The name is another one in another store: none is written there.
    assertEquals(
      (await ask("Status", written(StatusRequestSchema, { ref: "r" }), "oci:r"))
        .status,
      "5",
    );
    const open = openFiles();
    const aborted = await ask(
      "Abort",
      written(StatusRequestSchema, { ref: "r" }),
    );
    assertEquals([aborted.status, aborted.body], ["0", [new Uint8Array()]]);
    // It is gone when that is answered.
    assertEquals(openFiles(), open - 1);
    const [left] = await names(`${path}/ingest`);
    assertEquals(await names(`${path}/ingest/${left}`), []);
    assertEquals(
      (await ask("Abort", written(StatusRequestSchema, { ref: "r" }))).status,
      "5",
    );
    assertEquals(
      await one.send({ action: WriteAction.WRITE, data: bytesOf("x") }),
      undefined,
    );
    assertEquals(await one.end(), "10 the content was given up");
    const three = write();
    await three.send({
      action: WriteAction.WRITE,
      ref: "r",
      data: bytesOf("x"),
    });
    const files = openFiles();
    three.call.cancel();
    await until(() => openFiles() < files, "the content was closed");
    const [aside] = await names(`${path}/ingest`);
    assertEquals(await names(`${path}/ingest/${aside}`), []);
    // An end without a message is no error.
    const call = engine.call(`${SERVICE}/Write`, {
      "buildkit-attachable-store-id": "local:w",
    });
    call.end();
    assertEquals((await call.ended).status, "0");
    assertEquals(layout.info(await digestOf("x")), undefined);
  });
});

Deno.test("a store for reading is not written", async () => {
  await serve(async ({ write }) => {
    const writing = write("oci:r");
    assertEquals(await writing.send({ ref: "r" }), undefined);
    assertEquals(
      await writing.end(),
      "7 the content store is offered for reading alone",
    );
    const none = write("local:other");
    assertEquals(await none.send({ ref: "r" }), undefined);
    assertStringIncludes(await none.end(), "5 no content store is offered");
  });
});

Deno.test("a fault of the store is told to the build and to the engine", async () => {
  const failures = await serve(async ({ ask, layout, path }) => {
    const digest = await store(layout, "content");
    const file = `${path}/blobs/sha256/${digest.slice(7)}`;
    await Deno.remove(file);
    await Deno.symlink("/etc/passwd", file);
    for (
      const [method, message] of [
        ["Info", info(digest)],
        ["Read", reading(digest)],
      ] as const
    ) {
      const { status, message: said, body } = await ask(method, message);
      assertEquals([status, body], ["2", []]);
      assertStringIncludes(said, `davit: Cannot read the OCI layout "${path}"`);
      assertStringIncludes(said, "a link is in the place of a file");
    }
  });
  assertEquals(failures.map(({ name }) => name), [
    "LayoutError",
    "LayoutError",
  ]);
});

Deno.test("so many contents are read and written at a time, and the others wait", async () => {
  await serve(async ({ engine, ask, write, layout }) => {
    const digest = await store(layout, randomBytes(4 * MEBIBYTE));
    const before = openFiles();
    const reads = Array.from({ length: 40 }, () => {
      const call = engine.call(`${SERVICE}/Read`, {
        "buildkit-attachable-store-id": "local:w",
      });
      call.pause();
      return call;
    });
    for (const call of reads) {
      await call.send(reading(digest));
      call.end();
    }
    await until(() => openFiles() === before + 32, "32 are read");
    assertEquals(await untilQuiet(openFiles, () => {}), before + 32);
    // Those that are written have places of their own.
    const writes = Array.from({ length: 32 }, () => write());
    for (const [index, writing] of writes.entries()) {
      assert(await writing.send({ ref: `w${index}` }) !== undefined);
    }
    const late = write();
    const answer = late.send({ ref: "late" });
    assertEquals((await ask("Info", info(NOTHING))).status, "5");
    assertEquals(late.call.received, []);
    writes[0]!.call.cancel();
    assertEquals((await answer)?.offset, 0n);
    for (const call of reads) call.resume();
    for (const call of reads) assertEquals((await call.ended).status, "0");
  });
});

Deno.test("the service is offered where there is a store", async () => {
  await using place = await scratch();
  await using stores = new LayoutStores();
  const paths = async () =>
    (await methodsOf({ stores: stores.byId }, () => {})).map(({ path }) =>
      path
    );
  assertEquals(await paths(), []);
  await stores.open("local:a", place.path, "read");
  assertEquals(
    await paths(),
    ["Info", "Read", "Write", "Status", "Abort"].map((name) =>
      `${SERVICE}/${name}`
    ),
  );
});
