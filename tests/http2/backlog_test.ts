/** How many bytes of answers may wait for a peer that does not read. */
import { assertEquals, assertThrows } from "../support/assert.ts";
import { Http2Endpoint } from "../../lib/http2/endpoint.ts";
import { Http2Error } from "../../lib/http2/error.ts";
import { FrameReader } from "../../lib/http2/frame_reader.ts";
import { MAX_ANSWER_BACKLOG } from "../../lib/http2/limits.ts";
import { Output } from "../../lib/http2/output.ts";
import { SERVER } from "../../lib/http2/role.ts";
import { stopClock } from "./floods.ts";
import { frame } from "./raw_peer.ts";

const SETTINGS = frame("SETTINGS", 0, 0);
const PING = frame("PING", 0, 0, "0000000000000000");
const ANSWER_TO_SETTINGS = 9;
const ANSWER_TO_PING = 17;

Deno.test("Http2Endpoint lets answers of 1 MiB wait, and not a byte more", async () => {
  using clock = stopClock();
  const output = new Output(
    // The first write never ends, so all others wait.
    new WritableStream<Uint8Array>({ write: () => new Promise(() => {}) })
      .getWriter(),
    () => {},
    () => {},
  );
  const grants = {
    maxConcurrentStreams: 1,
    streamWindow: 65_535,
    connectionWindow: 65_535,
  };
  const endpoint = new Http2Endpoint(output, SERVER, grants, {}, () => {});
  const reader = new FrameReader((frame) => endpoint.receive(frame));
  // The greeting goes off.
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(output.answerBacklog, 0);
  const settings = 15;
  const pings = (MAX_ANSWER_BACKLOG - settings * ANSWER_TO_SETTINGS) /
    ANSWER_TO_PING;
  assertEquals(Number.isInteger(pings), true);
  for (let count = 0; count < settings; count++) reader.push(SETTINGS, 0);
  for (let count = 0; count < pings; count++) {
    clock.advance(1);
    reader.push(PING, 0);
  }
  assertEquals(output.answerBacklog, MAX_ANSWER_BACKLOG);
  assertThrows(
    () => reader.push(SETTINGS, 0),
    Http2Error,
    "does not read its answers",
  );
});
