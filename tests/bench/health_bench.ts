/**
 * Health answers of a session while the build's answer floods the program with
 * small trace messages: a scripted engine (node's own HTTP/2 client) asks every
 * 50 ms and measures how long each answer takes.
 *
 *     deno run -A tests/bench/health_bench.ts [MESSAGES_PER_SECOND] [SECONDS]
 */
import { DockerClient } from "../../mod.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { dockerfileTar } from "../support/tar.ts";

const rate = Number(Deno.args[0] ?? 100_000);
const seconds = Number(Deno.args[1] ?? 10);

const ENGINE = `
  const [path, rate, seconds, line] = process.argv.slice(1);
  const http = require("node:http"), http2 = require("node:http2");
  const server = http.createServer((request, response) => {
    response.setHeader("Api-Version", "1.51");
    if (request.url.endsWith("/_ping")) return response.end("OK");
    if (request.url.includes("/build/cancel")) return response.end();
    request.resume().on("end", () => {
      response.setHeader("Content-Type", "application/json");
      const began = Date.now();
      let sent = 0, paused = false;
      const timer = setInterval(() => {
        if (paused) return;
        const due = Math.min(rate * seconds, (Date.now() - began) / 1000 * rate);
        const count = Math.floor(due - sent);
        sent += count;
        if (!response.write((line + "\\r\\n").repeat(count))) {
          paused = true;
          response.once("drain", () => paused = false);
        }
        if (sent >= rate * seconds) {
          clearInterval(timer);
          response.end(JSON.stringify({ id: "moby.image.id", aux: { ID: "sha256:" + "a".repeat(64) } }) + "\\n");
          console.log(JSON.stringify({ sent, took: Date.now() - began, delays }));
        }
      }, 1);
    });
  });
  const delays = [];
  server.on("upgrade", (request, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\\r\\nConnection: Upgrade\\r\\nUpgrade: h2c\\r\\n\\r\\n");
    const session = http2.connect("http://localhost", { createConnection: () => socket });
    session.on("error", () => {});
    const timer = setInterval(() => {
      const began = performance.now();
      const call = session.request({ ":method": "POST", ":path": "/grpc.health.v1.Health/Check", "content-type": "application/grpc" });
      call.on("error", () => {});
      call.resume().on("end", () => delays.push(performance.now() - began));
      call.end(Buffer.from([0, 0, 0, 0, 0]));
    }, 50);
    socket.on("close", () => clearInterval(timer));
    socket.on("error", () => {});
  });
  server.listen(path, () => console.log("ready"));
`;

const folder = await Deno.makeTempDir();
const path = `${folder}/s.sock`;
const digest = `sha256:${"b".repeat(64)}`;
const line = JSON.stringify({
  id: "moby.buildkit.trace",
  aux: encodeTrace({
    vertexes: [],
    statuses: [],
    warnings: [],
    logs: [{
      vertex: digest,
      timestamp: { seconds: 1, nanos: 1 },
      stream: 1,
      data: new TextEncoder().encode("one line of a log, as steps print it\n"),
    }],
  }),
});
const child = new Deno.Command("node", {
  args: ["-e", ENGINE, path, String(rate), String(seconds), line],
  stdout: "piped",
}).spawn();
const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
await output.read();

{
  await using docker = await DockerClient.fromDockerHost(`unix://${path}`);
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    secrets: { token: "a-secret-token-of-the-bench" },
  });
  let events = 0;
  for await (const _ of build.events()) events++;
  const { value } = await output.read();
  const { sent, took, delays } = JSON.parse(value!);
  delays.sort((a: number, b: number) => a - b);
  const text =
    `${sent} messages in ${took} ms (${
      Math.round(sent / took)
    } thousand a second), ${events} events read; ` +
    `${delays.length} health answers, median ${
      delays[delays.length >> 1].toFixed(1)
    } ms, longest ${delays.at(-1).toFixed(1)} ms\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
child.kill("SIGTERM");
await output.cancel();
await child.status;
await Deno.remove(folder, { recursive: true });
