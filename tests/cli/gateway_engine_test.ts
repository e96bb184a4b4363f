import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { sendRaw } from "../gateway/gateway.ts";
import { DAVIT } from "./command.ts";

engineTest("davit gateway serves until it is stopped", async ({ host }) => {
  await withTempFolder(async (folder) => {
    // Where it listens unless told otherwise.
    const path = `${folder}/davit.sock`;
    const [program, ...args] = DAVIT;
    const child = new Deno.Command(program!, {
      args: [...args, "gateway", "-H", host, "--idle", "30", "--grace", "1"],
      env: { XDG_RUNTIME_DIR: folder },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const words = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
    try {
      assertStringIncludes(
        (await words.read()).value ?? "",
        `builds at unix://`,
      );
      const answer = await sendRaw(
        path,
        "GET /info HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      );
      assertStringIncludes(answer.text, '"ServerVersion"');
      assertEquals(
        /"Name"|"ID"|"Swarm"|"RegistryConfig"/.test(answer.text),
        false,
      );
    } finally {
      child.kill("SIGTERM");
      await words.cancel();
      assertEquals((await child.status).code, 143);
    }
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  });
});
