import type { ClientCredentials } from "../../lib/credentials/source.ts";
import { openInputs } from "../../lib/imagebuild/inputs.ts";
import { checkRequest } from "./request.ts";
import type { SshOption } from "../../lib/ssh/option.ts";
import { assertEquals } from "../support/assert.ts";
import { dockerfileTar } from "../support/tar.ts";

/** A key in PEM, made here. */
async function pemKey(): Promise<string> {
  const { privateKey } = await crypto.subtle.generateKey(
    { name: "Ed25519" },
    true,
    ["sign", "verify"],
  ) as CryptoKeyPair;
  const bytes = await crypto.subtle.exportKey("pkcs8", privateKey);
  const body = new Uint8Array(bytes).toBase64();
  return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
}

Deno.test("openInputs() offers agents where some are given, and none for an empty list", async () => {
  const key = new TextEncoder().encode(await pemKey());
  for (
    const [ssh, size] of [
      [undefined, undefined],
      [{}, undefined],
      [[], undefined],
      [{ a: { keys: [key] } }, 1],
      [{ a: { keys: [key] }, b: { keys: [key] } }, 2],
    ] as [SshOption | undefined, number | undefined][]
  ) {
    const request = checkRequest(ssh === undefined ? {} : { ssh }, {
      kind: "tar",
      stream: dockerfileTar("FROM scratch"),
    });
    const { agents } = await openInputs(
      { host: { where: "" }, logins: {} as ClientCredentials },
      request,
      new AbortController().signal,
    );
    assertEquals(agents?.size, size);
  }
});
