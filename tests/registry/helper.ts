/** A credential helper in PATH, for as long as it is held. */
export interface InstalledHelper extends AsyncDisposable {
  /** The name as config files have it. */
  readonly name: string;
  /** Folder of the program; a script finds its way back here by `$(dirname "$0")`. */
  readonly folder: string;
}

/** Puts a shell script into PATH as `docker-credential-NAME`. */
export async function installHelper(script: string): Promise<InstalledHelper> {
  const folder = await Deno.makeTempDir({ prefix: "davit-helper-" });
  const name = `davit-${crypto.randomUUID().slice(0, 8)}`;
  await Deno.writeTextFile(
    `${folder}/docker-credential-${name}`,
    `#!/bin/sh\n${script}`,
    { mode: 0o755 },
  );
  const path = Deno.env.get("PATH") ?? "";
  Deno.env.set("PATH", `${folder}:${path}`);
  return {
    name,
    folder,
    async [Symbol.asyncDispose]() {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    },
  };
}
