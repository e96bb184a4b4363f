import {
  ContextError,
  ProtocolError,
  SecretError,
  UnsupportedError,
} from "../../lib/errors.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { ExportSet } from "../../lib/exporter/export_set.ts";
import type { Exporter } from "../../lib/exporter/exporter.ts";
import type { GrpcServerCall } from "../../lib/grpc/call.ts";
import type { GrpcMethod } from "../../lib/grpc/method.ts";
import { GrpcCode, GrpcError } from "../../lib/grpc/status.ts";
import { filesendService } from "../../lib/session/filesend.ts";
import { filesyncService } from "../../lib/session/filesync.ts";
import { healthService } from "../../lib/session/health.ts";
import { openSession } from "../../lib/session/open.ts";
import { secretsService, tooLarge } from "../../lib/session/secrets.ts";
import { methodsOf } from "../../lib/session/services.ts";
import { Session } from "../../lib/session/session.ts";
import { Upload, uploadService } from "../../lib/session/upload.ts";
import { sshService } from "../../lib/session/ssh.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import type { SecretStore } from "../../lib/secrets/store.ts";
import type { SshAgentConnection } from "../../lib/ssh/agent.ts";
import { frame } from "../../lib/ssh/message.ts";
import { SshError } from "../../lib/ssh/ssh_error.ts";
import { turn } from "../../lib/streams/turn.ts";
import { framed } from "../grpc/framed.ts";
import { until } from "../support/until.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

const encoder = new TextEncoder();

/** A protobuf message with one field of bytes, the first. */
function field(content: string | Uint8Array): Uint8Array {
  const bytes = typeof content === "string" ? encoder.encode(content) : content;
  return bytes.length === 0
    ? bytes
    : Uint8Array.of(0x0a, bytes.length, ...bytes);
}

/** A call with these messages; what was written, by the method. */
function callOf(
  messages: (Uint8Array | null)[],
  metadata: Readonly<Record<string, readonly string[]>> = {},
  signal: AbortSignal = new AbortController().signal,
) {
  const written: Uint8Array[] = [];
  const gate: { promise: Promise<void> | undefined } = { promise: undefined };
  const call: GrpcServerCall = framed({
    signal,
    metadata: (key: string) => [...metadata[key] ?? []],
    read: () => Promise.resolve(messages.shift() ?? null),
    write: (...parts: Uint8Array[]) => {
      written.push(new Uint8Array(parts.flatMap((part) => [...part])));
      return gate.promise;
    },
  });
  return { call, written, gate };
}

/** What a call ends with: nothing, or a status and its words. */
async function ended(
  method: GrpcMethod,
  call: GrpcServerCall,
): Promise<unknown> {
  try {
    await method.handle(call);
    return undefined;
  } catch (error) {
    return error instanceof GrpcError
      ? [error.code, error.message]
      : error as Error;
  }
}

Deno.test("each service is offered under its path, for messages up to its length", async () => {
  const store = {} as SecretStore;
  const exporter = { wire: "packets" } as Exporter;
  const methods = await methodsOf({
    secrets: { store, maxBytes: 1, strict: false },
    folders: { locals: new Map(), onSent() {} },
    logins: { store: {} as never },
    agents: { get: () => undefined },
    exports: only(exporter),
    uploads: [new Upload()],
  }, () => {});
  const all = [...healthService(), ...methods];
  assertEquals(
    all.map(({ path, maxRequestBytes }) => [path, maxRequestBytes]),
    [
      ["/grpc.health.v1.Health/Check", 65_536],
      ["/moby.buildkit.secrets.v1.Secrets/GetSecret", 65_536],
      ["/moby.filesync.v1.FileSync/DiffCopy", 65_536],
      ["/moby.filesync.v1.Auth/Credentials", 65_536],
      ["/moby.filesync.v1.Auth/GetTokenAuthority", 65_536],
      ["/moby.filesync.v1.Auth/FetchToken", 65_536],
      ["/moby.sshforward.v1.SSH/CheckAgent", 65_536],
      ["/moby.sshforward.v1.SSH/ForwardAgent", 524_288],
      ["/moby.filesync.v1.FileSend/DiffCopy", 16_777_216],
      ["/moby.upload.v1.Upload/Pull", 1024],
    ],
  );
  assertEquals(await methodsOf({}, () => {}), []);
  const health = callOf([field("any.Service")]);
  await healthService()[0]!.handle(health.call);
  assertEquals(health.written, [Uint8Array.of(8, 1)]);
});

