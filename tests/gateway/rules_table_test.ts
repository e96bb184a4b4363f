import {
  assert,
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { changedEnvironment } from "../support/environment.ts";
import { refuseStoredSecrets } from "../../lib/gateway/build_leaks.ts";
import {
  BREAKOUTS,
  checkBuildQuery,
  type GatewayBreakout,
} from "../../lib/gateway/build_rules.ts";
import { checkLimits, DEFAULT_LIMITS } from "../../lib/gateway/limits.ts";
import { checkListen, defaultListen } from "../../lib/gateway/listen.ts";
import { makePolicy } from "../../lib/gateway/policy.ts";
import { isPrivateAddress } from "../../lib/gateway/private_address.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import { findRoute, GROUPS } from "../../lib/gateway/routes.ts";
import { normalizeTarget } from "../../lib/gateway/target.ts";
import {
  checkRemoteAddress,
  resolveBySystem,
} from "../../lib/gateway/remote_rules.ts";
import { STEP_KEY_BYTES, StepKeys } from "../../lib/gateway/step_keys.ts";
import { isCommonValue } from "../../lib/gateway/value_rules.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import { TokenCheck } from "../../lib/gateway/token.ts";
import { readUnread } from "../../lib/gateway/unread_body.ts";

const signal = new AbortController().signal;
const words = ({ status, message }: Refusal) =>
  `${status} ${message.replace(/^davit gateway: (malformed request: )?/, "")}`;

// deno-lint-ignore no-explicit-any -- what a program without types passes
const any = (value: unknown): any => value;

Deno.test("the address before and behind each private network is public, and both its ends are not", () => {
  const networks: [first: string, last: string][] = [
    ["0.0.0.0", "0.255.255.255"],
    ["10.0.0.0", "10.255.255.255"],
    ["100.64.0.0", "100.127.255.255"],
    ["127.0.0.0", "127.255.255.255"],
    ["168.63.129.16", "168.63.129.16"],
    ["169.254.0.0", "169.254.255.255"],
    ["172.16.0.0", "172.31.255.255"],
    ["192.0.0.0", "192.0.0.255"],
    ["192.0.2.0", "192.0.2.255"],
    ["192.88.99.0", "192.88.99.255"],
    ["192.168.0.0", "192.168.255.255"],
    ["198.18.0.0", "198.19.255.255"],
    ["198.51.100.0", "198.51.100.255"],
    ["203.0.113.0", "203.0.113.255"],
    ["224.0.0.0", "255.255.255.255"],
  ];
  const number = (address: string) =>
    address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const address = (number: number) =>
    [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(
      ".",
    );
  for (const [first, last] of networks) {
    assert(isPrivateAddress(first), first);
    assert(isPrivateAddress(last), last);
    const [before, behind] = [number(first) - 1, number(last) + 1];
    if (before >= 0) {
      assertEquals(isPrivateAddress(address(before)), false, `before ${first}`);
    }
    if (behind < 2 ** 32) {
      assertEquals(isPrivateAddress(address(behind)), false, `behind ${last}`);
    }
  }
  // As IPv6 writes them, too.
  for (const [first, last] of networks) {
    for (
      const at of [
        number(first) - 1,
        number(first),
        number(last),
        number(last) + 1,
      ]
    ) {
      if (at < 0 || at >= 2 ** 32) continue;
      for (const prefix of ["::ffff:", "64:ff9b::"]) {
        assertEquals(
          isPrivateAddress(prefix + address(at)),
          isPrivateAddress(address(at)),
          prefix + address(at),
        );
      }
    }
  }
  for (
    const none of [
      "256.1.1.1",
      "1.256.1.1",
      "1.2.3",
      "1.2.3.4.5",
      "01.2.3.4",
      "1.2.3.04",
      "",
      "a",
      "::g",
      "1::2::3",
      ":1",
    ]
  ) {
    assert(isPrivateAddress(none), none);
  }
  assertEquals(isPrivateAddress("1.255.255.255"), false);
});

Deno.test("of IPv6 only what is given out is public, and what holds an IPv4 address is as that", () => {
  const cases: [address: string, isPrivate: boolean][] = [
    ["::", true],
    ["::1", true],
    ["::8.8.8.8", true],
    ["::ffff:8.8.8.8", false],
    ["::ffff:10.0.0.1", true],
    ["::ffff:808:808", false],
    ["::ffff:a00:1", true],
    ["::ffff:1:8.8.8.8", true],
    ["::fffe:8.8.8.8", true],
    ["::1:ffff:8.8.8.8", true],
    ["1::ffff:8.8.8.8", true],
    ["0:0:0:1:0:ffff:8.8.8.8", true],
    ["64:ff9b::8.8.8.8", false],
    ["64:ff9b::10.0.0.1", true],
    ["64:ff9b:0:1::8.8.8.8", true],
    ["64:ff9b:1::8.8.8.8", true],
    ["64:ff9b::1:8.8.8.8", true],
    ["64:ff9b:0:0:1::8.8.8.8", true],
    ["64:ff9a::8.8.8.8", true],
    ["65:ff9b::8.8.8.8", true],
    ["63:ff9b::8.8.8.8", true],
    ["2002:808:808::1", true],
    ["2003::1", false],
    ["2001:1ff::1", true],
    ["2001:0:1::1", true],
    ["2001:200::1", false],
    ["2000:1ff::1", false],
    ["2002:1ff::1", true],
    ["2001:db7::1", false],
    ["2001:db8::1", true],
    ["2001:db9::1", false],
    ["2000:db8::1", false],
    ["1fff::1", true],
    ["2000::", false],
    ["3ffe::1", false],
    ["3fff::1", true],
    ["4000::", true],
    ["fe80::1%eth0", true],
    ["2606:4700:4700::1111%eth0", false],
    ["2606:4700:4700:0:0:0:0:1111", false],
    ["fc00::1", true],
    ["ff02::1", true],
  ];
  for (const [address, isPrivate] of cases) {
    assertEquals(isPrivateAddress(address), isPrivate, address);
  }
});

Deno.test("each parameter of a build is passed on, spelled anew, or refused in its own words", async () => {
  const harmless =
    "version dockerfile t q nocache pull rm forcerm memory memswap cpushares cpusetcpus cpusetmems cpuperiod cpuquota shmsize ulimits squash platform target";
  const check = async (
    name: string,
    value: string,
    breakouts: readonly GatewayBreakout[] = [],
    push = false,
  ): Promise<string> => {
    try {
      const [[same, given] = []] = await checkBuildQuery(
        [[name, value]],
        {
          breakouts: new Set(breakouts),
          push,
          resolve: (host) =>
            Promise.resolve([host === "public" ? "8.8.8.8" : "10.0.0.1"]),
        },
        signal,
      );
      assertEquals(same, name);
      return `= ${given}`;
    } catch (error) {
      return words(error as Refusal);
    }
  };
  for (const name of harmless.split(" ")) {
    assertEquals(await check(name, "x"), "= x");
  }
  const others: [
    name: string,
    value: string,
    passes: string | true,
    breakout?: GatewayBreakout,
  ][] = [
    ...["", "default", "none", "bridge"].map((value) =>
      ["networkmode", value, true] as [string, string, true]
    ),
    [
      "networkmode",
      "host",
      "403 networkmode host is not allowed here: --allow-host-network opens it",
      "host-network",
    ],
    [
      "networkmode",
      "container:x",
      "403 this networkmode is not allowed here: default, bridge and none are",
    ],
    ["remote", "", true],
    [
      "remote",
      "client-session",
      "403 this remote is between an engine and its own client",
    ],
    [
      "remote",
      "upload-request-x",
      "403 this remote is between an engine and its own client",
    ],
    ["remote", "http://public/x", true],
    [
      "remote",
      "http://private/x",
      "403 the remote leads to a private address, or to none: --allow-private-remotes opens it",
      "private-remotes",
    ],
    ["extrahosts", "a:1.2.3.4", true],
    ["extrahosts", "a=::1", true],
    ["extrahosts", "a:[::1]", true],
    ["extrahosts", "a:host-gateway", true],
    [
      "extrahosts",
      "a",
      "400 an extra host is not a name and an address with a colon between",
    ],
    [
      "extrahosts",
      "x.Davit-Gateway.invalid:1.2.3.4",
      "403 this extra host is not allowed here: by such a name the gateway keeps steps apart",
    ],
    ["buildid", "", true],
    ["buildid", "a_b.c-1", true],
    ["buildid", "a".repeat(128), true],
    [
      "buildid",
      "a".repeat(129),
      "403 this buildid is not allowed here: letters, digits, dots and dashes are; upload-request is between an engine and its own client",
    ],
    [
      "buildid",
      "upload-request:x",
      "403 this buildid is not allowed here: letters, digits, dots and dashes are; upload-request is between an engine and its own client",
    ],
    ["cgroupparent", "", true],
    [
      "cgroupparent",
      "/x",
      "403 cgroupparent is not allowed here: --allow-cgroup-parent opens it",
      "cgroup-parent",
    ],
    [
      "entitlements",
      "",
      "403 entitlements are not allowed here: --allow-entitlements opens it",
      "entitlements",
    ],
    [
      "allow",
      "x",
      "403 entitlements are not allowed here: --allow-entitlements opens it",
      "entitlements",
    ],
    [
      "session",
      "",
      "403 session is not allowed here: who names a session is served by it, and the gateway opens one for each build",
    ],
    ["isolation", "", true],
    ["isolation", "default", true],
    [
      "isolation",
      "hyperv",
      "403 this isolation is not allowed here: leave it out",
    ],
    [
      "unknown",
      "",
      "403 this build has a parameter that the gateway does not know: check its spelling, or leave it out",
    ],
    [
      "Version",
      "2",
      "403 this build has a parameter that the gateway does not know: check its spelling, or leave it out",
    ],
  ];
  for (const [name, value, passes, breakout] of others) {
    const expected = passes === true ? `= ${value}` : passes;
    assertEquals(await check(name, value), expected);
    for (const open of BREAKOUTS) {
      assertEquals(
        await check(name, value, [open]),
        open === breakout ? `= ${value}` : expected,
      );
    }
  }
  for (const name of ["buildargs", "cachefrom", "labels"]) {
    assertEquals(await check(name, ""), "= ");
    assertEquals(await check(name, ' {"a": "\\u0062"} '), '= {"a":"b"}');
    assertEquals(await check(name, "{"), `400 ${name} is not JSON`);
  }
  const outputs: [value: string, passes: string][] = [
    ["", "= []"],
    ["[]", "= []"],
    [
      '[{"Type":"moby"},{"type":"image","ATTRS":{"name":"a"}}]',
      '= [{"Type":"moby","Attrs":{}},{"Type":"image","Attrs":{"name":"a"}}]',
    ],
    [
      '[{"Type":"cacheonly","Attrs":null}]',
      '= [{"Type":"cacheonly","Attrs":{}}]',
    ],
    ["{", "400 outputs is not JSON"],
    ["{}", "400 outputs is no JSON array"],
    ["null", "400 outputs is no JSON array"],
    [
      "[null]",
      "403 this output is not allowed here: results stay in the engine's image store",
    ],
    [
      "[{}]",
      "403 this output is not allowed here: results stay in the engine's image store",
    ],
    [
      '[{"Type":5}]',
      "403 this output is not allowed here: results stay in the engine's image store",
    ],
    [
      '[{"Type":"local"}]',
      "403 this output is not allowed here: results stay in the engine's image store",
    ],
    [
      '[{"Type":"moby","type":"local"}]',
      "403 an output has a field that is not forwarded",
    ],
    [
      '[{"Type":"moby","More":1}]',
      "403 an output has a field that is not forwarded",
    ],
    [
      '[{"Type":"moby","Attrs":[]}]',
      "400 the attributes of an output are none",
    ],
    [
      '[{"Type":"moby","Attrs":"x"}]',
      "400 the attributes of an output are none",
    ],
  ];
  for (const push of [true, false]) {
    for (const [value, passes] of outputs) {
      assertEquals(await check("outputs", value, [], push), passes);
    }
    for (const attribute of ["push", "Push-by-digest", "registry.insecure"]) {
      const value = JSON.stringify([{
        Type: "image",
        Attrs: { [attribute]: "true" },
      }]);
      assertEquals(
        await check("outputs", value, [], push),
        push
          ? `= ${value}`
          : "403 outputs that push are not allowed here: --allow push opens it",
      );
    }
  }
});

Deno.test("a parameter that is stored and holds a secret is refused, wherever in it it stands", async () => {
  const stored = [
    "buildargs",
    "cachefrom",
    "extrahosts",
    "labels",
    "outputs",
    "remote",
    "t",
  ];
  const forms = (text: string) => [
    text,
    JSON.stringify({ [text]: 1 }),
    JSON.stringify({ a: text }),
    JSON.stringify([["x", { b: [null, 5, text] }]]),
    JSON.stringify(text.split("").map((one) => one).concat(text)),
  ];
  const holds = (seen: string[]) => (text: string) => {
    seen.push(text);
    return text.split("\0").some((one) => one.includes("hunter2"));
  };
  for (const form of forms("hunter2")) {
    for (const name of stored) {
      const error = await assertRejects(
        () =>
          refuseStoredSecrets([["q", form], [name, form]], holds([]), signal),
        Refusal,
        `the parameter ${name} holds the value of a secret, and is stored with the image or its log`,
      );
      assertEquals(error.status, 400);
    }
    await refuseStoredSecrets(
      [["q", form], ["buildid", form]],
      holds([]),
      signal,
    );
  }
  // Escaped, it stands in no text as it is: each text of the JSON is looked at.
  const escaped = '{"a":"hun\\u0074er2"}';
  await assertRejects(
    () => refuseStoredSecrets([["labels", escaped]], holds([]), signal),
    Refusal,
  );
  // All is looked at, in pieces of 32 KiB.
  const seen: string[] = [];
  const texts = Array.from(
    { length: 100 },
    (_, at) => `${at}`.padEnd(1000, "x"),
  );
  await refuseStoredSecrets(
    [["labels", JSON.stringify(texts)], ["t", "last"]],
    holds(seen),
    signal,
  );
  const all = new Set(seen.flatMap((one) => one.split("\0")));
  for (const text of [...texts, "last"]) assert(all.has(text));
  assertEquals(seen.length, 6);
  const lengths = seen.slice(1, 4).map((one) => one.split("\0").length);
  assertEquals(lengths, [133, 33, 33]); // the first with the keys
  await assertRejects(
    () =>
      refuseStoredSecrets(
        [["labels", JSON.stringify([...texts, "hunter2"])]],
        holds([]),
        signal,
      ),
    Refusal,
  );
});

Deno.test("what is stored is looked at in pieces of 32 KiB, and none of them is empty", async () => {
  const pieces = async (value: string) => {
    const seen: string[] = [];
    await refuseStoredSecrets([["labels", value]], (text) => {
      seen.push(text);
      return false;
    }, signal);
    return seen.map((text) => text.length);
  };
  const labels = (length: number) =>
    JSON.stringify({ a: "last", b: "x".repeat(length) });
  // Two names and their zeros, and then the values.
  assertEquals(await pieces(labels(32_766)), [32_785, 32_770, 4]);
  assertEquals(await pieces(labels(32_765)), [32_784, 32_774]);
  assertEquals(await pieces("x".repeat(32_768)), [32_768]);
  assertEquals(await pieces("x"), [1]);
});

Deno.test("a route knows whether its request has a body, and its answer texts of which kind", () => {
  const bodies = [
    "/build",
    "/images/load",
    "/images/create?fromSrc=-",
    "/auth",
  ];
  const lines = [
    "/images/load",
    "/images/create?fromSrc=-",
    "/images/create?fromImage=a",
    "/images/a/push",
  ];
  for (
    const target of [
      ...bodies,
      ...lines,
      "/images/prune",
      "/images/a/tag",
      "/build/prune",
      "/build/cancel?id=a",
    ]
  ) {
    const { route } = findRoute(
      "POST",
      normalizeTarget(target),
      new Set(GROUPS),
    );
    assertEquals(route.body === true, bodies.includes(target), target);
    assertEquals(route.answer?.lines === true, lines.includes(target), target);
  }
  for (
    const target of ["/images/json", "/images/a/json", "/images/a/history"]
  ) {
    const { route } = findRoute(
      "GET",
      normalizeTarget(target),
      new Set(GROUPS),
    );
    assertEquals([route.body, route.answer?.lines], [undefined, undefined]);
    assert(route.answer !== undefined);
  }
});

Deno.test("the keys of steps have no order, whichever id begins another", async () => {
  const keys = await StepKeys.create();
  const secrets = ["b", "ab", "a", "abc"].map((id) =>
    [id, new Secret(`value of ${id}`)] as const
  );
  const { extraHost, secret } = await keys.of(secrets);
  for (let turn = 1; turn < secrets.length; turn++) {
    const turned = [...secrets.slice(turn), ...secrets.slice(0, turn)];
    assertEquals((await keys.of(turned)).extraHost, extraHost);
    assertEquals((await keys.of(turned.toReversed())).extraHost, extraHost);
  }
  assertEquals([secret.byteLength, STEP_KEY_BYTES], [32, 32]);
});

Deno.test("a remote is looked up by the system unless told otherwise, and no longer than its request lives", async () => {
  const addresses = await resolveBySystem("localhost");
  assert(addresses.length > 0);
  assert(
    addresses.every((one) => one === "::1" || one.startsWith("127.")),
    `${addresses}`,
  );
  const reason = new Error("gone");
  const stop = new AbortController();
  const looking = checkRemoteAddress(
    "http://a.example/x",
    stop.signal,
    () => new Promise(() => {}),
  );
  stop.abort(reason);
  assertEquals(await looking.catch((error: unknown) => error), reason);
  for (const character of ["\0", "\n", " ", "\x7f", "\\"]) {
    for (
      const remote of [
        `http://a.example/${character}`,
        `${character}http://a.example/`,
      ]
    ) {
      await assertRejects(
        () =>
          checkRemoteAddress(
            remote,
            signal,
            () => Promise.resolve(["8.8.8.8"]),
          ),
        Refusal,
        "the remote has a character that an address has not",
      );
    }
  }
});

Deno.test("four bytes that are no text are a value that can be masked", () => {
  assertEquals(
    isCommonValue(new Secret(Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc))),
    false,
  );
  assertEquals(
    isCommonValue(new Secret(Uint8Array.of(0xff, 0xfe, 0xfd))),
    true,
  );
});

Deno.test("every group is opened by its name alone, and a closed route says which opens it", () => {
  const routes: [method: string, path: string, group?: string][] = [
    ["GET", "/_ping"],
    ["HEAD", "/_ping"],
    ["GET", "/version"],
    ["GET", "/info"],
    ["POST", "/build"],
    ["POST", "/build/cancel?id=a"],
    ["GET", "/images/a/b/json"],
    ["GET", "/images/a/history"],
    ["GET", "/images/json", "images"],
    ["POST", "/images/a/tag", "images"],
    ["DELETE", "/images/a", "images"],
    ["POST", "/images/a/push", "push"],
    ["POST", "/images/create?fromImage=a", "pull"],
    ["GET", "/images/get", "save"],
    ["GET", "/images/a/get", "save"],
    ["POST", "/images/load", "load"],
    ["POST", "/images/create?fromSrc=-", "load"],
    ["POST", "/images/prune", "prune"],
    ["POST", "/build/prune", "prune"],
    ["GET", "/distribution/a/json", "registry"],
    ["POST", "/auth", "registry"],
  ];
  assertEquals([...GROUPS].sort(), [
    "images",
    "load",
    "prune",
    "pull",
    "push",
    "registry",
    "save",
  ]);
  const find = (method: string, target: string, allow: readonly string[]) => {
    try {
      findRoute(method, normalizeTarget(target), new Set(any(allow)));
      return "open";
    } catch (error) {
      return words(error as Refusal);
    }
  };
  for (const [method, target, group] of routes) {
    const path = target.split("?")[0];
    for (const open of [undefined, ...GROUPS]) {
      assertEquals(
        find(method, target, open === undefined ? [] : [open]),
        group === undefined || group === open
          ? "open"
          : `403 ${method} of this path is not allowed here: --allow ${group} opens it`,
        `${path} with ${open}`,
      );
    }
    assertEquals(
      find("PUT", target, GROUPS),
      "403 PUT of this path is not allowed here: this is a gateway for builds",
    );
    // With a parameter that nobody knows.
    if (path !== "/build") {
      const more = `${target}${target.includes("?") ? "&" : "?"}x=1`;
      assertEquals(
        find(method, more, GROUPS),
        "403 this query has a parameter that the gateway does not know: check its spelling, or leave it out",
      );
    }
  }
  const begins: [path: string, words: string][] = [
    ["/session", "the gateway opens a session for each build"],
    ["/grpc", "docker's own client speaks to BuildKit by itself"],
    ["/containers/json", "this is a gateway for builds"],
    ["/images/create?fromSrc=x", "this is a gateway for builds"],
    ["/images/create", "this is a gateway for builds"],
  ];
  for (const [path, sentence] of begins) {
    assert(
      find("POST", path, GROUPS).startsWith(
        `403 POST of this path is not allowed here: ${sentence}`,
      ),
      path,
    );
  }
});

Deno.test("of a query some parameters may be repeated, one counts first, and some go no further", () => {
  const query = (target: string, method = "GET") =>
    findRoute(method, normalizeTarget(target), new Set(GROUPS)).target.query
      .map(([name, value]) => `${name}=${value}`).join("&");
  for (
    const [target, method] of [
      ["/images/get?names=a&names=b", "GET"],
      ["/images/create?fromSrc=-&changes=a&changes=b", "POST"],
      ["/images/a?platforms=a&platforms=b", "DELETE"],
      ["/build?t=a&t=b&extrahosts=a:1.1.1.1&extrahosts=b:1.1.1.1", "POST"],
    ] as const
  ) assertEquals(query(target, method), target.split("?")[1]);
  assertEquals(
    query("/build?dockerfile=a&t=x&dockerfile=b", "POST"),
    "dockerfile=a&t=x",
  );
  assertEquals(query("/_ping?accept=x"), "");
  assertEquals(query("/images/json?all=1&only_ids=1"), "all=1");
  assertEquals(query("/images/a/tag?force=1&tag=b", "POST"), "tag=b");
  for (
    const [target, method] of [
      ["/images/json?all=1&all=0", "GET"],
      ["/build?version=1&version=2", "POST"],
      ["/images/create?fromImage=a&fromImage=b", "POST"],
      ["/_ping?accept=a&accept=b", "GET"],
    ] as const
  ) {
    const error = assertThrows(
      () => query(target, method),
      Refusal,
      "stands there twice: send it once",
    );
    assertEquals(error.status, 403);
  }
});

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (chunk === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(chunk));
    },
  }, { highWaterMark: 0 });

