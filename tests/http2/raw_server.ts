import {
  connectHttp2,
  type Http2Client,
  type Http2ClientOptions,
  type Http2RequestOptions,
} from "../../lib/http2/client.ts";
import type { Http2ClientStream } from "../../lib/http2/client_stream.ts";
import type { HeaderField } from "../../lib/http2/hpack_table.ts";
import { assertEquals } from "../support/assert.ts";
import { frame, RawWire } from "./raw_peer.ts";

/** A server in bytes. */
export class RawServer extends RawWire<Http2Client> {
  constructor(options: Http2ClientOptions = {}) {
    super((duplex) => connectHttp2(duplex, options));
  }

  /** A server whose greetings are exchanged; `settings` are its own, in hex. */
  static async greeted(
    settings = "",
    options?: Http2ClientOptions,
  ): Promise<RawServer> {
    const server = new RawServer(options);
    server.send(frame("SETTINGS", 0, 0, settings));
    await server.preface();
    let next = await server.next();
    while (next?.type !== "SETTINGS" || next.flags !== 1) {
      next = await server.next();
    }
    return server;
  }

  /** Takes what a client sends first of all. */
  async preface(): Promise<string> {
    return new TextDecoder().decode(await this.take(24));
  }

  /** A request without a body, with its stream and the HEADERS that it sent. */
  async request(
    headers: readonly HeaderField[] = POST,
    options?: Http2RequestOptions,
  ): Promise<Http2ClientStream> {
    const stream = await this.connection.request(headers, options);
    assertEquals((await this.until("HEADERS")).id, stream.id);
    return stream;
  }
}

/** The fields of a request. */
export const POST: readonly HeaderField[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/x"],
];
