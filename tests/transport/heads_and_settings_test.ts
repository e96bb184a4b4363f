import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { ConnectionError } from "../../lib/errors.ts";
import { contextNames } from "../../lib/transport/context_names.ts";
import {
  configFolder,
  endpointFromDockerConfig,
  readCliConfig,
} from "../../lib/transport/docker_config.ts";
import { readDockerSettings } from "../../lib/transport/docker_settings.ts";
import {
  bracketed,
  type Endpoint,
  formatEndpoint,
  isHere,
  isLoopback,
  parseEndpoint,
} from "../../lib/transport/endpoint.ts";
import { connectionFailure } from "../../lib/transport/failure.ts";
import { withHeaders } from "../../lib/transport/headers.ts";
import {
  findHeadEnd,
  formatRequestHead,
  parseResponseHead,
} from "../../lib/transport/http_head.ts";
import {
  permissionFlags,
  permissionsFor,
} from "../../lib/transport/permissions.ts";
import type { Transport, UpgradeInit } from "../../lib/transport/transport.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const environment = (values: Record<string, string>) => ({
  get: (name: string) => values[name],
});

Deno.test("a request's head is written as it was given, or refused", () => {
  const written = (target: string, headers: [string, string][] = []) =>
    new TextDecoder().decode(formatRequestHead("POST", target, headers));
  assertEquals(written("/x"), "POST /x HTTP/1.1\r\n\r\n");
  assertEquals(
    written("!~", [["A-b", ""], ["A-b", "ä\t c"]]),
    "POST !~ HTTP/1.1\r\nA-b: \r\nA-b: ä\t c\r\n\r\n",
  );
  for (const target of ["", " ", "/x y", "/x\r", "/\x7f", "/ä"]) {
    assertThrows(() => written(target), TypeError, "white space");
  }
  for (
    const [name, value] of [
      ["", "x"],
      ["a:", "x"],
      ["a ", "x"],
      ["a", "\r"],
      ["a", "\n"],
      ["a", "\x00"],
      ["a", "\x08"],
      ["a", "\x1f"],
      ["a", "\x7f"],
    ]
  ) {
    assertThrows(
      () => written("/x", [[name!, value!]]),
      TypeError,
      `header "${name}" holds a forbidden character`,
    );
  }
});

Deno.test("a head's end is found in either way to end a line, from where it is looked for", () => {
  for (
    const [text, end] of [
      ["a\r\n\r\nb", 5],
      ["a\n\nb", 3],
      ["a\n\r\nb", 4],
      ["a\r\n\nb", 4],
      ["a\r\nb\r\n\r\nc\r\n\r\n", 8],
      ["\n\n", 2],
      ["\n\r\n", 3],
      ["a\nb", -1],
      ["a\n\rb\n", -1],
      ["a\r\n\r", -1],
      ["a\n", -1],
      ["", -1],
    ] as const
  ) assertEquals(findHeadEnd(encode(text)), end, text);
  assertEquals(findHeadEnd(encode("\n\na\n\n"), 1), 5);
  assertEquals(findHeadEnd(encode("\n\na\n\n"), 4), -1);
});

Deno.test("the head of an answer is read with its status, reason and fields", () => {
  const read = (text: string) => parseResponseHead(encode(text));
  assertEquals(read("HTTP/1.0 404\r\n\r\n"), {
    status: 404,
    reason: "",
    headers: [],
  });
  assertEquals(read("HTTP/1.1 200 \n\n"), {
    status: 200,
    reason: "",
    headers: [],
  });
  assertEquals(read("HTTP/1.1 101 A b\nX-A:\nx-B:  c:d \nX-a: 2\n\n"), {
    status: 101,
    reason: "A b",
    headers: [["x-a", ""], ["x-b", "c:d"], ["x-a", "2"]],
  });
  for (
    const text of [
      "",
      "HTTP/1.1 20 OK",
      "HTTP/1.1 2000",
      "HTTP/2.0 200",
      "HTTP/1.1  200",
      "xHTTP/1.1 200",
    ]
  ) {
    assertThrows(() => read(text), SyntaxError, "not an HTTP/1.1 status line");
  }
  for (const line of ["nope", ": x", "a b: c", " a: b"]) {
    assertThrows(
      () => read(`HTTP/1.1 200 OK\r\n${line}\r\n\r\n`),
      SyntaxError,
      "a header line has no name",
    );
  }
  assertEquals(read("HTTP/1.1 200 OK\r\na:b\r\n\r\n").headers, [["a", "b"]]);
});