Deno.test("a body that nobody needs is empty, or a JSON object without a login", async () => {
  for (
    const text of [
      "",
      " \n",
      "{}",
      "null",
      '{"a":{"username":1}}',
      '{"user":1}',
    ]
  ) {
    await readUnread(streamOf(text));
    await readUnread(streamOf(...text));
  }
  const cases: [text: string, status: number, sentence: string][] = [
    ["{", 400, "a body that is no JSON, and no use for one"],
    ["x", 400, "a body that is no JSON, and no use for one"],
    ["5", 400, "a body that is no JSON object"],
    ["[]", 400, "a body that is no JSON object"],
    ['"x"', 400, "a body that is no JSON object"],
    ...[
      "username",
      "Password",
      "auth",
      "EMAIL",
      "serveraddress",
      "identitytoken",
      "registrytoken",
    ].map((name) =>
      [JSON.stringify({ a: 1, [name]: "x" }), 400, "a login in its body"] as [
        string,
        number,
        string,
      ]
    ),
    [" ".repeat(65_537), 413, "this request has a large body"],
  ];
  for (const [text, status, sentence] of cases) {
    const error = await assertRejects(
      () => readUnread(streamOf(text)),
      Refusal,
      sentence,
    );
    assertEquals(error.status, status);
  }
  await readUnread(streamOf(" ".repeat(65_536)));
});

