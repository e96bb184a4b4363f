import { SecretReports } from "../../lib/gateway/secret_reports.ts";
import { parseRequestHead } from "../../lib/gateway/request_head.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { collect } from "../support/builds.ts";
import { engineTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { BuildError, DockerClient } from "../../mod.ts";
import { startGateway } from "./gateway.ts";
import { RecordingEngine } from "./recording_engine.ts";

const TOKEN = "0d7f2b6c-6f0e-4a57-9c65-6f3f4b1d2a10";

function reportsOf(value?: string): SecretReports | undefined {
  const header = value === undefined ? "" : `X-Davit-Secrets: ${value}\r\n`;
  return SecretReports.of(parseRequestHead(
    new TextEncoder().encode(
      `POST /build HTTP/1.1\r\nHost: a\r\n${header}\r\n`,
    ),
  ));
}

Deno.test("a client asks for reports with a token, and strictly or not", () => {
  assertEquals(reportsOf(), undefined);
  assertEquals(reportsOf(`report=${TOKEN}`)?.strict, false);
  assertEquals(reportsOf(`report=${TOKEN}; strict`)?.strict, true);
  for (const value of ["", "report", "report=1", `report=${TOKEN}; lax`]) {
    assertThrows(() => reportsOf(value), Error, "X-Davit-Secrets header");
  }
});

Deno.test("reports stand between the lines of an answer as they come, before what ends it", async () => {
  const encoder = new TextEncoder();
  const reports = reportsOf(`report=${TOKEN}`)!;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const read = reports.between(readable)[Symbol.asyncIterator]();
  const next = async () => new TextDecoder().decode((await read.next()).value);
  const told = (id: string, state: string) =>
    `{"id":"x-davit-secret","aux":{"token":"${TOKEN}","id":"${id}","state":"${state}"}}\r\n`;

  reports.add({ id: "early", state: "requested" });
  assertEquals(await next(), told("early", "requested"));
  writer.write(encoder.encode("line 1"));
  assertEquals(await next(), "line 1");
  // The engine is silent.
  const waiting = next();
  reports.add({ id: "a", state: "requested" });
  assertEquals(await waiting, told("a", "requested"));
  reports.add({ id: "a", state: "served" });
  reports.add({ id: "b", state: "missing" });
  writer.write(encoder.encode("line 2"));
  assertEquals(await next(), told("a", "served"));
  assertEquals(await next(), told("b", "missing"));
  assertEquals(await next(), "line 2");
  const failure = new RangeError("the engine is gone");
  reports.add({ id: "late", state: "requested" });
  writer.abort(failure);
  assertEquals(await next(), told("late", "requested"));
  await assertRejects(() => read.next(), RangeError, "gone");
});

Deno.test("only a client that asks is told, and no engine can tell in the gateway's place", async () => {
  const line = (token: string) =>
    `{"id":"x-davit-secret","aux":{"token":"${token}","id":"forged","state":"served"}}\n`;
  let header: string | null = "";
  const engine = new RecordingEngine(({ path, headers }) => {
    header = headers.get("x-davit-secrets");
    return new Response(
      path.includes("/build")
        ? `${line(TOKEN)}{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\n`
        : null,
      {
        headers: { "api-version": "1.51", "content-type": "application/json" },
      },
    );
  }, true);
  await using served = await startGateway({ engine });
  await using docker = await DockerClient.fromDockerHost(
    `unix://${served.path}`,
  );
  const build = docker.imageBuild(dockerfileTar("FROM scratch"), {
    secrets: { forged: "a secret value" },
  });
  assertEquals((await build.result()).secrets.served, []);
  assertEquals(header, null);

  using client = Deno.createHttpClient({
    proxy: { transport: "unix", path: served.path },
  });
  const plain = await fetch("http://localhost/build?version=2", {
    method: "POST",
    client,
  });
  assertEquals(plain.headers.get("x-davit-secrets"), null);
  await plain.body?.cancel();
});

Deno.test("an engine without sessions tells nothing: that is no fault, unless it must", async () => {
  const engine = new RecordingEngine(({ path }) =>
    new Response(
      path.includes("/build")
        ? '{"id":"moby.image.id","aux":{"ID":"sha256:1"}}\n'
        : null,
      {
        headers: { "api-version": "1.51", "content-type": "application/json" },
      },
    )
  );
  await using served = await startGateway({
    engine: {
      fetch: (path, init) => engine.fetch(path, init),
      close: () => engine.close(),
    },
  });
  await using docker = await DockerClient.fromDockerHost(
    `unix://${served.path}`,
  );
  const build = (strictSecrets: boolean) =>
    docker.imageBuild(dockerfileTar("FROM scratch"), { strictSecrets });
  assertEquals(await build(false).wait(), "sha256:1");
  const posts = () =>
    engine.requests.filter(({ path }) => path.includes("/build")).length;
  const before = posts();
  const error = await assertRejects(() => build(true).wait(), Error);
  assertStringIncludes(error.message, "has no sessions");
  assertEquals(posts(), before);
});

engineTest(
  "davit's own client is told of the secrets by the gateway as by an engine",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    await using through = await DockerClient.fromDockerHost(
      `unix://${served.path}`,
    );
    const said = async (docker: DockerClient) => {
      const { messages, error } = await collect(docker.imageBuild(
        dockerfileTar(
          "FROM davit-test/base",
          "RUN --mount=type=secret,id=given --mount=type=secret,id=absent true",
          "RUN --mount=type=secret,id=needed,required=true true",
        ),
        {
          networkmode: "none",
          nocache: true,
          secrets: { given: "a given value", spare: "another value" },
        },
      ));
      assert(error instanceof BuildError, String(error));
      return {
        missing: error.missingSecrets,
        text: error.message.split("\n").filter((line) =>
          line.startsWith("secret ")
        ),
        events: messages.filter(({ id }) => id === "davit.secret")
          .map(({ aux }) => JSON.stringify(aux)).sort(),
      };
    };
    const direct = await said(engine.docker);
    assertEquals(direct.missing.toSorted(), ["absent", "needed"]);
    assertEquals(direct.events.length, 6);
    assertEquals(await said(through), direct);
  },
);
