import { BuilderError } from "../../lib/buildx/builder_error.ts";
import {
  BuildxBuilders,
  engineAt,
  engineName,
  engineOfContext,
} from "../../lib/buildx/builders.ts";
import { createBuilder } from "../../lib/buildx/create.ts";
import { buildxFolder } from "../../lib/buildx/folder.ts";
import { BuildxStore } from "../../lib/buildx/store.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";

const KEY = "unix:///run/engine.sock";

function builder(name: string) {
  return createBuilder({
    name,
    append: false,
    ownEngine: KEY,
    endpoint: `tcp://${name.toLowerCase()}:1`,
  }, undefined).instance;
}

async function withStore(
  use: (store: BuildxStore) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "davit-buildx-" });
  try {
    await use(new BuildxStore(`${folder}/buildx`));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function environment(values: Record<string, string>) {
  return { get: (name: string) => values[name] };
}

async function namesBelow(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.map(({ name }) => name).sort();
}

Deno.test("buildx's folder is BUILDX_CONFIG, else in docker's own", () => {
  const of = (values: Record<string, string>) =>
    buildxFolder(environment(values));
  const docker = { DOCKER_CONFIG: "/d/", HOME: "/h" };
  assertEquals(of({ ...docker, BUILDX_CONFIG: "/b/" }), "/b");
  assertEquals(of({ ...docker, BUILDX_CONFIG: "" }), "/d/buildx");
  assertEquals(of({ HOME: "/h" }), "/h/.docker/buildx");
});

Deno.test("what is saved is found again, by its name in any case, and is for its owner alone", async () => {
  await withStore(async (store) => {
    assertEquals(await store.names(), []);
    assertEquals(await store.find("one"), undefined);
    assertEquals(await store.chosen(KEY), undefined);
    const before = Date.now();
    await store.edit(async (edit) => {
      await edit.save(builder("Two"));
      await edit.save(builder("one"));
    });
    assertEquals(await store.names(), ["one", "two"]);
    assertEquals(await store.find("TWO"), builder("Two"));
    const used = await store.lastActivity("one");
    assert(used !== undefined && used.getTime() > before - 1000);
    assert(used.getTime() <= Date.now());
    assertEquals(await store.lastActivity("nobody"), undefined);
    const { folder } = store;
    assertEquals(await namesBelow(`${folder}/instances`), ["one", "two"]);
    const { mode } = await Deno.stat(`${folder}/instances/one`);
    assertEquals(mode! & 0o777, 0o600);
    for (const name of ["instances", "activity", "defaults"]) {
      assertEquals((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, 0o700);
    }
    await assertRejects(() => store.find("1"), BuilderError);
  });
});

Deno.test("a builder that is removed leaves no file behind, and nobody else's goes", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("Two")));
    await store.edit((edit) => edit.save(builder("one")));
    const refs = `${store.folder}/refs/one/one0`;
    await Deno.mkdir(refs, { recursive: true });
    await Deno.writeTextFile(`${refs}/build`, "{}");
    await store.edit((edit) => edit.remove("One"));
    await store.edit((edit) => edit.remove("one"));
    for (
      const [name, left] of [
        ["instances", ["two"]],
        ["activity", ["Two"]],
        ["refs", []],
      ] as const
    ) {
      assertEquals(await namesBelow(`${store.folder}/${name}`), [...left]);
    }
    await store.edit((edit) => edit.remove("two"));
    assertEquals(await namesBelow(`${store.folder}/activity`), []);
  });
});

Deno.test("a builder's use is noted under its name as it is written, and found there", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("Two")));
    assertEquals(await namesBelow(`${store.folder}/activity`), ["Two"]);
    assert(await store.lastActivity("Two") !== undefined);
    await store.edit((edit) => edit.remove("two"));
    assertEquals(await namesBelow(`${store.folder}/activity`), []);
  });
});

Deno.test("a file that names another builder is broken, and writes nothing elsewhere", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("evil")));
    const path = `${store.folder}/instances/evil`;
    const text = await Deno.readTextFile(path);
    for (const name of ["../../victim", "one", "evil2"]) {
      await Deno.writeTextFile(path, text.replace('"evil"', `"${name}"`));
      const { message } = await assertRejects(
        () => store.find("Evil"),
        BuilderError,
      );
      assertStringIncludes(message, "has the Name of another builder");
    }
    // Nor does a name that comes by another way.
    await assertRejects(
      () => store.edit((edit) => edit.used("../../victim")),
      BuilderError,
    );
    assertEquals(await namesBelow(store.folder.replace(/\/buildx$/, "")), [
      "buildx",
    ]);
  });
});

