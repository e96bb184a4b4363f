import { askHelper } from "../../lib/credentials/helper.ts";
import {
  loginFromConfig,
  registriesInConfig,
} from "../../lib/credentials/config_file.ts";
import { CredentialError } from "../../lib/credentials/credential_error.ts";
import { Login } from "../../lib/credentials/login.ts";
import { CredentialStore } from "../../lib/credentials/store.ts";
import { fetchToken } from "../../lib/credentials/token.ts";
import { askTokenServer } from "../../lib/credentials/token_server.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { installHelper } from "../registry/helper.ts";
import { withTempFolder } from "../support/folder.ts";

const MIB = 1024 * 1024;

Deno.test("CredentialStore keeps a thousand answers for four minutes, and the oldest go first", async () => {
  const asked: string[] = [];
  const store = new CredentialStore({
    credentials: (host) => {
      asked.push(host);
      return { username: "u", password: host };
    },
  });
  const { now } = Date;
  let time = 1_000_000;
  Date.now = () => time;
  try {
    for (let count = 0; count < 1000; count++) await store.get(`h${count}`);
    asked.length = 0;
    await store.get("h0");
    await store.get("h999");
    assertEquals(asked, []);
    await store.get("h1000");
    await store.get("h1");
    assertEquals(asked, ["h1000"]);
    await store.get("h0");
    assertEquals(asked, ["h1000", "h0"]);
    asked.length = 0;
    await store.get("late");
    time += 239_999;
    await store.get("late");
    assertEquals(asked, ["late"]);
    time += 1;
    await store.get("late");
    assertEquals(asked, ["late", "late"]);
  } finally {
    Date.now = now;
  }
});

Deno.test("CredentialStore shares an answer by registry, and by scopes where a function is asked", async () => {
  for (const isFunction of [true, false]) {
    let calls = 0;
    const store = new CredentialStore({
      credentials: isFunction
        ? () => {
          calls++;
          return { password: "p" };
        }
        : {},
      client: {
        dockerConfig: true,
      },
      env: {
        get: (name) => {
          if (name === "DOCKER_AUTH_CONFIG") calls++;
          return undefined;
        },
      },
    });
    assertEquals(store.asksFunction, isFunction);
    await store.get("a.io");
    await store.get("a.io", ["s"]);
    await store.get("a.io", ["s"]);
    await store.get("a.io", ["s", "t"]);
    assertEquals(calls, isFunction ? 3 : 1);
  }
});

Deno.test("CredentialStore asks a source that failed again, but not one whose newer answer is kept", async () => {
  let reject: (error: Error) => void = () => {};
  let calls = 0;
  const store = new CredentialStore({
    credentials: () => {
      calls++;
      return calls === 1
        ? new Promise((_, no) => reject = no)
        : { password: "p" };
    },
  });
  const { now } = Date;
  let time = 0;
  Date.now = () => time;
  try {
    const first = store.get("a.io");
    time = 240_000;
    const second = await store.get("a.io");
    assert(second !== undefined);
    reject(new Error("late"));
    await assertRejects(() => first, CredentialError);
    await store.get("a.io");
    assertEquals(calls, 2);
  } finally {
    Date.now = now;
  }
});

Deno.test("CredentialStore knows what was given, and a call's logins go before its client's", async () => {
  const store = new CredentialStore({
    credentials: { "a.io": { password: "call" }, "b.io": {} },
    client: {
      credentials: {
        "a.io": { password: "client" },
        "b.io": { password: "client" },
        "c.io": { password: "client" },
      },
    },
  });
  const revealed = (logins: Iterable<Login | undefined>) =>
    [...logins].map((login) =>
      login && [login.registry, login.reveal().password]
    );
  assertEquals(revealed(store.given()), [["a.io", "call"], ["c.io", "client"]]);
  assertEquals(store.atHand().length, 8);
  assertEquals(store.asksFunction, false);
  const uses: string[] = [];
  const told: string[] = [];
  store.onUse = ({ registry, state }) => uses.push(`${registry} ${state}`);
  store.onCredential = (registry) => void told.push(registry);
  const listed = [];
  for (const registry of ["a.io", "b.io", "c.io", "d.io", "a.io"]) {
    listed.push(await store.getListed(registry));
  }
  assertEquals(revealed(listed), [
    ["a.io", "call"],
    undefined,
    ["c.io", "client"],
    undefined,
    ["a.io", "call"],
  ]);
  assertEquals(uses, ["a.io served", "c.io served"]);
  assertEquals(told, []); // they are at hand
  assertEquals(await store.listed(), []);
  await store.get("no host!");
  assertEquals(uses.at(-1), "no host! anonymous");
});