Deno.test("parseEndpoint() says what is wrong with an address", () => {
  const words: [address: string, sentence: string][] = [
    [
      "",
      'Cannot use engine address "": expected "unix:///path", "tcp://host:port"',
    ],
    ["host", 'expected "unix:///path"'],
    ["ftp://h", 'expected "unix:///path"'],
    ["1tp://h", 'expected "unix:///path"'],
    ["unix://x", "a unix address needs an absolute path"],
    ["unix://", "a unix address needs an absolute path"],
    ["tcp://", "no host in it"],
    ["tcp://:1", "no host in it"],
    ["tcp://h:12345678", "its port is none: expected 1 to 65535"],
    ["tcp://h:1234567/x", "its port is none: expected 1 to 65535"],
    ["tcp://::1", "an IPv6 address needs brackets"],
    ["tcp://h?x", "it has a query or a fragment"],
    ["tcp://h#x", "it has a query or a fragment"],
    ["ssh://a:b@h", "a password in an address ends up in logs"],
    ["ssh://-h", "the host starts with a dash"],
    ["tcp://u@h", "expected a host and a port, nothing more"],
    ["http://h/x", "expected a host and a port, nothing more"],
  ];
  for (const [address, sentence] of words) {
    assertThrows(() => parseEndpoint(address), TypeError, sentence);
  }
});

Deno.test("parseEndpoint() takes schemes in any letters, ports that are usual, and files for TLS where it is spoken", () => {
  const tls = { ca: "x" };
  const tcp = (port: number, more: object = {}) => ({
    kind: "tcp",
    hostname: "h",
    port,
    ...more,
  });
  const cases: [
    address: string,
    files: typeof tls | undefined,
    expected: unknown,
  ][] = [
    ["UNIX:///x", undefined, { kind: "unix", path: "/x" }],
    ["TCP://h", undefined, tcp(2375)],
    ["TCP://h", tls, tcp(2376, { tls })],
    ["http://h", tls, tcp(2375)],
    ["Http://h:80", undefined, tcp(80)],
    ["https://h", tls, tcp(2376, { tls })],
    ["https://h:443", undefined, tcp(443, { tls: {} })],
    ["tcp://h:0080/", undefined, tcp(80)],
    ["h.x-y_z:1", undefined, { ...tcp(1), hostname: "h.x-y_z" }],
    ["ssh://h", tls, { kind: "ssh", hostname: "h" }],
    ["ssh://h/", undefined, { kind: "ssh", hostname: "h" }],
    ["ssh://m%40e@[::1]:22/a%20b", undefined, {
      kind: "ssh",
      hostname: "::1",
      port: 22,
      user: "m@e",
      path: "/a b",
    }],
    ["ssh://1@h", undefined, { kind: "ssh", hostname: "h", user: "1" }],
    ["ssh://me:@h:80", undefined, {
      kind: "ssh",
      hostname: "h",
      port: 80,
      user: "me",
    }],
  ];
  for (const [address, files, expected] of cases) {
    assertEquals(parseEndpoint(address, files) as unknown, expected, address);
  }
});

Deno.test("addresses are written with brackets where they need them, and known to be here", () => {
  for (
    const [hostname, written] of [
      ["a", "a"],
      ["::1", "[::1]"],
      ["[::1]", "[::1]"],
      ["a:1", "[a:1]"],
      [":", "[:]"],
      ["", ""],
    ] as const
  ) {
    assertEquals(bracketed(hostname), written);
  }
  assertEquals(
    formatEndpoint({ kind: "ssh", hostname: "::1", port: 1 }),
    "ssh://[::1]:1",
  );
  assertEquals(
    formatEndpoint({ kind: "tcp", hostname: "h", port: 1, tls: {} }),
    "https://h:1",
  );
  for (
    const host of [
      "localhost",
      "localhost:1",
      "127.0.0.1",
      "127.1.2.3:80",
      "[::1]",
      "[::1]:1",
    ]
  ) {
    assert(isLoopback(host), host);
    assert(
      isHere(`tcp://${host}`) && isHere(`http://${host}/x`) &&
        isHere(`https://${host}`),
    );
  }
  for (
    const host of [
      "",
      "localhost.x",
      "xlocalhost",
      "127.0.0",
      "128.0.0.1",
      "::1",
      "127.0.0.1:x",
    ]
  ) {
    assert(!isLoopback(host), host);
    assert(!isHere(`tcp://${host}`));
  }
  assert(isHere("unix:///x"));
  for (const address of ["ssh://localhost", "localhost", "x unix:///", ""]) {
    assert(!isHere(address));
  }
});

