import { until } from "../support/until.ts";
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { installHelper } from "../registry/helper.ts";
import { CredentialError } from "../../lib/credentials/credential_error.ts";
import {
  CredentialStore,
  type CredentialStoreOptions,
} from "../../lib/credentials/store.ts";
import { withTempFolder } from "../support/folder.ts";

/** Variables of an environment, and those of them that were read. */
interface TestEnvironment {
  readonly read: string[];
  readonly folder: string;
  get(name: string): string | undefined;
}

/** A configuration folder for as long as `use` takes; text is written as it is. */
async function configured(
  config: unknown,
  use: (env: TestEnvironment) => Promise<void>,
  variables: Record<string, string> = {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const read: string[] = [];
  try {
    if (config !== undefined) {
      await Deno.writeTextFile(
        `${folder}/config.json`,
        typeof config === "string" ? config : JSON.stringify(config),
      );
    }
    const all: Record<string, string> = { ...variables, DOCKER_CONFIG: folder };
    await use({
      folder,
      read,
      get(name) {
        read.push(name);
        return all[name];
      },
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `user:secret` of the login for a host; a token has no user; "none" for none. */
async function login(
  options: CredentialStoreOptions | CredentialStore,
  host: string,
): Promise<string> {
  const store = options instanceof CredentialStore
    ? options
    : new CredentialStore(options);
  const { username, secret } = (await store.get(host))?.forSession() ?? {};
  return secret === undefined ? "none" : `${username}:${secret}`;
}

const auth = (text: string) => ({ auth: btoa(text) });

Deno.test("CredentialStore gives an option's login to its own registry and to no other", async () => {
  const store = new CredentialStore({
    credentials: {
      "localhost:5000": { username: "a", password: "local" },
      "https://index.docker.io/v1/": auth("b:hub"),
      "ghcr.io": { identitytoken: "token", username: "ignored" },
      "quay.io": {},
    },
    client: {
      credentials: (host) => ({ username: "asked", password: host }),
    },
  });
  for (
    const [host, expected] of [
      ["localhost:5000", "a:local"],
      ["LOCALHOST:5000", "a:local"],
      ["registry-1.docker.io", "b:hub"],
      ["docker.io", "b:hub"],
      ["ghcr.io", ":token"],
      ["quay.io", "none"], // said to be anonymous
      ["localhost", "asked:localhost"],
      ["localhost:5001", "asked:localhost:5001"],
      ["docker.io.evil.example", "asked:docker.io.evil.example"],
      ["evil.example/localhost:5000", "asked:evil.example"],
      ["ghcr.io@evil.example", "none"],
      ["", "none"],
    ] as const
  ) assertEquals([host, await login(store, host)], [host, expected]);
});

Deno.test("CredentialStore reads nothing before it is asked, and not what is needless then", async () => {
  await configured({ auths: { "a.io": auth("a:b") } }, async (env) => {
    const store = new CredentialStore({
      credentials: { "b.io": auth("c:d") },
      client: { dockerConfig: true },
      env,
    });
    assertEquals(await login(store, "b.io"), "c:d");
    assertEquals(env.read, []);
    assertEquals(await login(store, "a.io"), "a:b");
    assert(env.read.includes("DOCKER_CONFIG"));
    assertEquals(await login({ env }, "a.io"), "none"); // not unless told to
  });
});

Deno.test("CredentialStore reads docker's auths by docker's rules", async () => {
  await configured({
    auths: {
      "https://second.example/v1/": auth("second:url"),
      "second.example": auth("second:exact"),
      "http://first.example:8080/v2/": auth("first:url"),
      "index.docker.io": auth("hub:alias"),
      "https://index.docker.io/v1/access-token": auth("hub:access"),
      "https://index.docker.io/v1/": auth("hub:exact"),
      "plain.example": { username: "plain", password: "fields" },
      "both.example": { ...auth("both:auth"), password: "fields" },
      "colon.example": auth("me:a:b:c"),
      "token.example": { ...auth("me:pw"), identitytoken: "identity" },
      "lied.example": { ...auth("me:pw"), serveraddress: "first.example:8080" },
      "empty.example": {},
      "constructor": auth("odd:name"),
    },
  }, async (env) => {
    for (
      const [host, expected] of [
        ["second.example", "second:exact"],
        ["first.example:8080", "first:url"],
        ["FIRST.example:8080", "first:url"],
        ["first.example", "none"],
        ["registry-1.docker.io", "hub:exact"],
        ["plain.example", "plain:fields"],
        ["both.example", "both:auth"],
        ["colon.example", "me:a:b:c"],
        ["token.example", ":identity"],
        ["lied.example", "me:pw"],
        ["empty.example", "none"],
        ["constructor", "odd:name"],
        ["toString", "none"],
        ["absent.example", "none"],
      ] as const
    ) {
      const options = { client: { dockerConfig: true }, env };
      assertEquals([host, await login(options, host)], [host, expected]);
    }
  });
});

Deno.test("CredentialStore asks DOCKER_AUTH_CONFIG before the file", async () => {
  await configured(
    { auths: { "a.io": auth("file:a"), "b.io": auth("file:b") } },
    async (env) => {
      const options = { client: { dockerConfig: true }, env };
      assertEquals(await login(options, "a.io"), "variable:a");
      assertEquals(await login(options, "b.io"), "file:b");
    },
    {
      DOCKER_AUTH_CONFIG: JSON.stringify({
        auths: { "https://a.io/v1/": auth("variable:a") },
      }),
    },
  );
  await configured({}, async (env) => {
    const error = await assertRejects(
      () => login({ client: { dockerConfig: true }, env }, "a.io"),
      CredentialError,
      "DOCKER_AUTH_CONFIG is not JSON",
    );
    assert(!Deno.inspect(error).includes("hunter2"));
  }, { DOCKER_AUTH_CONFIG: '{"auths": hunter2' });
});

Deno.test("CredentialStore goes on without a configuration, and stops at a broken one", async () => {
  const secret = btoa("me:hunter2hunter2");
  for (
    const [config, expected] of [
      [undefined, "none"],
      ["", "none"],
      ["{}", "none"],
      ["[]", "none"],
      ["null", "none"],
      [{ auths: [] }, "none"],
      [{ auths: { "b.io": { auth: "%%%" } } }, "none"], // not the one asked for
    ] as const
  ) {
    await configured(config, async (env) => {
      assertEquals(
        await login({ client: { dockerConfig: true }, env }, "a.io"),
        expected,
      );
    });
  }
  assertEquals(
    await login({
      client: { dockerConfig: true },
      env: { get: () => undefined },
    }, "a.io"),
    "none",
  );
  for (
    const [config, words] of [
      [`{"auths": {"a.io": {"auth": "${secret}"}}`, "it is not JSON"],
      ['{"auths": {"a.io": hunter2}', "it is not JSON"],
      [{ auths: { "a.io": { auth: `${secret}%` } } }, 'its "auth" is not'],
      [{ auths: { "a.io": secret } }, 'login for "a.io" in'],
      [{ auths: { "a.io": { password: { a: secret } } } }, "is not text"],
    ] as const
  ) {
    await configured(config, async (env) => {
      const error = await assertRejects(
        () => login({ client: { dockerConfig: true }, env }, "a.io"),
        CredentialError,
        words,
      );
      assertEquals(error.registry, "a.io");
      assert(!Deno.inspect(error).includes(secret));
      assert(!Deno.inspect(error).includes("hunter2"));
    });
  }
});

const READ_ADDRESS =
  'address=$(cat); echo "$1 $address" >> "$(dirname "$0")/asked"\n';

Deno.test("CredentialStore asks a registry's own helper, else the one for all, and then not the file", async () => {
  await using one = await installHelper(
    `${READ_ADDRESS}echo "{\\"Username\\":\\"one\\",\\"Secret\\":\\"$address\\"}"`,
  );
  await using all = await installHelper(`${READ_ADDRESS}
    case $address in
      token.io) echo '{"ServerURL":"x","Username":"<token>","Secret":"identity"}' ;;
      empty.io) echo '{"ServerURL":"","Username":"","Secret":""}' ;;
      *) echo "credentials not found in native keychain"; exit 1 ;;
    esac
  `);
  await configured({
    auths: { "none.io": auth("file:none"), "file.io": auth("file:file") },
    credHelpers: {
      "one.io:5000": one.name,
      "docker.io": one.name,
      "file.io": "",
    },
    credsStore: all.name,
  }, async (env) => {
    const store = new CredentialStore({ client: { dockerConfig: true }, env });
    for (
      const [host, expected] of [
        ["one.io:5000", "one:one.io:5000"],
        ["registry-1.docker.io", "one:https://index.docker.io/v1/"],
        ["token.io", ":identity"],
        ["empty.io", "none"],
        ["none.io", "none"], // as docker's CLI: a helper's no is not asked again
        ["one.io", "none"],
        ["file.io", "file:file"],
      ] as const
    ) assertEquals([host, await login(store, host)], [host, expected]);
    // Asked at the same time and again, it runs once.
    await Promise.all([1, 2, 3].map(() => login(store, "one.io:5000")));
    assertEquals(
      await Deno.readTextFile(`${one.folder}/asked`),
      "get one.io:5000\nget https://index.docker.io/v1/\n",
    );
  });
});

Deno.test("CredentialStore names a helper that fails, and none of its secrets", async () => {
  const secret = "hunter2hunter2";
  for (
    const [script, words] of [
      [
        "echo no keychain here; exit 3",
        'exit code 3 and the words "no keychain here"',
      ],
      [`echo '{"Secret":"${secret}"}'; exit 3`, "exit code 3;"],
      [`echo ${secret} >&2; exit 3`, "exit code 3;"],
      [`printf '\\033[2Jx'; exit 3`, 'the words "[2Jx"'],
      [`echo '{"Secret":"${secret}'`, "not its protocol's JSON"],
      [`echo '{"Secret":["${secret}"]}'`, "not its protocol's JSON"],
      [`echo '"${secret}"'`, "not its protocol's JSON"],
      ["head -c 2000000 /dev/zero", "more than any login has"],
    ] as const
  ) {
    await using helper = await installHelper(script);
    await configured({ credsStore: helper.name }, async (env) => {
      const error = await assertRejects(
        () => login({ client: { dockerConfig: true }, env }, "a.io"),
        CredentialError,
        words,
      );
      assertStringIncludes(error.message, `docker-credential-${helper.name}`);
      assert(!Deno.inspect(error).includes(secret));
    });
  }
  for (const name of ["davit-absent", "../evil", "a b", "-"]) {
    await configured({ credsStore: name }, async (env) => {
      const error = await assertRejects(
        () => login({ client: { dockerConfig: true }, env }, "a.io"),
        CredentialError,
      );
      assertStringIncludes(error.message, name);
    });
  }
});

Deno.test("CredentialStore runs no program at a path that docker's configuration names", async () => {
  await withTempFolder(async (folder) => {
    // `docker-credential-x/../evil` is a program here, if a path may be one.
    await Deno.mkdir(`${folder}/docker-credential-x`);
    await Deno.writeTextFile(
      `${folder}/evil`,
      `#!/bin/sh\ntouch ${folder}/ran\necho '{"Username":"u","Secret":"s"}'\n`,
      { mode: 0o755 },
    );
    const before = Deno.cwd();
    Deno.chdir(folder);
    try {
      await configured({ credsStore: "x/../evil" }, async (env) => {
        await assertRejects(
          () => login({ client: { dockerConfig: true }, env }, "a.io"),
          CredentialError,
          "no program's name",
        );
      });
    } finally {
      Deno.chdir(before);
    }
    await assertRejects(
      () => Deno.stat(`${folder}/ran`),
      Deno.errors.NotFound,
    );
  });
});

Deno.test("CredentialStore ends a helper that takes too long, or whose answer nobody wants", async () => {
  // The pipe stays open in a child of the helper, which ignores all but a kill.
  await using helper = await installHelper(
    `trap "" TERM; echo $$ > "$(dirname "$0")/pid"; sleep 3 & sleep 3; sleep 3; sleep 3`,
  );
  await configured({ credsStore: helper.name }, async (env) => {
    const started = Date.now();
    const isGone = async () => {
      const pid = (await Deno.readTextFile(`${helper.folder}/pid`)).trim();
      await assertRejects(
        () => Deno.stat(`/proc/${pid}`),
        Deno.errors.NotFound,
      );
    };
    await assertRejects(
      () =>
        login(
          { client: { dockerConfig: true }, env, helperTimeout: 800 },
          "a.io",
        ),
      CredentialError,
      "gave no answer within 0.8 s",
    );
    await isGone();
    await Deno.remove(`${helper.folder}/pid`);
    const abort = new AbortController();
    const asked = login(
      { client: { dockerConfig: true }, env, signal: abort.signal },
      "a.io",
    );
    const rejected = assertRejects(() => asked, Error, "over");
    await until(
      () => Deno.readTextFile(`${helper.folder}/pid`).catch(() => ""),
      "the helper runs",
    );
    abort.abort(new Error("over"));
    await rejected;
    await isGone();
    // By itself it takes 9 seconds each time.
    assertLess(Date.now() - started, 8000);
  });
});

Deno.test("CredentialStore asks a function with the host's one spelling, scopes and signal", async () => {
  const { signal } = new AbortController();
  const asked: unknown[] = [];
  const store = new CredentialStore({
    signal,
    credentials: (...args) => {
      asked.push(args);
      return null;
    },
  });
  assertEquals(await store.get("Registry-1.docker.io"), undefined);
  await store.get("docker.io");
  await store.get("docker.io", ["repository:a:pull"]);
  assertEquals(asked, [
    ["docker.io", [], signal],
    ["docker.io", ["repository:a:pull"], signal],
  ]);
});

Deno.test("CredentialStore tells a function that failed from one that knows nothing, and asks it again", async () => {
  let calls = 0;
  const cause = new Error("vault is sealed");
  const store = new CredentialStore({
    credentials: () => {
      if (++calls === 1) throw cause;
      return Promise.resolve(
        { registrytoken: "hunter2hunter2", username: 7 } as never,
      );
    },
  });
  const error = await assertRejects(() => store.get("a.io"), CredentialError);
  assertEquals(error.cause, cause);
  const wrong = await assertRejects(
    () => store.get("a.io"),
    CredentialError,
    `the function's login for "a.io": "username" is not text`,
  );
  assert(!Deno.inspect(wrong).includes("hunter2"));
  const another = new CredentialStore({
    credentials: () => ({ password: "x", serveraddress: "b.io" }),
  });
  await assertRejects(
    () => another.get("a.io"),
    CredentialError,
    "another registry",
  );
});

Deno.test("CredentialStore asks again after four minutes", async () => {
  let calls = 0;
  const store = new CredentialStore({
    credentials: () => ({ username: "me", password: `call ${++calls}` }),
  });
  const { now } = Date;
  try {
    assertEquals(await login(store, "a.io"), "me:call 1");
    Date.now = () => now() + 239_000;
    assertEquals(await login(store, "a.io"), "me:call 1");
    Date.now = () => now() + 241_000;
    assertEquals(await login(store, "a.io"), "me:call 2");
  } finally {
    Date.now = now;
  }
});

Deno.test("CredentialStore tells of every value before it is given, and of each registry once", async () => {
  const store = new CredentialStore({
    client: {
      credentials: { "a.io": { username: "me", password: "at hand" } },
    },
    credentials: (host) =>
      host === "b.io" ? { username: "me", password: "fetched" } : undefined,
  });
  const reveal = (secret: { reveal(): Uint8Array }) =>
    new TextDecoder().decode(secret.reveal());
  assertEquals(
    store.atHand().map(([registry, secret]) => [registry, reveal(secret)]),
    [["a.io", "at hand"], ["a.io", btoa("me:at hand")]],
  );
  const told: string[] = [];
  const uses: string[] = [];
  store.onUse = ({ registry, state }) => uses.push(`${registry} ${state}`);
  store.onCredential = async (registry, secret) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    told.push(`${registry} ${reveal(secret)}`);
  };
  await store.get("a.io");
  assertEquals(told, []);
  const login = await store.get("b.io");
  assertEquals(told, ["b.io fetched", `b.io ${btoa("me:fetched")}`]);
  await store.get("b.io");
  await store.get("c.io");
  assertEquals(told.length, 2);
  assertEquals(uses, ["a.io served", "b.io served", "c.io anonymous"]);
  // What is printed by mistake shows nothing.
  for (const text of [Deno.inspect(login), JSON.stringify(login)]) {
    assertStringIncludes(text, "[secret]");
    assert(!text.includes("fetched"));
  }
  assert(!Deno.inspect(store, { depth: 9 }).includes("at hand"));
});

Deno.test("CredentialStore goes on without docker's logins where Deno may not read them, and says so", async () => {
  const closed: string[] = [];
  const store = new CredentialStore({
    client: { dockerConfig: true },
    env: {
      get: () => {
        throw new Deno.errors.NotCapable(
          'Requires env access to "DOCKER_AUTH_CONFIG", run again with the --allow-env flag',
        );
      },
    },
  });
  store.onClosed = (why) => closed.push(why);
  assertEquals(await login(store, "a.io"), "none");
  assertEquals(await login(store, "a.io"), "none");
  assertEquals(closed.length, 1);
  assertStringIncludes(closed[0]!, "--allow-env");
});
