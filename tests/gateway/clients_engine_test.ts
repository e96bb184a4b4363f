import { encodeSecretsHeader } from "../../lib/secrets/header.ts";
import {
  DockerClient,
  fetchTransport,
  Secret,
  UnsupportedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { type EngineContext, engineTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { LOGIN, startRegistry } from "../support/registry.ts";
import { tarBytes, tarOf } from "../support/tar.ts";
import { until } from "../support/until.ts";
import { delay, findProcesses } from "../engines/process.ts";
import { decodedAnswer } from "./answers.ts";
import { CLIENTS } from "./clients.ts";
import { sendRaw, startGateway } from "./gateway.ts";

const encoder = new TextEncoder();

function headerOf(secrets: Record<string, string | Uint8Array>): string {
  return encodeSecretsHeader(
    Object.entries(secrets).map(([id, value]) => [id, new Secret(value)]),
  );
}

/** Prints the secret in two ways, and leaves its digest in the image. */
const DOCKERFILE = [
  "FROM davit-test/base",
  "RUN --mount=type=secret,id=t,required=true " +
  "cat /run/secrets/t; base64 /run/secrets/t; sha256sum < /run/secrets/t > /sum",
].join("\n");

async function sumIn({ docker }: EngineContext, tag: string): Promise<string> {
  const build = docker.imageBuild(
    tarOf({ Dockerfile: `FROM ${tag}\nRUN cat /sum\n` }),
    { nocache: true, networkmode: "none" },
  );
  const log = await new Response(build.logs()).text();
  await docker.imageRemove(await build.wait(), { force: true });
  return /[0-9a-f]{64}/.exec(log)?.[0] ?? log;
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(
    await crypto.subtle.digest("SHA-256", encoder.encode(text)),
  ).toHex();
}

for (const client of CLIENTS) {
  engineTest(
    `${client.name} builds with a secret through the gateway`,
    async (engine) => {
      await using served = await startGateway({ engine: engine.host });
      const value = `gateway secret ${crypto.randomUUID()}`;
      const tag = `davit-gateway-${crypto.randomUUID()}`;
      const tar = await Deno.makeTempFile({ prefix: "davit-", suffix: ".tar" });
      try {
        await Deno.writeFile(
          tar,
          await tarBytes({ Dockerfile: `${DOCKERFILE}; : ${tag}\n` }),
        );
        const answer = await client.build({
          socket: served.path,
          tar,
          tag,
          header: headerOf({ t: value }),
        });
        const text = decodedAnswer(answer);
        assertStringIncludes(text, "***", text);
        assertFalse(text.includes(value), "the secret is in the answer");
        assertFalse(text.includes(btoa(value)), "it is there in base64");
        assertEquals(await sumIn(engine, tag), await sha256(value));
        await engine.docker.imageRemove(tag, { force: true });
      } finally {
        await Deno.remove(tar);
      }
    },
  );
}

engineTest(
  "davit's own client uses the gateway over a plain fetch",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: served.path },
    });
    await using docker = new DockerClient(fetchTransport("http://localhost", {
      fetch: ((input: string, init: RequestInit) =>
        fetch(input, { ...init, client })) as typeof fetch,
    }));
    const binary = new Uint8Array([0, 255, 254, 1, 2, 3, 10]);
    const build = docker.imageBuild(
      tarOf({
        Dockerfile:
          "FROM davit-test/base\nRUN --mount=type=secret,id=b,required=true od -An -tx1 /run/secrets/b\n",
      }),
      { nocache: true, networkmode: "none", secrets: { b: binary } },
    );
    const log = await new Response(build.logs()).text();
    assertStringIncludes(await build.wait(), "sha256:");
    assertStringIncludes(log, "00 ff fe 01 02 03 0a");
  },
);

