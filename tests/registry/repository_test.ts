import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { ProtocolError, UnsupportedError } from "../../lib/errors.ts";
import { imagetoolsInspect } from "../../lib/imagetools/imagetools.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import {
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { MAX_MANIFEST_BYTES } from "../../lib/registry/repository.ts";
import { LOGIN, LOGIN_BASE64 } from "../support/registry.ts";
import { refusal, scriptedRegistry } from "./scripted_registry.ts";
import { startTokenServer } from "./token_server.ts";

/** A port of this machine at which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

const encoder = new TextEncoder();
const BYTES = encoder.encode('{"schemaVersion":2}');
const DIGEST = digestOf(BYTES);
const OTHER = digestOf(encoder.encode("other"));
const manifest = (headers: Record<string, string> = {}) =>
  new Response(BYTES, { headers: { "content-type": OCI_INDEX, ...headers } });

Deno.test("a manifest is asked for in all forms, and known by its bytes' digest", async () => {
  let accept: string | null = null;
  await using registry = scriptedRegistry((request) => {
    accept = request.headers.get("accept");
    return manifest();
  });
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a/b`);
  assertEquals(repository.name, `${registry.host}/a/b`);
  const { descriptor, bytes } = await repository.getManifest("1");
  assertEquals(descriptor, {
    mediaType: OCI_INDEX,
    digest: DIGEST,
    size: BYTES.length,
  });
  assertEquals(bytes, BYTES);
  for (const type of [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST]) {
    assertStringIncludes(accept!, type);
  }
  assertEquals(registry.requests, [
    { method: "GET", path: "/v2/a/b/manifests/1", authorization: null },
  ]);
});

Deno.test("a manifest that is not what its digest says is refused, by whatever digest", async () => {
  let answer = () => manifest({ "docker-content-digest": OTHER });
  await using registry = scriptedRegistry(() => answer());
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const wrong = "has other bytes for";
  await assertRejects(() => repository.getManifest("1"), ProtocolError, wrong);
  await assertRejects(
    () => repository.getManifest(OTHER),
    ProtocolError,
    `${registry.host}/a@${OTHER}`,
  );
  await assertRejects(
    () => repository.headManifest(DIGEST),
    ProtocolError,
    wrong,
  );
  answer = () => manifest({ "docker-content-digest": DIGEST });
  assertEquals((await repository.getManifest(DIGEST)).bytes, BYTES);
});

Deno.test("what a registry takes is known by its digest, too", async () => {
  let status = 201;
  await using registry = scriptedRegistry((request) => {
    assertEquals(request.headers.get("content-type"), OCI_INDEX);
    return new Response(null, {
      status,
      headers: { "docker-content-digest": OTHER },
    });
  });
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const put = (digest: string) =>
    repository.putManifest("1", {
      descriptor: { mediaType: OCI_INDEX, digest, size: BYTES.length },
      bytes: BYTES,
    });
  await put(OTHER);
  await assertRejects(() => put(DIGEST), ProtocolError, "has other bytes for");
  status = 413;
  await assertRejects(
    () => put(OTHER),
    RegistryError,
    "answered with status 413",
  );
});

Deno.test("a manifest's digest, type and size are asked for without its bytes, where the registry tells them", async () => {
  let told: Record<string, string> = {};
  await using registry = scriptedRegistry((request) =>
    request.method === "HEAD"
      ? new Response(null, {
        headers: {
          "content-type": `${OCI_INDEX}; charset=utf-8`,
          "content-length": "19",
          ...told,
        },
      })
      : manifest()
  );
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  told = { "docker-content-digest": OTHER };
  assertEquals(await repository.headManifest("1"), {
    mediaType: OCI_INDEX,
    digest: OTHER,
    size: 19,
  });
  assertEquals(registry.requests.map(({ method }) => method), ["HEAD"]);
  told = {};
  const { digest } = (await repository.headManifest("1"))!;
  assertEquals(digest, DIGEST);
  assertEquals(registry.requests.map(({ method }) => method).slice(1), [
    "HEAD",
    "GET",
  ]);
});

Deno.test("a manifest's own type counts where the registry gives none, and docker's first form is refused", async () => {
  let body: unknown = { mediaType: DOCKER_MANIFEST };
  let type = "application/json";
  await using registry = scriptedRegistry(() =>
    new Response(JSON.stringify(body), { headers: { "content-type": type } })
  );
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const mediaType = async () =>
    (await repository.getManifest("1")).descriptor.mediaType;
  assertEquals(await mediaType(), DOCKER_MANIFEST);
  type = "text/plain; charset=utf-8";
  assertEquals(await mediaType(), DOCKER_MANIFEST);
  body = [1];
  assertEquals(await mediaType(), "");
  type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  await assertRejects(mediaType, UnsupportedError, "docker's first form");
});

Deno.test("a manifest has up to 4 MiB, and a blob that is read whole, too", async () => {
  let length = MAX_MANIFEST_BYTES;
  await using registry = scriptedRegistry(() =>
    new Response(new Uint8Array(length), {
      headers: { "content-type": OCI_INDEX },
    })
  );
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  assertEquals(
    (await repository.getManifest("1")).descriptor.size,
    4 * 1024 * 1024,
  );
  length++;
  await assertRejects(
    () => repository.getManifest("1"),
    ProtocolError,
    "more than 4194304 bytes",
  );
  const digest = digestOf(new Uint8Array(length));
  await assertRejects(
    () => repository.readBlob({ digest, size: length }),
    ProtocolError,
    "more than 4194304 bytes",
  );
  length--;
  const less = digestOf(new Uint8Array(length));
  assertEquals(
    (await repository.readBlob({ digest: less, size: length })).length,
    length,
  );
});

Deno.test("a blob is a stream that ends with an error where its bytes are others", async () => {
  const bytes = encoder.encode("the bytes");
  let sent = bytes;
  await using registry = scriptedRegistry(() => new Response(sent));
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const read = async (size = bytes.length) =>
    await new Response(
      await repository.getBlob({ digest: digestOf(bytes), size }),
    ).text();
  assertEquals(await read(), "the bytes");
  sent = encoder.encode("other by.");
  await assertRejects(read, ProtocolError, "has other bytes than those");
  sent = encoder.encode("the");
  await assertRejects(read, ProtocolError, "ended after 3 of 9 bytes");
  sent = encoder.encode("the bytes and more");
  await assertRejects(read, ProtocolError, "more than the 9 bytes");
  const sha512 = `sha512:${"0".repeat(128)}`;
  await assertRejects(
    async () =>
      await new Response(await repository.getBlob({ digest: sha512, size: 18 }))
        .bytes(),
    ProtocolError,
    "has other bytes than those",
  );
});

Deno.test("a blob's redirect is followed, without the login to another host, and not to plain http", async () => {
  const bytes = encoder.encode("elsewhere");
  await using storage = scriptedRegistry(() => new Response(bytes));
  let location = "";
  await using registry = scriptedRegistry((request) => {
    if (!request.headers.has("authorization")) {
      return refusal(401, "UNAUTHORIZED", "authentication required", {
        "www-authenticate": 'Basic realm="davit"',
      });
    }
    const path = new URL(request.url).pathname;
    return path.startsWith("/near")
      ? new Response(bytes)
      : new Response(null, { status: 307, headers: { location } });
  });
  using registries = new Registries({
    credentials: { [registry.host]: LOGIN },
  });
  const repository = await registries.repository(`${registry.host}/a`);
  const digest = digestOf(bytes);
  const read = () => repository.readBlob({ digest, size: bytes.length });
  location = `http://${storage.host}/far?signature=hunter2`;
  assertEquals(await read(), bytes);
  assertEquals(storage.requests, [{
    method: "GET",
    path: "/far?signature=hunter2",
    authorization: null,
  }]);
  location = "/near";
  assertEquals(await read(), bytes);
  assertEquals(
    registry.requests.at(-1)!.authorization,
    `Basic ${LOGIN_BASE64}`,
  );
  for (
    const [to, words] of [
      ["ftp://a.example/x", "which is none"],
      ["", "more than 5 times"],
      [`http://user:hunter2@${storage.host}/`, "which has a login in it"],
    ] as const
  ) {
    location = to;
    const { message } = await assertRejects(read, RegistryError, words);
    assertEquals(message.includes("hunter2"), false, message);
  }
  // Nobody listens there; the address has what lets others in.
  location = `http://127.0.0.1:${closedPort()}/far?signature=hunter2`;
  const error = await assertRejects(read, RegistryError, "Nobody listens at");
  assertEquals(Deno.inspect(error).includes("hunter2"), false);
});

Deno.test("what a registry refuses is said in its words and ours", async () => {
  let answer: () => Response = () => new Response();
  await using registry = scriptedRegistry(() => answer());
  const { host } = registry;
  const fail = async (made: Response, credentials = {}) => {
    answer = () => made.clone();
    using registries = new Registries({ credentials });
    const repository = await registries.repository(`${host}/a`);
    const error = await assertRejects(
      () => repository.getManifest("1"),
      RegistryError,
    );
    assertEquals(error.registry, host);
    return error;
  };
  const what = `Cannot read the manifest ${host}/a:1: the registry ${host}`;
  const missing = await fail(
    refusal(404, "MANIFEST_UNKNOWN", "manifest unknown"),
  );
  assertEquals(missing.message, `${what} does not have it (manifest unknown)`);
  assertEquals([missing.status, missing.code], [404, "MANIFEST_UNKNOWN"]);
  const closed = await fail(new Response("no", { status: 401 }));
  assertEquals(
    closed.message,
    `${what} wants a login; give a login for ${host} in the option credentials, or by "docker login"`,
  );
  assertEquals(closed.code, "");
  const basic = { "www-authenticate": "Basic" };
  const refused = await fail(
    refusal(401, "UNAUTHORIZED", `no ${LOGIN.password} ${LOGIN_BASE64}`, basic),
    { [host]: LOGIN },
  );
  assertEquals(refused.message, `${what} refused the login (no *** ***)`);
  // Where a registry's words are cut, no part of the login is left of it.
  const edge = "w".repeat(500 - LOGIN.password.length + 1);
  const cut = await fail(
    refusal(401, `NO ${LOGIN_BASE64}`, edge + LOGIN.password, basic),
    { [host]: LOGIN },
  );
  assertMatch(cut.message, /w\*\*\*\)$/);
  assertEquals(cut.code, "NO ***");
  const denied = await fail(refusal(403, "DENIED", "not yours"));
  assertEquals(
    denied.message,
    `${what} does not allow it with this login (not yours)`,
  );
  const busy = await fail(
    refusal(429, "TOOMANYREQUESTS", "slow down", { "retry-after": "30" }),
  );
  assertEquals(
    busy.message,
    `${what} has too many requests (slow down): try again in 30 s`,
  );
  assertEquals(busy.retryAfter, 30);
  const later = await fail(new Response(null, { status: 429 }));
  assertMatch(later.message, /too many requests: try again later$/);
  assertEquals(later.retryAfter, undefined);
  const until = new Date(Date.now() + 60_000).toUTCString();
  const down = await fail(
    new Response("<html>", { status: 503, headers: { "retry-after": until } }),
  );
  assertMatch(
    down.message,
    /failed with status 503: try again in (60|5\d) s, or look into its log$/,
  );
  const odd = await fail(new Response("[]", { status: 418 }));
  assertEquals(odd.message, `${what} answered with status 418`);
  const long = await fail(refusal(404, "X", "w".repeat(600)));
  assertEquals(long.message.match(/w{2,}/g)!.at(-1)!.length, 500);
  const flood = await fail(refusal(404, "X", "w".repeat(70_000)));
  assertEquals(flood.message, `${what} does not have it`);
});

Deno.test("tokens are fetched for each scope, kept, and fetched again when one is refused", async () => {
  await using tokens = await startTokenServer({ basic: LOGIN_BASE64 });
  let refuseOnce = false;
  await using registry = scriptedRegistry((request) => {
    const isIn = request.headers.get("authorization")?.startsWith("Bearer ");
    if (isIn && !refuseOnce) return manifest();
    refuseOnce = false;
    return refusal(401, "UNAUTHORIZED", "who are you", {
      "www-authenticate":
        `Bearer realm="${tokens.realm}",service="${tokens.service}"`,
    });
  });
  using registries = new Registries({
    credentials: { [registry.host]: LOGIN },
  });
  const repository = await registries.repository(`${registry.host}/a`);
  const asked = () =>
    tokens.questions.map(({ path }) =>
      new URL(path, "http://x").searchParams.getAll("scope").join()
    );
  // Asked at once: one challenge each, one token for both.
  await Promise.all([repository.getManifest("1"), repository.getManifest("2")]);
  await repository.getManifest("3");
  assertEquals(new Set(asked()), new Set(["repository:a:pull"]));
  const before = asked().length;
  refuseOnce = true;
  await repository.getManifest("4");
  assertEquals(asked().length, before + 1);
  await repository.putManifest("1", {
    descriptor: { mediaType: OCI_INDEX, digest: DIGEST, size: 1 },
    bytes: BYTES,
  }).catch(() => {});
  assertEquals(asked().at(-1), "repository:a:pull,push");
  const text = registry.requests.map(({ path, authorization }) =>
    `${path} ${authorization}`
  ).join("\n");
  assertEquals(text.includes(LOGIN_BASE64), false, "the login went on");
});

Deno.test("a registry that gives everybody a token needs no login, and a login goes to no token server without encryption elsewhere", async () => {
  const seen: (string | null)[] = [];
  await using tokens = scriptedRegistry((request) => {
    seen.push(request.headers.get("authorization"));
    return Response.json({ token: "for everybody" });
  });
  let realm = `http://${tokens.host}/token`;
  await using registry = scriptedRegistry((request) =>
    request.headers.get("authorization") === "Bearer for everybody"
      ? manifest()
      : refusal(401, "UNAUTHORIZED", "no", {
        "www-authenticate": `Bearer realm="${realm}"`,
      })
  );
  const get = async (credentials = {}) => {
    using registries = new Registries({ credentials });
    const repository = await registries.repository(`${registry.host}/a`);
    return await repository.getManifest("1");
  };
  await get();
  assertEquals(seen, [null]);
  realm = "http://tokens.example/token";
  await assertRejects(
    () => get({ [registry.host]: LOGIN }),
    RegistryError,
    "refused the login",
  );
});

Deno.test("requests end with their signal, and say when nobody is there or a permission is missing", async () => {
  const given = new AbortController();
  const reason = new Error("enough");
  await using registry = scriptedRegistry(() => {
    given.abort(reason);
    return manifest();
  });
  using registries = new Registries({ signal: given.signal });
  const repository = await registries.repository(`${registry.host}/a`);
  assertEquals(
    await assertRejects(() => repository.getManifest("1")),
    reason,
  );
  using others = new Registries({});
  const closed = `127.0.0.1:${closedPort()}`;
  const nobody = await others.repository(`${closed}/a`);
  const error = await assertRejects(
    () => nobody.getManifest("1"),
    RegistryError,
    `Nobody listens at the registry ${closed}`,
  );
  assertEquals([error.status, error.registry], [0, closed]);
});

Deno.test({
  name: "a registry that Deno may not reach is named with its flag",
  permissions: { net: ["127.0.0.1:2"], read: true },
  async fn() {
    using registries = new Registries({});
    for (const host of ["127.0.0.1:1", "registry.example"]) {
      const repository = await registries.repository(`${host}/a`);
      await assertRejects(
        () => repository.getManifest("1"),
        RegistryError,
        `run it with --allow-net=${host}`,
      );
    }
    const hub = await registries.repository("busybox");
    await assertRejects(
      () => hub.getManifest("1"),
      RegistryError,
      "--allow-net=registry-1.docker.io",
    );
  },
});

Deno.test("an answer that breaks off is an error of the registry, for manifests and for blobs", async () => {
  const half = () =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(BYTES.subarray(0, 5)),
        pull: (controller) => controller.error(new Error("gone")),
      }),
      { headers: { "content-type": OCI_INDEX } },
    );
  await using registry = scriptedRegistry(half);
  using registries = new Registries({});
  const repository = await registries.repository(`${registry.host}/a`);
  const blob = { digest: DIGEST, size: BYTES.length };
  for (
    const [read, what] of [
      [() => repository.getManifest("1"), `the manifest ${registry.host}/a:1`],
      [() => repository.readBlob(blob), `the blob ${DIGEST}`],
    ] as const
  ) {
    const { message, status } = await assertRejects(read, RegistryError);
    assertEquals(
      [message, status],
      [
        `Cannot read ${what}: the registry ${registry.host} sent only a part of it`,
        200,
      ],
    );
  }
});

Deno.test("a page that says nothing of what it is, is no image", async () => {
  await using registry = scriptedRegistry(() =>
    new Response("<html>", { headers: { "content-type": "text/html" } })
  );
  await assertRejects(
    () => imagetoolsInspect(`${registry.host}/a`),
    ProtocolError,
    "it is no JSON",
  );
});
