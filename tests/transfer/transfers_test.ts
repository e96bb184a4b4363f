import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import type { TransferEvent } from "../../lib/transfer/event.ts";
import {
  ConnectionError,
  EngineError,
  ProtocolError,
} from "../../lib/errors.ts";
import { Operations } from "../../lib/operation/operations.ts";
import { startTransfer } from "../../lib/transfer/transfer.ts";
import { TransferError } from "../../lib/transfer/transfer_error.ts";
import { scripted } from "../engine/scripted_engine.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;
const OTHER = `sha256:${"cd".repeat(32)}`;

const lines = (...messages: object[]) =>
  new Response(messages.map((one) => `${JSON.stringify(one)}\n`).join(""));

Deno.test("what an engine says of a transfer becomes events, in its order", async () => {
  const { docker } = scripted(() =>
    lines(
      { status: "Pulling from a", id: "latest" },
      { id: "l", status: "Waiting", progressDetail: {} },
      { id: "l", progressDetail: { current: 0, total: 0 } },
      {
        id: "l",
        status: "Extracting",
        progressDetail: { current: 2, total: 1, units: "" },
      },
      { progressDetail: {} },
      { status: "  " },
      { stream: "said\n" },
      { status: `Digest: ${DIGEST}` },
    )
  );
  const pull = docker.imagePull("a");
  assertEquals(await Array.fromAsync(pull.events()) as unknown, [
    { type: "status", status: "Pulling from a" },
    { type: "layer", id: "l", status: "Waiting" },
    { type: "layer", id: "l", status: "", current: 0, units: "bytes" },
    {
      type: "layer",
      id: "l",
      status: "Extracting",
      current: 2,
      units: "bytes",
      total: 1,
    },
    { type: "status", status: "said" },
    { type: "status", status: `Digest: ${DIGEST}` },
  ]);
  assertEquals(await pull.wait(), DIGEST);
});

Deno.test("for late readers a mebibyte of events is kept, an event counted as 200 and its words", async () => {
  for (const [status, kept] of [["x".repeat(824), 1024], ["", 5242]] as const) {
    const message = JSON.stringify({ id: "l", status, progressDetail: {} });
    const { docker } = scripted(() =>
      new Response(
        `${message}\n`.repeat(6000) +
          JSON.stringify({ aux: { Digest: DIGEST } }) + "\n",
      )
    );
    const push = docker.imagePush("a");
    await push.wait();
    const [first, ...rest] = await Array.fromAsync(push.events());
    assertEquals(first as unknown, { type: "lost", count: 6000 - kept });
    assertEquals(rest.length, kept);
  }
});

Deno.test("the digest of a pull is the last that was told, the one that was asked for, or that of the image that came", async () => {
  const images = (...digests: string[] | [null]) =>
    Response.json({
      Id: DIGEST,
      RepoDigests: digests[0] === null ? null : digests,
    });
  const pulled = (name: string, messages: object[], image?: Response) => {
    const { engine, docker } = scripted(({ path }) =>
      path.endsWith("/json") ? image! : lines(...messages)
    );
    return docker.imagePull(name).wait().then((digest) => ({
      digest,
      asked: engine.asked.slice(1).map(({ path }) => path),
    }));
  };
  const told = { status: `Digest: ${DIGEST}` };
  assertEquals(
    await pulled("a", [{ status: `Digest: ${OTHER}` }, told, {}]),
    { digest: DIGEST, asked: [] },
  );
  assertEquals(
    await pulled(`a@${DIGEST}`, [{ status: `x Digest: ${OTHER}` }]),
    { digest: DIGEST, asked: [] },
  );
  const asked = ["/v1.51/images/r.example/a:1/json"];
  const inspected = (image: Response) => pulled("r.example/a:1", [], image);
  assertEquals(
    await inspected(images(`r.example/b@${OTHER}`, `r.example/a@${DIGEST}`)),
    { digest: DIGEST, asked },
  );
  // It had come before, with another manifest: which of them now is not told.
  assertEquals(
    await inspected(images(`r.example/a@${OTHER}`, `r.example/a@${DIGEST}`)),
    { digest: "", asked },
  );
  for (
    const image of [
      images(),
      images(null),
      images(`r.example/b@${OTHER}`),
      images("r.example/a"),
    ]
  ) {
    await assertRejects(
      () => inspected(image),
      ProtocolError,
      'The engine ended the pull of "r.example/a:1" with neither a digest nor an error',
    );
  }
});

