import { assertEquals } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { TmuxScreen } from "../display/tmux.ts";
import { delay, findProcesses } from "../engines/process.ts";
import { DAVIT } from "./command.ts";

/** An engine that says hello and takes whatever comes, without an answer. */
function serveSilence(path: string): Disposable {
  const listener = Deno.listen({ transport: "unix", path });
  const open: Deno.Conn[] = [];
  (async () => {
    for await (const conn of listener) {
      open.push(conn);
      const buffer = new Uint8Array(4096);
      const count = await conn.read(buffer);
      const head = new TextDecoder().decode(buffer.subarray(0, count ?? 0));
      if (!/ \S*\/_ping /.test(head)) continue;
      await conn.write(
        new TextEncoder().encode(
          "HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nOstype: linux\r\nBuilder-Version: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        ),
      );
      conn.close();
    }
  })();
  return {
    [Symbol.dispose]() {
      listener.close();
      for (const conn of open) {
        try {
          conn.close();
        } catch {
          // It was closed above.
        }
      }
    },
  };
}

/** Waits until the command of an engine in this folder has its own answer to Ctrl-C. */
async function listening(folder: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline) {
    const [process] = await findProcesses((args) =>
      args[0] === Deno.execPath() &&
      args.some((word) => word.startsWith(`unix://${folder}/`))
    );
    const status = process === undefined
      ? ""
      : await Deno.readTextFile(`/proc/${process.pid}/status`).catch(() => "");
    const [, caught = "0"] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
    // SIGINT is the second.
    if ((Number.parseInt(caught.slice(-1), 16) & 2) !== 0) return;
    await delay(20);
  }
  throw new Error("It never listened to Ctrl-C");
}

Deno.test("Ctrl-C ends a build that still waits for standard input", async () => {
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\nLABEL a=b\n" });
    using _engine = serveSilence(`${cwd}/engine.sock`);
    for (const words of ["-", "-f - .", "--secret id=a,src=- ."]) {
      await using screen = await TmuxScreen.start(
        `cd ${cwd} && ${
          DAVIT.join(" ")
        } -H unix://${cwd}/engine.sock build --progress=plain ${words}`,
        { columns: 100, rows: 20 },
      );
      await listening(cwd);
      await screen.press("C-c");
      const lines = await screen.waitFor(
        (lines) => lines.some((line) => line.startsWith("EXIT=")),
        `the end of davit build ${words}`,
      );
      assertEquals(lines.at(-1), "EXIT=130");
      assertEquals(lines.at(-2), "ERROR: canceled");
    }
  });
});

Deno.test("the second signal leaves at once, whatever is still under way", async () => {
  const { href } = new URL("../../lib/cli/interrupt.ts", import.meta.url);
  const code = `const { Interrupt } = await import(${JSON.stringify(href)});
using interrupt = new Interrupt();
interrupt.signal.addEventListener("abort", () => console.log("aborted"));
console.log("ready");
await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  for (
    const [signal, expected] of [["SIGINT", 130], ["SIGTERM", 143]] as const
  ) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", code],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stdout = child.stdout.pipeThrough(new TextDecoderStream())
      .getReader();
    assertEquals((await stdout.read()).value, "ready\n");
    child.kill(signal);
    assertEquals((await stdout.read()).value, "aborted\n");
    child.kill(signal);
    assertEquals((await child.status).code, expected);
    await stdout.cancel();
    assertEquals(
      await new Response(child.stderr).text(),
      "\ncanceling; again to leave at once\n",
    );
  }
});
