import { assertEquals, assertRejects } from "../support/assert.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { sshTransport } from "../../lib/transport/ssh.ts";

Deno.test("a closed ssh transport ends ssh, leaves nothing, and opens no other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "davit-fake-ssh-" });
  const path = Deno.env.get("PATH")!;
  const temporary = Deno.env.get("TMPDIR");
  try {
    // One whose far side is gone: it takes what comes, and says and ends nothing.
    await Deno.writeTextFile(
      `${folder}/ssh`,
      `#!/bin/sh\necho $$ > ${folder}/pid\nexec sleep 600\n`,
      { mode: 0o755 },
    );
    Deno.env.set("PATH", `${folder}:${path}`);
    Deno.env.set("TMPDIR", folder);
    const transport = sshTransport({ kind: "ssh", hostname: "far.example" });
    const request = transport.fetch("/_ping").catch((error) => error);
    const pid = await textOf(`${folder}/pid`);
    await transport.close();
    assertEquals(await request instanceof ConnectionError, true);
    await assertRejects(() => Deno.stat(`/proc/${pid}`), Deno.errors.NotFound);
    await assertRejects(
      () => transport.fetch("/_ping"),
      ConnectionError,
      "is closed",
    );
    const left = await Array.fromAsync(Deno.readDir(folder), (e) => e.name);
    assertEquals(left.sort(), ["pid", "ssh"]);
  } finally {
    Deno.env.set("PATH", path);
    if (temporary === undefined) Deno.env.delete("TMPDIR");
    else Deno.env.set("TMPDIR", temporary);
    await Deno.remove(folder, { recursive: true });
  }
});

/** What is in a file, when there is something. */
async function textOf(path: string): Promise<string> {
  while (true) {
    const text = await Deno.readTextFile(path).catch(() => "");
    if (text.endsWith("\n")) return text.trim();
    await new Promise((done) => setTimeout(done, 10));
  }
}
