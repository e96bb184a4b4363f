import { assertEquals } from "../support/assert.ts";
import { tarBytes } from "../support/tar.ts";
import { until } from "../support/until.ts";
import { importBaseImage } from "./base_image.ts";
import { listFolder, readTextIfThere } from "./command.ts";
import { connectEngine } from "./engine_api.ts";
import { startPodman } from "./podman.ts";
import { commandLine, findProcesses } from "./process.ts";

/** What of the podman in `directory` can still be seen on this machine. */
async function traces(directory: string): Promise<string[]> {
  const name = directory.replace(/^.*\//, "");
  const found: string[] = [];
  for (
    const { pid } of await findProcesses((args) =>
      args.some((arg) => arg.includes(directory))
    )
  ) found.push((await commandLine(pid)).join(" "));
  for (const hierarchy of ["", ...await listFolder("/sys/fs/cgroup")]) {
    const path = `/sys/fs/cgroup/${hierarchy}/${name}`;
    if (await Deno.stat(path).then(() => true, () => false)) found.push(path);
  }
  for (const id of await listFolder("/run/runc")) {
    const state = await readTextIfThere(`/run/runc/${id}/state.json`) ?? "";
    if (state.includes(directory)) found.push(`/run/runc/${id}`);
  }
  const mounts = await Deno.readTextFile("/proc/self/mountinfo");
  found.push(...mounts.split("\n").filter((line) => line.includes(directory)));
  if (await Deno.stat(directory).then(() => true, () => false)) {
    found.push(directory);
  }
  return found;
}

Deno.test({
  name: "a podman that is stopped while a step runs leaves nothing",
  ignore: Deno.env.has("DAVIT_TEST_HOST"),
  async fn() {
    const podman = await startPodman();
    const seconds = 1000 + Math.floor(Math.random() * 1e6);
    const sleeping = () =>
      findProcesses((args) => args.at(-1) === String(seconds));
    try {
      await importBaseImage(podman.host);
      using api = connectEngine(podman.socketPath);
      const build = api.request("/build?networkmode=none", {
        method: "POST",
        headers: { "content-type": "application/x-tar" },
        body: await tarBytes({
          Dockerfile: `FROM davit-test/base\nRUN exec sleep ${seconds}\n`,
        }),
      }).then((response) => response.text()).catch(String); // it is killed under it
      await until(
        async () => (await sleeping()).length > 0,
        "the step sleeps",
      ).catch(async (cause) => {
        throw new Error(await podman.logs(), { cause });
      });
      await podman.stop();
      await build;
    } finally {
      await podman.stop();
    }
    assertEquals(await sleeping(), []);
    assertEquals(await traces(podman.directory), []);
  },
});
