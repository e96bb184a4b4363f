import { BREAKOUTS } from "../../lib/gateway/build_rules.ts";
import type { GatewayOptions } from "../../lib/gateway/gateway.ts";
import { GROUPS } from "../../lib/gateway/routes.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { build } from "./attacks.ts";
import { withoutBuildId } from "./forwarded.ts";
import { sendRaw, startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

/** What builds may be allowed, and the sentence that names it. */
type Way = "push" | (typeof BREAKOUTS)[number];

const outputs = (value: unknown): string =>
  new URLSearchParams({ outputs: JSON.stringify(value) }).toString();

/** A query, and its form at the engine. */
const QUERIES: Readonly<
  Record<Way, readonly (string | readonly [given: string, forwarded: string])[]>
> = {
  "host-network": ["networkmode=host", [
    "%6eetworkmode=%68ost",
    "networkmode=host",
  ]],
  "private-remotes": [
    ["remote=http://10.0.0.1/a.tar", "remote=http%3A%2F%2F10.0.0.1%2Fa.tar"],
    ["remote=git://localhost/a", "remote=git%3A%2F%2Flocalhost%2Fa"],
    ["remote=http://[::1]/", "remote=http%3A%2F%2F%5B%3A%3A1%5D%2F"],
    // The engine's own forms are its owner's to open.
    ["remote=ssh://git@10.0.0.1/a", "remote=ssh%3A%2F%2Fgit%4010.0.0.1%2Fa"],
  ],
  "cgroup-parent": [["cgroupparent=/a", "cgroupparent=%2Fa"]],
  "entitlements": [
    "entitlements=security.insecure",
    "entitlements=",
    "allow=network.host",
  ],
  "push": [
    [
      outputs([{ type: "image", attrs: { name: "a", push: "true" } }]),
      outputs([{ Type: "image", Attrs: { name: "a", push: "true" } }]),
    ],
    outputs([{ Type: "moby", Attrs: { "push-by-digest": "true" } }]),
    outputs([{ Type: "image", Attrs: { "registry.insecure": "true" } }]),
    outputs([{ Type: "image", Attrs: { PUSH: "true" } }]),
  ],
};

/** Words of the refusal: how to open it. */
const FLAGS: Readonly<Record<Way, string>> = {
  "host-network": "--allow-host-network opens it",
  "private-remotes": "",
  "cgroup-parent": "--allow-cgroup-parent opens it",
  "entitlements": "--allow-entitlements opens it",
  "push": "--allow push opens it",
};

/** What no way out opens. */
const CLOSED: readonly string[] = [
  "session=abcdef",
  "networkmode=container:db",
  "networkmode=HOST",
  "networkmode=my-network",
  "remote=client-session",
  "remote=upload-request",
  "buildid=upload-request:a",
  "buildid=upload-request%3Aa",
  "buildid=a%20b",
  "securityopt=a",
  "volume=/:/a",
  "secrets=%5B%22id%3Da%2Csrc%3Da%22%5D",
  outputs([{ Type: "local" }]),
  outputs([{ Type: "tar", Attrs: { dest: "a" } }]),
  outputs([{ Type: "docker" }]),
  outputs([{ Type: "moby", Dest: "a" }]),
];

/** Options with some open, of both kinds. */
function optionsOf(
  ways: readonly Way[],
): Pick<GatewayOptions, "allow" | "breakouts"> {
  return {
    allow: ways.includes("push") ? ["push"] : [],
    breakouts: BREAKOUTS.filter((way) => ways.includes(way)),
  };
}

const WAYS = Object.keys(QUERIES) as Way[];

for (const way of WAYS) {
  Deno.test(`builds may have what ${way} opens where it is open, and nowhere else`, async () => {
    const engine = new RecordingEngine();
    await using closed = await startGateway({ engine });
    const rest = optionsOf(WAYS.filter((other) => other !== way));
    await using others = await startGateway({
      engine,
      ...rest,
      allow: GROUPS.filter((group) => group !== way),
    });
    await using open = await startGateway({ engine, ...optionsOf([way]) });
    engine.requests.length = 0;
    for (const query of QUERIES[way]) {
      const [given, forwarded] = typeof query === "string"
        ? [query, query]
        : query;
      for (const { path } of [closed, others]) {
        const { status, text } = await sendRaw(
          path,
          build(given, "Connection: close"),
          60_000,
        );
        assertEquals([given, status], [given, 403]);
        assertStringIncludes(text, FLAGS[way]);
        assertEquals(engine.requests, []);
      }
      const { status } = await sendRaw(
        open.path,
        build(given, "Connection: close"),
        60_000,
      );
      assertEquals([given, status], [given, 200]);
      assertEquals(
        engine.requests.splice(0).map(({ method, path }) =>
          `${method} ${withoutBuildId(path)}`
        ),
        [`POST /build?${forwarded}`],
      );
    }
  });
}

Deno.test("what leads out by no name stays closed where every way out is open", async () => {
  const engine = new RecordingEngine();
  await using open = await startGateway({
    engine,
    allow: GROUPS,
    breakouts: BREAKOUTS,
  });
  engine.requests.length = 0;
  for (const query of CLOSED) {
    const { status } = await sendRaw(
      open.path,
      build(query, "Connection: close"),
      60_000,
    );
    assertEquals([query, status], [query, 403]);
  }
  assertEquals(engine.requests, []);
});
