import { ConnectionError } from "../../lib/errors.ts";
import type { Endpoint } from "../../lib/transport/endpoint.ts";
import { connectionFailure } from "../../lib/transport/failure.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "../support/assert.ts";

const ENDPOINTS: readonly Endpoint[] = [
  { kind: "unix", path: "/run/d.sock" },
  { kind: "tcp", hostname: "host", port: 2375 },
  { kind: "tcp", hostname: "host", port: 2376, tls: { ca: "x" } },
];

Deno.test("connectionFailure() quotes no URL: its query may hold what nobody should read", () => {
  // Both as Deno words them: with the reason inside, and with it as the cause.
  const url = "http://localhost/v1.41/build?buildargs=%7B%22T%22%3A%22hunter2";
  const flat = new TypeError(
    `error sending request for url (${url}): connection closed before message completed`,
  );
  const layered = new TypeError("fetch failed", {
    cause: new Error(`client error (SendRequest) for url (${url})`),
  });
  for (const endpoint of ENDPOINTS) {
    for (
      const [cause, words] of [
        [
          flat,
          "error sending request: connection closed before message completed;",
        ],
        [layered, "client error (SendRequest);"],
      ] as const
    ) {
      const failure = connectionFailure(endpoint, cause);
      assert(failure instanceof ConnectionError);
      assertFalse(failure.message.includes("hunter2"), failure.message);
      assertFalse(failure.message.includes("/build"), failure.message);
      assertStringIncludes(failure.message, words);
    }
  }
});

Deno.test("connectionFailure() hands aborts and errors of ours on as they are", () => {
  const [unix] = ENDPOINTS;
  for (
    const cause of [
      new DOMException("enough", "AbortError"),
      new ConnectionError("said already"),
    ]
  ) assertEquals(connectionFailure(unix!, cause) === cause, true);
});

Deno.test("connectionFailure() keeps the words of what it does not know", () => {
  const words = ENDPOINTS.map((endpoint) =>
    (connectionFailure(endpoint, new Error("out of cheese")) as Error).message
  );
  assertEquals(words, [
    "The connection to unix:///run/d.sock failed: out of cheese; is the engine still running?",
    "The connection to tcp://host:2375 failed: out of cheese; is the engine still running?",
    "The connection to https://host:2376 failed: out of cheese; is the engine still running?",
  ]);
});