/** An environment with docker's configuration in a folder of its own. */
async function withConfig(
  config: unknown,
  use: (env: { get(name: string): string | undefined }) => Promise<void>,
  variables: Record<string, string> = {},
): Promise<void> {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    const all: Record<string, string> = { ...variables, DOCKER_CONFIG: folder };
    await use({ get: (name) => all[name] });
  });
}

Deno.test("docker's files and its variable list registries, each once", async () => {
  for (
    const [config, variable, expected] of [
      [{ auths: { "https://a.io/v1/": {}, "A.io": {}, "b c": {} } }, "", [
        "a.io",
      ]],
      [{ credHelpers: { "h.io": "x" }, auths: { "a.io": {} } }, "", [
        "a.io",
        "h.io",
      ]],
      [{ auths: { "a.io": {} } }, '{"auths":{"v.io":{},"a.io":{}}}', [
        "v.io",
        "a.io",
      ]],
      [{ auths: null, credHelpers: 7 }, "null", []],
      [{ auths: "text" }, "{}", []],
    ] as const
  ) {
    await withConfig(config, async (env) => {
      assertEquals(await registriesInConfig(env), [...expected]);
      const store = new CredentialStore({
        client: { dockerConfig: true },
        env,
      });
      assertEquals(await store.listed(), [...expected]);
      assertEquals(await new CredentialStore({ env }).listed(), []);
      assertEquals(
        await new CredentialStore({ env, client: { dockerConfig: false } })
          .listed(),
        [],
      );
    }, variable === "" ? {} : { DOCKER_AUTH_CONFIG: variable });
  }
  await withConfig({}, async (env) => {
    await assertRejects(
      () => registriesInConfig(env),
      CredentialError,
      "Cannot fetch docker's logins: the environment variable DOCKER_AUTH_CONFIG is not JSON",
    );
  }, { DOCKER_AUTH_CONFIG: "{" });
  const closed = new Deno.errors.NotCapable("no env");
  const env = {
    get: () => {
      throw closed;
    },
  };
  assertEquals(await registriesInConfig(env).catch((error) => error), closed);
  const told: string[] = [];
  const store = new CredentialStore({ client: { dockerConfig: true }, env });
  store.onClosed = (why) => told.push(why);
  assertEquals([await store.listed(), await store.listed()], [[], []]);
  assertEquals(await store.getListed("a.io"), undefined);
  assertEquals(told, [
    "docker's logins were not looked up: no env",
    `docker's login for "a.io" was not looked up: no env`,
  ]);
});

Deno.test("a login of docker's files is one with a secret, told of before it is given", async () => {
  const auths = {
    "p.io": { username: "u", password: "p" },
    "i.io": { identitytoken: "i" },
    "r.io": { registrytoken: "r" },
    "u.io": { username: "u" },
    "e.io": {},
  };
  await withConfig(
    { auths, credHelpers: { "x.io": "", "y.io": 7 } },
    async (env) => {
      const look = async (registry: string) => {
        const { signal } = new AbortController();
        return await loginFromConfig({
          registry,
          env,
          helperTimeout: 1,
          signal,
        });
      };
      assertEquals(await look("p.io"), { username: "u", password: "p" });
      assertEquals(await look("i.io"), { identitytoken: "i" });
      assertEquals(await look("r.io"), { registrytoken: "r" });
      for (const none of ["u.io", "e.io", "x.io", "y.io", "none.io"]) {
        assertEquals(await look(none), undefined, none);
      }
      const told: string[] = [];
      const uses: string[] = [];
      for (const way of ["get", "getListed"] as const) {
        const store = new CredentialStore({
          client: { dockerConfig: true },
          env,
        });
        store.onCredential = async (registry, secret) => {
          // It is waited for: the value is masked before it is handed out.
          await new Promise((resolve) => setTimeout(resolve));
          told.push(
            `${registry} ${new TextDecoder().decode(secret.reveal())}`,
          );
        };
        store.onUse = ({ registry, state }) =>
          uses.push(`${registry} ${state}`);
        const before = told.length;
        assertEquals((await store[way]("p.io"))?.username, "u");
        assertEquals(told.length, before + 2);
        assertEquals(await store[way]("none.io"), undefined);
      }
      assertEquals(
        told,
        ["p.io p", `p.io ${btoa("u:p")}`, "p.io p"].concat(
          `p.io ${btoa("u:p")}`,
        ),
      );
      assertEquals(uses, [
        "p.io served",
        "none.io anonymous",
        "p.io served",
      ]);
    },
  );
});

