import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { until, withinMs } from "../support/until.ts";
import { BASE_IMAGE, importBaseImage } from "./base_image.ts";
import { ENGINE_PREFIX, findOwners, sweep } from "./clean_up.ts";
import { listFolder, readTextIfThere, tryCommand } from "./command.ts";
import { connectEngine } from "./engine_api.ts";
import { type PrivateEngine, startEngine } from "./engine.ts";
import { DEMAND_PREFIX } from "./on_demand.ts";
import {
  commandLine,
  findProcess,
  findProcesses,
  waitForExit,
} from "./process.ts";

/** A test that starts engines of its own; skipped where only a user's engine is to be used. */
function engineTest(name: string, fn: () => Promise<void>): void {
  const ignore = Boolean(Deno.env.get("DAVIT_TEST_HOST"));
  Deno.test({
    name: ignore ? `${name} (skipped: DAVIT_TEST_HOST is set)` : name,
    fn,
    ignore,
  });
}

for (const generation of ["20", "28"] as const) {
  engineTest(`engine ${generation} stops and leaves nothing`, async () => {
    const engine = await startEngine({ generation });
    assertStringIncludes(engine.engineVersion, `${generation}.`);
    assertStringIncludes(
      (await commandLine(engine.pid)).join(" "),
      engine.directory,
    );
    await importBaseImage(engine.host);
    const { stdout } = await docker(engine, [
      "image",
      "inspect",
      "-f",
      "{{.Os}}",
      BASE_IMAGE,
    ]);
    assertEquals(stdout.trim(), "linux");
    await engine.stop();
    await engine.stop();
    await assertNothingLeft(engine.directory);
  });

  engineTest(`engine ${generation} stops during a step that runs`, async () => {
    // Not the 10 seconds that dockerd would grant the step.
    await withinMs(9_000, async () => {
      await using engine = await startEngine({ generation });
      const { ended } = await startSleepingBuild(engine);
      const start = Date.now();
      await engine.stop();
      const took = Date.now() - start;
      await ended;
      await assertNothingLeft(engine.directory);
      return took;
    });
  });

  engineTest(
    `engine ${generation} leaves nothing after kill() during a step`,
    async () => {
      await using engine = await startEngine({ generation });
      const { ended } = await startSleepingBuild(engine);
      await engine.kill();
      assertEquals(await findProcess(engine.pid), undefined);
      await ended;
      await engine.stop();
      await assertNothingLeft(engine.directory);
    },
  );

  engineTest(
    `engine ${generation} leaves nothing of a container that runs`,
    async () => {
      await using engine = await startEngine({ generation });
      await importBaseImage(engine.host);
      const run = [
        "run",
        "-d",
        "--network",
        "none",
        BASE_IMAGE,
        "sleep",
        "100",
      ];
      const { code, stderr } = await docker(engine, run);
      assertEquals(code, 0, stderr);
      await engine.kill();
      await engine.stop();
      await assertNothingLeft(engine.directory);
    },
  );
}

engineTest(
  "an engine with a network of its own has a bridge there, and leaves nothing on the machine's",
  async () => {
    const interfaces = () => listFolder("/sys/class/net");
    const before = await interfaces();
    const engine = await startEngine({ generation: "28", ownNetwork: true });
    await importBaseImage(engine.host);
    const { code, stdout, stderr } = await docker(engine, [
      ...["run", "--rm", BASE_IMAGE, "ls", "/sys/class/net"],
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "eth0");
    assertEquals(await interfaces(), before);
    await engine.stop();
    assertEquals(await interfaces(), before);
    await assertNothingLeft(engine.directory);
  },
);

engineTest(
  "an engine that stores in memory writes to a file system of its own, which is gone with it",
  async () => {
    const engine = await startEngine({
      generation: "28",
      memoryBytes: 200_000_000,
    });
    const mounts = async () =>
      (await Deno.readTextFile("/proc/self/mountinfo")).split("\n").filter(
        (line) =>
          line.includes(` ${engine.directory}/data `) &&
          line.includes("- tmpfs "),
      ).length;
    // dockerd mounts it once more, on itself.
    assert(await mounts() > 0);
    await importBaseImage(engine.host);
    await engine.stop();
    assertEquals(await mounts(), 0);
    await assertNothingLeft(engine.directory);
  },
);

engineTest(
  "sweep() cleans up after a runner that was killed, and spares the living",
  async () => {
    await using living = await startEngine({ generation: "28" });
    const script = `${import.meta.dirname}/with_engine.ts`;
    const runner = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        script,
        "--generation",
        "20",
        "--",
        "sh",
        "-c",
        "echo ready; cat",
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = runner.stdout.getReader();
    assertEquals(
      new TextDecoder().decode((await reader.read()).value),
      "ready\n",
    );
    const [directory = ""] = await enginesOf(runner.pid);
    const [demand = ""] = await foldersOf(runner.pid, true);
    const daemon = await daemonOf(directory);

    runner.kill("SIGKILL");
    await runner.status;
    assertEquals(await findProcess(daemon.pid), daemon);
    await sweep();
    await assertNothingLeft(directory);
    await assertNothingLeft(demand);
    assert(await waitForExit([daemon], 0));
    assert(await findProcess(living.pid) !== undefined);

    // The runner's child outlived it; the end of its input ends it.
    await runner.stdin.close();
    while (!(await reader.read()).done);
  },
);

engineTest(
  "with_engine.ts leaves nothing after a signal and gives its exit code",
  async () => {
    for (
      const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], [
        "SIGHUP",
        129,
      ]] as const
    ) {
      const script = `${import.meta.dirname}/with_engine.ts`;
      const child = ["sh", "-c", 'echo "$DOCKER_HOST"; sleep 100 & sleep 100'];
      const runner = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", script, "--generation", "28", "--", ...child],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      const reader = runner.stdout.getReader();
      const host = new TextDecoder().decode((await reader.read()).value).trim();
      runner.kill(signal);
      // The end of its output: not even the sleep in the background holds it.
      while (!(await reader.read()).done);
      assertEquals((await runner.status).code, code);
      await assertNothingLeft(host.replace(/^unix:\/\/|\/docker\.sock$/g, ""));
    }
  },
);