Deno.test("a node whose name or address no node can have makes its file broken", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("one")));
    const path = `${store.folder}/instances/one`;
    const text = await Deno.readTextFile(path);
    const replace = (field: string, value: string) =>
      Deno.writeTextFile(
        path,
        text.replace(
          new RegExp(`"${field}":"[^"]*"(?=,"(?:Endpoint|Platforms)")`),
          () => `"${field}":${JSON.stringify(value)}`,
        ),
      );
    for (
      const [field, value, words] of [
        ["Name", "../x", "has Nodes[0].Name that no node can have"],
        ["Name", "a\u001b[31m", "has Nodes[0].Name that no node can have"],
        ["Endpoint", "tcp://h\u001b]0;x\u0007:1", "Endpoint with control char"],
        ["Endpoint", "tcp://h:1\n", "Endpoint with control char"],
        ["Endpoint", "tcp://me:hunter2@h:1", "Endpoint with a password"],
        ["Endpoint", "ssh://:hunter2@h", "Endpoint with a password"],
      ] as const
    ) {
      await replace(field, value);
      const { message } = await assertRejects(
        () => store.find("one"),
        BuilderError,
      );
      assertStringIncludes(message, words);
      assertEquals(/\p{Cc}/u.test(message), false);
    }
    await replace("Name", "");
    assertEquals((await store.find("one"))?.nodes[0]?.name, "");
    await replace("Name", "One_0.a-b");
    assertEquals((await store.find("one"))?.nodes[0]?.name, "One_0.a-b");
  });
});

Deno.test("what is no file of a builder is said for itself, and hides no other builder", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("one")));
    await Deno.mkdir(`${store.folder}/instances/folder`);
    await Deno.writeTextFile(`${store.folder}/instances/-odd name`, "x");
    const docker = store.folder.replace(/\/buildx$/, "");
    const list = await new BuildxBuilders(
      environment({ DOCKER_CONFIG: docker, DOCKER_HOST: KEY }),
    ).list();
    const words = list.map((each) =>
      each instanceof BuilderError ? each.message : each.name
    );
    assertEquals(words.slice(1), [
      words[1],
      "one",
      "default",
    ]);
    assertStringIncludes(words[0]!, "a name starts with a letter");
    assertStringIncludes(words[1]!, "can't be read");
    assertStringIncludes(words[1]!, "davit builder rm folder");
    await store.edit((edit) => edit.remove("folder"));
    assertEquals(await store.names(), ["-odd name", "one"]);
  });
});

Deno.test("the chosen builder is that of the engine, of every engine, or its default one", async () => {
  await withStore(async (store) => {
    const choose = (
      engine: string,
      name: string,
      isGlobal = false,
      isDefault = false,
    ) => store.edit((edit) => edit.choose(engine, name, isGlobal, isDefault));
    await store.edit(async (edit) => {
      await edit.save(builder("one"));
      await edit.save(builder("Two"));
    });
    await choose(KEY, "one");
    assertEquals(
      await Deno.readTextFile(`${store.folder}/current`),
      `{"Key":"${KEY}","Name":"one","Global":false}`,
    );
    assertEquals(await store.chosen(KEY), "one");
    assertEquals(await store.chosen("other"), undefined);
    await choose(KEY, "Two", true);
    assertEquals(await store.chosen("other"), "Two");
    await choose(KEY, "one", false, true);
    // The first twenty digits of the SHA-256 of its name.
    assertEquals(
      await Deno.readTextFile(`${store.folder}/defaults/b6b9812fa7a849f1f975`),
      "one",
    );
    await choose("other", "Two");
    assertEquals(await store.chosen(KEY), "one");
    assertEquals(await store.chosen("other"), "Two");
    await choose(KEY, "");
    assertEquals(await namesBelow(`${store.folder}/defaults`), []);
    assertEquals(await store.chosen(KEY), undefined);
    // The engine itself is one, whenever another was used in between.
    await choose(KEY, "", false, true);
    assertEquals(await namesBelow(`${store.folder}/defaults`), [
      "b6b9812fa7a849f1f975",
    ]);
    assertEquals(await store.chosen(KEY), undefined);
    // A builder that is gone is no choice.
    await choose(KEY, "gone", true);
    assertEquals(await store.chosen(KEY), undefined);
    await choose(KEY, "gone");
    assertEquals(await store.chosen(KEY), undefined);
    await choose(KEY, "gone", false, true);
    await choose("other", "one");
    assertEquals(await store.chosen(KEY), undefined);
  });
});

Deno.test("a choice in a broken file is an error that says what to do", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.choose(KEY, "one", false, false));
    await Deno.writeTextFile(`${store.folder}/current`, "{");
    const { message } = await assertRejects(
      () => store.chosen(KEY),
      BuilderError,
    );
    assertStringIncludes(message, `${store.folder}/current`);
    assertStringIncludes(message, "davit builder use");
  });
});

Deno.test("a choice with fields of other types counts as none", async () => {
  await withStore(async (store) => {
    await store.edit((edit) => edit.save(builder("one")));
    const path = `${store.folder}/current`;
    for (
      const fields of [{ Name: 5, Key: KEY }, { Name: "one", Global: "yes" }, 5]
    ) {
      await Deno.writeTextFile(path, JSON.stringify(fields));
      assertEquals(await store.chosen(KEY), undefined);
    }
  });
});

