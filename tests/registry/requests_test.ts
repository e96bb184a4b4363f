// What goes out, to whom, and how often: with a `fetch` of the test's own.

import { assertEquals, assertRejects } from "../support/assert.ts";
import { CredentialError } from "../../lib/credentials/credential_error.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { RegistryConnection } from "../../lib/registry/connection.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { OCI_INDEX } from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { RegistryError } from "../../lib/registry/registry_error.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { refusal } from "./scripted_registry.ts";

const BYTES = new TextEncoder().encode('{"schemaVersion":2}');
const DIGEST = digestOf(BYTES);
const HOST = "registry.example";

type Answer = (url: string, request: Request) => Response | Error;

/** Puts an answer in the place of the network; gives what was asked. */
async function withFetch(
  answer: Answer,
  use: (asked: string[]) => Promise<void>,
): Promise<void> {
  const { fetch } = globalThis;
  const asked: string[] = [];
  globalThis.fetch = (input, init) => {
    const request = new Request(input as Request, init);
    asked.push(`${request.method} ${request.url}`);
    init?.signal?.throwIfAborted();
    const made = answer(request.url, request);
    return made instanceof Error ? Promise.reject(made) : Promise.resolve(made);
  };
  try {
    await use(asked);
  } finally {
    globalThis.fetch = fetch;
  }
}

/** An answer that came from an address, as `fetch` gives it. */
function at(url: string, response: Response): Response {
  return Object.defineProperty(response, "url", { value: url });
}

const fine = () =>
  new Response(BYTES, { headers: { "content-type": OCI_INDEX } });

async function read(name: string, registries?: Registries): Promise<unknown> {
  using own = new Registries({});
  const repository = await (registries ?? own).repository(name);
  return await repository.getManifest("1");
}

Deno.test("registries are asked by https, Docker Hub at its own host, and this machine's also by http", async () => {
  await withFetch(fine, async (asked) => {
    await read(`${HOST}/a`);
    await read("busybox");
    await read("localhost:5000/a");
    assertEquals(asked, [
      `GET https://${HOST}/v2/a/manifests/1`,
      "GET https://registry-1.docker.io/v2/library/busybox/manifests/1",
      "GET https://localhost:5000/v2/",
      "GET https://localhost:5000/v2/a/manifests/1",
    ]);
  });
  const plain: Answer = (url) =>
    url.startsWith("https:")
      ? new TypeError("received corrupt message")
      : fine();
  await withFetch(plain, async (asked) => {
    using registries = new Registries({});
    await read("127.0.0.1:5000/a", registries);
    await read("127.0.0.1:5000/b", registries);
    assertEquals(asked, [
      "GET https://127.0.0.1:5000/v2/",
      "GET http://127.0.0.1:5000/v2/",
      "GET http://127.0.0.1:5000/v2/a/manifests/1",
      "GET http://127.0.0.1:5000/v2/b/manifests/1",
    ]);
    await assertRejects(
      () => read(`${HOST}/a`),
      RegistryError,
      `The connection to the registry ${HOST} failed: received corrupt message`,
    );
    assertEquals(asked.at(-1), `GET https://${HOST}/v2/a/manifests/1`);
    // One that is said to be insecure is asked as one of this machine.
    using insecure = new Registries({}, { insecure: new Set([HOST]) });
    await read(`${HOST}/a`, insecure);
    assertEquals(asked.slice(-3), [
      `GET https://${HOST}/v2/`,
      `GET http://${HOST}/v2/`,
      `GET http://${HOST}/v2/a/manifests/1`,
    ]);
    await assertRejects(() => read("other.example/a", insecure), RegistryError);
    assertEquals(asked.at(-1), "GET https://other.example/v2/a/manifests/1");
  });
});

Deno.test("what keeps an answer from coming is said in words, without the address", async () => {
  const at = `for url (https://${HOST}/v2/a?signature=hunter2)`;
  const wrapped = (message: string) =>
    new TypeError("fetch failed", { cause: new Error(message) });
  for (
    const [error, words] of [
      [
        wrapped(`error sending request ${at}: invalid peer certificate`),
        `error sending request: invalid peer certificate; give the authority of its certificate in the option ca (registryCa of a builder), or put it where docker has it (/etc/docker/certs.d/${HOST}/ca.crt)`,
      ],
      [
        wrapped(`error sending request ${at}: Connection refused`),
        `Nobody listens at the registry ${HOST}: is it running, and is that its port?`,
      ],
      [
        wrapped(`error sending request from 1.2.3.4:5 ${at}: reset`),
        `The connection to the registry ${HOST} failed: error sending request: reset`,
      ],
    ] as const
  ) {
    await withFetch(() => error, async () => {
      const found = await assertRejects(
        () => read(`${HOST}/a`),
        RegistryError,
        words,
      );
      assertEquals(Deno.inspect(found).includes("hunter2"), false);
    });
  }
  // A registry of this machine with a certificate is not asked without one.
  const untrusted = wrapped("invalid peer certificate: UnknownIssuer");
  await withFetch(() => untrusted, async (asked) => {
    await assertRejects(() => read("localhost:5000/a"), RegistryError);
    assertEquals(asked, ["GET https://localhost:5000/v2/"]);
  });
});