engineTest(
  "davit's own client at the gateway's socket sees what it is, and sends the header alone",
  async (engine) => {
    await using served = await startGateway({ engine: engine.host });
    await using docker = await DockerClient.fromDockerHost(
      `unix://${served.path}`,
    );
    const dockerfile = `${DOCKERFILE}; : ${served.path}\n`;
    const options = {
      networkmode: "none",
      secrets: { t: "a secret by the header" },
    };
    assert((await docker.ping()).gateway);
    const build = docker.imageBuild(tarOf({ Dockerfile: dockerfile }), options);
    const { imageId, warnings } = await build.result();
    assertStringIncludes(imageId, "sha256:");
    assertEquals(warnings, []);
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/Dockerfile`, dockerfile);
      assertEquals(await docker.imageBuild(folder, options).wait(), imageId);
      await assertRejects(
        () =>
          docker.imageBuild(folder, {
            outputs: { type: "local", dest: folder },
          })
            .wait(),
        UnsupportedError,
        "Cannot build with an export",
      );
      await assertRejects(
        () =>
          docker.imageBuild(folder, { ...options, secretsVia: "session" })
            .wait(),
        UnsupportedError,
        'secretsVia: "header"',
      );
    });
  },
);

engineTest(
  "logins of X-Registry-Config reach BuildKit, for the registry that asks",
  async (engine) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using served = await startGateway({ engine: engine.host });
    using client = Deno.createHttpClient({
      proxy: { transport: "unix", path: served.path },
    });
    const build = async (query: string, headers: Record<string, string>) => {
      const base = await registry.put(`base:${crypto.randomUUID()}`);
      const response = await fetch(`http://localhost/build${query}`, {
        method: "POST",
        client,
        headers,
        body: await tarBytes({ Dockerfile: `FROM ${base}\nLABEL a=b\n` }),
      });
      return decodedAnswer(await response.text());
    };
    const login = (password: string) => ({
      "X-Registry-Config": btoa(JSON.stringify({
        [registry.host]: { ...LOGIN, password, email: "a@b.example" },
        "https://index.docker.io/v1/": { auth: btoa("a:b") },
      })),
    });
    const secrets = { "X-BuildKit-Secrets": headerOf({ t: "a secret" }) };
    const given = login(LOGIN.password);
    for (
      const answer of [
        await build("?version=2", given),
        await build("", { ...given, ...secrets }),
        await build("?version=1", given),
      ]
    ) {
      assertMatch(answer, /sha256:[0-9a-f]{64}/);
      assertFalse(answer.includes('"error"'), answer);
      assertFalse(answer.includes(LOGIN.password));
    }
    for (
      const headers of [secrets, { ...secrets, ...login("wrong password") }]
    ) {
      const answer = await build("?version=2", headers);
      assertMatch(
        answer,
        /authorization failed|no basic auth|unauthorized|401/i,
      );
      assertFalse(answer.includes("wrong password"));
    }
    for (
      const config of ["%%%", btoa("[]"), btoa('{"a":1}'), btoa('{"a b":{}}')]
    ) {
      const answer = await build("?version=2", { "X-Registry-Config": config });
      assertStringIncludes(answer, "X-Registry-Config header is not");
    }
  },
);

engineTest(
  "a client that goes away stops its step; a stop waits for what runs, and not for ever",
  async (engine) => {
    const seconds = () => String(100_000 + Math.floor(Math.random() * 900_000));
    const sleeping = (word: string) =>
      findProcesses((args) => args.includes(word));
    const waitFor = async (word: string, count: number) => {
      const deadline = Date.now() + 10_000;
      while ((await sleeping(word)).length !== count) {
        assert(Date.now() < deadline, `no step, or one too many: ${word}`);
        await delay(20);
      }
    };
    const step = (command: string) =>
      tarBytes({
        Dockerfile: `FROM davit-test/base\nRUN ${command}\n`,
      });
    const start = async (
      path: string,
      command: string,
      controller = new AbortController(),
    ) => {
      const client = Deno.createHttpClient({
        proxy: { transport: "unix", path },
      });
      const answer = fetch(
        "http://localhost/build?nocache=1&networkmode=none",
        {
          method: "POST",
          client,
          signal: controller.signal,
          headers: { "X-BuildKit-Secrets": headerOf({ t: "unused secret" }) },
          body: await step(command),
        },
      ).then((response) => response.text()).finally(() => client.close());
      answer.catch(() => {});
      return { answer, controller };
    };
    await using served = await startGateway({
      engine: engine.host,
      limits: { graceMs: 3000, maxBuilds: 1 },
    });
    const first = seconds();
    const { controller, answer } = await start(served.path, `sleep ${first}`);
    await waitFor(first, 1);
    const busy = await sendRaw(
      served.path,
      "POST /build HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
    );
    assertEquals(busy.status, 429);
    controller.abort();
    await assertRejects(() => answer);
    await waitFor(first, 0);
    // Its place is free when the engine said so, a moment later.
    await until(
      async () =>
        (await sendRaw(
          served.path,
          "POST /build?version=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        )).status === 200,
      "there is a place again",
    );

    // Ends by itself within the grace.
    const word = seconds();
    const ending = await start(served.path, `sh -c "sleep 1; : ${word}"`);
    await waitFor(word, 1).catch(() => {});
    const stopping = served.gateway.stop();
    await assertRejects(() =>
      Deno.connect({ transport: "unix", path: served.path })
    );
    assertStringIncludes(decodedAnswer(await ending.answer), '"moby.image.id"');
    await stopping;

    await using other = await startGateway({
      engine: engine.host,
      limits: { graceMs: 300 },
    });
    const second = seconds();
    const long = await start(other.path, `sleep ${second}`);
    await waitFor(second, 1);
    await other.gateway.stop();
    await assertRejects(() => long.answer);
    await waitFor(second, 0);
  },
);
