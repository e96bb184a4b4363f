import {
  assert,
  assertEquals,
  assertExists,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { dockerfileTar } from "../support/tar.ts";
import {
  DockerClient,
  EngineError,
  type LayerEvent,
  TransferError,
  type TransferEvent,
} from "../../mod.ts";
import { importRandomImage, usesContainerd } from "./images.ts";

const WRONG = { ...LOGIN, password: "battery staple" };

/** A tiny image with a name of its own. */
async function buildImage(docker: DockerClient, name: string): Promise<void> {
  await docker.imageBuild(
    dockerfileTar("FROM davit-test/base", `LABEL unique=${name}`),
    { tag: name },
  ).wait();
}

async function eventsOf(
  events: AsyncIterable<TransferEvent>,
): Promise<TransferEvent[]> {
  return await Array.fromAsync(events);
}

function texts(events: readonly TransferEvent[]): string {
  return events.map((event) => "status" in event ? event.status : "").join(
    "\n",
  );
}

engineTest(
  "an image is pushed, removed and pulled back: the digest is the same, and the registry's",
  async ({ docker }) => {
    await using registry = await startRegistry();
    const name = `${registry.host}/travel/app:1`;
    const id = await importRandomImage(docker, name, 3 * 1024 * 1024);
    const push = docker.imagePush(name);
    const pushed = await eventsOf(push.events());
    const digest = await push.wait();
    assert(/^sha256:[0-9a-f]{64}$/.test(digest), digest);
    assertStringIncludes(texts(pushed), "The push refers to repository");
    assert(pushed.some((event) => event.type === "layer"));

    const { Descriptor } = await docker.distributionInspect(name);
    assertEquals(Descriptor.digest, digest);
    assertStringIncludes(Descriptor.mediaType, "manifest");

    await docker.imageRemove(name, { force: true });
    await assertRejects(() => docker.imageInspect(name), EngineError);
    const pull = docker.imagePull(`${registry.host}/travel/app`, { tag: "1" });
    const pulled = await eventsOf(pull.events());
    assertEquals(await pull.wait(), digest);
    assertEquals((await docker.imageInspect(name)).Id, id);
    const layer = pulled.filter((event): event is LayerEvent =>
      event.type === "layer"
    );
    assert(
      layer.some(({ status }) => status === "Pull complete"),
      texts(pulled),
    );
    // Small as it is, containerd's store has it before it says how far it came.
    if (!await usesContainerd(docker)) {
      assertExists(
        layer.find(({ current, total, units }) =>
          current !== undefined && total !== undefined && units === "bytes"
        ),
      );
    }

    // By its digest: that image, and no name that leads to it.
    await docker.imageRemove(name, { force: true });
    const byDigest = `${registry.host}/travel/app@${digest}`;
    assertEquals(await docker.imagePull(byDigest).wait(), digest);
    assertEquals((await docker.imageInspect(byDigest)).Id, id);
    await assertRejects(() => docker.imageInspect(name), EngineError);
    await docker.imagePull(name).wait();
    // Once more, when there is nothing to fetch.
    const again = docker.imagePull(name);
    assertStringIncludes(
      texts(await eventsOf(again.events())),
      "Image is up to date",
    );
    await docker.imageRemove(name, { force: true });
  },
);

engineTest(
  "a push and a pull take one tag, never all of a name",
  async ({ docker }) => {
    await using registry = await startRegistry();
    const repository = `${registry.host}/tags/app`;
    for (const tag of ["latest", "other"]) {
      await buildImage(docker, `${repository}:${tag}`);
    }
    await docker.imagePush(repository).wait();
    await docker.distributionInspect(repository);
    await assertRejects(
      () => docker.distributionInspect(`${repository}:other`),
      EngineError,
    );
    await docker.imagePush(repository, { tag: "other" }).wait();
    for (const tag of ["latest", "other"]) {
      await docker.imageRemove(`${repository}:${tag}`, { force: true });
    }
    await docker.imagePull(repository).wait();
    await assertRejects(
      () => docker.imageInspect(`${repository}:other`),
      EngineError,
    );
    await docker.imageRemove(repository, { force: true });
  },
);

engineTest(
  "with a login all of it goes well; without, or with a wrong one, it is refused in the engine's words",
  async ({ docker }) => {
    await using registry = await startRegistry({ auth: "basic" });
    const name = `${registry.host}/private/app:1`;
    await buildImage(docker, name);
    const push = await assertRejects(
      () => docker.imagePush(name).wait(),
      TransferError,
      "no basic auth credentials",
    );
    assertEquals(push.image, name);
    assertEquals(push.registry, registry.host);
    assertStringIncludes(push.message, `Cannot push "${name}": `);
    assertStringIncludes(
      push.message,
      `; give a login for ${registry.host} in the option credentials, or by "docker login"`,
    );
    const wrong = await assertRejects(
      () =>
        docker.imagePush(name, { credentials: { [registry.host]: WRONG } })
          .wait(),
      TransferError,
      "check it with auth()",
    );
    assert(/unauthorized|401/i.test(wrong.detail), wrong.detail);

    const digest = await docker.imagePush(name, {
      credentials: { [registry.host]: LOGIN },
    }).wait();
    await docker.imageRemove(name, { force: true });
    const pull = await assertRejects(
      () => docker.imagePull(name).wait(),
      TransferError,
      "no basic auth credentials",
    );
    assertStringIncludes(pull.message, `Cannot pull "${name}": `);
    const wrongPull = await assertRejects(
      () =>
        docker.imagePull(name, { credentials: { [registry.host]: WRONG } })
          .wait(),
      TransferError,
    );
    const inspect = await assertRejects(
      () => docker.distributionInspect(name),
      EngineError,
    );
    // Other registries' logins may stand beside it; a function is asked for this one.
    const credentials = {
      "other.example": WRONG,
      [`http://${registry.host}`]: {
        auth: btoa(`${LOGIN.username}:${LOGIN.password}`),
        serveraddress: `http://${registry.host}`,
      },
    };
    const asked: string[] = [];
    const ask = (host: string) => {
      asked.push(host);
      return LOGIN;
    };
    assertEquals(
      (await docker.distributionInspect(name, { credentials })).Descriptor
        .digest,
      digest,
    );
    assertEquals(await docker.imagePull(name, { credentials }).wait(), digest);
    for (const transfer of ["imagePull", "imagePush"] as const) {
      assertEquals(
        await docker[transfer](name, { credentials: ask }).wait(),
        digest,
      );
    }
    assertEquals(asked, [registry.host, registry.host]);
    for (const error of [push, wrong, pull, wrongPull, inspect]) {
      const shown = Deno.inspect(error, { depth: 9 });
      for (const secret of [LOGIN.password, WRONG.password]) {
        assert(!shown.includes(secret), shown);
      }
    }
    await docker.imageRemove(name, { force: true });
  },
);

engineTest(
  "fromDockerConfig() pushes and pulls with docker's own login, and only for the registry that has one",
  async ({ docker, host }) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using other = await startRegistry({ auth: "basic" });
    const folder = await Deno.makeTempDir({ prefix: "davit-config-" });
    await Deno.writeTextFile(
      `${folder}/config.json`,
      JSON.stringify({ auths: { [registry.host]: { auth: LOGIN_BASE64 } } }),
    );
    const name = `${registry.host}/config/app:1`;
    const elsewhere = `${other.host}/config/app:1`;
    for (const tag of [name, elsewhere]) await buildImage(docker, tag);
    const before = new Map(
      ["DOCKER_HOST", "DOCKER_CONFIG"].map((key) => [key, Deno.env.get(key)]),
    );
    Deno.env.set("DOCKER_HOST", host);
    Deno.env.set("DOCKER_CONFIG", folder);
    try {
      await using user = await DockerClient.fromDockerConfig();
      const digest = await user.imagePush(name).wait();
      const { Descriptor } = await user.distributionInspect(name);
      assertEquals(Descriptor.digest, digest);
      await docker.imageRemove(name, { force: true });
      assertEquals(await user.imagePull(name).wait(), digest);
      for (
        const transfer of [user.imagePush(elsewhere), user.imagePull(elsewhere)]
      ) {
        await assertRejects(
          () => transfer.wait(),
          TransferError,
          "no basic auth",
        );
      }
      assert(other.requests.length > 0);
      for (const { authorization } of other.requests) {
        assertEquals(authorization, undefined);
      }
      // The caller's word counts before the file's.
      await assertRejects(
        () =>
          user.imagePull(name, { credentials: { [registry.host]: WRONG } })
            .wait(),
        TransferError,
      );
      await assertRejects(
        () =>
          user.imagePull(name, { credentials: { [registry.host]: {} } }).wait(),
        TransferError,
        "no basic auth",
      );
      // The client's own go before the file's, and the file's stand behind.
      for (
        const [credentials, works] of [
          [{ [registry.host]: LOGIN }, true],
          [{ [registry.host]: WRONG }, false],
          [{ "other.example": WRONG }, true],
          [() => null, true],
        ] as const
      ) {
        await using own = await DockerClient.fromDockerConfig({ credentials });
        assertEquals(
          await own.imagePull(name).wait().catch(() => "no"),
          works ? digest : "no",
        );
      }
      await using none = await DockerClient.fromDockerConfig({
        dockerConfig: false,
      });
      await assertRejects(
        () => none.imagePull(name).wait(),
        TransferError,
        "no basic auth",
      );
      // A client by address knows no logins but those that it is given.
      await using stranger = await DockerClient.fromDockerHost(host);
      await assertRejects(
        () => stranger.imagePull(name).wait(),
        TransferError,
        "no basic auth credentials",
      );
    } finally {
      for (const [key, value] of before) {
        if (value === undefined) Deno.env.delete(key);
        else Deno.env.set(key, value);
      }
      for (const tag of [name, elsewhere]) {
        await docker.imageRemove(tag, { force: true });
      }
      await Deno.remove(folder, { recursive: true });
    }
  },
);

