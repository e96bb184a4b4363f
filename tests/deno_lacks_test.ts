import { isDenoBefore, TLS_LISTENING_DENO } from "../lib/deno_version.ts";
import { PrivateKeyError } from "../lib/ssh/private_key_error.ts";
import { readPrivateKey } from "../lib/ssh/private_key.ts";
import { serveGateway, UnsupportedError, verifySecrets } from "../mod.ts";
import { assertEquals, assertRejects } from "./support/assert.ts";
import { RecordingEngine } from "./gateway/recording_engine.ts";
import { withTempFolder } from "./support/folder.ts";
import { makeKey } from "./ssh/openssh.ts";

// These run on the oldest Deno, too: what it lacks is said, and nothing else.

Deno.test("what zstd packed is looked through, or named as not looked through", () =>
  withTempFolder(async (folder) => {
    const token = "tok-3f9aK2mQ8zL1vB7x";
    // "token=tok-3f9aK2mQ8zL1vB7x\n", as the program zstd packs it.
    const packed = Uint8Array.fromBase64(
      "KLUv/QBY2QAAdG9rZW49dG9rLTNmOWFLMm1ROHpMMXZCN3gK",
    );
    await Deno.writeFile(`${folder}/a.zst`, packed);
    const { finds, unreadable } = await verifySecrets(folder, { token });
    const can = !isDenoBefore("2.7.1");
    assertEquals(finds.some(({ packed }) => packed === "zstd"), can);
    assertEquals(unreadable, can ? [] : ["a.zst"]);
  }));

Deno.test("a gateway listens with TLS, or an UnsupportedError says what is needed", async () => {
  const certs = new URL("transport/certs/", import.meta.url);
  const pem = (name: string) => Deno.readTextFile(new URL(name, certs));
  const tls = {
    cert: await pem("server.pem"),
    key: await pem("server-key.pem"),
  };
  const serve = () =>
    serveGateway({
      engine: new RecordingEngine(),
      listen: { hostname: "127.0.0.1", port: 0, tls, token: "t".repeat(40) },
    });
  if (isDenoBefore(TLS_LISTENING_DENO)) {
    await assertRejects(serve, UnsupportedError, TLS_LISTENING_DENO);
  } else await (await serve()).stop();
});

Deno.test("a key of P-521 is read, or its curve is said to be the reason", () =>
  withTempFolder(async (folder) => {
    for (const format of [[], ["-m", "PEM"], ["-m", "PKCS8"]]) {
      const { path } = await makeKey(`${folder}/key${format.at(-1) ?? ""}`, [
        ...["-t", "ecdsa", "-b", "521"],
        ...format,
      ]);
      const read = async () => await readPrivateKey(await Deno.readFile(path));
      if (isDenoBefore("2.7.3") && format.length > 0) {
        await assertRejects(read, PrivateKeyError, "curve");
      } else await read();
    }
  }));
