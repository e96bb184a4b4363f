import { connDuplex } from "../../lib/transport/conn.ts";
import { nodeSocket } from "../../lib/transport/node_socket.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";

/** A connection whose reads a test answers, and what was asked of it. */
class ScriptedConn {
  readonly calls: string[] = [];
  /** Sizes of the buffers that it was given. */
  readonly sizes: number[] = [];
  written = "";
  #answer: PromiseWithResolvers<string | null> = Promise.withResolvers();

  async read(buffer: Uint8Array): Promise<number | null> {
    this.calls.push("read");
    this.sizes.push(buffer.length);
    const text = await this.#answer.promise;
    this.#answer = Promise.withResolvers();
    if (text === null) return null;
    return new TextEncoder().encodeInto(text, buffer).written;
  }

  async write(bytes: Uint8Array): Promise<number> {
    await Promise.resolve();
    this.calls.push("write");
    this.written += new TextDecoder().decode(bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.calls.push("closeWrite");
    return Promise.resolve();
  }

  close(): void {
    this.calls.push("close");
  }

  ref(): void {
    this.calls.push("ref");
  }

  unref(): void {
    this.calls.push("unref");
  }

  /** Answers the read that waits, or the next one; null ends. */
  say(text: string | null): void {
    this.#answer.resolve(text);
  }

  fail(error: Error): void {
    this.#answer.reject(error);
  }

  get conn(): Deno.Conn {
    return this as unknown as Deno.Conn;
  }
}

const turn = () => new Promise((resolve) => setTimeout(resolve));

Deno.test("connDuplex() reads only for a reader, 64 KiB at the most, each time into a new buffer", async () => {
  const scripted = new ScriptedConn();
  const reader = connDuplex(scripted.conn).readable.getReader();
  await turn();
  assertEquals(scripted.calls, []);
  scripted.say("one");
  const one = (await reader.read()).value!;
  scripted.say("two");
  const two = (await reader.read()).value!;
  await turn();
  assertEquals(scripted.calls, ["read", "read"]);
  assertEquals(scripted.sizes, [65536, 65536]);
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals([text(one), text(two)], ["one", "two"]);
});

Deno.test("connDuplex() tells the peer of a close under a read that waits, and only then", async () => {
  const waiting = new ScriptedConn();
  const duplex = connDuplex(waiting.conn);
  const reader = duplex.readable.getReader();
  const reading = reader.read();
  await turn();
  duplex.close!();
  duplex.close!();
  assertEquals(waiting.calls, ["read", "closeWrite", "close"]);
  waiting.say(null);
  assert((await reading).done);
  assertEquals(waiting.calls.length, 3);

  for (const end of ["say", "fail"] as const) {
    const idle = new ScriptedConn();
    const other = connDuplex(idle.conn);
    const read = other.readable.getReader().read();
    if (end === "say") idle.say("a");
    else idle.fail(new Error("reset"));
    await read.catch(() => {}); // it was to fail
    other.close!();
    assertEquals(idle.calls, ["read", "close"]);
  }
});

Deno.test("connDuplex() asks nothing of what is closed, and writes nothing for no bytes", async () => {
  const scripted = new ScriptedConn();
  const { writable, close } = connDuplex(scripted.conn);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(0));
  assertEquals(scripted.calls, []);
  close!();
  await writer.close();
  assertEquals(scripted.calls, ["close"]);
});

Deno.test("nodeSocket() reads as its reader does, writes, and ends in both directions", async () => {
  const scripted = new ScriptedConn();
  const socket = nodeSocket(Promise.resolve(scripted.conn));
  assertEquals(socket.setKeepAlive(true), socket);
  assertEquals(socket.setNoDelay(true), socket);
  assertEquals(socket.setTimeout(1), socket);
  assertEquals(socket.ref(), socket);
  assertEquals(socket.unref(), socket);
  await turn();
  assertEquals(scripted.calls, ["ref", "unref"]);
  let text = "";
  socket.on("data", (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const ended = new Promise((resolve) => socket.once("end", resolve));
  await new Promise((resolve) => socket.write("hello", resolve));
  assertEquals(scripted.written, "hello");
  scripted.say("one");
  await turn();
  scripted.say("two");
  await turn();
  scripted.say(null);
  await ended;
  assertEquals(text, "onetwo");
  socket.end();
  await closed;
  assertEquals(scripted.calls.slice(-2), ["closeWrite", "close"]);
});

Deno.test("nodeSocket() is closed with what it is destroyed by, and by what fails below it", async () => {
  const scripted = new ScriptedConn();
  const socket = nodeSocket(Promise.resolve(scripted.conn));
  const failed = new Promise((resolve) => socket.once("error", resolve));
  const error = new Error("no more");
  socket.destroy(error);
  assertEquals(await failed, error);
  await turn();
  assertEquals(scripted.calls, ["close"]);

  const broken = new ScriptedConn();
  const other = nodeSocket(Promise.resolve(broken.conn));
  const told = new Promise((resolve) => other.once("error", resolve));
  other.resume();
  const reset = new Error("reset");
  broken.fail(reset);
  assertEquals(await told, reset);
  await turn();
  assertEquals(broken.calls, ["read", "close"]);

  // One that never came about is told to whoever uses it, and to nobody else.
  const refused = new Error("refused");
  for (
    const use of [
      (one: ReturnType<typeof nodeSocket>) => one.resume(),
      (one: ReturnType<typeof nodeSocket>) => one.write("a"),
    ]
  ) {
    const never = nodeSocket(Promise.reject(refused));
    const heard = new Promise((resolve) => never.once("error", resolve));
    never.ref();
    use(never);
    assertEquals(await heard, refused);
  }
  nodeSocket(Promise.reject(refused)).destroy();
  await turn();
});

Deno.test("connDuplex() hands a failed write on, and ends with it", async () => {
  const scripted = new ScriptedConn();
  const failure = new Error("broken pipe");
  scripted.write = () => Promise.reject(failure);
  const socket = nodeSocket(Promise.resolve(scripted.conn));
  const told = new Promise((resolve) => socket.once("error", resolve));
  socket.write("a");
  assertEquals(await told, failure);
  const { writable } = connDuplex(scripted.conn);
  const writer = writable.getWriter();
  const error = await assertRejects(() => writer.write(Uint8Array.of(1)));
  assertEquals(error, failure);
});
