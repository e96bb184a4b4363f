import { runCommand } from "./command.ts";
import { connectEngine, type EngineApi, socketPathOf } from "./engine_api.ts";
import { busyboxProgram } from "./packages.ts";
import { CACHE } from "./kept_folder.ts";

/** The image that tests and demos build FROM: busybox and nothing else. */
export const BASE_IMAGE = "davit-test/base:latest";

/**
 * Makes {@link BASE_IMAGE} on an engine from Debian's static busybox, without
 * a registry: /bin with busybox and a link for each of its applets, an empty
 * world-writable /tmp, and root in /etc/passwd.
 *
 * @param host The engine's address, `unix:///path/to/docker.sock`.
 */
export async function importBaseImage(host: string): Promise<void> {
  const rootfs = await packRootfs();
  using engine: EngineApi = connectEngine(socketPathOf(host));
  const [repo, tag] = BASE_IMAGE.split(":");
  const response = await engine.request(
    `/images/create?fromSrc=-&repo=${repo}&tag=${tag}`,
    {
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: rootfs,
    },
  );
  const answer = await response.text();
  // An error may follow a status of 200, as a line of the answer's stream.
  if (!response.ok || answer.includes('"error"')) {
    throw new Error(
      `Cannot import "${BASE_IMAGE}" on "${host}": ${answer.trim()}`,
    );
  }
}

/** The files of {@link BASE_IMAGE} as a tar. */
export async function packRootfs(): Promise<Uint8Array<ArrayBuffer>> {
  const busybox = await busyboxProgram();
  // Beside the unpacked programs: what a killed run leaves there is in nobody's way.
  const folder = await Deno.makeTempDir({ dir: CACHE, prefix: "rootfs-" });
  try {
    const root = `${folder}/root`;
    for (const name of ["bin", "etc", "root", "tmp"]) {
      await Deno.mkdir(`${root}/${name}`, { recursive: true });
    }
    await Deno.chmod(`${root}/tmp`, 0o1777);
    await Deno.writeTextFile(
      `${root}/etc/passwd`,
      "root:x:0:0:root:/root:/bin/sh\n",
    );
    await Deno.writeTextFile(`${root}/etc/group`, "root:x:0:\n");
    await Deno.copyFile(busybox, `${root}/bin/busybox`);
    await Deno.chmod(`${root}/bin/busybox`, 0o755);
    for (
      const applet of (await runCommand(busybox, ["--list"])).trim().split("\n")
    ) {
      if (applet !== "busybox") {
        await Deno.symlink("busybox", `${root}/bin/${applet}`);
      }
    }
    const tar = `${folder}/root.tar`;
    await runCommand("tar", [
      "--owner=0",
      "--group=0",
      // The same bytes each time: all that builds on it has one base.
      "--mtime=@0",
      "--sort=name",
      "-C",
      root,
      "-cf",
      tar,
      ".",
    ]);
    return await Deno.readFile(tar);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