/** A helper's answer to one question. */
async function ask(script: string, timeout = 20_000) {
  await using helper = await installHelper(script);
  return await askHelper({
    helper: helper.name,
    registry: "a.io",
    address: "the address",
    timeout,
    signal: new AbortController().signal,
  });
}

Deno.test("askHelper() takes answers of a MiB, and none that is longer", async () => {
  const json = '{"Username":"u","Secret":"s"}';
  const answer = (length: number) =>
    `printf '%s' '${json}'; head -c ${
      length - json.length
    } /dev/zero | tr '\\0' ' '`;
  assertEquals(await ask(answer(MIB)), { username: "u", password: "s" });
  await assertRejects(
    () => ask(answer(MIB + 1)),
    CredentialError,
    "answered more than any login has",
  );
});

Deno.test("askHelper() reads an answer's fields, and what is none", async () => {
  for (
    const [answer, expected] of [
      ['{"Username":"u","Secret":"s"}', { username: "u", password: "s" }],
      ['{"Secret":"s"}', { username: "", password: "s" }],
      ['{"Username":"<token>","Secret":"s"}', { identitytoken: "s" }],
      ['{"Username":"<token>","Secret":""}', undefined],
      ['{"Username":"u"}', undefined],
      ['{"Username":"u","Secret":""}', undefined],
      ["{}", undefined],
    ] as const
  ) assertEquals(await ask(`echo '${answer}'`), expected, answer);
  for (const wrong of ["null", "7", "", '{"Username":7}', '{"Secret":null}']) {
    await assertRejects(
      () => ask(`echo '${wrong}'`),
      CredentialError,
      "not its protocol's JSON",
    );
  }
  // The question comes on the standard input.
  const asked = await ask(
    `echo "{\\"Username\\":\\"$(cat)\\",\\"Secret\\":\\"$1\\"}"`,
  );
  assertEquals(asked, { username: "the address", password: "get" });
});

Deno.test("askHelper() quotes the first line of a complaint, and no more than 200 characters of it", async () => {
  const words = async (script: string) =>
    (await assertRejects(() => ask(script), CredentialError)).message;
  const long = "x".repeat(200);
  assert((await words(`echo ${long}; exit 1`)).includes(`words "${long}";`));
  assert((await words(`echo ${long}y; exit 1`)).includes(`words "${long}";`));
  assert((await words("echo; echo a; echo b; exit 1")).includes('words "a";'));
  const silent = await words("echo '{ a'; exit 1");
  assert(silent.includes("ended with exit code 1; to see it"), silent);
  const control = await words(`printf 'a\\177\\302\\205b\\tc'; exit 9`);
  assert(control.includes('exit code 9 and the words "abc"'), control);
  assert(control.includes("echo the address | docker-credential-"), control);
  const not = "credentials not found in native keychain";
  assertEquals(await ask(`echo ' ${not} '; exit 1`), undefined);
  assert((await words(`echo '${not}!'; exit 1`)).includes("exit code 1"));
  await assertRejects(
    () => ask(`echo '${not}'`),
    CredentialError,
    "not its protocol's JSON",
  );
});