Deno.test("a file that can't be put in its place leaves nothing aside", async () => {
  await withStore(async (store) => {
    await store.edit(() => Promise.resolve());
    await Deno.mkdir(`${store.folder}/instances/one/in-the-way`, {
      recursive: true,
    });
    await assertRejects(() => store.edit((edit) => edit.save(builder("one"))));
    assertEquals(await namesBelow(`${store.folder}/instances`), ["one"]);
  });
});

Deno.test("an edit waits for another program's, and a failed one frees the folder", async () => {
  await withStore(async (store) => {
    await assertRejects(
      () => store.edit(() => Promise.reject(new Error("no"))),
      Error,
      "no",
    );
    await store.edit(() => Promise.resolve());
    // A lock of the same kind as buildx's, by another program.
    const child = new Deno.Command("flock", {
      args: [
        `${store.folder}/.lock`,
        "sh",
        "-c",
        `echo held; read -r line; printf first >"$0/order"`,
        store.folder,
      ],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    const order = store.edit(() => Deno.readTextFile(`${store.folder}/order`));
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode("go\n"));
    await writer.close();
    assertEquals(await order, "first");
    await reader.cancel();
    await child.status;
  });
});

Deno.test("a builder is a file, or a docker context whose engine builds itself", async () => {
  await withStore(async (store) => {
    const docker = store.folder.replace(/\/buildx$/, "");
    const digest = "0".repeat(64);
    await Deno.mkdir(`${docker}/contexts/meta/${digest}`, { recursive: true });
    await Deno.writeTextFile(
      `${docker}/contexts/meta/${digest}/meta.json`,
      JSON.stringify({ Name: "far.away", Endpoints: {} }),
    );
    const env = environment({ DOCKER_CONFIG: docker, DOCKER_HOST: KEY });
    const builders = new BuildxBuilders(env);
    await store.edit(async (edit) => {
      await edit.save(builder("one"));
      await edit.save(builder("default2"));
    });
    await Deno.writeTextFile(`${store.folder}/instances/broken`, "{");
    const list = await builders.list();
    assertEquals(
      list.map((each) =>
        each instanceof BuilderError
          ? `${each.builder}!`
          : `${each.name} ${each.driver} ${each.isContext}`
      ),
      [
        "broken!",
        "default2 remote false",
        "one remote false",
        "default docker true",
        "far.away docker true",
      ],
    );
    assertEquals((await builders.current()).name, "default");
    assertEquals(await builders.chosen(), undefined);
    await store.edit((edit) => edit.choose(KEY, "one", false, false));
    assertEquals((await builders.chosen())?.name, "one");
    const current = await builders.current();
    assertEquals(current.name, "one");
    assert(current.lastActivity !== undefined);
    const context = await builders.named("far.away");
    assertEquals(context.lastActivity, undefined);
    assertEquals(context.nodes[0], {
      name: "far.away",
      endpoint: "far.away",
      platforms: undefined,
      driverOpts: undefined,
      flags: undefined,
      files: undefined,
    });
    for (const name of ["nobody", "-x", ""]) {
      const error = await assertRejects(
        () => builders.named(name),
        BuilderError,
      );
      assertEquals(error.builder, name);
      assertStringIncludes(error.message, `No builder ${JSON.stringify(name)}`);
    }
    // Flags that name an engine come before the environment.
    const other = new BuildxBuilders(env, engineOfContext("far.away"));
    assertEquals((await other.current()).name, "far.away");
    assertEquals(await other.chosen(), undefined);
    // A builder that has the name of the context is the context's own.
    await store.edit((edit) => edit.save(builder("far.away")));
    assertEquals((await other.chosen())?.driver, "remote");
    const names = (await other.list()).map((each) =>
      each instanceof BuilderError ? each.builder : each.name
    );
    assertEquals(names.filter((name) => name === "far.away").length, 1);
  });
});

Deno.test("the engine of a choice is a context, or an address as docker writes it", async () => {
  const nothing = "unix:///var/run/docker.sock";
  const of = (values: Record<string, string>) =>
    engineName(environment({ DOCKER_CONFIG: "/nowhere", ...values }));
  assertEquals(await of({}), { context: "default", key: nothing });
  assertEquals(await of({ DOCKER_CONTEXT: "far" }), {
    context: "far",
    key: "far",
  });
  assertEquals(await of({ DOCKER_CONTEXT: "default" }), {
    context: "default",
    key: nothing,
  });
  assertEquals(await of({ DOCKER_HOST: "tcp://h", DOCKER_CONTEXT: "far" }), {
    context: "default",
    key: "tcp://h:2375",
    host: "tcp://h",
  });
  const keyOf = (host: string, values = {}) =>
    engineAt(host, environment(values)).key;
  assertEquals(keyOf("/run/x.sock"), "unix:///run/x.sock");
  assertEquals(keyOf("h:1234"), "tcp://h:1234");
  assertEquals(keyOf("tcp://h:1"), "tcp://h:1");
  assertEquals(keyOf("tcp://h", { DOCKER_TLS_VERIFY: "1" }), "tcp://h:2376");
  assertEquals(keyOf("ssh://u@h"), "ssh://u@h");
});
