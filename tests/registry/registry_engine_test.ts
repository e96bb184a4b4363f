// Debian's registry: with TLS and a login, with a token server, and open.

import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { copyManifest } from "../../lib/registry/copy.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { DOCKER_MANIFEST, OCI_INDEX } from "../../lib/registry/media_type.ts";
import {
  Registries,
  type RegistryOptions,
} from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { randomBytes } from "../support/digest.ts";
import { withTempFolder } from "../support/folder.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { startTokenServer } from "./token_server.ts";

const CA = await Deno.readTextFile(
  new URL("../transport/certs/ca.pem", import.meta.url),
);

Deno.test("an image is copied within a registry with TLS and a login, without its bytes, and to another with them", async () => {
  await using registry = await startRegistry({ auth: "basic", tls: true });
  await using open = await startRegistry();
  await registry.put("from:1", { "hello.txt": "hello" });
  const options: RegistryOptions = {
    credentials: { [registry.host]: LOGIN },
    ca: CA,
  };
  using registries = new Registries(options);
  const from = await registries.repository(`${registry.host}/from`);
  const to = await registries.repository(`${registry.host}/to/here`);
  const { descriptor } = await from.getManifest("1");
  assertEquals(descriptor.mediaType, DOCKER_MANIFEST);
  assertEquals(await from.headManifest("1"), descriptor);
  assertEquals(await to.headManifest(descriptor.digest), undefined);
  const copied: string[] = [];
  await copyManifest(
    descriptor.digest,
    from,
    to,
    ({ mediaType }) => copied.push(mediaType),
  );
  assertEquals(copied, [
    DOCKER_MANIFEST,
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
  ]);
  assertEquals(await to.headManifest(descriptor.digest), descriptor);
  const written = registry.requests.filter(({ method }) =>
    method === "POST" || method === "PATCH" || method === "PUT"
  );
  assertEquals(
    written.map(({ method, path, status }) =>
      `${method} ${
        path.replace(/sha256%3A[0-9a-f]{64}|sha256:[0-9a-f]{64}/, "DIGEST")
      } ${status}`
    ),
    [
      "POST /v2/to/here/blobs/uploads/?mount=DIGEST&from=from 201",
      "POST /v2/to/here/blobs/uploads/?mount=DIGEST&from=from 201",
      "PUT /v2/to/here/manifests/DIGEST 201",
    ],
  );
  // Again: everything is there.
  await copyManifest(descriptor.digest, from, to, () => copied.push("again"));
  assertEquals(copied.includes("again"), false);
  // To another registry, which has nothing.
  const far = await registries.repository(`${open.host}/far`);
  await copyManifest(descriptor.digest, from, far);
  await far.putManifest("tagged", await from.getManifest("1"));
  assertEquals(await far.headManifest("tagged"), descriptor);
  const { config } = JSON.parse(
    new TextDecoder().decode((await far.getManifest("tagged")).bytes),
  );
  assertEquals(
    await far.readBlob(config),
    await from.readBlob(config),
  );
});

Deno.test("a registry whose certificate nobody signed is asked with the option ca, or with docker's own file", async () => {
  await using registry = await startRegistry({ auth: "basic", tls: true });
  await registry.put("app:1");
  const read = async (options: RegistryOptions, certs?: string) => {
    using registries = new Registries(options, { certs });
    const repository = await registries.repository(`${registry.host}/app`);
    return await repository.getManifest("1");
  };
  const credentials = { [registry.host]: LOGIN };
  await assertRejects(
    () => read({ credentials }),
    RegistryError,
    "give the authority of its certificate in the option ca",
  );
  await read({ credentials, ca: [CA] });
  await withTempFolder(async (folder) => {
    const own = `${folder}/${registry.host}`;
    await Deno.mkdir(own);
    await Deno.writeTextFile(`${own}/ca.crt`, CA);
    await assertRejects(() => read({ credentials }, folder), RegistryError);
    await read({ credentials, dockerConfig: true }, folder);
    await Deno.remove(own, { recursive: true });
    await assertRejects(
      () => read({ credentials, dockerConfig: true }, folder),
      RegistryError,
      "UnknownIssuer",
    );
  });
  await assertRejects(
    () => read({ ca: CA }),
    RegistryError,
    "wants a login (authentication required)",
  );
  await assertRejects(
    () =>
      read({
        ca: CA,
        credentials: { [registry.host]: { ...LOGIN, password: "wrong-horse" } },
      }),
    RegistryError,
    "refused the login",
  );
  await assertRejects(() => read({ ca: "a path" }), TypeError, "option ca");
});