Deno.test("askHelper() runs no helper for nobody, and tells one that Deno keeps closed", async () => {
  await using helper = await installHelper('touch "$(dirname "$0")/ran"');
  const request = {
    helper: helper.name,
    registry: "a.io",
    address: "a.io",
    timeout: 20_000,
  };
  const reason = new Error("over");
  const signal = AbortSignal.abort(reason);
  assertEquals(
    await askHelper({ ...request, signal }).catch((error) => error),
    reason,
  );
  await assertRejects(
    () => Deno.stat(`${helper.folder}/ran`),
    Deno.errors.NotFound,
  );
  const { Command } = Deno;
  const open = { ...request, signal: new AbortController().signal };
  const fail = (error: Error) => {
    Object.assign(Deno, {
      Command: class {
        spawn() {
          throw error;
        }
      },
    });
    return askHelper(open).catch((error) => error)
      .finally(() => Object.assign(Deno, { Command }));
  };
  const closed = new Deno.errors.NotCapable("no run");
  assertEquals(await fail(closed), closed);
  const absent = new Deno.errors.NotFound("no program");
  const error = await fail(absent);
  assert(error instanceof CredentialError && error.cause === absent);
  assert(/is not in PATH; docker's config asks for it/.test(error.message));
});

Deno.test("askHelper() takes the answer of a helper that reads no question", async () => {
  const { Command } = Deno;
  const answer = '{"Username":"u","Secret":"s"}';
  for (const fails of ["write", "close"] as const) {
    Object.assign(Deno, {
      Command: class {
        spawn() {
          const broken = () => Promise.reject(new Error("broken pipe"));
          return {
            stdin: new WritableStream({ [fails]: broken }),
            stdout: new Blob([answer]).stream(),
            status: Promise.resolve({ code: 0 }),
          };
        }
      },
    });
    try {
      assertEquals(
        await askHelper({
          helper: "x",
          registry: "a.io",
          address: "a.io",
          timeout: 20_000,
          signal: new AbortController().signal,
        }),
        { username: "u", password: "s" },
      );
      await new Promise((done) => setTimeout(done, 0));
    } finally {
      Object.assign(Deno, { Command });
    }
  }
});

/** Ends a helper after a time; whether it had what it takes to end by itself. */
async function endsItself(trap: string, timeout: number): Promise<boolean> {
  await using helper = await installHelper(
    `trap ${trap} TERM; echo $$ > "$(dirname "$0")/pid"; while :; do sleep 0.05; done`,
  );
  const began = performance.now();
  await assertRejects(
    () =>
      askHelper({
        helper: helper.name,
        registry: "a.io",
        address: "a.io",
        timeout,
        signal: new AbortController().signal,
      }),
    CredentialError,
    `gave no answer within ${timeout / 1000} s`,
  );
  const took = performance.now() - began;
  const pid = (await Deno.readTextFile(`${helper.folder}/pid`)).trim();
  await assertRejects(() => Deno.stat(`/proc/${pid}`), Deno.errors.NotFound);
  const ended = await Deno.stat(`${helper.folder}/end`).then(
    () => true,
    () => false,
  );
  assert(took >= timeout - 1 + (ended ? 0 : 1000), `${took}`);
  return ended;
}

Deno.test("a helper that obeys is not killed, and one that does not is, a second later", async () => {
  const obeys = `'echo ended > "$(dirname "$0")/end"; exit 0'`;
  // On a busy machine it may take longer to begin, and to end.
  assert(
    await endsItself(obeys, 400).catch(() => false) ||
      await endsItself(obeys, 4000),
  );
  assert(
    !await endsItself("''", 400).catch(() => endsItself("''", 4000)),
  );
});

const BASIC = new Login("a.io", { username: "u", password: "p" }, "it");

/** A token server that gives one answer. */
async function tokenFrom(
  respond: () => Response,
  login: Login = BASIC,
  service = "",
) {
  const seen: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      seen.push(`${request.method} ${new URL(request.url).search}`);
      const body = await request.text();
      if (body !== "") seen.push(body);
      return respond();
    },
  );
  const realm = new URL(`http://127.0.0.1:${server.addr.port}/t`);
  const token = await fetchToken(login, {
    server: { realm, service },
    scopes: [],
    clientId: "c",
    signal: new AbortController().signal,
  });
  return { ...token, seen };
}

