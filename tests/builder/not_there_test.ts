/** Addresses where no daemon is. */
import { assertStringIncludes } from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { failure } from "./failure.ts";

Deno.test("a daemon that is not there, or is something else, is told by what was found", async () => {
  const folder = await Deno.makeTempDir({ prefix: "davit-none-" });
  const path = `${folder}/b.sock`;
  assertStringIncludes(await failure(`unix://${path}`), "no such socket; ");
  // What a daemon leaves that was killed.
  const killed = Deno.listen({ transport: "unix", path: `${folder}/a.sock` });
  await Deno.rename(`${folder}/a.sock`, path);
  killed.close();
  assertStringIncludes(await failure(`unix://${path}`), "nobody listens; ");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const serving = (async () => {
    for await (const conn of listener) {
      await conn.read(new Uint8Array(100));
      await conn.write(new TextEncoder().encode("220 mail.example ESMTP\r\n"));
      conn.close();
    }
  })();
  const at = `tcp://127.0.0.1:${port}`;
  assertStringIncludes(await failure(at), 'its bytes are "220 mail.example');
  const { ca } = await makeAuthority();
  assertStringIncludes(await failure(at, { ca }), "does not speak TLS");
  listener.close();
  await serving.catch(() => {});
  assertStringIncludes(await failure(at), "connection refused; ");
  assertStringIncludes(await failure(at, { ca }), "connection refused; ");
  await Deno.remove(folder, { recursive: true });
});