engineTest(
  "without the permission for docker's files a pull goes on without a login, and a refusal says why",
  async ({ docker, host, socketPath }) => {
    await using registry = await startRegistry({ auth: "basic" });
    await using open = await startRegistry();
    const publicName = await open.put("public/app:1");
    const name = await registry.put("private/app:1");
    const program = `
      import { DockerClient } from "${new URL(
      "../../mod.ts",
      import.meta.url,
    )}";
      await using docker = await DockerClient.fromDockerConfig();
      console.log(await docker.imagePull("${publicName}").wait());
      await docker.imagePull("${name}").wait().catch((error) => console.log(error.message));
    `;
    const file = await Deno.makeTempFile({ suffix: ".ts" });
    await Deno.writeTextFile(file, program);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        `--allow-net=unix:${socketPath},localhost:80`,
        `--allow-read=${socketPath}`,
        `--allow-write=${socketPath}`,
        "--allow-env=DOCKER_HOST",
        file,
      ],
      env: { NO_COLOR: "1", DOCKER_HOST: host },
    }).output();
    await Deno.remove(file);
    const text = new TextDecoder().decode(stdout) +
      new TextDecoder().decode(stderr);
    assert(/^sha256:[0-9a-f]{64}$/m.test(text), text);
    assertStringIncludes(text, `Cannot pull "${name}": `);
    assertStringIncludes(
      text,
      `; docker's login for "${registry.host}" was not looked up: `,
    );
    await docker.imageRemove(publicName, { force: true });
  },
);