Deno.test("a session introduces itself with its id and its methods", () => {
  const method = { path: "/a.B/C", maxRequestBytes: 1, handle: async () => {} };
  const session = new Session([method]);
  assert(/^[0-9a-f]{32}$/.test(session.id));
  assert(session.id !== new Session([]).id);
  assertEquals(session.methods, ["/grpc.health.v1.Health/Check", "/a.B/C"]);
  for (const key of [undefined, "key"]) {
    assertEquals(session.headers("name", key), [
      ["X-Docker-Expose-Session-Uuid", session.id],
      ["X-Docker-Expose-Session-Name", "name"],
      ["X-Docker-Expose-Session-Sharedkey", key ?? ""],
      ["X-Docker-Expose-Session-Grpc-Method", "/grpc.health.v1.Health/Check"],
      ["X-Docker-Expose-Session-Grpc-Method", "/a.B/C"],
    ]);
  }
  session.close(); // nobody is served yet
});

Deno.test("openSession() does without where the other side has none and none is needed", async () => {
  const none = new UnsupportedError("sessions", "no sessions");
  const broken = new Error("refused");
  const open = (error: Error, required: boolean) =>
    openSession(() => Promise.reject(error), {
      name: "n",
      methods: [],
      required,
      signal: new AbortController().signal,
    });
  assertEquals(await open(none, false), undefined);
  for (
    const [error, required] of [
      [none, true],
      [broken, false],
      [broken, true],
    ] as const
  ) {
    assertEquals(await open(error, required).catch((error) => error), error);
  }
});

Deno.test("openSession() tells a session that is lost from one that is closed, and waits for what is told", async () => {
  for (const way of ["lost", "closed"] as const) {
    const { signal } = new AbortController();
    let asked: unknown[] = [];
    const hangUp = new AbortController();
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const told: string[] = [];
    const gate = Promise.withResolvers<void>();
    const session = await openSession((headers, given) => {
      asked = [headers[1]![1], headers[2]![1], given];
      return Promise.resolve({
        readable: new ReadableStream<Uint8Array>({
          start: (given) => void (controller = given),
        }),
        writable: new WritableStream<Uint8Array>(),
        close: () => hangUp.abort(),
      });
    }, {
      name: "the name",
      sharedKey: "the key",
      methods: [],
      required: true,
      signal,
      onLost: async () => {
        told.push("lost");
        await gate.promise;
      },
    });
    assertEquals(asked, ["the name", "the key", signal]);
    assert(/^[0-9a-f]{32}$/.test(session!.id));
    assertEquals(session!.lost(), false);
    if (way === "lost") {
      controller.error(new Error("cable cut"));
      await until(() => session!.lost(), "the session is lost");
      assertEquals(told, ["lost"]);
    }
    let isClosed = false;
    const closing = session!.close().then(() => isClosed = true);
    if (way === "lost") {
      for (let count = 0; count < 10; count++) await turn();
      assert(!isClosed, "it waits for what is told");
      gate.resolve();
    }
    await closing;
    assertEquals([session!.lost(), told.length], [
      way === "lost",
      way === "lost" ? 1 : 0,
    ]);
  }
});

