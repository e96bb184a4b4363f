/**
 * Measures what it costs to decode and print a build of 200 steps and a
 * million log lines, beside docker's own client on the very same log:
 *
 *     deno run -A tests/bench/progress_bench.ts [LINES] [LINES PER MESSAGE]
 *
 * A fake engine on a unix socket sends the log, once for each client. davit's
 * side is a program of its own: fetch, lines of JSON, decode, events, plain
 * text into a file. Docker's client is Debian's of engine generation 20 (its
 * newer ones need more of an engine than a log), with `--progress=plain`;
 * it is left out if it can't be had. CPU is user and system time of the whole
 * child program, its start included.
 */
// deno-lint-ignore-file no-console

import { createServer, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { displayEvents } from "../../lib/display/display_events.ts";
import type { BuildEvent } from "../../lib/progress/event.ts";
import { eventsOf } from "../../lib/progress/status_events.ts";
import type { SolveStatus, Vertex } from "../../lib/progress/solve_status.ts";
import { decodeTrace } from "../../lib/progress/trace.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { jsonLines } from "../../lib/streams/json_lines.ts";
import { connectEngine } from "../engines/engine_api.ts";
import { enginePrograms } from "../engines/packages.ts";

const STEPS = 200;
const START = 1_700_000_000;
const encoder = new TextEncoder();

/** The log as an engine sends it, a chunk for each step. */
function* makeLog(lines: number, perMessage: number): Generator<string> {
  const vertex = (index: number, fields: Partial<Vertex>): SolveStatus => ({
    vertexes: [{
      digest: digestOf(index),
      inputs: index === 0 ? [] : [digestOf(index - 1)],
      name: `[${index + 1}/${STEPS}] RUN make part-${index}`,
      cached: false,
      started: undefined,
      completed: undefined,
      error: "",
      group: undefined,
      ...fields,
    }],
    statuses: [],
    logs: [],
    warnings: [],
  });
  const perStep = Math.ceil(lines / STEPS);
  for (let step = 0; step < STEPS; step++) {
    const time = { seconds: START + step, nanos: 5_000_000 };
    let text = line(vertex(step, { started: time }));
    for (let at = 0; at < perStep; at += perMessage) {
      const logs = [];
      for (let i = at; i < Math.min(at + perMessage, perStep); i++) {
        logs.push({
          vertex: digestOf(step),
          stream: 1,
          timestamp: { seconds: START + step, nanos: 10_000_000 + i * 1000 },
          data: encoder.encode(
            `[${i}] compiling src/module-${
              i % 97
            }/file-${i}.c into build/obj\n`,
          ),
        });
      }
      text += line({ vertexes: [], statuses: [], logs, warnings: [] });
    }
    const completed = { seconds: START + step + 1, nanos: 0 };
    yield text + line(vertex(step, { started: time, completed }));
  }
  yield `{"id":"moby.image.id","aux":{"ID":"${digestOf(1000)}"}}\r\n`;
}

function digestOf(index: number): string {
  return `sha256:${index.toString(16).padStart(64, "0")}`;
}

function line(status: SolveStatus): string {
  return `{"id":"moby.buildkit.trace","aux":"${encodeTrace(status)}"}\r\n`;
}

/** As much of an engine as a client asks for before it prints a log. */
function startEngine(
  path: string,
  log: readonly Uint8Array[],
): { close(): void } {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume();
    const url = new URL(request.url ?? "/", "http://localhost");
    response.setHeader("Api-Version", "1.41");
    response.setHeader("Builder-Version", "2");
    response.setHeader("Ostype", "linux");
    response.setHeader("Content-Type", "application/json");
    if (url.pathname.endsWith("/build")) {
      request.on("end", () => void sendLog(response, log));
    } else if (url.pathname.endsWith("/version")) {
      response.end('{"Version":"20.10.24","ApiVersion":"1.41"}');
    } else response.end(url.pathname === "/_ping" ? "OK" : "{}");
  });
  // The session is opened and never used.
  server.on("upgrade", (_request, socket: Socket) => {
    socket.write(
      "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    );
    socket.on("error", () => {}); // the client hangs up as it likes
    socket.resume();
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(path);
  return {
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function sendLog(
  response: ServerResponse,
  log: readonly Uint8Array[],
): Promise<void> {
  for (const chunk of log) {
    if (response.write(chunk)) continue;
    await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
}

/** davit's side: from the socket to the text. */
async function runClient(path: string): Promise<void> {
  using api = connectEngine(path);
  const response = await api.request("/build?version=2", { method: "POST" });
  async function* events(): AsyncGenerator<readonly BuildEvent[]> {
    for await (
      const message of jsonLines<{ id: string; aux: unknown }>(response.body!)
    ) {
      if (typeof message.aux !== "string") continue;
      const status = decodeTrace(message.aux);
      if (status !== undefined) yield eventsOf(status);
    }
  }
  await displayEvents(events(), Deno.stdout, { mode: "plain" });
}

interface Measured {
  readonly seconds: number;
  readonly cpu: number;
  readonly rssMib: number;
  readonly lines: number;
}

/** Runs a program under bash, which tells its CPU time, and watches its memory. */
async function measure(
  args: readonly string[],
  env: Record<string, string>,
): Promise<Measured> {
  const folder = await Deno.makeTempDir();
  try {
    const child = new Deno.Command("bash", {
      args: [
        "-c",
        'TIMEFORMAT="%R %U %S"; time "$@" >"$0/out" 2>"$0/err" </dev/null',
        folder,
        ...args,
      ],
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const watch = watchMemory(child.pid);
    const { stderr } = await child.output();
    const rssMib = watch();
    const [seconds, user, system] = new TextDecoder().decode(stderr).trim()
      .split("\n").at(-1)!.split(" ").map(Number);
    const out = await Deno.readFile(`${folder}/out`);
    const err = await Deno.readFile(`${folder}/err`);
    return {
      seconds: seconds!,
      cpu: user! + system!,
      rssMib,
      lines: countLines(out) + countLines(err),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}

/** Looks at the peak memory of the shell's child, which is the program. */
function watchMemory(shell: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const pids = Deno.readTextFileSync(
        `/proc/${shell}/task/${shell}/children`,
      ).trim().split(" ");
      for (const pid of pids) {
        const status = Deno.readTextFileSync(`/proc/${pid}/status`);
        const kib = /VmHWM:\s+(\d+)/.exec(status)?.[1];
        peak = Math.max(peak, Number(kib ?? 0) / 1024);
      }
    } catch {
      // It has not begun, or is over.
    }
  }, 20);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

/** Decoding and printing alone, without a socket and without JSON. */
async function measureInside(log: readonly Uint8Array[]): Promise<string> {
  const decoder = new TextDecoder();
  const aux = log.flatMap((chunk) =>
    decoder.decode(chunk).split("\r\n").flatMap((text) => {
      const value = text === "" ? undefined : JSON.parse(text).aux;
      return typeof value === "string" ? [value] : [];
    })
  );
  const lap = async (run: () => void | Promise<void>): Promise<string> => {
    const start = performance.now();
    await run();
    return `${((performance.now() - start) / 1000).toFixed(2)} s`;
  };
  const decoding = await lap(() => {
    for (const text of aux) decodeTrace(text);
  });
  const all = await lap(() => {
    async function* events(): AsyncGenerator<readonly BuildEvent[]> {
      for (const text of aux) yield eventsOf(decodeTrace(text)!);
    }
    return displayEvents(events(), new WritableStream(), { mode: "plain" });
  });
  return `in one process: decode ${decoding}, decode and print ${all}`;
}

const [first = "1000000", second = "100"] = Deno.args;
if (first === "client") await runClient(second);
else {
  const lines = Number(first);
  const folder = await Deno.makeTempDir();
  const socket = `${folder}/docker.sock`;
  const log = [...makeLog(lines, Number(second))].map((text) =>
    encoder.encode(text)
  );
  const size = log.reduce((sum, chunk) => sum + chunk.length, 0);
  console.log(
    `${STEPS} steps, ${lines} lines, ${second} to a message, ${
      (size / 1e6).toFixed(0)
    } MB on the wire`,
  );
  const engine = startEngine(socket, log);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const davit = [
    Deno.execPath(),
    ...["run", "-A", "--no-check", "-c", config],
    new URL(import.meta.url).pathname,
    ...["client", socket],
  ];
  const rows: [string, Measured][] = [["davit", await measure(davit, {})]];
  const docker = await enginePrograms("20").catch((error) => {
    console.log(`docker's client is left out: ${error.message}`);
    return undefined;
  });
  if (docker !== undefined) {
    await Deno.writeTextFile(`${folder}/Dockerfile`, "FROM scratch\n");
    rows.push([
      "docker 20.10",
      await measure(
        [docker.cli, "build", "--progress=plain", folder],
        { DOCKER_HOST: `unix://${socket}`, DOCKER_BUILDKIT: "1" },
      ),
    ]);
  }
  console.log(
    "client         wall s    CPU s   peak MiB  lines printed   lines/s",
  );
  for (const [name, { seconds, cpu, rssMib, lines: printed }] of rows) {
    console.log(
      [
        name.padEnd(12),
        seconds.toFixed(2).padStart(8),
        cpu.toFixed(2).padStart(8),
        rssMib.toFixed(0).padStart(10),
        String(printed).padStart(14),
        (lines / seconds).toFixed(0).padStart(9),
      ].join(" "),
    );
  }
  engine.close();
  console.log(await measureInside(log));
  await Deno.remove(folder, { recursive: true });
}
