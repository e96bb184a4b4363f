import { runCommand } from "../../engines/command.ts";
import { CACHE } from "../../engines/kept_folder.ts";
import type { EngineContext } from "../../support/engines.ts";
import { writeTree } from "../../support/folder.ts";

/** What stands for `denoland/deno` on the tests' engines. */
export const DENO_IMAGE: string = `davit-test/deno:${Deno.version.deno}`;

/**
 * What a Dockerfile can see of `denoland/deno` (denoland/deno_docker,
 * debian.dockerfile and _entry.sh): the user `deno` with its number, who may
 * write in `DENO_DIR`, and that the first word of a command may be one of Deno's.
 */
const DOCKERFILE = `FROM davit-test/base
COPY root /
COPY --chown=1993:1993 deno-dir /deno-dir
ENV DENO_DIR=/deno-dir/
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["eval", "console.log('Welcome to Deno!')"]
`;

const ENTRYPOINT = `#!/bin/sh
case "$1" in
  -* | eval | install | run | task) exec deno "$@" ;;
esac
exec "$@"
`;

const made = new Map<string, Promise<void>>();

/** Makes {@linkcode DENO_IMAGE} on an engine, once. It stays there, as the base image does. */
export async function denoImageOn(engine: EngineContext): Promise<void> {
  const making = made.get(engine.host) ?? makeDenoImage(engine);
  made.set(engine.host, making);
  await making;
}

/** Of the Deno that runs this, and the libraries that it needs. */
async function makeDenoImage(
  { docker, containerdStore }: EngineContext,
): Promise<void> {
  // Beside the unpacked programs: what a killed run leaves there is in nobody's way.
  const folder = await Deno.makeTempDir({ dir: CACHE, prefix: "deno-image-" });
  try {
    await writeTree(folder, {
      "Dockerfile": DOCKERFILE,
      "deno-dir/": "",
      "root/etc/passwd": [
        "root:x:0:0:root:/root:/bin/sh",
        "deno:x:1993:1993::/home/deno:/bin/sh\n",
      ].join("\n"),
      "root/etc/group": "root:x:0:\ndeno:x:1993:\n",
      "root/usr/local/bin/docker-entrypoint.sh": ENTRYPOINT,
      "root/usr/bin/": "",
    });
    await Deno.chmod(
      `${folder}/root/usr/local/bin/docker-entrypoint.sh`,
      0o755,
    );
    await Deno.copyFile(Deno.execPath(), `${folder}/root/usr/bin/deno`);
    await Deno.chmod(`${folder}/root/usr/bin/deno`, 0o755);
    const libraries = await runCommand("ldd", [Deno.execPath()]);
    for (const [path] of libraries.matchAll(/(?<=\s)\/\S+/g)) {
      await writeTree(folder, { [`root${path}`]: await Deno.readFile(path) });
      await Deno.chmod(`${folder}/root${path}`, 0o755);
    }
    await docker.imageBuild(folder, {
      tag: DENO_IMAGE,
      // Such an engine would pack all of it, which takes seconds.
      ...(containerdStore
        ? { outputs: { type: "image", compression: "uncompressed" } }
        : {}),
    }).wait();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
