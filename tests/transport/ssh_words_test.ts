import { ConnectionError } from "../../lib/errors.ts";
import { sshArguments, sshTransport } from "../../lib/transport/ssh.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

const FAR = { kind: "ssh", hostname: "far.example" } as const;
const UPGRADE = { protocol: "h2c", headers: [] };

/** With a script in the place of ssh. */
async function withSsh(
  script: string,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/ssh`, `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
    const path = Deno.env.get("PATH")!;
    Deno.env.set("PATH", `${folder}:${path}`);
    try {
      await use(folder);
    } finally {
      Deno.env.set("PATH", path);
    }
  });
}

Deno.test("ssh is asked for the user, the port and the socket that were given, and for no others", () => {
  const always = ["-o", "ConnectTimeout=30", "-T"];
  const command = ["docker", "system", "dial-stdio"];
  assertEquals(sshArguments(FAR), [...always, "--", "far.example", ...command]);
  assertEquals(
    sshArguments({ ...FAR, user: "u", port: 22, path: "/s" }),
    [
      ...always,
      ...["-l", "u", "-p", "22", "--", "far.example"],
      ...["docker", "--host", "'unix:///s'", "system", "dial-stdio"],
    ],
  );
});

Deno.test("the words of an ssh that fails are the error's", async () => {
  const script = `printf '  no such key\\n\\n' >&2; sleep 0.2; exit 255`;
  await withSsh(script, async () => {
    const transport = sshTransport(FAR);
    let message = "";
    // On a busy machine the end may be seen before the words.
    for (let tries = 0; tries < 10 && !message.includes("says"); tries++) {
      ({ message } = await assertRejects(
        () => transport.upgrade!("/session", UPGRADE),
        ConnectionError,
      ));
    }
    assertEquals(
      message,
      "Cannot reach ssh://far.example: ssh says: no such key",
    );
    await transport.close();
  });
});

Deno.test("an upgrade by ssh is given up with its signal's reason, and its ssh ended", async () => {
  await withSsh(`echo $$ > "$(dirname "$0")/pid"; exec sleep 600`, async () => {
    const transport = sshTransport(FAR);
    const reason = new Error("given up");
    for (
      const ask of [
        (signal: AbortSignal) =>
          transport.upgrade!("/session", { ...UPGRADE, signal }),
        (signal: AbortSignal) => transport.fetch("/_ping", { signal }),
      ]
    ) {
      const controller = new AbortController();
      const asking = ask(controller.signal);
      controller.abort(reason);
      assertEquals(await assertRejects(() => asking), reason);
    }
    await transport.close();
    await transport.close();
    await assertRejects(
      () => transport.upgrade!("/session", UPGRADE),
      ConnectionError,
      "is closed",
    );
  });
});

Deno.test("a request by ssh goes to the far side, and its answer comes back", async () => {
  const script = `while read -r line; do
  case "$line" in
    ?) printf 'HTTP/1.1 302 Found\\r\\nLocation: http://a.example/\\r\\nContent-Length: 2\\r\\n\\r\\nok' ;;
  esac
done`;
  await withSsh(script, async () => {
    const transport = sshTransport(FAR);
    const response = await transport.fetch("/_ping");
    assertEquals([response.status, await response.text()], [302, "ok"]);
    await transport.close();
  });
});
