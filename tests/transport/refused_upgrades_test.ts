import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { sha256 } from "../support/digest.ts";
import { ConnectionError, EngineError } from "../../lib/errors.ts";
import {
  endpointFromContext,
  findEndpoint,
} from "../../lib/transport/docker_config.ts";
import { upgradeConnection } from "../../lib/transport/upgrade.ts";

const INIT = { protocol: "h2c", headers: [] };

/** A peer that answers with these pieces, and then with no more, or ends. */
function peer(pieces: readonly string[], ends = true) {
  const left = [...pieces];
  const sent: Uint8Array[] = [];
  const state = {
    cancelled: false,
    aborted: false,
    text: () => sent.map((one) => new TextDecoder().decode(one)).join(""),
  };
  return {
    state,
    duplex: {
      readable: new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = left.shift();
          if (piece !== undefined) {
            controller.enqueue(new TextEncoder().encode(piece));
          } else if (ends) controller.close();
        },
        cancel: () => {
          state.cancelled = true;
        },
      }, { highWaterMark: 0 }),
      writable: new WritableStream<Uint8Array>({
        write: (chunk) => void sent.push(chunk.slice()),
        abort: () => {
          state.aborted = true;
        },
      }),
    },
  };
}

Deno.test("a refused upgrade has the peer's words, as far as they go, and the connection is given up", async () => {
  const refusal = (
    head: string,
    body = "",
  ) => [`HTTP/1.1 ${head}\r\n\r\n${body}`];
  const sized = (body: string, length: number | string = body.length) =>
    refusal(`500 Oops\r\nContent-Length: ${length}`, body);
  const cases: [pieces: string[], detail: string][] = [
    [refusal("500 Oops", "not read"), "Oops"],
    [refusal("500"), "no reason given"],
    [sized("hello there", 5), "hello"],
    [sized("hello", "x"), "Oops"],
    [sized("  hi \n"), "hi"],
    [sized("   "), "Oops"],
    [sized('{"message":" a "}'), "a"],
    [sized('{"message":5}'), '{"message":5}'],
    [sized("null"), "null"],
    [sized("x".repeat(65_536)), "x".repeat(65_536)],
    [sized("x".repeat(70_000)), "x".repeat(65_536)],
    [[...sized("hel", 5), "lo", "more"], "hello"],
  ];
  for (const [pieces, detail] of cases) {
    const { duplex, state } = peer(pieces, false);
    const error = await assertRejects(
      () => upgradeConnection(duplex, "/session?a?b", INIT),
      EngineError,
    );
    assertEquals(error.detail, detail);
    assertEquals([error.status, error.path, error.method], [
      500,
      "/session",
      "POST",
    ]);
    await Promise.resolve();
    assertEquals([state.cancelled, state.aborted], [true, true]);
  }
});

Deno.test("an upgrade that was given up before asks for nothing", async () => {
  const reason = new Error("enough");
  const { duplex, state } = peer([], false);
  const error = await assertRejects(() =>
    upgradeConnection(duplex, "/x", {
      ...INIT,
      signal: AbortSignal.abort(reason),
    })
  );
  assertEquals(error, reason);
  assertEquals(state.text(), "");
});

Deno.test("a connection that was taken over is written to by who took it", async () => {
  const { duplex, state } = peer(["HTTP/1.1 101 Up\r\n\r\n"], false);
  const { writable } = await upgradeConnection(duplex, "/x", INIT);
  const writer = writable.getWriter();
  await writer.write(new TextEncoder().encode("own bytes"));
  assert(state.text().endsWith("\r\n\r\nown bytes"));
});

Deno.test("the head of an answer to an upgrade has 64 KiB at the most", async () => {
  const start = "HTTP/1.1 101 Up\r\nA: ";
  const head = (bytes: number) => start + "x".repeat(bytes - start.length);
  await upgradeConnection(peer([head(65_536), "\r\n\r\n"]).duplex, "/x", INIT);
  await assertRejects(
    () =>
      upgradeConnection(peer([head(65_537), "\r\n\r\n"]).duplex, "/x", INIT),
    ConnectionError,
    "no end of head within 65536 bytes",
  );
});

Deno.test("a context's certificates are used where it has some, and docker's address before all", async () => {
  await withTempFolder(async (folder) => {
    const digest = await sha256("mine");
    const env = { get: (name: string) => ({ DOCKER_CONFIG: folder })[name] };
    await writeTree(folder, {
      [`contexts/meta/${digest}/meta.json`]: JSON.stringify({
        Endpoints: { docker: { Host: "tcp://h:1" } },
      }),
    });
    const tcp = { kind: "tcp", hostname: "h", port: 1 } as const;
    assertEquals(await endpointFromContext("mine", env), tcp);
    await writeTree(folder, { [`contexts/tls/${digest}/docker/ca.pem`]: "CA" });
    assertEquals(await endpointFromContext("mine", env), {
      ...tcp,
      tls: { ca: "CA" },
    });
    await writeTree(folder, {
      [`contexts/tls/${digest}/docker/key.pem`]: "KEY",
    });
    assertEquals(await endpointFromContext("mine", env), {
      ...tcp,
      tls: { ca: "CA", key: "KEY" },
    });
    const host: Record<string, string> = { DOCKER_HOST: "unix:///of/host" };
    assertEquals(await findEndpoint({ get: (name) => host[name] }), {
      kind: "unix",
      path: "/of/host",
    });
  });
});
