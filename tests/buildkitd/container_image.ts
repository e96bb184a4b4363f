import { runCommand } from "../engines/command.ts";
import { connectEngine, socketPathOf } from "../engines/engine_api.ts";
import { CACHE } from "../engines/kept_folder.ts";
import { busyboxProgram, hostPrograms } from "../engines/packages.ts";
import { buildkitPrograms } from "./build.ts";

/** The image that buildx runs buildkitd from, unless it is told another. */
export const BUILDKIT_IMAGE = "moby/buildkit:buildx-stable-1";

/**
 * Puts {@link BUILDKIT_IMAGE} on an engine, with the tests' own buildkitd:
 * buildkitd, buildctl, runc with its libraries, and busybox.
 *
 * @param host The engine's address, `unix:///path/to/docker.sock`.
 */
export async function importBuildkitImage(host: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: CACHE, prefix: "image-" });
  try {
    await fillRoot(`${folder}/root`);
    const tar = `${folder}/image.tar`;
    await runCommand("tar", [
      ...["--owner=0", "--group=0", "-C", `${folder}/root`, "-cf", tar, "."],
    ]);
    const [repo, tag] = BUILDKIT_IMAGE.split(":");
    const query = new URLSearchParams({
      fromSrc: "-",
      repo: repo!,
      tag: tag!,
      changes: 'ENTRYPOINT ["buildkitd"]',
    });
    using engine = connectEngine(socketPathOf(host));
    using file = await Deno.open(tar);
    const response = await engine.request(`/images/create?${query}`, {
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: file.readable,
    });
    const answer = await response.text();
    // An error may follow a status of 200, as a line of the answer's stream.
    if (!response.ok || answer.includes('"error"')) {
      throw new Error(`Cannot import "${BUILDKIT_IMAGE}": ${answer.trim()}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function fillRoot(root: string): Promise<void> {
  const { buildkitd, buildctl } = await buildkitPrograms();
  const busybox = await busyboxProgram();
  const host = await hostPrograms();
  const runc = `${host.path}/runc`;
  for (const name of ["bin", "etc", "root", "run", "tmp", "var/lib"]) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
  }
  await Deno.writeTextFile(
    `${root}/etc/passwd`,
    "root:x:0:0:root:/root:/bin/sh\n",
  );
  for (const path of [buildkitd, buildctl, busybox, runc]) {
    await copyProgram(path, `${root}/bin/${path.replace(/^.*\//, "")}`);
  }
  for (const applet of ["sh", "cat", "ls", "mkdir", "id", "sleep", "ps"]) {
    await Deno.symlink("busybox", `${root}/bin/${applet}`);
  }
  const libraries = await runCommand("ldd", [runc], {
    env: { LD_LIBRARY_PATH: host.libraries },
  });
  for (
    const [, name, path] of libraries.matchAll(/^\s+(?:(\S+) => )?(\/\S+)/gm)
  ) {
    // The loader is asked for by its path, a library by its name.
    const target = name === undefined
      ? `${root}${path}`
      : `${root}/lib/${name}`;
    await copyProgram(path!, target);
  }
}

async function copyProgram(from: string, to: string): Promise<void> {
  await Deno.mkdir(to.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.copyFile(await Deno.realPath(from), to);
  await Deno.chmod(to, 0o755);
}
