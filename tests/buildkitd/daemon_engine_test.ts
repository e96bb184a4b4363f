import { listFolder, readTextIfThere, tryCommand } from "../engines/command.ts";
import { findProcesses } from "../engines/process.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { until } from "../support/until.ts";
import { type PrivateBuildkitd, startBuildkitd } from "./daemon.ts";

Deno.test("a buildkitd builds FROM the base image, with a secret, and leaves nothing", async () => {
  const daemon = await startBuildkitd();
  await using _ = daemon;
  const context = await writeContext(
    "FROM davit-test/base\n" +
      "RUN --mount=type=secret,id=word,env=WORD echo the word is ${#WORD} long\n" +
      "RUN --network=host id\n",
  );
  const { code, stderr } = await buildctl(daemon, [
    ...["build", "--frontend", "dockerfile.v0", "--progress", "plain"],
    ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
    ...["--secret", `id=word,src=${context}/Dockerfile`],
    ...["--allow", "network.host"],
  ]);
  assertEquals(code, 0, stderr);
  const { size } = await Deno.stat(`${context}/Dockerfile`);
  assertStringIncludes(stderr, `the word is ${size} long`);
  assertStringIncludes(stderr, "uid=0(root)");
  // Not at the place that all daemons of a machine share unless told otherwise.
  assert((await listFolder(daemon.directory)).includes("otel.sock"));
  await daemon.stop();
  await daemon.stop();
  await assertNothingLeft(daemon);
  await Deno.remove(context, { recursive: true });
});