Deno.test("a secret is served, refused or not there, in the words of each", async () => {
  const told: string[] = [];
  const serve = (
    get: (id: string) => Promise<Secret | undefined>,
    strict: boolean,
    isProbe = false,
  ) =>
    secretsService(
      { get, isProbe: () => isProbe } as unknown as SecretStore,
      {
        maxBytes: 5,
        strict,
        onError: (error) => told.push(`${error.id}: ${error.message}`),
      },
    )[0]!;
  const ask = async (
    ...given: Parameters<typeof serve>
  ): Promise<unknown[]> => {
    told.length = 0;
    const { call, written } = callOf([field("id")]);
    const end = await ended(serve(...given), call);
    return [end, written.length, ...told];
  };
  const value = (text: string) => () => Promise.resolve(new Secret(text));
  const { call, written } = callOf([field("id")]);
  assertEquals(await ended(serve(value("12345"), true), call), undefined);
  assertEquals(written, [field("12345")]);
  const large =
    'Cannot serve secret "id": it has 6 bytes, and this engine takes at most 5';
  assertEquals(await ask(value("123456"), false), [
    [GrpcCode.RESOURCE_EXHAUSTED, 'davit: secret "id" is too large'],
    0,
    `id: ${large}`,
  ]);
  assertEquals(tooLarge("id", 6, 5).message, large);
  const none = () => Promise.resolve(undefined);
  const notFound = [[GrpcCode.NOT_FOUND, 'secret "id" not found'], 0];
  assertEquals(await ask(none, false), notFound);
  assertEquals(await ask(none, true, true), notFound);
  assertEquals(await ask(none, true), [
    [
      GrpcCode.FAILED_PRECONDITION,
      'davit: secret "id" was asked for and not given',
    ],
    0,
  ]);
  const internal = [
    GrpcCode.INTERNAL,
    'davit: secret "id" could not be fetched',
  ];
  const own = new SecretError("id", "the file is closed");
  assertEquals(await ask(() => Promise.reject(own), false), [
    internal,
    0,
    "id: the file is closed",
  ]);
  assertEquals(await ask(() => Promise.reject(new Error("x")), false), [
    internal,
    0,
    'id: The function for secret "id" failed',
  ]);
});

Deno.test("filesyncService() fails with what can't be read, and hands the rest on", async () => {
  const closed = new ContextError("a is closed");
  const odd = new Error("odd");
  for (const error of [closed, odd]) {
    const told: Error[] = [];
    let sent = 0;
    const [method] = filesyncService(
      new Map([["context", {
        entries: () => {
          throw error;
        },
        content: () => new Uint8Array(0),
      }]]),
      { onError: (error) => told.push(error), onSent: () => sent++ },
    );
    const { call } = callOf([], { "dir-name": ["context"] });
    const end = await ended(method!, call);
    assertEquals(sent, 0);
    if (error === closed) {
      assertEquals(end, [GrpcCode.FAILED_PRECONDITION, "a is closed"]);
      assertEquals(told, [closed]);
    } else {
      assert(end === odd);
      assertEquals(told, []);
    }
  }
});

function only(exporter: Exporter): ExportSet {
  return new ExportSet([{ type: "local", exporter }]);
}

Deno.test("filesendService() unwraps pieces of an archive, and hands packets on as they are", async () => {
  for (
    const [wire, expected] of [["packets", "0a026162"], [
      "bytes",
      "6162",
    ]] as const
  ) {
    const got: string[] = [];
    const { call, written, gate } = callOf([field("ab")]);
    const [method] = filesendService(
      only({
        wire,
        async receive(stream) {
          assert(stream.signal === call.signal);
          for (
            let bytes = await stream.read();
            bytes !== null;
            bytes = await stream.read()
          ) got.push(bytes.toHex());
          gate.promise = Promise.resolve();
          assert(
            stream.write(Uint8Array.of(1), Uint8Array.of(2)) === gate.promise,
          );
        },
      } as Exporter),
      { onError() {} },
    );
    assertEquals(await ended(method!, call), undefined);
    assertEquals(got, [expected]);
    assertEquals(written, [Uint8Array.of(1, 2)]);
  }
  const serve = (error: Error, told: Error[]) =>
    filesendService(
      only({
        wire: "packets",
        receive: () => Promise.reject(error),
      } as unknown as Exporter),
      { onError: (error) => told.push(error) },
    )[0]!;
  for (
    const error of [new ExportError("disk is full"), new ProtocolError("odd")]
  ) {
    const told: Error[] = [];
    assertEquals(await ended(serve(error, told), callOf([]).call), [
      GrpcCode.FAILED_PRECONDITION,
      error.message,
    ]);
    assertEquals(told, [error]);
    const aborted = callOf([], {}, AbortSignal.abort());
    assert(await ended(serve(error, told), aborted.call) === error);
    assertEquals(told.length, 1);
  }
  const other = new Error("other");
  assert(await ended(serve(other, []), callOf([]).call) === other);
  const told: Error[] = [];
  const [method] = filesendService(
    only({
      wire: "bytes",
      receive: async (stream) => void await stream.read(),
    } as Exporter),
    { onError: (error) => told.push(error) },
  );
  const end = await ended(method!, callOf([Uint8Array.of(0xff)]).call);
  assertEquals(end, [
    GrpcCode.FAILED_PRECONDITION,
    "The engine sent a piece of the result that can't be read",
  ]);
  assert(told[0] instanceof ProtocolError && told[0].cause !== undefined);
});