Deno.test("a token is long enough, of its characters, and given as a bearer's", async () => {
  for (
    const token of ["a".repeat(16), "Az09._~+/-aaaaaaa", `${"a".repeat(16)}==`]
  ) {
    const check = await TokenCheck.of(token);
    for (const scheme of ["Bearer ", "bearer  "]) {
      await check.check(scheme + token);
    }
    for (
      const wrong of [
        undefined,
        "",
        token,
        `Basic ${token}`,
        `Bearer ${token}x`,
        `Bearer ${token} x`,
        `x Bearer ${token}`,
        "Bearer ",
      ]
    ) {
      const error = await assertRejects(
        () => check.check(wrong),
        Refusal,
        "this needs a bearer token",
      );
      assertEquals([error.status, error.headers], [401, [[
        "WWW-Authenticate",
        'Bearer realm="davit"',
      ]]]);
    }
  }
  for (
    const token of [
      "",
      "a".repeat(15),
      `${"a".repeat(16)}===`,
      `${"a".repeat(16)} `,
      `${"a".repeat(16)}ä`,
    ]
  ) {
    await assertRejects(
      () => TokenCheck.of(token),
      TypeError,
      "a token has at least 16 characters",
    );
  }
});

Deno.test("the limits that nobody gave are those that are told", () => {
  assertEquals(checkLimits({}), {
    maxConnections: 512,
    maxRequestsPerSecond: 50,
    maxBuilds: 100,
    maxHeaderBytes: 1_048_576,
    maxSecrets: 128,
    maxSecretBytes: 65_536,
    maxAllSecretBytes: 524_288,
    maxBodyBytes: 68_719_476_736,
    idleMs: 60_000,
    headMs: 30_000,
    totalMs: 7_200_000,
    graceMs: 60_000,
  });
});