Deno.test("a buildkitd that is killed in the middle of a step starts again with its cache", async () => {
  await using daemon = await startBuildkitd({ tcp: "plain" });
  const { address, tcpAddress, pid } = daemon;
  const first = await writeContext(
    "FROM davit-test/base\nRUN echo kept\n",
  );
  const build = ["build", "--frontend", "dockerfile.v0", "--progress", "plain"];
  const cached = [
    ...[...build, "--local", `context=${first}`],
    ...["--local", `dockerfile=${first}`],
  ];
  assertEquals((await buildctl(daemon, cached)).code, 0);
  const second = await writeContext(
    "FROM davit-test/base\nRUN sleep 100\n",
  );
  const ended = buildctl(daemon, [
    ...[...build, "--local", `context=${second}`],
    ...["--local", `dockerfile=${second}`],
  ]);
  const group = daemon.directory.replace(/^.*\//, "");
  await until(
    async () => (await stepsOf(group)).length,
    "the step runs",
    60_000,
  );
  await daemon.kill();
  assert((await ended).code !== 0);
  await daemon.start();
  assert(daemon.pid !== pid);
  assertEquals([daemon.address, daemon.tcpAddress], [address, tcpAddress]);
  const again = await buildctl(
    { address: tcpAddress, buildctl: daemon.buildctl },
    cached,
  );
  assertStringIncludes(again.stderr, "CACHED");
  await daemon.kill();
  await daemon.stop();
  await assertNothingLeft(daemon);
  for (const folder of [first, second]) {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a buildkitd with TLS lets in only clients of its authority", async () => {
  await using daemon = await startBuildkitd({ tcp: true });
  const other = await makeAuthority("another");
  const yesterday = new Date(Date.now() - 86_400_000);
  const longAgo = new Date(Date.now() - 2 * 86_400_000);
  const expired = await daemon.authority.issue({
    notBefore: longAgo,
    notAfter: yesterday,
  });
  const elsewhere = await daemon.authority.issue({ names: ["builder.test"] });
  const own = await listWorkers(daemon, daemon.tls);
  assertEquals(own.code, 0, own.stderr);
  const { ca } = daemon.tls;
  for (const client of [expired, await other.issue()]) {
    const refused = await listWorkers(daemon, { ca, ...client });
    // The daemon's alert, unless its end of the connection was seen first.
    assertMatch(refused.stderr, /remote error: tls:|connection reset|broken/);
  }
  const unknown = { ...daemon.tls, ca: other.ca };
  assertStringIncludes(
    (await listWorkers(daemon, unknown)).stderr,
    "certificate signed by unknown authority",
  );
  // A server with a certificate for another name.
  await using misnamed = await startBuildkitd({ tcp: { ...elsewhere, ca } });
  assertStringIncludes(
    (await listWorkers(misnamed, daemon.tls)).stderr,
    "127.0.0.1",
  );
});

Deno.test("a buildkitd that stands for another processor copies files, FROM the base image of that", async () => {
  await using daemon = await startBuildkitd({ platforms: ["linux/arm64"] });
  const context = await writeContext(
    "FROM davit-test/base\nCOPY Dockerfile /\n",
  );
  const { code, stderr } = await buildctl(daemon, [
    ...["build", "--frontend", "dockerfile.v0", "--progress", "plain"],
    ...["--local", `context=${context}`, "--local", `dockerfile=${context}`],
    ...["--opt", "platform=linux/arm64"],
    ...["--output", `type=oci,dest=${context}/image.tar`],
    ...["--metadata-file", `${context}/metadata.json`],
  ]);
  assertEquals(code, 0, stderr);
  const metadata = await Deno.readTextFile(`${context}/metadata.json`);
  assertEquals(
    JSON.parse(metadata)["containerimage.descriptor"].platform.architecture,
    "arm64",
  );
  await Deno.remove(context, { recursive: true });
});

Deno.test("a buildkitd that cannot start says why, and leaves nothing", async () => {
  const { cert } = await (await makeAuthority()).issue();
  const { message } = await assertRejects(
    () => startBuildkitd({ tcp: { cert, key: "no key", ca: cert } }),
    Error,
  );
  assertStringIncludes(message, "Cannot start buildkitd: exit code 1");
  assertStringIncludes(message, "failed to find any PEM data");
});

function buildctl(
  daemon: { readonly address: string; readonly buildctl: string },
  args: readonly string[],
) {
  return tryCommand(daemon.buildctl, ["--addr", daemon.address, ...args]);
}

async function listWorkers(
  daemon: PrivateBuildkitd,
  tls: { readonly ca: string; readonly cert: string; readonly key: string },
) {
  const folder = await Deno.makeTempDir({ prefix: "davit-tls-" });
  const flags: string[] = [];
  for (const [name, text] of Object.entries(tls)) {
    await Deno.writeTextFile(`${folder}/${name}.pem`, text);
    const flag = name === "ca" ? "cacert" : name;
    flags.push(`--tls${flag}`, `${folder}/${name}.pem`);
  }
  const { buildctl: program, tcpAddress } = daemon;
  const result = await tryCommand(program, [
    ...["--addr", tcpAddress, ...flags, "debug", "workers"],
  ]);
  await Deno.remove(folder, { recursive: true });
  return result;
}

async function writeContext(dockerfile: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "davit-context-" });
  await Deno.writeTextFile(`${folder}/Dockerfile`, dockerfile);
  return folder;
}

/** The processes of steps that run in a daemon's cgroup. */
async function stepsOf(group: string) {
  const sleepers = await findProcesses((args) =>
    args.join(" ").endsWith("sleep 100")
  );
  const groups = await Promise.all(
    sleepers.map(({ pid }) => readTextIfThere(`/proc/${pid}/cgroup`)),
  );
  return groups.filter((text) => text?.includes(`/${group}`));
}

async function assertNothingLeft({ directory }: PrivateBuildkitd) {
  const name = directory.replace(/^.*\//, "");
  assertEquals(await Deno.stat(directory).then(() => true, () => false), false);
  const processes = await findProcesses((args) =>
    args.join(" ").includes(directory)
  );
  assertEquals(processes, []);
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  assertEquals(mounts.split("\n").filter((line) => line.includes(name)), []);
  const { stdout } = await tryCommand("find", [
    ...["/sys/fs/cgroup", "-name", name],
  ]);
  assertEquals(stdout, "");
  for (const id of await listFolder("/run/runc")) {
    const state = await readTextIfThere(`/run/runc/${id}/state.json`) ?? "";
    assert(!state.includes(name), `/run/runc/${id} is left`);
  }
}