Deno.test("the digest of a push is the last that was told, in numbers or in a sentence", async () => {
  const pushed = (...messages: object[]) =>
    scripted(() => lines(...messages)).docker.imagePush("r.example/a:1").wait();
  const sentence = { status: `1: digest: ${DIGEST} size: 12` };
  const numbers = { aux: { Tag: "1", Digest: DIGEST, Size: 12 } };
  for (const told of [sentence, numbers]) {
    assertEquals(
      await pushed({ aux: { Digest: OTHER } }, told, {}, { status: "Done" }),
      DIGEST,
    );
  }
  for (
    const other of [{}, { aux: null }, { aux: { Digest: 5 } }, {
      status: "undefined: digest: x",
    }]
  ) {
    await assertRejects(
      () => pushed(other),
      ProtocolError,
      'The engine ended the push of "r.example/a:1" with neither a digest nor an error',
    );
  }
});

Deno.test("options that nobody knows are refused, before anything is asked", async () => {
  // deno-lint-ignore no-explicit-any -- what a program without types passes
  const wrong: any = { signals: undefined };
  const { engine, docker } = scripted(() => lines());
  const calls: [call: () => Promise<unknown>, action: string][] = [
    [() => docker.imageSave("a", wrong), "save"],
    [() => docker.imageLoad(new Uint8Array(), wrong), "load"],
    [() => docker.imagePull("a", wrong).wait(), "pull"],
    [() => docker.imagePush("a", wrong).wait(), "push"],
    [() => docker.distributionInspect("a", wrong), "inspect"],
  ];
  for (const [call, action] of calls) {
    await assertRejects(
      call,
      TypeError,
      `Cannot ${action}: there is no option "signals"; did you mean "signal"?`,
    );
  }
  assertEquals(engine.asked, []);
});

Deno.test("a login is tried at the registry that it names, in one spelling, or at Docker Hub", async () => {
  const { engine, docker } = scripted(() => Response.json({}));
  const login = { username: "u", password: "p" };
  for (
    const serveraddress of [
      undefined,
      "R.Example:5000",
      "https://r.example/v2/",
    ]
  ) {
    await docker.auth(
      serveraddress === undefined ? login : { ...login, serveraddress },
    );
  }
  assertEquals(
    engine.asked.map(({ body }) => JSON.parse(body!).serveraddress),
    ["https://index.docker.io/v1/", "r.example:5000", "r.example"],
  );
  await assertRejects(
    () => docker.auth({ ...login, serveraddress: "a b" }),
    TypeError,
    'Cannot check a login for "a b": expected a registry\'s host',
  );
});

Deno.test("a registry is asked about an image with the login for it", async () => {
  const { engine, docker } = scripted(
    () => Response.json({ Descriptor: {} }),
    { credentials: { "r.example": { username: "u", password: "p" } } },
  );
  await docker.distributionInspect("r.example/a");
  await docker.distributionInspect("a:1");
  assertEquals(
    engine.asked.map(({ path, headers }) => [
      path,
      JSON.parse(atob(headers!["X-Registry-Auth"]!)).username,
    ]),
    [
      ["/v1.51/distribution/r.example/a:latest/json", "u"],
      ["/v1.51/distribution/a:1/json", undefined],
    ],
  );
});

