import { ConnectionError } from "../../lib/errors.ts";
import type { ByteDuplex } from "../../lib/streams/duplex.ts";
import { sshArguments, sshTransport } from "../../lib/transport/ssh.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { until } from "../support/until.ts";
import { namesIn } from "../support/at_once.ts";
import { withSsh } from "./fake_ssh.ts";

const FAR = { kind: "ssh", hostname: "far.example" } as const;
const UPGRADE = { protocol: "h2c", headers: [] };

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
  await withSsh(() => script, async () => {
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
  await withSsh(() => "exec sleep 600", async () => {
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
  const script = (folder: string) =>
    `printf '%s\\n' "$@" > ${folder}/args
while read -r line; do
  case "$line" in
    ?) printf 'HTTP/1.1 302 Found\\r\\nLocation: http://a.example/\\r\\nContent-Length: 2\\r\\n\\r\\nok' ;;
  esac
done`;
  await withSsh(script, async (folder) => {
    const transport = sshTransport(FAR);
    assertEquals(transport.endpoint, "ssh://far.example");
    const response = await transport.fetch("/_ping");
    assertEquals([response.status, await response.text()], [302, "ok"]);
    assertEquals(
      (await Deno.readTextFile(`${folder}/args`)).trimEnd().split("\n"),
      sshArguments(FAR),
    );
    await transport.close();
    // All of it is gone by then.
    assertEquals(
      namesIn(folder),
      ["args", "ssh"],
    );
  });
});

Deno.test("of what an ssh says the last 2000 characters are kept", async () => {
  const script = () =>
    `head -c 3000 /dev/zero | tr '\\0' x >&2; printf '\\nlast' >&2; sleep 0.2`;
  await withSsh(script, async () => {
    const transport = sshTransport(FAR);
    let message = "";
    // On a busy machine the end may be seen before the words.
    for (let tries = 0; tries < 10 && !message.endsWith("last"); tries++) {
      ({ message } = await assertRejects(
        () => transport.upgrade!("/session", UPGRADE),
        ConnectionError,
      ));
    }
    assertEquals(message.split("ssh says: ")[1], `${"x".repeat(1995)}\nlast`);
    await transport.close();
  });
});

Deno.test("a request by ssh that could not begin is no hindrance to the next", async () => {
  const script = () =>
    `printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok'; exec sleep 600`;
  await withSsh(script, async (folder) => {
    const transport = sshTransport(FAR);
    Deno.env.set("TMPDIR", `${folder}/none`);
    await assertRejects(() => transport.fetch("/_ping"));
    Deno.env.set("TMPDIR", folder);
    const response = await transport.fetch("/_ping");
    assertEquals(await response.text(), "ok");
    await transport.close();
  });
});

Deno.test("a connection by ssh that is given up in one direction ends its ssh", async () => {
  const script = (folder: string) =>
    `printf 'HTTP/1.1 101 UPGRADED\\r\\n\\r\\n'
echo $$ > ${folder}/pid
exec sleep 600`;
  for (
    const giveUp of [
      (duplex: ByteDuplex) => duplex.readable.cancel(),
      (duplex: ByteDuplex) => duplex.writable.abort(),
    ]
  ) {
    await withSsh(script, async (folder) => {
      const transport = sshTransport(FAR);
      const duplex = await transport.upgrade!("/session", UPGRADE);
      const pid = await until(
        async () =>
          (await Deno.readTextFile(`${folder}/pid`).catch(() => "")).trim(),
        "the ssh runs",
      );
      await giveUp(duplex);
      await until(
        () => Deno.stat(`/proc/${pid}`).then(() => false, () => true),
        "the ssh has ended",
      );
      await duplex.writable.abort().catch(() => {});
      await duplex.readable.cancel().catch(() => {});
      await transport.close();
    });
  }
});

Deno.test("an ssh is asked to end before it is killed", async () => {
  const script = (folder: string) =>
    `trap 'echo asked > ${folder}/asked; exit' TERM
echo $$ > ${folder}/pid
while :; do sleep 0.05; done`;
  await withSsh(script, async (folder) => {
    const transport = sshTransport(FAR);
    const asking = transport.fetch("/_ping").catch(() => {});
    await until(() => namesIn(folder).includes("pid"), "the ssh runs");
    await transport.close();
    await asking;
    assertEquals(namesIn(folder), ["asked", "pid", "ssh"]);
  });
});