/** The metadata by which an engine asks for what is offered. */
function pulling({ url }: Upload) {
  const { host, pathname } = new URL(url);
  return { urlhost: [host], urlpath: [pathname] };
}

Deno.test("uploadService() lets go of its stream, however the call ends", async () => {
  for (const way of ["sent", "unsent", "aborted before", "aborted"] as const) {
    const upload = new Upload();
    const cancelled: unknown[] = [];
    const asked = Promise.withResolvers<void>();
    const abort = new AbortController();
    const reason = new Error("over");
    upload.offer(
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          asked.resolve();
          if (way === "aborted") await new Promise(() => {});
          controller.enqueue(Uint8Array.of(7));
          if (way === "sent") controller.close();
        },
        cancel: (reason) => void cancelled.push(reason),
      }, { highWaterMark: 0 }),
    );
    const { call, written, gate } = callOf([], pulling(upload), abort.signal);
    const broken = new Error("no room");
    if (way === "unsent") gate.promise = Promise.reject(broken);
    if (way === "aborted before") abort.abort(reason);
    let listeners = 0;
    const { addEventListener, removeEventListener } = abort.signal;
    abort.signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      addEventListener.apply(abort.signal, args as never);
    };
    abort.signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      removeEventListener.apply(abort.signal, args as never);
    };
    const [method] = uploadService([upload], { onError() {} });
    const ending = ended(method!, call);
    if (way === "aborted") {
      await asked.promise;
      abort.abort(reason);
    }
    const end = await ending;
    const expected = {
      sent: [undefined, 1, 0],
      unsent: [broken, 1, 1],
      "aborted before": [reason, 0, 1],
      aborted: [reason, 0, 1],
    }[way];
    assertEquals([end, written.length, cancelled.length], expected, way);
    assertEquals(listeners, 0, way);
  }
});

Deno.test("uploadService() says what is asked for and not offered", async () => {
  const [method] = uploadService([new Upload()], { onError() {} });
  const { call } = callOf([], { urlhost: ["host"], urlpath: ["/path"] });
  assertEquals(await ended(method!, call), [
    GrpcCode.NOT_FOUND,
    'nothing is offered at "host/path"',
  ]);
});

Deno.test("filesendService() gives each call to the output that its metadata names", async () => {
  const got: string[] = [];
  const stub = (name: string) =>
    ({
      dest: name,
      wire: "packets",
      receive: () => Promise.resolve(void got.push(name)),
    }) as unknown as Exporter;
  const told: Error[] = [];
  const [method] = filesendService(
    new ExportSet([
      { type: "local", exporter: stub("a") },
      { type: "tar", exporter: stub("b") },
    ]),
    { onError: (error) => told.push(error) },
  );
  const key = "buildkit-attachable-exporter-id";
  const send = (ids: string[]) =>
    ended(method!, callOf([], { [key]: ids }).call);
  assertEquals(await Promise.all([send(["1"]), send(["0"])]), [
    undefined,
    undefined,
  ]);
  assertEquals(got, ["b", "a"]);
  const end = await send(["2"]);
  assertEquals(end, [
    GrpcCode.FAILED_PRECONDITION,
    'The engine sent a result for output "2", of which nothing is received here',
  ]);
  assertEquals(told.map(({ message }) => message), [(end as string[])[1]]);
  assertEquals(got.length, 2);
});

/** The ssh service with one agent. */
function sshOf(connect: () => Promise<SshAgentConnection>) {
  const told: string[] = [];
  const [check, forward] = sshService(
    { get: (id) => id === "" || id === "known" ? { connect } : undefined },
    { onError: (error) => told.push(error.message) },
  );
  return { check: check!, forward: forward!, told };
}

