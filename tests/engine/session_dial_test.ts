import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { Engine } from "../../lib/engine/engine.ts";
import { dialSession } from "../../lib/engine/session_dial.ts";
import { EngineError, UnsupportedError } from "../../lib/errors.ts";
import type { Transport, UpgradeInit } from "../../lib/transport/transport.ts";
import { duplexPair } from "../support/duplex_pair.ts";
import { ScriptedEngine } from "./scripted_engine.ts";

const HEADERS = [["X-A", "1"], ["X-A", "2"]] as const;
const { signal } = new AbortController();

/** An engine whose connections are taken over like this. */
function upgrading(
  upgrade: (path: string, init: UpgradeInit) => ReturnType<
    NonNullable<Transport["upgrade"]>
  >,
): Engine {
  const transport = new ScriptedEngine(() => Response.json({}));
  return new Engine(Object.assign(transport, { upgrade }));
}

Deno.test("a session is asked for with its headers as they are", async () => {
  const asked: [path: string, init: UpgradeInit][] = [];
  const [duplex] = duplexPair();
  const engine = upgrading((path, init) => {
    asked.push([path, init]);
    return Promise.resolve(duplex);
  });
  assertEquals(await dialSession(engine, HEADERS, signal), duplex);
  assertEquals(asked as unknown, [
    ["/v1.51/session", { protocol: "h2c", headers: HEADERS, signal }],
  ]);
});

Deno.test("an engine that has no sessions is named, and another refusal stays what it is", async () => {
  const refusing = (error: Error) => upgrading(() => Promise.reject(error));
  const refusal = (status: number) =>
    new EngineError({ status, method: "POST", path: "/session", detail: "no" });
  for (const status of [403, 404, 501]) {
    const cause = refusal(status);
    const error = await assertRejects(
      () => dialSession(refusing(cause), HEADERS, signal),
      UnsupportedError,
      `The engine at unix:///scripted.sock can not be asked for a session, and secrets, ssh and exports need one (it answered ${status}: no)`,
    );
    assertEquals([error.feature, error.cause], ["sessions", cause]);
  }
  for (const cause of [refusal(500), refusal(402), new TypeError("x")]) {
    const error = await assertRejects(() =>
      dialSession(refusing(cause), HEADERS, signal)
    );
    assertEquals(error, cause);
  }
  const plain = new Engine(new ScriptedEngine(() => Response.json({})));
  const error = await assertRejects(
    () => dialSession(plain, HEADERS, signal),
    UnsupportedError,
    "(the transport can not take a connection over)",
  );
  assert(!("cause" in error));
});