Deno.test("what a program must be allowed is said in Deno's flags", () => {
  const flags = (endpoint: Endpoint) =>
    permissionFlags(permissionsFor(endpoint)).join(" ");
  assertEquals(
    flags({ kind: "tcp", hostname: "::1", port: 2 }),
    "--allow-net=[::1]:2",
  );
  assertEquals(
    flags({ kind: "ssh", hostname: "h" }),
    "--allow-run=ssh --allow-net --allow-read --allow-write",
  );
  assertEquals(
    permissionFlags([
      { kind: "net", what: "a" },
      { kind: "read" },
      { kind: "net", what: "b" },
      { kind: "read", what: "c" },
      { kind: "write", what: "d" },
      { kind: "write" },
    ]),
    ["--allow-net=a,b", "--allow-read", "--allow-write"],
  );
});

Deno.test("each way that a connection fails has its own sentence", () => {
  const unix: Endpoint = { kind: "unix", path: "/s" };
  const tcp: Endpoint = { kind: "tcp", hostname: "h", port: 1 };
  const tls: Endpoint = { ...tcp, tls: {} };
  const { NotFound, PermissionDenied, ConnectionRefused } = Deno.errors;
  const cases: [endpoint: Endpoint, cause: unknown, words: string][] = [
    [unix, new NotFound("x"), "No engine at unix:///s: no such socket; start"],
    [unix, new PermissionDenied("x"), "No permission for unix:///s"],
    [
      unix,
      new ConnectionRefused("x"),
      "No engine at unix:///s: the socket is there but nobody listens",
    ],
    [
      tcp,
      new ConnectionRefused("x"),
      "No engine at tcp://h:1: connection refused; is it running",
    ],
    [
      tcp,
      new NotFound("x"),
      "The connection to tcp://h:1 failed: x; is the engine",
    ],
    [
      tcp,
      new PermissionDenied("x"),
      "The connection to tcp://h:1 failed: x; is the engine",
    ],
    [
      tls,
      new Error("bad certificate"),
      "No connection to https://h:1: bad certificate; for certificates see",
    ],
    [
      tcp,
      new Error("bad certificate"),
      "The connection to tcp://h:1 failed: bad certificate; is",
    ],
    [
      unix,
      new Error("handshake"),
      "The connection to unix:///s failed: handshake; is",
    ],
    [
      tls,
      new Error("x", { cause: new Error("y", { cause: new Error("Alert") }) }),
      "No connection to https://h:1: Alert; for",
    ],
    [tcp, "x", "The connection to tcp://h:1 failed: x; is"],
    [
      tcp,
      new Error("x", { cause: "y" }),
      "The connection to tcp://h:1 failed: x; is",
    ],
    [
      tcp,
      new DOMException("x", "TimeoutError"),
      "The connection to tcp://h:1 failed: x; is",
    ],
  ];
  for (const [endpoint, cause, words] of cases) {
    const failure = connectionFailure(endpoint, cause);
    assert(failure instanceof ConnectionError);
    assert(failure.message.startsWith(words), failure.message);
    assertEquals(failure.cause, cause);
  }
});