engineTest("auth() tells a good login from a bad one", async ({ docker }) => {
  await using registry = await startRegistry({ auth: "basic" });
  const serveraddress = registry.host;
  const { Status, IdentityToken } = await docker.auth({
    ...LOGIN,
    serveraddress,
  });
  assertEquals([Status, IdentityToken], ["Login Succeeded", ""]);
  const error = await assertRejects(
    () => docker.auth({ ...WRONG, serveraddress }),
    EngineError,
    "401 Unauthorized",
  );
  assert(!Deno.inspect(error, { depth: 9 }).includes(WRONG.password));
  await assertRejects(
    () => docker.auth({ ...LOGIN, serveraddress: "127.0.0.1:1" }),
    EngineError,
    "connection refused",
  );
  await assertRejects(
    () => docker.auth({ ...LOGIN, serveraddress: "no host" }),
    TypeError,
  );
});

engineTest(
  "a missing image and a missing registry are errors with the engine's words and a way on",
  async ({ docker }) => {
    await using registry = await startRegistry();
    const missing = `${registry.host}/nothing/here:1`;
    const pull = docker.imagePull(missing);
    const error = await assertRejects(
      () => pull.wait(),
      TransferError,
      "check its name and its tag",
    );
    assert(/not found/.test(error.detail), error.detail);
    assertEquals(error.status, 404);
    // The events end with the same error.
    assertEquals(
      await assertRejects(() => eventsOf(pull.events())),
      error,
    );
    const push = await assertRejects(
      () => docker.imagePush(missing).wait(),
      TransferError,
      "imageTag",
    );
    assert(/does not exist/.test(push.detail), push.detail);
    await docker.imageTag("davit-test/base", "127.0.0.1:1/app", "1");
    for (
      const transfer of [
        docker.imagePull("127.0.0.1:1/app:2"),
        docker.imagePush("127.0.0.1:1/app:1"),
      ]
    ) {
      const refused = await assertRejects(
        () => transfer.wait(),
        TransferError,
        "is 127.0.0.1:1 running, and can the engine's machine reach it?",
      );
      assertStringIncludes(refused.detail, "connection refused");
    }
    await docker.imageRemove("127.0.0.1:1/app:1");
    await assertRejects(() => docker.distributionInspect(missing), EngineError);
  },
);

