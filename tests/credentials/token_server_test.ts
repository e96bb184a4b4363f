import { runProgram } from "../cli/command.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import {
  askTokenServer,
  type TokenServer,
} from "../../lib/credentials/token_server.ts";

/** An engine on this machine. */
const HERE = "unix:///var/run/docker.sock";

const SIGNAL = new AbortController().signal;

/** A registry of this machine that answers so, and what was asked of it. */
async function challenged(
  answer: (port: number) => Response,
  use: (host: string, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request): Response => {
      const { pathname } = new URL(request.url);
      const authorization = request.headers.get("authorization");
      seen.push(`${request.method} ${pathname} ${authorization}`);
      return answer(server.addr.port);
    },
  );
  await use(`127.0.0.1:${server.addr.port}`, seen);
}

function unauthorized(challenge: string): Response {
  return new Response("{}", {
    status: 401,
    headers: { "www-authenticate": challenge },
  });
}

async function ask(
  challenge: string,
): Promise<[realm: string, service: string] | undefined> {
  let server: TokenServer | undefined;
  await challenged(() => unauthorized(challenge), async (host, seen) => {
    server = await askTokenServer(host, HERE, SIGNAL);
    assertEquals(seen, ["GET /v2/ null"]);
  });
  return server && [server.realm.href, server.service];
}

Deno.test("askTokenServer() does not take this machine for that of an engine elsewhere", async () => {
  const challenge = 'Bearer realm="http://127.0.0.1:9/token"';
  await challenged(() => unauthorized(challenge), async (host, seen) => {
    for (
      const engine of [
        "tcp://192.0.2.1:2375",
        "https://[2001:db8::1]:2376",
        "https://engine.example:2376",
        "ssh://me@127.0.0.1.example",
      ]
    ) {
      assertEquals(await askTokenServer(host, engine, SIGNAL), undefined);
    }
    assertEquals(seen, []);
    for (const engine of [HERE, "tcp://[::1]:2375", "https://localhost:2376"]) {
      const server = await askTokenServer(host, engine, SIGNAL);
      assertEquals(server?.realm.href, "http://127.0.0.1:9/token", engine);
    }
  });
});

Deno.test("askTokenServer() takes the realm from the registry's own challenge", async () => {
  for (
    const [challenge, expected] of [
      ['Bearer realm="https://t.example/token",service="s"', [
        "https://t.example/token",
        "s",
      ]],
      ['bearer service=s, Realm="https://t.example/a?b=1"', [
        "https://t.example/a?b=1",
        "s",
      ]],
      ['Basic realm="r", Bearer realm="https://t.example/",scope="a:b,c"', [
        "https://t.example/",
        "",
      ]],
      ['Bearer realm="https://t.example/",service="a\\"b", Basic realm="x"', [
        "https://t.example/",
        'a"b',
      ]],
      ['Bearer realm="http://127.0.0.1:9/token"', [
        "http://127.0.0.1:9/token",
        "",
      ]],
    ] as const
  ) assertEquals(await ask(challenge), [...expected], challenge);
});

Deno.test("askTokenServer() knows none where a login must not go, or none is named", async () => {
  for (
    const challenge of [
      'Basic realm="https://t.example/"',
      "Bearer",
      'Bearer service="s"',
      'Bearer realm="no address"',
      'Bearer realm="http://t.example/token"',
      'Bearer realm="http://127.0.0.1.example/token"',
      'Bearer realm="ftp://127.0.0.1/token"',
      'Bearer realm="https://me:pw@t.example/"',
    ]
  ) assertEquals(await ask(challenge), undefined, challenge);
  for (
    const answer of [
      () => new Response("{}"),
      () => new Response("", { status: 401 }),
      () => Response.redirect("https://t.example/v2/", 307),
    ]
  ) {
    await challenged(answer, async (host) => {
      assertEquals(await askTokenServer(host, HERE, SIGNAL), undefined);
    });
  }
  assertEquals(await askTokenServer("127.0.0.1:1", HERE, SIGNAL), undefined);
});

Deno.test("askTokenServer() asks no registry of another machine without encryption, and none without a permission", async () => {
  const program = `
    import { askTokenServer } from "${new URL(
    "../../lib/credentials/token_server.ts",
    import.meta.url,
  )}";
    const asked = [];
    globalThis.fetch = (url) => {
      asked.push(String(url));
      const realm = /evil|localhost/.test(url) ? "http://localhost:9/t" : "https://tokens.example/t";
      return Promise.resolve(new Response("", {
        status: 401,
        headers: { "www-authenticate": 'Bearer realm="' + realm + '"' },
      }));
    };
    const { signal } = new AbortController();
    for (const host of ["r.example", "docker.io", "evil.example", "other.example", "localhost:5000"]) {
      console.log(host, (await askTokenServer(host, "unix:///engine.sock", signal))?.realm.href);
    }
    console.log(asked.join(" "));
  `;
  const run = async (...flags: string[]) => {
    const { stdout, stderr } = await runProgram(
      [
        Deno.execPath(),
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        ...flags,
        "-",
      ],
      { stdin: new TextEncoder().encode(program) },
    );
    assertEquals(stderr, "");
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  };
  const none = [
    "r.example undefined",
    "docker.io undefined",
    "evil.example undefined",
    "other.example undefined",
    "localhost:5000 undefined",
  ];
  assertEquals(await run(), none);
  const hosts = "r.example,registry-1.docker.io,evil.example,localhost";
  const asked =
    "https://r.example/v2/ https://registry-1.docker.io/v2/ https://evil.example/v2/ https://localhost:5000/v2/";
  assertEquals(await run(`--allow-net=${hosts}`), [
    "r.example undefined", // its token server is not among them
    "docker.io undefined",
    "evil.example undefined", // sends a login to this machine's own ports
    "other.example undefined",
    "localhost:5000 http://localhost:9/t",
    asked,
  ]);
  assertEquals(await run(`--allow-net=${hosts},tokens.example`), [
    "r.example https://tokens.example/t",
    "docker.io https://tokens.example/t",
    "evil.example undefined",
    "other.example undefined",
    "localhost:5000 http://localhost:9/t",
    asked,
  ]);
});

Deno.test("askTokenServer() gives up with its signal", async () => {
  const signal = AbortSignal.abort(new Error("over"));
  await assertRejects(
    () => askTokenServer("127.0.0.1:1", HERE, signal),
    Error,
    "over",
  );
});
