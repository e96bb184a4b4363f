import { assertEquals, assertRejects } from "../support/assert.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { sshArguments, sshTransport } from "../../lib/transport/ssh.ts";
import { isThere, namesIn } from "../support/at_once.ts";
import { withSsh } from "./fake_ssh.ts";

const FAR = { kind: "ssh", hostname: "far.example" } as const;

for (
  const [what, before] of [
    ["", ""],
    [" that minds no SIGTERM", "trap '' TERM\n"],
  ] as const
) {
  Deno.test(`a closed ssh transport ends an ssh${what}, leaves nothing, and opens no other`, async () => {
    // Its far side is gone: it takes what comes, and says and ends nothing.
    const script = (folder: string) =>
      `${before}echo $$ > ${folder}/pid\nexec sleep 600`;
    await withSsh(script, async (folder) => {
      const transport = sshTransport(FAR);
      const request = transport.fetch("/_ping").catch((error) => error);
      const pid = await textOf(`${folder}/pid`);
      await transport.close();
      // All of it is gone by then.
      assertEquals(isThere(`/proc/${pid}`), false);
      assertEquals(
        namesIn(folder),
        ["pid", "ssh"],
      );
      assertEquals(await request instanceof ConnectionError, true);
      await assertRejects(
        () => transport.fetch("/_ping"),
        ConnectionError,
        "is closed",
      );
    });
  });
}

Deno.test("without an ssh, requests and upgrades fail, and none of them waits", async () => {
  await withSsh(undefined, async (folder) => {
    const transport = sshTransport(FAR);
    try {
      // More than the requests that a client has open at a time.
      for (let count = 0; count < 3; count++) {
        await assertRejects(() => transport.fetch("/_ping"), ConnectionError);
      }
      await assertRejects(
        () => transport.upgrade!("/session", { protocol: "h2c", headers: [] }),
        ConnectionError,
        'Cannot reach ssh://far.example: there is no "ssh" program on this machine; install OpenSSH\'s client',
      );
    } finally {
      await transport.close();
    }
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});

Deno.test("a socket's path reaches the far side as one word, whatever is in it", async () => {
  for (const path of ["/run/a.sock", "/it's/a b", '/$(id)/`id`/"x\\', "''"]) {
    const words = sshArguments({ ...FAR, path });
    const far = words.slice(words.indexOf(FAR.hostname) + 1);
    // What sshd does with them: one command line for a shell.
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `docker() { printf '%s\\n' "$@"; }\n${far.join(" ")}`],
    }).output();
    assertEquals(
      new TextDecoder().decode(stdout).split("\n"),
      ["--host", `unix://${path}`, "system", "dial-stdio", ""],
    );
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
