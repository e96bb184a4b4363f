import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { ConnectionError, EngineError } from "../../lib/errors.ts";
import {
  findHeadEnd,
  formatRequestHead,
  parseResponseHead,
} from "../../lib/transport/http_head.ts";
import { upgradeConnection } from "../../lib/transport/upgrade.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** A peer that answers with these pieces and keeps what it is sent. */
function peer(...pieces: string[]) {
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
          const piece = pieces.shift();
          if (piece === undefined) controller.close();
          else controller.enqueue(encode(piece));
        },
        cancel: () => {
          state.cancelled = true;
        },
      }, { highWaterMark: 0 }),
      writable: new WritableStream<Uint8Array>({
        write: (chunk) => void sent.push(chunk),
        abort: () => {
          state.aborted = true;
        },
      }),
    },
  };
}

const INIT = {
  protocol: "h2c",
  headers: [["X-A", "1"], ["X-A", "2"]] as const,
};
const ACCEPT =
  "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

Deno.test("upgradeConnection() keeps the bytes behind the head, at every split", async () => {
  const text = ACCEPT + "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  for (let at = 1; at < text.length; at++) {
    const { duplex, state } = peer(text.slice(0, at), text.slice(at), "more");
    const upgraded = await upgradeConnection(duplex, "/v1.41/session", INIT);
    const rest = await new Response(
      upgraded.readable as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).text();
    assertEquals(rest, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore");
    assertEquals(
      state.text(),
      "POST /v1.41/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
    );
  }
});

Deno.test("upgradeConnection() reports a refusal in the peer's words and hangs up", async () => {
  const { duplex, state } = peer(
    'HTTP/1.1 400 Bad Request\r\nContent-Length: 31\r\n\r\n{"message":',
    '"session x is there"}',
  );
  const error = await assertRejects(
    () => upgradeConnection(duplex, "/session?q", INIT),
    EngineError,
    "session x is there",
  );
  assertEquals([error.status, error.path], [400, "/session"]);
  assert(state.aborted);
});

Deno.test("upgradeConnection() fails on what is not HTTP, on silence and on a head without end", async () => {
  await assertRejects(
    () => upgradeConnection(peer("SSH-2.0\r\n\r\n").duplex, "/session", INIT),
    ConnectionError,
    "does not speak HTTP",
  );
  await assertRejects(
    () => upgradeConnection(peer().duplex, "/session", INIT),
    ConnectionError,
    "hung up",
  );
  const endless = Array.from({ length: 100 }, () => "x".repeat(1000) + "\r\n");
  await assertRejects(
    () =>
      upgradeConnection(
        peer("HTTP/1.1 101 X\r\n", ...endless).duplex,
        "/session",
        INIT,
      ),
    ConnectionError,
    "no end of head",
  );
});

Deno.test("upgradeConnection() rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const silent = {
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>(),
  };
  const upgrade = upgradeConnection(silent, "/session", {
    ...INIT,
    signal: controller.signal,
  });
  controller.abort("no more");
  assertEquals(await upgrade.catch((error) => error), "no more");
});

Deno.test("upgradeConnection() leaves nothing at the signal of a client that lives on", async () => {
  for (const answer of [ACCEPT, "HTTP/1.1 404 Not Found\r\n\r\n", "HTTP/"]) {
    const { signal } = new AbortController();
    const listeners = new Set<unknown>();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners.add(args[1]);
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners.delete(args[1]);
      remove(...args);
    };
    const { duplex, state } = peer(answer);
    const upgraded = upgradeConnection(duplex, "/session", { ...INIT, signal });
    const took = await upgraded.then(() => true, () => false);
    assertEquals(took, answer === ACCEPT);
    assertEquals(listeners.size, 0);
    assertEquals(state.cancelled || state.aborted, !took);
  }
});

Deno.test("upgradeConnection() lets a connection live on when the signal of its request aborts", async () => {
  const asked = new AbortController();
  const { duplex, state } = peer(ACCEPT, "more");
  const { readable } = await upgradeConnection(duplex, "/session", {
    ...INIT,
    signal: asked.signal,
  });
  asked.abort();
  assertEquals(await new Response(readable as BodyInit).text(), "more");
  assertEquals([state.cancelled, state.aborted], [false, false]);
});

Deno.test("formatRequestHead() lets nothing break out of its line", () => {
  for (
    const headers of [[["a", "b\r\nc: d"]], [["a\nb", "c"]], [["a b", "c"]], [[
      "a",
      "\0",
    ]]] as [string, string][][]
  ) {
    assertThrows(
      () => formatRequestHead("POST", "/x", headers),
      TypeError,
      "forbidden character",
    );
  }
  assertThrows(
    () => formatRequestHead("POST", "/x y", []),
    TypeError,
    "white space",
  );
});

Deno.test("parseResponseHead() reads heads and refuses others", () => {
  const head = encode("HTTP/1.1 200 OK then\r\nA: b\r\nC:d \r\n\r\n");
  assertEquals(findHeadEnd(head), head.length);
  assertEquals(parseResponseHead(head), {
    status: 200,
    reason: "OK then",
    headers: [["a", "b"], ["c", "d"]],
  });
  assertThrows(() => parseResponseHead(encode("ICY 200\r\n\r\n")), SyntaxError);
  assertThrows(
    () => parseResponseHead(encode("HTTP/1.1 200\r\nnope\r\n\r\n")),
    SyntaxError,
  );
});

Deno.test("an upgrade may have a body, which is JSON", async () => {
  const { state, duplex } = peer("HTTP/1.1 101 UPGRADED\r\n\r\nrest");
  const body = '{"a":"ä"}';
  const init = { protocol: "tcp", headers: [], body };
  const { readable } = await upgradeConnection(duplex, "/exec/1/start", init);
  assertEquals(
    state.text(),
    "POST /exec/1/start HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n" +
      "Connection: Upgrade\r\nUpgrade: tcp\r\n" +
      `Content-Type: application/json\r\n\r\n${body}`,
  );
  assertEquals(await new Response(readable as never).text(), "rest");
});