Deno.test("fetchToken() reads an answer's fields, by both specifications", async () => {
  for (
    const [answer, token, expiresIn, issuedAt] of [
      [{ token: "t" }, "t", 60, 0],
      [{ access_token: "a" }, "a", 60, 0],
      [{ access_token: "a", token: "t" }, "a", 60, 0],
      [{ access_token: "", token: "t" }, "t", 60, 0],
      [{ token: "t", expires_in: 1 }, "t", 1, 0],
      [{ token: "t", expires_in: 0 }, "t", 60, 0],
      [{ token: "t", expires_in: -5 }, "t", 60, 0],
      [{ token: "t", expires_in: 1.5 }, "t", 60, 0],
      [{ token: "t", expires_in: "9" }, "t", 60, 0],
      [{ token: "t", issued_at: "1970-01-01T00:00:01.9Z" }, "t", 60, 1],
      [{ token: "t", issued_at: "2020-01-01T00:00:00Z" }, "t", 60, 1577836800],
      [{ token: "t", issued_at: "1970-01-01T00:00:00Z" }, "t", 60, 0],
      [{ token: "t", issued_at: "1969-01-01T00:00:00Z" }, "t", 60, 0],
      [{ token: "t", issued_at: "never" }, "t", 60, 0],
    ] as const
  ) {
    const got = await tokenFrom(() => Response.json(answer));
    assertEquals(
      [got.token, got.expiresIn, got.issuedAt],
      [token, expiresIn, issuedAt],
      JSON.stringify(answer),
    );
    assertEquals(got.seen, ["GET "]);
  }
  await assertRejects(
    () => tokenFrom(() => new Response(null, { status: 204 })),
    CredentialError,
    "without one",
  );
  for (const wrong of ["{", "7", "null", "{}", '{"token":""}', '{"token":7}']) {
    await assertRejects(
      () => tokenFrom(() => new Response(wrong)),
      CredentialError,
      "without one",
    );
  }
  const identity = new Login("a.io", { identitytoken: "i" }, "it");
  const got = await tokenFrom(() => Response.json({ token: "t" }), identity);
  assertEquals(got.seen, [
    "POST ",
    "grant_type=refresh_token&refresh_token=i&client_id=c&service=",
  ]);
  const ready = new Login("a.io", { registrytoken: "r" }, "it");
  const { signal } = new AbortController();
  const request = { server: undefined, scopes: [], clientId: "c", signal };
  assertEquals(await fetchToken(ready, request), {
    token: "r",
    expiresIn: 60,
    issuedAt: 0,
  });
  await assertRejects(
    () => fetchToken(BASIC, request),
    CredentialError,
    'Cannot fetch a token for "a.io": it is not known who makes them',
  );
});

Deno.test("fetchToken() reads a MiB and no more, and says how a server refused", async () => {
  const answer = (length: number) => {
    const json = '{"token":"t"}';
    return () => new Response(json + " ".repeat(length - json.length));
  };
  assertEquals((await tokenFrom(answer(MIB))).token, "t");
  const long = await assertRejects(
    () => tokenFrom(answer(MIB + 1)),
    CredentialError,
    "could not be asked",
  );
  assert(long.cause instanceof RangeError);
  for (
    const [status, words] of [
      [401, "refused the login (status 401)"],
      [403, "refused the login (status 403)"],
      [402, "answered with status 402"],
      [404, "answered with status 404"],
      [500, "answered with status 500"],
    ] as const
  ) {
    await assertRejects(
      () => tokenFrom(() => new Response("x", { status })),
      CredentialError,
      words,
    );
  }
  // What can't be reached at all.
  const { signal } = new AbortController();
  const realm = new URL("http://127.0.0.1:1/t");
  const gone = await assertRejects(
    () =>
      fetchToken(BASIC, {
        server: { realm, service: "" },
        scopes: [],
        clientId: "c",
        signal,
      }),
    CredentialError,
    "the token server at 127.0.0.1:1 could not be asked",
  );
  assert(gone.cause instanceof TypeError);
});

Deno.test("a token server may take 50 seconds, and a registry 10", async () => {
  const { timeout } = AbortSignal;
  const { fetch } = globalThis;
  const asked: number[] = [];
  AbortSignal.timeout = (ms) => {
    asked.push(ms);
    return AbortSignal.abort(new DOMException("late", "TimeoutError"));
  };
  globalThis.fetch = (input, init) => {
    const signal = input instanceof Request ? input.signal : init!.signal!;
    return Promise.reject(signal.reason);
  };
  try {
    await assertRejects(
      () => tokenFrom(() => Response.json({})),
      CredentialError,
      "gave no answer within 50 s",
    );
    const { signal } = new AbortController();
    assertEquals(
      await askTokenServer("r.example", "unix:///engine.sock", signal),
      undefined,
    );
  } finally {
    AbortSignal.timeout = timeout;
    globalThis.fetch = fetch;
  }
  assertEquals(asked, [50_000, 10_000]);
});