Deno.test("a registry may take a minute for the head of an answer", async () => {
  const { setTimeout } = globalThis;
  const waits: unknown[] = [];
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    waits.push(ms);
    run();
    return 0;
  }) as unknown as typeof globalThis.setTimeout;
  try {
    await withFetch(fine, async () => {
      await assertRejects(
        () => read(`${HOST}/a`),
        RegistryError,
        `No answer of the registry ${HOST} within 60 s`,
      );
    });
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assertEquals(waits, [60_000]);
});

Deno.test("five redirects are followed, of whatever kind, and no more", async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    for (const [count, isFine] of [[5, true], [6, false]] as const) {
      let left = count;
      const answer = () =>
        left-- > 0
          ? new Response(null, { status, headers: { location: "/next" } })
          : fine();
      await withFetch(answer, async (asked) => {
        if (isFine) await read(`${HOST}/a`);
        else {
          await assertRejects(
            () => read(`${HOST}/a`),
            RegistryError,
            "more than 5 times",
          );
        }
        assertEquals(asked.length, 6);
      });
    }
  }
  // Another status is no redirect.
  await withFetch(
    () => new Response(null, { status: 304, headers: { location: "/next" } }),
    async () => {
      await assertRejects(() => read(`${HOST}/a`), RegistryError, "status 304");
    },
  );
});

Deno.test("a host that a question is sent on to does not say where the login goes", async () => {
  for (
    const asked of [
      'Bearer realm="https://evil.example/token"',
      "Basic",
    ]
  ) {
    const answer: Answer = (url) =>
      url.startsWith(`https://${HOST}/`)
        ? new Response(null, {
          status: 307,
          headers: { location: "https://evil.example/a" },
        })
        : at(
          url,
          refusal(401, "UNAUTHORIZED", "no", { "www-authenticate": asked }),
        );
    await withFetch(answer, async (asked) => {
      using registries = new Registries({
        credentials: { [HOST]: { username: "me", password: "hunter2" } },
      });
      await assertRejects(() => read(`${HOST}/a`, registries), RegistryError);
      assertEquals(asked, [
        `GET https://${HOST}/v2/a/manifests/1`,
        "GET https://evil.example/a",
      ]);
    });
  }
});

Deno.test("an upload goes on without encryption only where it began so, and nowhere by a login in an address", async () => {
  for (
    const [location, words] of [
      ["http://other.example/up", "at other.example, without encryption"],
      ["https://me:hunter2@other.example/up", "a login in it"],
      ["https://hunter2@other.example/up", "a login in it"],
      ["https://:hunter2@other.example/up", "a login in it"],
    ] as const
  ) {
    const answer: Answer = (url, { method }) =>
      at(
        url,
        method === "HEAD"
          ? new Response(null, { status: 404 })
          : new Response(null, { status: 202, headers: { location } }),
      );
    await withFetch(answer, async (asked) => {
      using registries = new Registries({});
      const repository = await registries.repository(`${HOST}/a`);
      const error = await assertRejects(
        () =>
          repository.putBlob(
            { digest: DIGEST, size: BYTES.length },
            () => Promise.resolve(BYTES),
          ),
        ProtocolError,
        words,
      );
      assertEquals(Deno.inspect(error).includes("hunter2"), false);
      assertEquals(asked.length, 2);
    });
  }
});

Deno.test("a registry's words come on one line, without control characters", async () => {
  const words = "\u001b[2Jno\r\nERROR: \u0007fake\u009b31m\n";
  await withFetch(() => refusal(400, "X", words), async () => {
    await assertRejects(
      () => read(`${HOST}/a`),
      RegistryError,
      "status 400 ([2Jno ERROR:  fake 31m)",
    );
  });
});

Deno.test("a token is kept until its last seconds", async () => {
  const asks = async (expires: number) => {
    let tokens = 0;
    const answer: Answer = (url, request) => {
      if (url.startsWith("https://tokens.example/")) {
        tokens++;
        return Response.json({ token: `t${tokens}`, expires_in: expires });
      }
      return request.headers.has("authorization")
        ? fine()
        : refusal(401, "UNAUTHORIZED", "no", {
          "www-authenticate": 'Bearer realm="https://tokens.example/t"',
        });
    };
    await withFetch(answer, async () => {
      using registries = new Registries({});
      for (let i = 0; i < 3; i++) await read(`${HOST}/a`, registries);
    });
    return tokens;
  };
  assertEquals(await asks(300), 1);
  assertEquals(await asks(6), 1);
  assertEquals(await asks(5), 3);
  assertEquals(await asks(1), 3);
});

