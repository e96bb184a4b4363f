import { Engine } from "../../lib/engine/engine.ts";
import { forwardBuild, readSecrets } from "../../lib/gateway/build_forward.ts";
import { readLogins } from "../../lib/gateway/build_session.ts";
import { KnownValues } from "../../lib/gateway/known_values.ts";
import {
  DEFAULT_LIMITS,
  type GatewayLimits,
} from "../../lib/gateway/limits.ts";
import { Refusal } from "../../lib/gateway/refusal.ts";
import type { RequestHead } from "../../lib/gateway/request_head.ts";
import { RunningBuilds } from "../../lib/gateway/running_builds.ts";
import type { Target } from "../../lib/gateway/target.ts";
import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import {
  assertEquals,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { RecordingEngine } from "./recording_engine.ts";

const signal = new AbortController().signal;
const head = (headers: Record<string, string>) =>
  ({ headers: new Map(Object.entries(headers)) }) as unknown as RequestHead;
const target = (...query: [string, string][]) =>
  ({ path: "/build", query }) as unknown as Target;

/** Secrets with ids of their own. */
const secretsOf = (...values: string[]) =>
  values.map((value, i): [string, Secret] => [`s${i}`, new Secret(value)]);
const logins = (...passwords: string[]) =>
  btoa(JSON.stringify(Object.fromEntries(
    passwords.map((password, i) => [
      `r${i}.example`,
      { username: "u", password },
    ]),
  )));

Deno.test("the secrets header is read where BuildKit may get it, and refused elsewhere", () => {
  const header = { "x-buildkit-secrets": encodeSecretsHeader(secretsOf("a")) };
  assertEquals(readSecrets(head({}), target(["version", "1"])), undefined);
  const queries: [string, string][][] = [
    [],
    [["version", "2"]],
    [["version", ""]],
  ];
  for (const query of queries) {
    const read = readSecrets(head(header), target(...query));
    assertEquals(read!.map(([id]) => id), ["s0"]);
  }
  for (const version of ["1", "3"]) {
    const refused = assertThrows(
      () => readSecrets(head(header), target(["version", version])),
      Refusal,
      "secrets need BuildKit",
    );
    assertEquals(refused.status, 400);
  }
  const refused = assertThrows(
    () => readSecrets(head({ "x-buildkit-secrets": "%" }), target()),
    Refusal,
  );
  assertEquals(refused.status, 400);
});

Deno.test("logins are read for BuildKit alone, up to their most", () => {
  const given = logins("password-a", "password-b");
  const read = (
    header: string | undefined,
    isBuildKit: boolean,
    max = 2,
    ...query: [string, string][]
  ) =>
    readLogins(
      head(header === undefined ? {} : { "x-registry-config": header }),
      target(...query),
      isBuildKit,
      max,
      signal,
    );
  assertEquals(read(undefined, true), undefined);
  assertEquals(read(given, false), undefined);
  assertEquals(read(given, false, 2, ["version", "1"]), undefined);
  assertEquals(read(given, false, 2, ["version", "2"])!.given().length, 2);
  assertEquals(read(given, true)!.given().length, 2);
  assertEquals(read(btoa("{}"), true), undefined);
  const many = assertThrows(() => read(given, true, 1), Refusal, "1 logins");
  assertEquals(many.status, 431);
  const bad = assertThrows(() => read("%", true), Refusal, "not base64");
  assertEquals(bad.status, 400);
});

Deno.test("a build has so many secrets and logins, and so many bytes of them, and no more", async () => {
  const forward = async (
    limits: Partial<GatewayLimits>,
    values: readonly string[],
    passwords: readonly string[] = [],
  ) => {
    const recording = new RecordingEngine(undefined, true);
    const engine = new Engine(recording, "1.51");
    const build = new RunningBuilds(engine, 1).begin(true, "");
    try {
      const { response, body } = await forwardBuild(
        head(
          passwords.length === 0
            ? {}
            : { "x-registry-config": logins(...passwords) },
        ),
        target(["buildid", "a"], ["t", "b"]),
        secretsOf(...values),
        null,
        {
          engine,
          build,
          known: new KnownValues(10_000, false),
          steps: undefined,
          limits: { ...DEFAULT_LIMITS, ...limits },
          signal,
        },
      );
      await body?.cancel();
      const { searchParams } = new URL(
        recording.requests.at(-1)!.path,
        "a://b",
      );
      assertEquals(searchParams.getAll("buildid"), [build.id]);
      assertEquals(searchParams.getAll("version"), ["2"]);
      assertEquals(searchParams.getAll("session"), recording.sessionIds);
      assertEquals(searchParams.getAll("t"), ["b"]);
      return response.status;
    } catch (error) {
      if (error instanceof Refusal) {
        assertEquals(
          recording.requests.filter(({ path }) => path.startsWith("/build")),
          [],
        );
      }
      throw error;
    } finally {
      await build.leave();
      await build.ended;
    }
  };
  const two = ["secret-of-one", "secret-of-two"];
  assertEquals(await forward({ maxSecrets: 2 }, two), 200);
  assertEquals(
    await forward({ maxSecrets: 3 }, two, ["password-of-it"]),
    200,
  );
  for (
    const [limits, values, passwords] of [
      [{ maxSecrets: 1 }, two, []],
      [{ maxSecrets: 2 }, two, ["password-of-it"]],
      [{ maxSecretBytes: 25 }, two, []],
    ] as const
  ) {
    const refused = await assertRejects(
      () => forward(limits, values, passwords),
      Refusal,
      "and no more",
    );
    assertEquals(refused.status, 431);
  }
  assertEquals(await forward({ maxSecretBytes: 26 }, two), 200);
});