Deno.test("headers are added to each request and upgrade, behind those that stand there, and never what a request is made of", async () => {
  const seen: unknown[] = [];
  let closed = 0;
  const inner: Transport = {
    endpoint: "unix:///x",
    fetch(path, init) {
      seen.push([
        path,
        Object.fromEntries(new Headers(init?.headers)),
        init?.method,
      ]);
      return Promise.resolve(new Response("ok"));
    },
    upgrade(path, init) {
      seen.push([path, init.headers, this === inner]);
      return Promise.reject(new Error("no"));
    },
    close: () => void closed++,
  };
  const own = [
    "Connection",
    "content-length",
    "Host",
    "Transfer-Encoding",
    "upgrade",
    "User-Agent",
  ];
  const outer = withHeaders(
    inner,
    () =>
      Promise.resolve([
        ["X-A", " 1 "],
        ["X-B", "2"],
        ...own.map((name) => [name, "x"] as const),
      ]),
  );
  assertEquals(outer.endpoint, "unix:///x");
  await outer.fetch("/a");
  await outer.fetch("/b", { method: "PUT", headers: { "x-a": "mine" } });
  const init: UpgradeInit = {
    protocol: "h2c",
    headers: [["x-b", "mine"], ["C", "c"]],
  };
  await outer.upgrade!("/c", init).catch(() => {});
  outer.close();
  assertEquals(seen, [
    ["/a", { "x-a": "1", "x-b": "2" }, undefined],
    ["/b", { "x-a": "mine", "x-b": "2" }, "PUT"],
    ["/c", [["x-b", "mine"], ["C", "c"], ["X-A", "1"]], true],
  ]);
  assertEquals(closed, 1);
  const plain = withHeaders(
    { fetch: inner.fetch, close() {} },
    () => Promise.resolve([]),
  );
  assertEquals([plain.upgrade, "endpoint" in plain], [undefined, false]);
  for (
    const [name, value] of [["a b", "secret-value"], [
      "a",
      "secret\0value",
    ]] as const
  ) {
    const bad = withHeaders(inner, () => Promise.resolve([[name, value]]));
    const error = await assertRejects(
      () => bad.fetch("/x"),
      TypeError,
      `Cannot send the header "${name}" of docker's configuration`,
    );
    assert(!error.message.includes("secret") && error.cause === undefined);
  }
});

Deno.test("docker's folder is where its variables say", () => {
  for (
    const [values, folder] of [
      [{ DOCKER_CONFIG: "/a/b//", HOME: "/h" }, "/a/b"],
      [{ DOCKER_CONFIG: "/" }, "/"],
      [{ DOCKER_CONFIG: "", HOME: "/h", USERPROFILE: "/u" }, "/h/.docker"],
      [{ USERPROFILE: "/u" }, "/u/.docker"],
    ] as const
  ) assertEquals(configFolder(environment(values)), folder);
  for (const values of [{}, { HOME: "" }]) {
    assertThrows(
      () => configFolder(environment(values)),
      TypeError,
      "neither DOCKER_CONFIG nor HOME is set",
    );
  }
});

Deno.test("docker's file is read with its place; without one, or a home, there is none", async () => {
  await withTempFolder(async (folder) => {
    const env = environment({ DOCKER_CONFIG: folder });
    const path = `${folder}/config.json`;
    assertEquals(await readCliConfig(env), undefined);
    assertEquals(await readCliConfig(environment({})), undefined);
    assertEquals(
      await readCliConfig(environment({ HOME: "/no/such" })),
      undefined,
    );
    assertEquals(
      await readCliConfig(environment({ USERPROFILE: "/no/such" })),
      undefined,
    );
    for (
      const [text, fields] of [["", {}], [" \n", {}], ["null", {}], ["5", {}], [
        '{"a":1}',
        { a: 1 },
      ]] as const
    ) {
      await Deno.writeTextFile(path, text);
      assertEquals(await readCliConfig(env), { path, fields });
    }
    for (const name of [5, "", "default", null]) {
      await Deno.writeTextFile(path, JSON.stringify({ currentContext: name }));
      assertEquals(await endpointFromDockerConfig(env), undefined);
    }
    await Deno.writeTextFile(path, '{"auth": "hunter2');
    const error = await assertRejects(
      () => readCliConfig(env),
      TypeError,
      `Cannot read "${path}": it is not JSON`,
    );
    assertEquals(error.cause, undefined);
    await Deno.remove(path);
    await Deno.mkdir(path);
    await assertRejects(() => readCliConfig(env), Error, "directory");
  });
});