Deno.test("limits are whole numbers within their bounds, by names that there are", () => {
  assertEquals(checkLimits({}), DEFAULT_LIMITS);
  assertEquals(checkLimits({ maxBuilds: undefined, idleMs: 5 }), {
    ...DEFAULT_LIMITS,
    idleMs: 5,
  });
  assertEquals(DEFAULT_LIMITS, {
    maxConnections: 512,
    maxRequestsPerSecond: 50,
    maxBuilds: 100,
    maxHeaderBytes: 1_048_576,
    maxSecrets: 128,
    maxSecretBytes: 65_536,
    maxAllSecretBytes: 524_288,
    maxBodyBytes: 68_719_476_736,
    idleMs: 60_000,
    headMs: 30_000,
    totalMs: 7_200_000,
    graceMs: 60_000,
  });
  for (
    const name of Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]
  ) {
    const least = name === "maxHeaderBytes" ? 1024 : name === "graceMs" ? 0 : 1;
    assertEquals(checkLimits({ [name]: least })[name], least);
    for (
      const wrong of [least - 1, least + 0.5, NaN, Infinity, "5", null, 2 ** 53]
    ) {
      assertThrows(
        () => checkLimits({ [name]: any(wrong) }),
        RangeError,
        `the limit ${name} is a whole number from ${least} on`,
      );
    }
    const isTime = name.endsWith("Ms");
    assertEquals(checkLimits({ [name]: 2_147_483_647 })[name], 2_147_483_647);
    const more = () => checkLimits({ [name]: 2_147_483_648 })[name];
    if (!isTime) assertEquals(more(), 2_147_483_648);
    else {assertThrows(
        more,
        RangeError,
        `the limit ${name} is at most 2147483647`,
      );}
  }
  assertThrows(
    () => checkLimits(any({ maxbuilds: 1 })),
    TypeError,
    'there is no limit "maxbuilds"',
  );
  assertThrows(
    () => checkLimits(any({ toString: 1 })),
    TypeError,
    'there is no limit "toString"',
  );
  assertThrows(
    () => checkLimits(any(new Map())),
    TypeError,
    "limits is an object of names to numbers; a Map becomes one",
  );
  for (const wrong of [null, 5, "x", []]) {
    assertThrows(
      () => checkLimits(any(wrong)),
      TypeError,
      "limits is an object of names to numbers",
    );
  }
});