Deno.test("a token that is refused is fetched once more, and not for ever", async () => {
  let tokens = 0;
  const answer: Answer = (url) =>
    url.startsWith("https://tokens.example/")
      ? Response.json({ token: `t${tokens++}` })
      : refusal(401, "UNAUTHORIZED", `no t${tokens - 1}`, {
        "www-authenticate": 'Bearer realm="https://tokens.example/t"',
      });
  await withFetch(answer, async (asked) => {
    using registries = new Registries({});
    await assertRejects(
      () => read(`${HOST}/a`, registries),
      RegistryError,
      "wants a login (no ***)",
    );
    assertEquals([tokens, asked.length], [1, 3]);
    await assertRejects(() => read(`${HOST}/a`, registries), RegistryError);
    assertEquals([tokens, asked.length], [2, 6]);
  });
});

Deno.test("what is not there, and what is refused, is told apart", async () => {
  let status = 500;
  await withFetch(() => new Response(null, { status }), async () => {
    using registries = new Registries({});
    const repository = await registries.repository(`${HOST}/a`);
    const blob = { digest: DIGEST, size: 1 };
    const refused = (work: () => Promise<unknown>, words: string) =>
      assertRejects(work, RegistryError, words);
    await refused(
      () => repository.headManifest("1"),
      `Cannot look for the manifest ${HOST}/a:1: the registry ${HOST} failed with status 500`,
    );
    await refused(
      () => repository.hasBlob(DIGEST),
      `Cannot look for the blob ${DIGEST}`,
    );
    await refused(
      () => repository.getBlob(blob),
      `Cannot read the blob ${DIGEST}`,
    );
    status = 404;
    assertEquals(await repository.headManifest(DIGEST), undefined);
    assertEquals(await repository.hasBlob(DIGEST), false);
    await refused(() => repository.readBlob(blob), "does not have it");
    // A blob that says that it is too long is not asked for.
    await assertRejects(
      () => repository.readBlob({ digest: DIGEST, size: 4 * 1024 * 1024 + 1 }),
      Error,
      "more than 4194304 bytes",
    );
  });
});

Deno.test("a registry that could not be reached, and a token server that failed, are asked again by the next request", async () => {
  let isDown = true;
  const challenge = {
    "www-authenticate": 'Bearer realm="https://tokens.example/t"',
  };
  await withFetch((url, request) => {
    if (url.startsWith("https://tokens.example/")) {
      return isDown
        ? new Response(null, { status: 500 })
        : Response.json({ token: "t" });
    }
    return request.headers.has("authorization")
      ? fine()
      : refusal(401, "UNAUTHORIZED", "no", challenge);
  }, async () => {
    using registries = new Registries({});
    await assertRejects(() => read(`${HOST}/a`, registries), CredentialError);
    isDown = false;
    await read(`${HOST}/a`, registries);
  });
  isDown = true;
  await withFetch(
    () => isDown ? new TypeError("reset") : fine(),
    async () => {
      using registries = new Registries({});
      const read1 = () => read("127.0.0.1:5000/a", registries);
      await assertRejects(read1, RegistryError);
      isDown = false;
      await read1();
    },
  );
});

Deno.test("a refused request is sent again only with what the registry asked for and has not seen", async () => {
  const login = { credentials: { [HOST]: { username: "me", password: "p" } } };
  const asks = async (
    asked: string | undefined,
    options: typeof login | Record<never, never>,
    status = 401,
  ) => {
    const headers = asked === undefined ? {} : { "www-authenticate": asked };
    const answer = () => refusal(status, "UNAUTHORIZED", "no", headers);
    let first: string[] = [];
    await withFetch(answer, async (requests) => {
      using registries = new Registries(options);
      await assertRejects(() => read(`${HOST}/a`, registries), RegistryError);
      first = [...requests];
      await assertRejects(() => read(`${HOST}/a`, registries), RegistryError);
      assertEquals(requests.length, first.length + 1);
    });
    return first.length;
  };
  assertEquals(await asks("Basic", login), 2);
  assertEquals(await asks("Basic", {}), 1);
  assertEquals(await asks(undefined, login), 1);
  assertEquals(await asks("Negotiate", login), 1);
  assertEquals(await asks("Basic", login, 403), 1);
  // A token server of this machine is none of a registry elsewhere: who listens
  // there would get the login.
  assertEquals(await asks('Bearer realm="http://127.0.0.1:9/t"', login), 1);
});