Deno.test("contexts are listed by their names, sorted, and what is none is passed over", async () => {
  await withTempFolder(async (folder) => {
    const env = environment({ DOCKER_CONFIG: folder });
    assertEquals(await contextNames(env), ["default"]);
    assertEquals(await contextNames(environment({})), ["default"]);
    const meta = (Name: unknown) => JSON.stringify({ Name });
    await writeTree(folder, {
      "contexts/meta/1/meta.json": meta("zoo"),
      "contexts/meta/2/meta.json": meta("a.b_c+d-1"),
      "contexts/meta/3/meta.json": meta(5),
      "contexts/meta/4/meta.json": "{",
      "contexts/meta/5/meta.json": "null",
      "contexts/meta/6/meta.json": meta("-x"),
      "contexts/meta/7/meta.json": meta("a b"),
      "contexts/meta/8/other": "x",
      "contexts/meta/9/meta.json": meta("b"),
    });
    assertEquals(await contextNames(env), ["default", "a.b_c+d-1", "zoo"]);
    await Deno.remove(`${folder}/contexts`, { recursive: true });
    await writeTree(folder, { contexts: "x" });
    await assertRejects(() => contextNames(env));
  });
});

Deno.test("settings come from variables, else from docker's file, each in its form", async () => {
  const read = async (
    config: unknown,
    values: Record<string, string> = {},
    address?: string,
  ) => {
    let found: unknown;
    await withTempFolder(async (folder) => {
      await writeTree(folder, { "config.json": JSON.stringify(config) });
      found = await readDockerSettings(
        address,
        environment({ DOCKER_CONFIG: folder, ...values }),
      );
    });
    return found as Awaited<ReturnType<typeof readDockerSettings>>;
  };
  const nothing = {
    headers: [],
    proxies: {},
    platform: undefined,
    sourceDateEpoch: undefined,
  };
  assertEquals(await read({}), nothing);
  assertEquals(await read({ proxies: null, HttpHeaders: null }), nothing);
  assertEquals(
    await read({}, {
      DOCKER_DEFAULT_PLATFORM: "",
      SOURCE_DATE_EPOCH: "",
      DOCKER_CUSTOM_HEADERS: "",
    }),
    nothing,
  );
  assertEquals(
    await read({}, { DOCKER_DEFAULT_PLATFORM: "a/b", SOURCE_DATE_EPOCH: "0" }),
    {
      ...nothing,
      platform: "a/b",
      sourceDateEpoch: "0",
    },
  );
  const HttpHeaders = { A: "1", B: null, C: "" };
  assertEquals((await read({ HttpHeaders })).headers, [["A", "1"], ["C", ""]]);
  for (
    const [text, headers] of [
      ["a=1", [["a", "1"]]],
      ["A=1,b= 2=3 ,a=4", [["a", "4"], ["b", " 2=3 "]]],
      [" a =", [["a", ""]]],
      ['"a=1,2",b=3', [["a", "1,2"], ["b", "3"]]],
    ] as const
  ) {
    assertEquals(
      (await read({ HttpHeaders }, { DOCKER_CUSTOM_HEADERS: text }))
        .headers as unknown,
      headers,
      text,
    );
  }
  for (
    const text of ["ab", "a", "=1", " =1", "a=1,b", "a=1,", "a=1\nb=2", '"a']
  ) {
    await assertRejects(
      () => read({}, { DOCKER_CUSTOM_HEADERS: text }),
      TypeError,
      "Cannot use the environment variable DOCKER_CUSTOM_HEADERS",
    );
  }
  const all = {
    httpProxy: "1",
    httpsProxy: "2",
    noProxy: "3",
    ftpProxy: "4",
    allProxy: "5",
    other: "6",
  };
  assertEquals((await read({ proxies: { default: all } })).proxies, {
    HTTP_PROXY: "1",
    HTTPS_PROXY: "2",
    NO_PROXY: "3",
    FTP_PROXY: "4",
    ALL_PROXY: "5",
  });
  const proxies = {
    "tcp://h:1": { httpProxy: "t" },
    "https://h:1": { httpProxy: "no" },
  };
  assertEquals((await read({ proxies }, {}, "https://h:1")).proxies, {
    HTTP_PROXY: "t",
  });
  assertEquals((await read({ proxies }, {}, "unix:///x")).proxies, {});
  assertEquals((await read({ proxies })).proxies, {});
  for (
    const proxies of [{ default: [] }, { default: { noProxy: 5 } }, [], 5, {
      other: 5,
      default: {},
    }]
  ) {
    await assertRejects(
      () => read({ proxies }),
      TypeError,
      "it has not the form that docker reads",
    );
  }
  assertEquals(
    await readDockerSettings("x", environment({ HOME: "/no/such" })),
    nothing,
  );
  assertEquals(
    await readDockerSettings("x", environment({ USERPROFILE: "/no/such" })),
    nothing,
  );
});