Deno.test("a refusal says whether a login was sent", async () => {
  const credentials = { "r.example": { username: "u", password: "p" } };
  const denied = () => lines({ error: "denied" });
  const told = async (options: { credentials?: typeof credentials }) => {
    const { docker } = scripted(denied);
    const error = await assertRejects(
      () => docker.imagePull("r.example/a", options).wait(),
      TransferError,
    );
    assertEquals(error.registry, "r.example");
    return error.message;
  };
  assertStringIncludes(await told({}), "give a login for r.example");
  assertStringIncludes(await told({ credentials }), "did not take the login");
});

Deno.test("what stops a transfer before it began asks for nothing", async () => {
  const operations = new Operations();
  await operations.close();
  let began = false;
  const transfer = startTransfer({
    operations,
    what: "test",
    startedBy: startTransfer,
    signal: undefined,
    work: () => {
      began = true;
      return Promise.resolve("");
    },
  });
  await assertRejects(() => transfer.wait(), ConnectionError, "is closed");
  assert(!began);
});

Deno.test("what cancels a transfer is its failure, whatever the engine made of it", async () => {
  const { docker } = scripted(({ signal }) =>
    new Promise((_, reject) =>
      signal!.addEventListener("abort", () => reject(new TypeError("reset")))
    )
  );
  for (const transfer of [docker.imagePull("a"), docker.imagePush("a")]) {
    await transfer.cancel("why");
    assertEquals(await transfer.wait().catch((error) => error), "why");
    await transfer[Symbol.asyncDispose]();
  }
  const disposed = docker.imagePull("a");
  await disposed[Symbol.asyncDispose]();
  const error = await disposed.wait().catch((error) => error);
  assertEquals(error.name, "AbortError");
});

Deno.test("a login goes with a transfer: the call's before the client's", async () => {
  const login = { username: "u", password: "p" };
  const { engine, docker } = scripted(
    () => lines({ status: `Digest: ${DIGEST}` }, { aux: { Digest: DIGEST } }),
    { credentials: { "r.example": login } },
  );
  const own = { "r.example": { username: "me", password: "q" } };
  await docker.imagePull("r.example/a").wait();
  await docker.imagePull("r.example/a", { credentials: own }).wait();
  await docker.imagePush("r.example/a", { credentials: own }).wait();
  await docker.imagePush("r.example/a").wait();
  await docker.imagePull("other.example/a").wait();
  const users = engine.asked.map(({ headers }) =>
    JSON.parse(atob(headers!["X-Registry-Auth"]!)).username
  );
  assertEquals(users, ["u", "me", "me", "u", undefined]);
});

/** A tar of these chunks, that tells how it was left. */
function tarOf(...chunks: (string | Error | number)[]) {
  const state: { cancelled?: unknown } = {};
  const tar = new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else if (chunk instanceof Error) controller.error(chunk);
      else {
        controller.enqueue(
          typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk,
        );
      }
    },
    cancel(reason) {
      state.cancelled = reason ?? "nothing";
    },
  }, { highWaterMark: 0 });
  return { tar, state };
}

Deno.test("a load tells of what was sent and of what the engine says", async () => {
  const events: unknown[] = [];
  const { docker } = scripted(() =>
    lines({ stream: "Loaded image: a:1\n" }, { aux: {} })
  );
  const { tar } = tarOf("ab", "cde");
  const { names } = await docker.imageLoad(tar, {
    onProgress: (event) => events.push(event),
  });
  assertEquals(names, ["a:1"]);
  assertEquals(events, [
    { type: "bytes", bytes: 2 },
    { type: "bytes", bytes: 5 },
    { type: "status", status: "Loaded image: a:1" },
  ]);
});