Deno.test("an upload whose end the registry refuses is an error, and is given up", async () => {
  let end = 400;
  const answer: Answer = (url, { method }) =>
    at(
      url,
      method === "HEAD"
        ? new Response(null, { status: 404 })
        : method === "PUT"
        ? refusal(end, "DIGEST_INVALID", "other bytes")
        : new Response(null, { status: 202, headers: { location: "/up" } }),
    );
  await withFetch(answer, async (asked) => {
    using registries = new Registries({});
    const repository = await registries.repository(`${HOST}/a`);
    const put = () =>
      repository.putBlob(
        { digest: DIGEST, size: BYTES.length },
        () => Promise.resolve(BYTES),
      );
    await assertRejects(
      put,
      RegistryError,
      `Cannot write the blob ${DIGEST}: the registry ${HOST} answered with status 400 (other bytes)`,
    );
    const last = `PUT https://${HOST}/up?digest=${encodeURIComponent(DIGEST)}`;
    assertEquals(asked.slice(-2), [last, `DELETE https://${HOST}/up`]);
    end = 201;
    await put();
    assertEquals(asked.at(-1), last);
  });
});

/** Keeps the options of the clients of `fetch` that are made. */
async function withClients(
  use: (made: unknown[]) => Promise<void> | void,
): Promise<void> {
  const made: unknown[] = [];
  const { createHttpClient } = Deno;
  Deno.createHttpClient = (options) => {
    made.push(options);
    return createHttpClient({});
  };
  try {
    await use(made);
  } finally {
    Deno.createHttpClient = createHttpClient;
  }
}

/** An authority: an empty sequence, as nobody looks into it here. */
const GIVEN = `-----BEGIN CERTIFICATE-----
MAA=
-----END CERTIFICATE-----
`;

Deno.test("of docker's folder for a registry only what it has for it is used", async () => {
  const ask = async (certs: string) => {
    let options: unknown[] = [];
    await withClients(async (made) => {
      await withFetch(fine, async () => {
        using registries = new Registries(
          { dockerConfig: true, ca: GIVEN },
          { certs },
        );
        await read(`${HOST}/a`, registries);
      });
      options = made;
    });
    return options;
  };
  await withTempFolder(async (folder) => {
    assertEquals(await ask(folder), [{ caCerts: [GIVEN] }]);
    await writeTree(folder, {
      [`${HOST}/b.crt`]: "b",
      [`${HOST}/a.crt`]: "a",
      [`${HOST}/README`]: "not this",
      [`${HOST}/alone.cert`]: "a certificate without a key",
      [`${HOST}/own.cert`]: "certificate",
      [`${HOST}/own.key`]: "key",
      "other.example/c.crt": "of another registry",
    });
    assertEquals(await ask(folder), [{
      caCerts: [GIVEN, "a", "b"],
      cert: "certificate",
      key: "key",
    }]);
  });
});

Deno.test({
  name:
    "docker's folder for a registry counts as empty where Deno must not read it",
  permissions: { net: true, read: false },
  async fn() {
    await withFetch(fine, async () => {
      using registries = new Registries({ dockerConfig: true });
      await read(`${HOST}/a`, registries);
    });
  },
});

Deno.test("the client's certificate goes to the registry alone, and no proxy comes before one of this machine", async () => {
  await withClients((made) => {
    const { signal } = new AbortController();
    const tls = { ca: ["ca"], cert: "cert", key: "key" };
    using connection = new RegistryConnection(HOST, tls, signal);
    const client = (url: string) => connection.client(new URL(url));
    const own = client(`https://${HOST}/v2/`);
    assertEquals(client(`https://${HOST}/token`) === own, true);
    const other = client("https://storage.example/a");
    assertEquals(other === own, false);
    assertEquals(client("https://tokens.example/a") === other, true);
    client("http://127.0.0.1:5000/a");
    client("http://localhost/a");
    const proxy = (hostname: string, port: number) => ({
      proxy: { transport: "tcp", hostname, port },
    });
    assertEquals(made, [
      { caCerts: ["ca"], cert: "cert", key: "key" },
      { caCerts: ["ca"] },
      proxy("127.0.0.1", 5000),
      proxy("localhost", 80),
    ]);
    // Without certificates, Deno's own client does.
    using plain = new RegistryConnection(HOST, { ca: [] }, signal);
    assertEquals(plain.client(new URL(`https://${HOST}/`)), undefined);
    assertEquals(plain.client(new URL(`http://${HOST}/`)), undefined);
    assertEquals(made.length, 4);
  });
});
