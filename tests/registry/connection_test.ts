import { createServer } from "node:https";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { OCI_INDEX } from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { LOGIN, LOGIN_BASE64 } from "../support/registry.ts";
import { withTempFolder } from "../support/folder.ts";
import { refusal, scriptedRegistry } from "./scripted_registry.ts";

const CERTS = new URL("../transport/certs/", import.meta.url);
const pem = (name: string) => Deno.readTextFile(new URL(name, CERTS));
const BYTES = new TextEncoder().encode('{"schemaVersion":2}');
const DIGEST = digestOf(BYTES);

Deno.test("an upload goes on where the registry says, without the login on another host", async () => {
  await using storage = scriptedRegistry((_, path) =>
    new Response(null, {
      status: path.includes("digest=") ? 201 : 202,
      headers: { location: `/place?state=2` },
    })
  );
  let location = `http://${storage.host}/place?state=1`;
  let begun = 202;
  await using registry = scriptedRegistry((request, path) => {
    if (!request.headers.has("authorization")) {
      return refusal(401, "UNAUTHORIZED", "no", {
        "www-authenticate": "Basic",
      });
    }
    if (request.method === "HEAD") return new Response(null, { status: 404 });
    return new Response(null, {
      status: path.includes("digest=") ? 201 : begun,
      headers: { location },
    });
  });
  using registries = new Registries({
    credentials: { [registry.host]: LOGIN },
  });
  const repository = await registries.repository(`${registry.host}/a`);
  const put = () =>
    repository.putBlob(
      { digest: DIGEST, size: BYTES.length },
      () => Promise.resolve(BYTES),
    );
  await put();
  assertEquals(storage.requests, [
    { method: "PATCH", path: "/place?state=1", authorization: null },
    {
      method: "PUT",
      path: `/place?state=2&digest=${encodeURIComponent(DIGEST)}`,
      authorization: null,
    },
  ]);
  // Once the registry has asked, the login goes with each request to it.
  const asked = registry.requests.map(({ authorization }) => authorization);
  assertEquals(asked[0], null);
  assertEquals(new Set(asked.slice(1)), new Set([`Basic ${LOGIN_BASE64}`]));
  location = "/v2/a/blobs/uploads/1?state=1";
  await put();
  assertEquals(storage.requests.length, 2);
  assertEquals(
    registry.requests.at(-1)!.authorization,
    `Basic ${LOGIN_BASE64}`,
  );
  for (const wrong of ["", "ftp://x/"]) {
    location = wrong;
    const error = await put().catch((error) => error);
    // An empty address is the one that was asked.
    if (wrong !== "") {
      assertStringIncludes(error.message, "where an upload goes on");
      assertEquals(error instanceof ProtocolError, true);
    }
  }
  begun = 500;
  await assertRejects(put, RegistryError, "failed with status 500");
});

Deno.test("a redirect with content is not followed, and none from https to http", async () => {
  await using registry = scriptedRegistry(() =>
    new Response(null, { status: 307, headers: { location: "/elsewhere" } })
  );
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  await assertRejects(
    () =>
      repository.putManifest("1", {
        descriptor: { mediaType: OCI_INDEX, digest: DIGEST, size: 1 },
        bytes: BYTES,
      }),
    RegistryError,
    "which is not followed with content",
  );
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      cert: await pem("server.pem"),
      key: await pem("server-key.pem"),
    },
    (request) =>
      request.url.endsWith("/v2/") ? new Response() : new Response(null, {
        status: 302,
        headers: { location: `http://${registry.host}/plain` },
      }),
  );
  try {
    using guarded = new Registries({ ca: await pem("ca.pem") });
    const name = `127.0.0.1:${server.addr.port}/a`;
    await assertRejects(
      async () => (await guarded.repository(name)).getManifest("1"),
      RegistryError,
      `${registry.host}, without encryption`,
    );
  } finally {
    await server.shutdown();
  }
});

Deno.test("a registry that wants a certificate gets docker's, and it alone", async () => {
  const seen: boolean[] = [];
  const server = createServer({
    cert: await pem("server.pem"),
    key: await pem("server-key.pem"),
    ca: await pem("ca.pem"),
    requestCert: true,
    rejectUnauthorized: true,
  }, (request, response) => {
    seen.push(request.url === "/v2/");
    response.setHeader("content-type", OCI_INDEX);
    response.end(BYTES);
  });
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  try {
    const address = server.address();
    const host = `127.0.0.1:${(address as { port: number }).port}`;
    await withTempFolder(async (folder) => {
      const own = `${folder}/${host}`;
      await Deno.mkdir(own);
      await Deno.writeTextFile(`${own}/ca.crt`, await pem("ca.pem"));
      await Deno.writeTextFile(`${own}/client.cert`, await pem("client.pem"));
      const read = async () => {
        using registries = new Registries({ dockerConfig: true }, {
          certs: folder,
        });
        const repository = await registries.repository(`${host}/a`);
        return await repository.getManifest("1");
      };
      // Without its key the certificate is of no use.
      await assertRejects(read, RegistryError);
      await Deno.writeTextFile(
        `${own}/client.key`,
        await pem("client-key.pem"),
      );
      assertEquals((await read()).descriptor.digest, DIGEST);
      assertEquals(seen, [true, false]);
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("repositories of one registry share what was learnt of it", async () => {
  let challenges = 0;
  await using registry = scriptedRegistry((request) => {
    if (request.headers.has("authorization")) {
      return new Response(BYTES, { headers: { "content-type": OCI_INDEX } });
    }
    challenges++;
    return refusal(401, "UNAUTHORIZED", "no", { "www-authenticate": "Basic" });
  });
  using registries = new Registries({
    credentials: { [registry.host]: LOGIN },
  });
  for (const path of ["a", "b"]) {
    const repository = await registries.repository(`${registry.host}/${path}`);
    await repository.getManifest("1");
  }
  assertEquals(challenges, 1);
});

Deno.test("an upload whose source fails ends with the source's own error, and is given up", async () => {
  await using registry = scriptedRegistry(async (request) => {
    if (request.method === "HEAD") return new Response(null, { status: 404 });
    await request.body?.pipeTo(new WritableStream()).catch(() => {});
    const headers = { location: "/v2/a/blobs/uploads/1" };
    return new Response(null, { status: 202, headers });
  });
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const reason = new Error("the disk is broken");
  const source = async function* () {
    yield BYTES;
    await Promise.resolve();
    throw reason;
  };
  const error = await assertRejects(() =>
    repository.putBlob(
      { digest: DIGEST, size: BYTES.length },
      () => Promise.resolve(ReadableStream.from(source())),
    )
  );
  assertEquals(error, reason);
  assertEquals(registry.requests.at(-1)!.method, "DELETE");
});