engineTest(
  "startEngine() says what dockerd logged when it cannot start",
  async () => {
    const error = await assertRejects(
      () =>
        startEngine({
          generation: "28",
          flags: ["--storage-driver=none-such"],
        }),
      Error,
      "Cannot start dockerd: exit code",
    );
    assertStringIncludes(error.message, "none-such");
    assertEquals(await enginesOf(Deno.pid), []);
  },
);

engineTest(
  "startEngine() gives up when its signal is aborted, and leaves nothing",
  async () => {
    const controller = new AbortController();
    const start = startEngine({ generation: "28", signal: controller.signal });
    await until(
      async () => (await enginesOf(Deno.pid)).length > 0,
      "the engine has a folder",
      60_000, // it may have to be fetched first
    );
    const reason = new Error("enough");
    controller.abort(reason);
    const error = await assertRejects(() => start);
    assert(error === reason);
    assertEquals(await enginesOf(Deno.pid), []);
  },
);

engineTest(
  "engine 28 keeps its images in containerd's store if asked",
  async () => {
    await using engine = await startEngine({
      generation: "28",
      containerdStore: true,
    });
    await importBaseImage(engine.host);
    using api = connectEngine(engine.socketPath);
    const { DriverStatus } = await (await api.request("/info")).json();
    assertStringIncludes(
      JSON.stringify(DriverStatus),
      "io.containerd.snapshotter.v1",
    );
    await engine.stop();
    await assertNothingLeft(engine.directory);
  },
);

/** Starts a build and returns when its step runs; `ended` waits for the client. */
async function startSleepingBuild(
  engine: PrivateEngine,
): Promise<{ ended: Promise<unknown> }> {
  await importBaseImage(engine.host);
  const context = `${engine.directory}/context`;
  await Deno.mkdir(context);
  await Deno.writeTextFile(
    `${context}/Dockerfile`,
    `FROM ${BASE_IMAGE}\nRUN sleep 100\n`,
  );
  const ended = docker(engine, ["build", "--network", "none", context]);
  const cgroup = engine.directory.replace(/^.*\//, "");
  await until(() => sleepersIn(cgroup), "the step runs", 60_000);
  return { ended };
}

/** How many `sleep 100` run in the engine's cgroup. */
async function sleepersIn(cgroup: string): Promise<number> {
  let count = 0;
  for (
    const { pid } of await findProcesses((args) =>
      args.join(" ").endsWith("sleep 100")
    )
  ) {
    if (
      (await readTextIfThere(`/proc/${pid}/cgroup`))?.includes(`/${cgroup}`)
    ) count++;
  }
  return count;
}

function docker(engine: PrivateEngine, args: readonly string[]) {
  return tryCommand(engine.cli, args, { env: engine.cliEnv });
}

async function daemonOf(directory: string) {
  const [daemon] = await findProcesses((args) =>
    args[0]?.endsWith("dockerd") === true && args.join(" ").includes(directory)
  );
  assert(daemon !== undefined, `no dockerd of "${directory}"`);
  return { pid: daemon.pid, startTime: daemon.startTime };
}

/** Folders of the engines that a process started. */
function enginesOf(pid: number): Promise<string[]> {
  return foldersOf(pid, false);
}

/** A process's folders of engines, or those where it is asked for engines. */
async function foldersOf(pid: number, onDemand: boolean): Promise<string[]> {
  return (await findOwners()).flatMap(([directory, owner]) =>
    owner.pid === pid && directory.includes(DEMAND_PREFIX) === onDemand
      ? [directory]
      : []
  );
}

/** No folder, process, mount, cgroup or runtime state of the engine. */
async function assertNothingLeft(directory: string): Promise<void> {
  const name = directory.replace(/^.*\//, "");
  assert(
    name.startsWith(ENGINE_PREFIX),
    `"${directory}" is no engine's folder`,
  );
  assertEquals(await Deno.stat(directory).then(() => true, () => false), false);
  const processes = await findProcesses((args) =>
    args.join(" ").includes(name)
  );
  assertEquals(
    await Promise.all(processes.map(({ pid }) => commandLine(pid))),
    [],
  );
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  assertEquals(mounts.split("\n").filter((line) => line.includes(name)), []);
  const { stdout } = await tryCommand("find", [
    "/sys/fs/cgroup",
    "-name",
    name,
  ]);
  assertEquals(stdout, "");
  for (const id of await listFolder("/run/runc")) {
    const state = await readTextIfThere(`/run/runc/${id}/state.json`) ?? "";
    assert(!state.includes(name), `/run/runc/${id} is left`);
  }
  assertEquals(
    await Deno.stat("/etc/docker/key.json").then(() => true, () => false),
    false,
  );
}
