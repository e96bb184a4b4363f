/**
 * A local export of many files, and of one large file, beside docker's client,
 * in turns and on one engine; what is exported comes from the build cache.
 *
 *     deno run -A tests/engines/with_engine.ts --generation 28 -- \
 *       deno run -A tests/bench/export_bench.ts [MEGABYTES] [FILES] [RUNS]
 *
 * docker's figures hold the start of its program, which `docker version` shows
 * alone. The file system decides much: both write to the same one (`TMPDIR`).
 * It asks for all files at once; with more than some 5,000, engine and client
 * may come to wait for each other for ever: it is ended after a minute.
 */
import { checkExport } from "../../lib/exporter/output.ts";
import { exportBuild } from "../exporter/session.ts";

const megabytes = Number(Deno.args[0] ?? 1024);
const files = Number(Deno.args[1] ?? 20_000);
const runs = Number(Deno.args[2] ?? 3);

const PATIENCE_MS = 60_000;

const host = Deno.env.get("DOCKER_HOST")!;
const socketPath = host.slice("unix://".length);
const write = (line: string) =>
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));

/** Stages that make the content once; the exporting builds find them in the cache. */
const cases: Record<string, { dockerfile: string[]; type: "local" | "tar" }> = {
  [`${files} files`]: { dockerfile: many(), type: "local" },
  "one file": { dockerfile: single(), type: "local" },
  [`tar of ${files} files`]: { dockerfile: many(), type: "tar" },
};

function many(): string[] {
  const kib = Math.round(megabytes * 1024 / files);
  return [
    "FROM davit-test/base AS made",
    `RUN dd if=/dev/urandom of=/part bs=1k count=${kib} 2>/dev/null && mkdir /out && cd /out && i=0; while [ $i -lt ${files} ]; do d=$((i / 200)); [ -d $d ] || mkdir $d; cp /part $d/$i; i=$((i + 1)); done`,
    "FROM scratch",
    "COPY --from=made /out /",
  ];
}

function single(): string[] {
  return [
    "FROM davit-test/base AS made",
    `RUN mkdir /out && dd if=/dev/urandom of=/out/large bs=1M count=${megabytes} 2>/dev/null`,
    "FROM scratch",
    "COPY --from=made /out /",
  ];
}

async function davit(
  name: keyof typeof cases,
  dest: string,
): Promise<string> {
  const { dockerfile, type } = cases[name]!;
  let peak = 0;
  let stall = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    const now = performance.now();
    stall = Math.max(stall, now - last - 20);
    last = now;
    peak = Math.max(peak, Deno.memoryUsage().rss);
  }, 20);
  const began = performance.now();
  const report = await exportBuild(
    { socketPath, api: "engine" },
    checkExport(type, { dest }),
    dockerfile,
  );
  const ms = performance.now() - began;
  clearInterval(watch);
  return `${seconds(ms)}  (${report.bytes} bytes, peak RSS ${
    (peak / 1e6).toFixed(0)
  } MB, longest stall ${stall.toFixed(0)} ms)`;
}

async function docker(
  name: keyof typeof cases,
  dest: string,
): Promise<string> {
  const { dockerfile, type } = cases[name]!;
  const context = await Deno.makeTempDir({ prefix: "davit-bench-" });
  try {
    await Deno.writeTextFile(`${context}/Dockerfile`, dockerfile.join("\n"));
    const began = performance.now();
    const child = new Deno.Command("docker", {
      args: [
        "build",
        "--network",
        "none",
        "-o",
        `type=${type},dest=${dest}`,
        context,
      ],
      env: { DOCKER_BUILDKIT: "1" },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    // Asked kindly, it would wait for the build.
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    const { success, stderr } = await child.output();
    clearTimeout(timer);
    const ms = performance.now() - began;
    if (ms > PATIENCE_MS) return "stands still, ended";
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return seconds(ms);
  } finally {
    await Deno.remove(context, { recursive: true });
  }
}

async function start(): Promise<string> {
  const began = performance.now();
  await new Deno.Command("docker", { args: ["version"] }).output();
  return seconds(performance.now() - began);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

const folder = await Deno.makeTempDir({ prefix: "davit-bench-" });
try {
  write(`${megabytes} MiB; docker version alone: ${await start()}`);
  for (const name of Object.keys(cases)) {
    await davit(name, `${folder}/first`); // fills the build cache
    await Deno.remove(`${folder}/first`, { recursive: true });
    for (let run = 0; run < runs; run++) {
      for (const [who, by] of Object.entries({ docker, davit })) {
        await new Deno.Command("sync").output();
        const dest = `${folder}/${who}`;
        write(`${name}, ${who}: ${await by(name, dest)}`);
        await Deno.remove(dest, { recursive: true });
      }
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