engineTest(
  "a platform is asked for, and one that is not there is told of",
  async ({ docker, generation }) => {
    await using registry = await startRegistry();
    const name = `${registry.host}/platform/app:1`;
    await buildImage(docker, name);
    await docker.imagePush(name).wait();
    await docker.imageRemove(name, { force: true });
    const pull = docker.imagePull(name, { platform: "linux/arm64" });
    const outcome = await eventsOf(pull.events()).then(texts, String);
    // A manifest of one platform is taken whatever was asked; newer engines warn.
    if (Number(generation) >= 28 && !await usesContainerd(docker)) {
      assertStringIncludes(outcome, "does not match the specified platform");
    }
    const error = await assertRejects(
      () => docker.imagePull(name, { platform: "a/b/c/d/e" }).wait(),
      TransferError,
    );
    assert(error.status >= 400, error.message);
    await docker.imageRemove(name, { force: true });
  },
);

engineTest(
  "wrong names and options are refused before anything is sent",
  async ({ docker }) => {
    const digest = `sha256:${"0".repeat(64)}`;
    for (
      const transfer of [
        docker.imagePush("a:1", { tag: "2" }),
        docker.imagePush(`a@${digest}`),
        docker.imagePush(""),
        docker.imagePull("a b"),
        docker.imagePull("a", { tag: "" }),
        docker.imagePull(`a@${digest}`, { tag: "1" }),
        docker.imagePush("localhost:1/a/../b"),
        docker.imagePull("localhost:1/a", {
          credentials: {
            "localhost:1": { ...LOGIN, serveraddress: "other.example" },
          },
        }),
        // A login where logins by registry are expected.
        docker.imagePull("localhost:1/a", { credentials: LOGIN as never }),
        docker.imagePush("localhost:1/a", {
          credentials: new Map([["localhost:1", LOGIN]]) as never,
        }),
      ]
    ) {
      const error = await assertRejects(() => transfer.wait(), TypeError);
      assert(!error.message.includes(LOGIN.password));
    }
  },
);

engineTest(
  "a registry at an IPv6 address is pushed to, pulled from and built from, with its login",
  async ({ docker }) => {
    await using registry = await startRegistry({ auth: "basic" });
    const listener = Deno.listen({ hostname: "::1", port: 0 });
    const pumps: Promise<unknown>[] = [];
    const accepting = (async () => {
      for await (const near of listener) {
        const far = await Deno.connect({
          hostname: "127.0.0.1",
          port: Number(registry.host.split(":")[1]),
        });
        // Either side may hang up first.
        pumps.push(
          near.readable.pipeTo(far.writable).catch(() => {}),
          far.readable.pipeTo(near.writable).catch(() => {}),
        );
      }
    })();
    const host = `[::1]:${(listener.addr as Deno.NetAddr).port}`;
    const name = `${host}/six/app:1`;
    const credentials = { [host]: LOGIN };
    await buildImage(docker, name);
    const digest = await docker.imagePush(name, { credentials }).wait();
    await docker.imageRemove(name, { force: true });
    assertEquals(await docker.imagePull(name, { credentials }).wait(), digest);
    await docker.imageRemove(name, { force: true });
    const build = docker.imageBuild(
      { dockerfile: { text: `FROM ${name}\nLABEL six=6\n` } },
      { credentials },
    );
    await docker.imageRemove(await build.wait());
    listener.close();
    await accepting;
    await registry[Symbol.asyncDispose]();
    await Promise.all(pumps);
  },
  // Engines of the 20.10 line know no such name.
  ({ generation }) => Number(generation) > 20,
);