Deno.test("a token is fetched with the login for what is done, and the login goes nowhere else", async () => {
  await using tokens = await startTokenServer({ basic: LOGIN_BASE64 });
  await using registry = await startRegistry({ auth: tokens });
  await registry.put("from:1");
  using registries = new Registries({
    credentials: { [registry.host]: LOGIN },
  });
  const from = await registries.repository(`${registry.host}/from`);
  const to = await registries.repository(`${registry.host}/to`);
  const { descriptor } = await from.getManifest("1");
  await copyManifest(descriptor.digest, from, to);
  const scopes = tokens.questions.map(({ path }) =>
    new URL(path, "http://x").searchParams.getAll("scope").join(" ")
  );
  assertEquals(scopes, [
    "repository:from:pull",
    "repository:to:pull",
    "repository:to:pull,push repository:from:pull",
    "repository:to:pull,push",
  ]);
  for (const { head } of registry.requests) {
    assert(!head.includes(LOGIN_BASE64) && !head.includes(LOGIN.password));
  }
});

Deno.test("a large blob goes through as a stream, and one with other bytes leaves nothing there", async () => {
  await using registry = await startRegistry();
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/app`);
  const part = randomBytes(1024 * 1024);
  const parts = 20;
  const whole = new Uint8Array(parts * part.length);
  for (let i = 0; i < parts; i++) whole.set(part, i * part.length);
  const descriptor = { digest: digestOf(whole), size: whole.length };
  const stream = () =>
    Promise.resolve(ReadableStream.from(Array(parts).fill(part)));
  await repository.putBlob(descriptor, stream);
  let bytes = 0;
  for await (const chunk of await repository.getBlob(descriptor)) {
    bytes += chunk.length;
  }
  assertEquals(bytes, whole.length);
  const requests = registry.requests.length;
  await repository.putBlob(
    descriptor,
    () => Promise.reject(new Error("unused")),
  );
  assertEquals(registry.requests.length, requests + 1);
  // A source that fails in the middle: its own error, and the upload is given up.
  const broken = new ProtocolError("broken in the middle");
  const failing = async function* () {
    yield part;
    await Promise.resolve();
    throw broken;
  };
  const other = { digest: digestOf(part), size: part.length };
  const error = await assertRejects(() =>
    repository.putBlob(
      other,
      () => Promise.resolve(ReadableStream.from(failing())),
    )
  );
  assertEquals(error, broken);
  // Other bytes than those of the digest: the registry refuses them.
  await assertRejects(
    () => repository.putBlob(other, () => Promise.resolve(new Uint8Array(3))),
    RegistryError,
    "status 400",
  );
  const given = registry.requests.filter(({ method }) => method === "DELETE");
  assertEquals(given.length, 2);
  assertEquals(await repository.hasBlob(other.digest), false);
});

Deno.test("an index is written by its digest and by a tag, and read back", async () => {
  await using registry = await startRegistry();
  await registry.put("app:1");
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/app`);
  const { descriptor } = await repository.getManifest("1");
  const bytes = new TextEncoder().encode(JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: [descriptor],
  }));
  const index = {
    descriptor: {
      mediaType: OCI_INDEX,
      digest: digestOf(bytes),
      size: bytes.length,
    },
    bytes,
  };
  await repository.putManifest("both", index);
  assertEquals(await repository.getManifest("both"), index);
  assertEquals(await repository.getManifest(index.descriptor.digest), index);
  await assertRejects(
    () => repository.getManifest("none"),
    RegistryError,
    `Cannot read the manifest ${registry.host}/app:none: the registry ${registry.host} does not have it (manifest unknown)`,
  );
});