Deno.test("sshService() asks question by question, and waits until an answer is on its way", async () => {
  let closed = 0;
  const asked: string[] = [];
  const { forward, check, told } = sshOf(() =>
    Promise.resolve({
      ask: (question) => {
        asked.push(question.toHex());
        return Promise.resolve(Uint8Array.of(14, ...question));
      },
      close: () => void closed++,
    })
  );
  const questions = [
    ...frame(Uint8Array.of(11)),
    ...frame(Uint8Array.of(13, 7)),
  ];
  const abort = new AbortController();
  const { call, written, gate } = callOf(
    [field(Uint8Array.from(questions))],
    { "buildkit.ssh.id": ["known"] },
    abort.signal,
  );
  const taken = Promise.withResolvers<void>();
  gate.promise = taken.promise;
  let isOver = false;
  const serving = ended(forward, call).then((end) => {
    isOver = true;
    return end;
  });
  await until(() => asked.length > 0, "the first question is asked");
  for (let count = 0; count < 20; count++) await turn();
  assertEquals([asked, isOver], [["0b"], false]);
  taken.resolve();
  assertEquals(await serving, undefined);
  assertEquals(asked, ["0b", "0d07"]);
  assertEquals(written, [
    field(frame(Uint8Array.of(14, 11))),
    field(frame(Uint8Array.of(14, 13, 7))),
  ]);
  assertEquals(closed, 1);
  abort.abort(); // of no interest to an agent that is closed
  assertEquals(closed, 1);
  const checked = callOf([field("known")]);
  assertEquals(await ended(check, checked.call), undefined);
  assertEquals([closed, checked.written.length, told], [2, 1, []]);
  for (const [id, name] of [["other", "other"], [undefined, ""]] as const) {
    const none = sshService({ get: () => undefined }, { onError() {} });
    const unknown = [
      GrpcCode.UNIMPLEMENTED,
      `no ssh agent is given for id ${JSON.stringify(name || "default")}`,
    ];
    const metadata = id === undefined ? {} : { "buildkit.ssh.id": [id] };
    const ask = [callOf([field(name)]).call, callOf([], metadata).call];
    for (const [index, method] of none.entries()) {
      assertEquals(await ended(method, ask[index]!), unknown);
    }
  }
});

Deno.test("sshService() closes an agent at an abort, and says why it failed", async () => {
  const metadata = { "buildkit.ssh.id": ["known"] };
  const question = () => [field(frame(Uint8Array.of(11)))];
  const answering = Promise.withResolvers<Uint8Array>();
  let closed = 0;
  let isAsked = false;
  const waiting = sshOf(() =>
    Promise.resolve({
      ask: () => {
        isAsked = true;
        return answering.promise;
      },
      close: () => {
        closed++;
        answering.reject(new SshError("known", "closed"));
      },
    })
  );
  const abort = new AbortController();
  const serving = ended(
    waiting.forward,
    callOf(question(), metadata, abort.signal).call,
  );
  await until(() => isAsked, "the agent is asked");
  assertEquals(closed, 0);
  abort.abort(new Error("enough"));
  assertEquals(closed, 1);
  const end = await serving;
  assert(end instanceof SshError);
  assertEquals([closed, waiting.told], [2, []]);
  // One that is aborted already asks nothing.
  const reason = new Error("over");
  const late = callOf(question(), metadata, AbortSignal.abort(reason));
  assert(await ended(waiting.forward, late.call) === reason);
  assertEquals(closed, 3);
  const locked = new SshError("known", "it is locked");
  const odd = new Error("odd");
  for (const error of [locked, odd]) {
    const failing = sshOf(() => Promise.reject(error));
    const asks = sshOf(() =>
      Promise.resolve({ ask: () => Promise.reject(error), close() {} })
    );
    for (
      const [service, method, call] of [
        [failing, failing.check, callOf([field("known")])],
        [failing, failing.forward, callOf(question(), metadata)],
        [asks, asks.forward, callOf(question(), metadata)],
      ] as const
    ) {
      service.told.length = 0;
      const end = await ended(method, call.call);
      if (error === locked) {
        assertEquals(end, [
          GrpcCode.FAILED_PRECONDITION,
          "davit: it is locked",
        ]);
        assertEquals(service.told, ["it is locked"]);
      } else {
        assert(end === odd);
        assertEquals(service.told, []);
      }
    }
  }
  const broken = sshOf(() =>
    Promise.resolve({ ask: () => Promise.reject(odd), close() {} })
  );
  assertEquals(
    await ended(
      broken.forward,
      callOf([field(new Uint8Array(4))], metadata).call,
    ),
    [
      GrpcCode.INVALID_ARGUMENT,
      "davit: the step sent the ssh agent a message of 0 bytes, from 1 to 262144 are taken",
    ],
  );
  await assertRejects(
    () => broken.forward.handle(callOf([Uint8Array.of(0xff)], metadata).call),
  );
});