Deno.test("fetchToken() names the permission that it needs", async () => {
  const { fetch } = globalThis;
  const denied = new Deno.errors.NotCapable("no net");
  globalThis.fetch = () => Promise.reject(denied);
  try {
    const error = await assertRejects(
      () => tokenFrom(() => Response.json({})),
      CredentialError,
    );
    assert(
      /may not be reached \(--allow-net=127.0.0.1:\d+\)/.test(error.message),
    );
    assert(error.cause === denied);
  } finally {
    globalThis.fetch = fetch;
  }
});

Deno.test("askTokenServer() asks a registry of this machine by https, then by http, until one names a server", async () => {
  const { fetch } = globalThis;
  const here = "unix:///engine.sock";
  const asked: string[] = [];
  const look = async (
    host: string,
    answers: Record<string, () => Response>,
  ) => {
    asked.length = 0;
    globalThis.fetch = (url) => {
      asked.push(String(url));
      const answer = answers[String(url).split(":")[0]!];
      return answer === undefined
        ? Promise.reject(new TypeError("refused"))
        : Promise.resolve(answer());
    };
    try {
      const { signal } = new AbortController();
      const server = await askTokenServer(host, here, signal);
      return [server?.realm.href, server?.service];
    } finally {
      globalThis.fetch = fetch;
    }
  };
  const challenge = (words: string, status = 401) => () =>
    new Response("x", { status, headers: { "www-authenticate": words } });
  const bearer = 'Bearer realm="https://t.example/",service="s"';
  const named = ["https://t.example/", "s"];
  const none = [undefined, undefined];
  assertEquals(await look("localhost:5", { https: challenge(bearer) }), named);
  assertEquals(asked, ["https://localhost:5/v2/"]);
  assertEquals(await look("localhost:5", { http: challenge(bearer) }), named);
  assertEquals(asked, ["https://localhost:5/v2/", "http://localhost:5/v2/"]);
  const silent = () => new Response("x", { status: 401 });
  assertEquals(
    await look("localhost:5", { https: silent, http: challenge(bearer) }),
    named,
  );
  assertEquals(await look("r.example", { http: challenge(bearer) }), none);
  assertEquals(asked, ["https://r.example/v2/"]);
  assertEquals(
    await look("docker.io", { https: challenge(bearer) }),
    named,
  );
  assertEquals(asked, ["https://registry-1.docker.io/v2/"]);
  for (
    const [words, expected] of [
      ['Bearer realm="https://t.example/"', ["https://t.example/", ""]],
      [`x, ${bearer}`, named],
      ["Bearer service=s,realm=https://t.example/", named],
      ['Bearer realm="http://t.example/"', none],
      ['Bearer realm="https://u@t.example/"', none],
      ['Bearer realm="https://:p@t.example/"', none],
      ['Bearer realm="http://localhost/"', ["http://localhost/", ""]],
      ["Basic realm=x", none],
    ] as const
  ) {
    const given = await look("localhost:5", { https: challenge(words) });
    assertEquals([words, ...given], [words, ...expected]);
  }
  for (const status of [200, 403, 404]) {
    const given = await look("r.example", { https: challenge(bearer, status) });
    assertEquals(given, none);
  }
  // An http realm is none for a registry of another machine.
  const other = challenge('Bearer realm="http://localhost/"');
  assertEquals(await look("r.example", { https: other }), none);
});

Deno.test("a function for logins that fails because it is not needed any more fails with that reason", async () => {
  const controller = new AbortController();
  const reason = new Error("not needed any more");
  const store = new CredentialStore({
    credentials: () => {
      controller.abort(reason);
      throw new TypeError("fetch failed");
    },
    signal: controller.signal,
  });
  assertEquals(await store.get("a.io").catch((error) => error), reason);
});
