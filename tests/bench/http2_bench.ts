/**
 * Response bytes through HTTP/2 on a unix socket, ours beside `node:http2` as
 * the server; the client is a Node.js process, which counts them.
 *
 *     deno run -A tests/bench/http2_bench.ts [RUNS]
 */
import http2 from "node:http2";
import process from "node:process";
import { serveHttp2 } from "../../lib/http2/server.ts";
import { connDuplex } from "../../lib/transport/conn.ts";
import { nodeDuplex } from "./node_duplex.ts";

const runs = Number(Deno.args[0] ?? 5);

/** Asks once, counts the answer, says how much it was. */
const CLIENT = `
const http2 = require("node:http2");
require("node:net").createServer((socket) => {
  const session = http2.connect("http://localhost", {
    createConnection: () => socket,
    settings: { initialWindowSize: 16 * 1024 * 1024 },
  });
  session.on("error", () => {});
  session.on("connect", () => {
    session.setLocalWindowSize(32 * 1024 * 1024);
    const stream = session.request({ ":method": "POST", ":path": "/x" });
    let count = 0;
    stream.on("data", (chunk) => count += chunk.length);
    stream.on("end", () => console.log(count));
    stream.on("error", () => {});
    stream.end();
  });
}).listen(process.argv[1], () => console.log("ready"));
`;

interface Load {
  readonly name: string;
  readonly writes: number;
  readonly bytes: number;
}

const LOADS: readonly Load[] = [
  { name: "1 GB in writes of 512 KiB", writes: 1907, bytes: 512 * 1024 },
  { name: "1 GB in writes of 32 KiB", writes: 30_518, bytes: 32 * 1024 },
  { name: "200 000 writes of 100 bytes", writes: 200_000, bytes: 100 },
];

type Server = (conn: Deno.UnixConn, load: Load) => () => Promise<void> | void;

const SERVERS: Record<string, Server> = {
  "davit": (conn, load) => {
    const connection = serveHttp2(connDuplex(conn), async (stream) => {
      const chunk = new Uint8Array(load.bytes);
      stream.respond([[":status", "200"]]);
      for (let i = 0; i < load.writes; i++) {
        const full = stream.write(chunk);
        if (full !== undefined) await full;
      }
      await stream.end([["grpc-status", "0"]]);
    });
    return () => connection.close();
  },
  "node:http2": (conn, load) => {
    const server = http2.createServer();
    server.on("session", (session) => session.on("error", () => {}));
    server.on("stream", (stream) => {
      stream.on("error", () => {});
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => {
        stream.sendTrailers({ "grpc-status": "0" });
      });
      const chunk = new Uint8Array(load.bytes);
      let i = 0;
      const pump = () => {
        while (i < load.writes) {
          i++;
          if (!stream.write(chunk)) {
            stream.once("drain", pump);
            return;
          }
        }
        stream.end();
      };
      pump();
    });
    const duplex = nodeDuplex(conn);
    server.emit("connection", duplex);
    return () => void duplex.destroy();
  },
};

/** One run: megabytes a second, and seconds of our processor for a gigabyte. */
async function measure(server: Server, load: Load): Promise<[number, number]> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/socket`;
  const client = new Deno.Command("node", {
    args: ["-e", CLIENT, path],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = client.stdout.pipeThrough(new TextDecoderStream()).getReader();
  await lines.read();
  const conn = await Deno.connect({ transport: "unix", path });
  const start = performance.now();
  const cpu = process.cpuUsage();
  const stop = server(conn, load);
  const { value } = await lines.read();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const total = load.writes * load.bytes;
  if (Number(value) !== total) throw new Error(`${value} of ${total} arrived`);
  await stop();
  client.kill("SIGKILL");
  await client.status;
  await lines.cancel();
  await Deno.remove(folder, { recursive: true });
  return [total / 1e6 / seconds, (user + system) / 1e6 / (total / 1e9)];
}

const encoder = new TextEncoder();
for (const load of LOADS) {
  for (const [name, server] of Object.entries(SERVERS)) {
    const results: [number, number][] = [];
    for (let run = 0; run < runs; run++) {
      results.push(await measure(server, load));
    }
    results.sort((a, b) => a[0] - b[0]);
    const [speed, cpu] = results[results.length >> 1]!;
    const line = `${load.name}, ${name}: ${speed.toFixed(0)} MB/s ` +
      `(${results.map(([speed]) => speed.toFixed(0)).join(" ")}), ` +
      `${cpu.toFixed(2)} s of processor per GB\n`;
    await Deno.stdout.write(encoder.encode(line));
  }
}
