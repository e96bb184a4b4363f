import { ConnectionError, EngineError } from "../../lib/errors.ts";
import { messageOf, upgradeConnection } from "../../lib/transport/upgrade.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const LIMIT = 64 * 1024;
const INIT = { protocol: "h2c", headers: [] };
const ACCEPT = "HTTP/1.1 101 UPGRADED\r\n";

/** A peer that says these pieces and then keeps silent, or ends. */
function peer(pieces: readonly string[], ends = false) {
  const left = [...pieces];
  const events: unknown[] = [];
  return {
    events,
    left,
    duplex: {
      readable: new ReadableStream<Uint8Array>({
        pull(controller) {
          const piece = left.shift();
          if (piece !== undefined) {
            controller.enqueue(new TextEncoder().encode(piece));
          } else if (ends) controller.close();
          else return new Promise(() => {});
        },
        cancel: (reason) => void events.push(["cancel", reason]),
      }, { highWaterMark: 0 }),
      writable: new WritableStream<Uint8Array>({
        write: () => void events.push("write"),
        abort: (reason) => void events.push(["abort", reason]),
      }),
    },
  };
}

const refusal = async (...pieces: string[]) => {
  const { duplex } = peer(pieces, true);
  const error = await assertRejects(
    () => upgradeConnection(duplex, "/session", INIT),
    EngineError,
  );
  return error.detail;
};

Deno.test("upgradeConnection() reads a head of 64 KiB, and no longer one", async () => {
  const ending = "\r\n\r\n";
  const field = (length: number) => `A: ${"x".repeat(length - 3)}`;
  const all = field(LIMIT - ACCEPT.length - ending.length);
  for (const [extra, isTaken] of [[0, true], [4, true], [5, false]] as const) {
    // In one piece up to the limit, and what is above it in another.
    const head = ACCEPT + all + "y".repeat(extra) + ending;
    const cut = head.length - ending.length;
    const { duplex } = peer([head.slice(0, cut), head.slice(cut)]);
    const upgrading = upgradeConnection(duplex, "/session", INIT);
    if (isTaken) await upgrading;
    else await assertRejects(() => upgrading, ConnectionError, "65536 bytes");
  }
});

Deno.test("a head of no line at all is no HTTP", async () => {
  const { duplex } = peer(["\r\n\r\n"]);
  await assertRejects(
    () => upgradeConnection(duplex, "/session", INIT),
    ConnectionError,
    "does not speak HTTP",
  );
});

Deno.test("a refusal is told in the engine's words, as far as they are announced", async () => {
  const head = (length: number | string, more = "Bad Request") =>
    `HTTP/1.1 400 ${more}\r\nContent-Length: ${length}\r\n\r\n`;
  const json = '{"message":" no session here "}';
  assertEquals(await refusal(head(json.length), json), "no session here");
  assertEquals(await refusal(head(6), "refuse", "d"), "refuse");
  assertEquals(await refusal(head(9), " no way \n"), "no way");
  assertEquals(await refusal(head(2), "{}"), "{}");
  assertEquals(await refusal(head(0), "more"), "Bad Request");
  assertEquals(await refusal(head("many"), "more"), "Bad Request");
  assertEquals(await refusal("HTTP/1.1 400 No\r\n\r\nmore"), "No");
  assertEquals(
    await refusal("HTTP/1.1 400 \r\n\r\n"),
    "no reason given",
  );
  const long = "x".repeat(LIMIT + 1);
  assertEquals((await refusal(head(LIMIT + 1), long)).length, LIMIT);
  assertEquals(
    await refusal("HTTP/1.1 400 No\r\nX: 1\r\nContent-Length: 2\r\n\r\nabc"),
    "ab",
  );
});

Deno.test("messageOf() finds an engine's message, and nothing where none is", () => {
  assertEquals(messageOf('{"message":" a "}'), "a");
  for (const text of ["", "a", "null", "1", "{}", '{"message":1}']) {
    assertEquals(messageOf(text), undefined);
  }
});

Deno.test("upgradeConnection() asks nothing for who has given up, and drops the connection with the reason", async () => {
  const reason = new Error("given up");
  const { duplex, events } = peer([]);
  const error = await assertRejects(() =>
    upgradeConnection(duplex, "/session", {
      ...INIT,
      signal: AbortSignal.abort(reason),
    })
  );
  assertEquals(error, reason);
  assertEquals(events, [["cancel", reason], ["abort", reason]]);
});

Deno.test("upgradeConnection() drops a connection in both directions, by a signal or a refusal", async () => {
  const controller = new AbortController();
  const silent = peer([]);
  const waiting = upgradeConnection(silent.duplex, "/session", {
    ...INIT,
    signal: controller.signal,
  });
  await new Promise((resolve) => setTimeout(resolve));
  const reason = new Error("given up");
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  const names = silent.events.map((event) => [event].flat()[0]);
  assertEquals(names.slice(0, 3), ["write", "cancel", "abort"]);

  const refusing = peer(["HTTP/1.1 404 Not Found\r\n\r\n"]);
  const error = await assertRejects(() =>
    upgradeConnection(refusing.duplex, "/session", INIT)
  );
  assertEquals(refusing.events, ["write", ["cancel", error], ["abort", error]]);
});

Deno.test("an upgraded connection is the peer's: it reads on, writes, and is dropped with a reason", async () => {
  const { duplex, events } = peer([`${ACCEPT}\r\nfirst`, "second"]);
  const upgraded = await upgradeConnection(duplex, "/session", INIT);
  const reader = upgraded.readable.getReader();
  const text = async () =>
    new TextDecoder().decode((await reader.read()).value);
  assertEquals([await text(), await text()], ["first", "second"]);
  const writer = upgraded.writable.getWriter();
  await writer.write(Uint8Array.of(1));
  await reader.cancel("why");
  assertEquals(events, ["write", "write", ["cancel", "why"]]);
});