Deno.test("where a gateway listens is checked before it does", () => {
  const tls = { cert: "c", key: "k" };
  const good: unknown[] = [
    { path: "/x" },
    { path: "x" },
    { port: 0, tls, token: "t" },
    { port: 65_535, tls: { ...tls, clientCa: "ca" } },
    { port: 1, plainLoopback: true },
    { port: 1, plainLoopback: true, tls: undefined },
    ...["localhost", "127.0.0.1", "127.255.1.9", "::1", "[::1]"].map((
      hostname,
    ) => ({ hostname, port: 1, plainLoopback: true })),
  ];
  for (const listen of good) checkListen(any(listen));
  const bad: [listen: unknown, sentence: string][] = [
    [null, "listen is {"],
    ["/x", "listen is {"],
    [new Map(), "listen is {"],
    [{ path: "" }, "the path of its socket is empty or holds a NUL"],
    [{ path: "a\0" }, "the path of its socket is empty or holds a NUL"],
    [{ path: 5 }, "the path of its socket is empty or holds a NUL"],
    ...[-1, 65_536, 1.5, "1", undefined].map((port) =>
      [{ port, plainLoopback: true }, "a port is a number from 0 to 65535"] as [
        unknown,
        string,
      ]
    ),
    [{ port: 1, tls }, "over TCP it needs a token or the authority"],
    [{ port: 1 }, "over TCP it needs TLS, or plainLoopback"],
    [
      { port: 1, plainLoopback: false },
      "over TCP it needs TLS, or plainLoopback",
    ],
    [{ port: 1, tls: undefined }, "over TCP it needs TLS, or plainLoopback"],
    ...["0.0.0.0", "128.0.0.1", "127.0.0.1.example", "xlocalhost", "::", ""]
      .map((hostname) =>
        [
          { hostname, port: 1, plainLoopback: true },
          "without TLS it listens on a loopback address only",
        ] as [unknown, string]
      ),
  ];
  for (const [listen, sentence] of bad) {
    assertThrows(
      () => checkListen(any(listen)),
      TypeError,
      `Cannot serve a gateway: ${sentence}`,
    );
  }
  for (
    const [folder, expected] of [
      ["/run/me", { path: "/run/me/davit.sock" }],
      ["run/me", undefined],
      [undefined, undefined],
    ] as const
  ) {
    using _folder = changedEnvironment({ XDG_RUNTIME_DIR: folder });
    assertEquals(defaultListen(), expected);
  }
});

Deno.test("a policy knows its names, and pushing builds by the group that pushes", () => {
  assertEquals(makePolicy(), {
    allow: new Set<never>(),
    build: { breakouts: new Set<never>(), push: false },
  });
  const resolve = () => Promise.resolve([]);
  assertEquals(makePolicy(["push", "load"], ["host-network"], resolve), {
    allow: new Set(["push", "load"]),
    build: { breakouts: new Set(["host-network"]), push: true, resolve },
  } as ReturnType<typeof makePolicy>);
  assertThrows(
    () => makePolicy(any(["Push"])),
    TypeError,
    `Cannot serve a gateway: allow has "Push"; expected ${GROUPS.join(", ")}`,
  );
  assertThrows(
    () => makePolicy([], any(["x"])),
    TypeError,
    'Cannot serve a gateway: breakouts has "x"; expected host-network, private-remotes, cgroup-parent, entitlements',
  );
});
