/**
 * A session inside a call: 1 GB through HTTP/2 in gRPC messages in HTTP/2 on a
 * unix socket, ours beside `node:http2` at both layers. The peer is a Node.js
 * process that plays BuildKit's `Control.Session`, and counts.
 *
 *     deno run -A tests/bench/nested_bench.ts [RUNS]
 */
import http2 from "node:http2";
import process from "node:process";
import { Buffer as NodeBuffer } from "node:buffer";
import { Duplex } from "node:stream";
import { bytesDuplex } from "../../lib/grpc/byte_messages.ts";
import { connectGrpc } from "../../lib/grpc/client.ts";
import { serveHttp2 } from "../../lib/http2/server.ts";
import { connDuplex } from "../../lib/transport/conn.ts";
import { nodeDuplex } from "./node_duplex.ts";

const runs = Number(Deno.args[0] ?? 3);
const PIECE = 32 * 1024;
const PIECES = 30_518;
const PATH = "/moby.buildkit.v1.Control/Session";

/**
 * A duplex of Node's in a call's messages, each `BytesMessage{1 data}`; both
 * ends of the bench with `node:http2` are made of it.
 */
const TUNNEL = `
(Duplex, stream) => {
  let held = Buffer.alloc(0);
  const send = (chunks, done) => {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const tag = [10];
    let left = length;
    for (; left >= 128; left = Math.floor(left / 128)) tag.push(left % 128 + 128);
    tag.push(left);
    const head = Buffer.alloc(5 + tag.length);
    head.writeUInt32BE(tag.length + length, 1);
    head.set(tag, 5);
    stream.write(Buffer.concat([head, ...chunks]), done);
  };
  const duplex = new Duplex({
    read: () => stream.resume(),
    write: (chunk, _encoding, done) => send([chunk], done),
    writev: (chunks, done) => send(chunks.map(({ chunk }) => chunk), done),
    final: (done) => { stream.end(); done(); },
    destroy: (error, done) => { stream.close(); done(error); },
  });
  stream.on("data", (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (;;) {
      if (held.length < 5) return;
      const end = 5 + held.readUInt32BE(1);
      if (held.length < end) return;
      let at = 6;
      while (held[at++] >= 128);
      if (!duplex.push(Buffer.from(held.subarray(at, end)))) stream.pause();
      held = held.subarray(end);
    }
  });
  stream.on("end", () => duplex.push(null));
  stream.on("error", () => {});
  duplex.on("error", () => {});
  return duplex;
}`;

/** Takes one call, asks inside it, counts what it is answered or has sent. */
const PEER = `
const http2 = require("node:http2");
const { Duplex } = require("node:stream");
const tunnel = ${TUNNEL};
const [path, way] = process.argv.slice(1);
const settings = { initialWindowSize: 16 * 1024 * 1024 };
const server = http2.createServer({ settings });
server.on("session", (session) => {
  session.on("error", () => {});
  session.setLocalWindowSize(32 * 1024 * 1024);
});
server.on("stream", (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/grpc" });
  const duplex = tunnel(Duplex, stream);
  const inner = http2.connect("http://localhost", {
    createConnection: () => duplex, settings,
  });
  inner.on("error", () => {});
  inner.on("connect", () => {
    inner.setLocalWindowSize(32 * 1024 * 1024);
    const request = inner.request({ ":method": "POST", ":path": "/x" });
    let count = 0;
    request.on("data", (chunk) => count += chunk.length);
    request.on("error", () => {});
    if (way === "up") {
      request.on("end", () => console.log(count));
      return request.end();
    }
    request.on("end", () => console.log(sent));
    const piece = Buffer.alloc(${PIECE});
    let left = ${PIECES}, sent = 0;
    const pump = () => {
      while (left-- > 0) {
        sent += piece.length;
        if (!request.write(piece)) return request.once("drain", pump);
      }
      request.end();
    };
    pump();
  });
});
require("node:net").createServer((socket) => server.emit("connection", socket))
  .listen(path, () => console.log("ready"));
`;

type Way = "up" | "down";
type Client = (conn: Deno.UnixConn, way: Way) => Promise<() => unknown>;

const CLIENTS: Record<string, Client> = {
  "davit": async (conn, way) => {
    const client = connectGrpc(connDuplex(conn));
    const duplex = bytesDuplex(await client.open(PATH));
    serveHttp2(duplex, async (stream) => {
      const piece = new Uint8Array(PIECE);
      stream.respond([[":status", "200"]]);
      while (await stream.read() !== null);
      for (let i = 0; way === "up" && i < PIECES; i++) {
        const full = stream.write(piece);
        if (full !== undefined) await full;
      }
      await stream.end();
    });
    return () => client.close();
  },
  "node:http2": (conn, way) => {
    const settings = { initialWindowSize: 1024 * 1024 };
    const socket = nodeDuplex(conn);
    const session = http2.connect("http://localhost", {
      createConnection: () => socket,
      settings,
    });
    session.on("error", () => {});
    session.on(
      "connect",
      () => session.setLocalWindowSize(16 * 1024 * 1024),
    );
    const call = session.request({
      ":method": "POST",
      ":path": PATH,
      "content-type": "application/grpc",
      "te": "trailers",
    });
    const server = http2.createServer({ settings });
    server.on("session", (session) => {
      session.on("error", () => {});
      session.setLocalWindowSize(16 * 1024 * 1024);
    });
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200 });
      stream.resume();
      stream.on("end", () => {
        const piece = new Uint8Array(PIECE);
        let left = way === "up" ? PIECES : 0;
        const pump = () => {
          while (left > 0) {
            left--;
            if (!stream.write(piece)) return void stream.once("drain", pump);
          }
          stream.end();
        };
        pump();
      });
    });
    // The same text as in the peer: one tunnel for both.
    const tunnel = new Function("Buffer", `return (${TUNNEL})`)(NodeBuffer);
    server.emit("connection", tunnel(Duplex, call));
    return Promise.resolve(() => socket.destroy());
  },
};

/** One run: megabytes a second, seconds of our processor for a gigabyte, peak memory so far. */
async function measure(client: Client, way: Way): Promise<[number, number]> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const peer = new Deno.Command("node", {
    args: ["-e", PEER, path, way],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = peer.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read();
  const conn = await Deno.connect({ transport: "unix", path });
  const start = performance.now();
  const cpu = process.cpuUsage();
  const stop = await client(conn, way);
  const { value } = await lines.read();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const total = PIECE * PIECES;
  if (Number(value) !== total) throw new Error(`${value} of ${total} arrived`);
  await stop();
  peer.kill("SIGKILL");
  await peer.status;
  await lines.cancel();
  await Deno.remove(folder, { recursive: true });
  return [total / 1e6 / seconds, (user + system) / 1e6 / (total / 1e9)];
}

const encoder = new TextEncoder();
for (const way of ["up", "down"] as const) {
  const results = new Map<string, [number, number][]>();
  for (let run = 0; run < runs; run++) {
    for (const [name, client] of Object.entries(CLIENTS)) {
      const all = results.get(name) ?? [];
      results.set(name, [...all, await measure(client, way)]);
    }
  }
  for (const [name, all] of results) {
    all.sort((a, b) => a[0] - b[0]);
    const [speed, cpu] = all[all.length >> 1]!;
    await Deno.stdout.write(encoder.encode(
      `1 GB ${way}, ${name}: ${speed.toFixed(0)} MB/s ` +
        `(${all.map(([speed]) => speed.toFixed(0)).join(" ")}), ` +
        `${cpu.toFixed(2)} s of processor per GB\n`,
    ));
  }
}