Deno.test("a tar that fails, or gives no bytes, or whose progress throws, is the failure of its load", async () => {
  const failure = new Error("it failed");
  const cases = [
    [tarOf("a", failure).tar, undefined, failure],
    [tarOf("a", 5).tar, undefined, undefined],
    [tarOf("a").tar, () => {
      throw failure;
    }, failure],
  ] as const;
  for (const [tar, onProgress, expected] of cases) {
    const { docker } = scripted(() => lines());
    const error = await assertRejects(() =>
      docker.imageLoad(tar, onProgress === undefined ? {} : { onProgress })
    );
    if (expected !== undefined) assertEquals(error, expected);
    else {
      assert(error instanceof TypeError);
      assert(
        error.message.startsWith("The tar that is sent gave something else"),
      );
    }
  }
});

Deno.test("a tar is given back where the engine takes no more of it", async () => {
  const refusing = () => Response.json({ message: "no" }, { status: 500 });
  for (const method of ["imageLoad", "imageImport"] as const) {
    const { tar, state } = tarOf("a", "b");
    const { engine, docker } = scripted(refusing);
    const whole = engine.fetch.bind(engine);
    // It answers without reading.
    engine.fetch = (path, init) => whole(path, { ...init, body: null });
    await assertRejects(() => docker[method](tar), EngineError);
    assertEquals(state.cancelled, "nothing");
    // A transport that gives the body up says why.
    const given = tarOf("a", "b");
    engine.fetch = async (path, init) => {
      if (path !== "/_ping") {
        await (init!.body as ReadableStream).cancel("enough");
      }
      return await whole(path, { ...init, body: null });
    };
    await assertRejects(() => docker[method](given.tar), EngineError);
    assertEquals(given.state.cancelled, "enough");
    // The engine's words are the failure, though more of the tar was awaited.
    const awaited = new ReadableStream<Uint8Array>();
    engine.fetch = async (path, init) => {
      if (path !== "/_ping") {
        const reader = (init!.body as ReadableStream).getReader();
        const next = reader.read();
        await reader.cancel();
        await next;
      }
      return await whole(path, { ...init, body: null });
    };
    await assertRejects(() => docker[method](awaited), EngineError);
  }
});

Deno.test("a caller's reason goes before what became of a load", async () => {
  const stop = new AbortController();
  const { docker } = scripted(() => {
    stop.abort("why");
    throw new TypeError("reset");
  });
  const loading = docker.imageLoad(tarOf("a").tar, { signal: stop.signal });
  assertEquals(await loading.catch((error) => error), "why");
});

Deno.test("a tar is read as fast as the engine takes it", async () => {
  let pulled = 0;
  const tar = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(10));
    },
  }, { highWaterMark: 0 });
  const { engine, docker } = scripted(() => lines());
  const whole = engine.fetch.bind(engine);
  let before = -1;
  engine.fetch = async (path, init) => {
    if (path === "/_ping") return await whole(path, init);
    const reader = (init!.body as ReadableStream).getReader();
    await new Promise((resolve) => setTimeout(resolve));
    before = pulled;
    await reader.read();
    await reader.cancel();
    return lines();
  };
  await docker.imageLoad(tar);
  assertEquals(before, 0);
});

Deno.test("a saved image tells how much of it was read, as it is read", async () => {
  const events: TransferEvent[] = [];
  const { tar } = tarOf("ab", "cde", "f");
  const { docker } = scripted(() => new Response(tar));
  const saved = await docker.imageSave("a", {
    onProgress: (event) => events.push(event as never),
  });
  const reader = saved.getReader();
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(events, []);
  const texts: string[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    texts.push(new TextDecoder().decode(next.value));
  }
  assertEquals(texts, ["ab", "cde", "f"]);
  assertEquals(events as unknown, [
    { type: "bytes", bytes: 2 },
    { type: "bytes", bytes: 5 },
    { type: "bytes", bytes: 6 },
  ]);
  const failure = new Error("it failed");
  const again = await scripted(() => new Response(tarOf("ab").tar)).docker
    .imageSave("a", {
      onProgress: () => {
        throw failure;
      },
    });
  assertEquals(await assertRejects(() => Array.fromAsync(again)), failure);
});
