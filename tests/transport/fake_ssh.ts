/** A program in the place of ssh, and a folder for all that is temporary; no ssh at all without a script. */
export async function withSsh(
  script: ((folder: string) => string) | undefined,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "davit-fake-ssh-" });
  const path = Deno.env.get("PATH")!;
  const temporary = Deno.env.get("TMPDIR");
  try {
    if (script !== undefined) {
      await Deno.writeTextFile(
        `${folder}/ssh`,
        `#!/bin/sh\n${script(folder)}\n`,
        { mode: 0o755 },
      );
    }
    Deno.env.set("PATH", script === undefined ? folder : `${folder}:${path}`);
    Deno.env.set("TMPDIR", folder);
    await use(folder);
  } finally {
    Deno.env.set("PATH", path);
    if (temporary === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", temporary);
    await Deno.remove(folder, { recursive: true });
  }
}
