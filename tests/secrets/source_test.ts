import { SecretError } from "../../lib/errors.ts";
import { AskedNames } from "../../lib/secrets/asked_names.ts";
import { Secret } from "../../lib/secrets/secret.ts";
import {
  checkSource,
  resolveSource,
  type SecretSource,
} from "../../lib/secrets/source.ts";
import { isProbed, SecretStore } from "../../lib/secrets/store.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

const { signal } = new AbortController();
const bytes = new TextEncoder().encode("bytes");
const secret = new Secret("secret");
const hidden = new Secret("hidden", { visible: true });

Deno.test("each form of a source is taken, and no other", () => {
  const sources: unknown[] = [
    "",
    "text",
    bytes,
    secret,
    () => "text",
    { file: "path" },
    { file: new URL("file:///path") },
    { env: "NAME" },
    { value: "" },
    { value: bytes },
    { value: secret },
    { value: "text", visible: true },
    { value: "text", visible: false },
    { value: "text", visible: undefined },
    { file: "path", visible: true },
  ];
  for (const source of sources) checkSource("id", source as SecretSource);
  const others: unknown[] = [
    null,
    7,
    true,
    [],
    {},
    { visible: true },
    { file: 7 },
    { file: "a", env: "B" },
    { env: "" },
    { env: 7 },
    { value: 7 },
    { value: null },
    { value: "a", visible: "true" },
    { value: "a", visible: null },
    { value: "a", other: 1 },
    { other: "a" },
  ];
  for (const source of others) {
    const error = assertThrows(
      () => checkSource("id", source as SecretSource),
      TypeError,
    );
    assertEquals(
      error.message,
      'Cannot use secret "id": expected text, bytes, a function, or one of { file }, { env } and { value }, with visible: true or without',
    );
  }
  for (const id of ["", "a\0b"]) {
    const error = assertThrows(() => checkSource(id, "text"), TypeError);
    assertEquals(
      error.message,
      `Cannot use secret ${
        JSON.stringify(id)
      }: an id needs at least one character and no NUL`,
    );
  }
  for (const source of [undefined, { value: undefined }]) {
    const error = assertThrows(() => checkSource("id", source), SecretError);
    assertEquals([error.id, error.message], [
      "id",
      'Cannot read secret "id": it is undefined; is the environment variable, or whatever it is read from, set?',
    ]);
  }
});

Deno.test("a source gives its value, and whether that may be seen", () =>
  withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "in a file");
    Deno.env.set("DAVIT_TEST_SOURCE", "in a variable");
    Deno.env.set("davit_test_empty", "");
    try {
      for (
        const [source, value, visible] of [
          ["text", "text", false],
          [bytes, "bytes", false],
          [secret, "secret", false],
          [hidden, "hidden", true],
          [{ value: "text" }, "text", false],
          [{ value: "text", visible: true }, "text", true],
          [{ value: bytes, visible: true }, "bytes", true],
          [{ value: secret }, "secret", false],
          [{ value: hidden }, "hidden", true],
          [{ value: hidden, visible: false }, "hidden", false],
          [{ value: secret, visible: true }, "secret", true],
          [{ file: `${folder}/file` }, "in a file", false],
          [{ file: `${folder}/file`, visible: true }, "in a file", true],
          [{ file: new URL(`file://${folder}/file`) }, "in a file", false],
          [{ env: "DAVIT_TEST_SOURCE" }, "in a variable", false],
          [{ env: "DAVIT_TEST_SOURCE", visible: true }, "in a variable", true],
          [{ env: "davit_test_empty" }, "", false],
        ] as [SecretSource, string, boolean][]
      ) {
        const resolved = await resolveSource("id", source, signal);
        assert(resolved instanceof Secret);
        assertEquals(
          [new TextDecoder().decode(resolved.reveal()), resolved.visible],
          [value, visible],
        );
      }
    } finally {
      Deno.env.delete("DAVIT_TEST_SOURCE");
      Deno.env.delete("davit_test_empty");
    }
    assertStrictEquals(await resolveSource("id", secret, signal), secret);
    const call = () => "text";
    assertStrictEquals(await resolveSource("id", call, signal), call);
  }));

Deno.test("a source that can not be read says why, and repeats nothing that may be a value", async () => {
  const words = async (source: unknown) => {
    const error = await assertRejects(
      () => resolveSource("id", source as SecretSource, signal),
      SecretError,
    );
    assertEquals(error.id, "id");
    return error.message;
  };
  const noName =
    'Cannot read secret "id": env is the name of an environment variable, such as "NPM_TOKEN"';
  const notNamed =
    'Cannot read secret "id": the environment variable that env names is not set; env is the name of a variable, not the value';
  for (
    const [env, message] of [
      ["A=B", noName],
      ["a\0", noName],
      [7, noName],
      [
        "DAVIT_NOT_SET_2",
        'Cannot read secret "id": the environment variable "DAVIT_NOT_SET_2" is not set',
      ],
      ["davit_not_set", notNamed],
      ["_DAVIT", notNamed],
      ["2DAVIT", notNamed],
      ["hunter2", notNamed],
    ] as const
  ) assertEquals(await words({ env }), message);
  assertEquals(
    await words({ file: "/no/such" }),
    'Cannot read secret "id" from "/no/such": there is no such file',
  );
  const { readFile } = Deno;
  for (
    const [failure, why] of [
      [new Deno.errors.PermissionDenied("x"), "no permission"],
      [new Deno.errors.IsADirectory("x"), "it is a folder"],
      [new Error("the disk is broken"), "the disk is broken"],
      ["no error", "no error"],
    ] as const
  ) {
    Deno.readFile = () => Promise.reject(failure);
    try {
      assertEquals(
        await words({ file: "a" }),
        `Cannot read secret "id" from "a": ${why}`,
      );
    } finally {
      Deno.readFile = readFile;
    }
  }
  const { get } = Deno.env;
  for (
    const [failure, why] of [
      [
        new Deno.errors.NotCapable("x"),
        "no permission; allow it with --allow-env=TOKEN",
      ],
      [new Error("broken"), "broken"],
      ["no error", "no error"],
    ] as const
  ) {
    Deno.env.get = () => {
      throw failure;
    };
    try {
      assertEquals(
        await words({ env: "TOKEN" }),
        `Cannot read secret "id" from the environment variable "TOKEN": ${why}`,
      );
    } finally {
      Deno.env.get = get;
    }
  }
  const reason = new Error("cancelled");
  const caught = await assertRejects(() =>
    resolveSource("id", { file: "/no/such" }, AbortSignal.abort(reason))
  );
  assertStrictEquals(caught, reason);
});

Deno.test("names that were asked for are kept within bounds", () => {
  const names = new AskedNames();
  assert(names.add("a"));
  assert(!names.add("a"));
  assert(names.add("x".repeat(1024)));
  assert(!names.add("x".repeat(1025)));
  for (let i = 2; i < 1000; i++) assert(names.add(`${i}`));
  assert(!names.add("one more"));
  assert(!names.add("a"));
  assert(names.has("a"));
  assert(!names.has("one more"));
  assertEquals([...names].length, 1000);
  assertEquals([...names].slice(2, 4), ["2", "3"]);
});

Deno.test("which ids git and http sources try on their own", async () => {
  for (
    const [id, is] of [
      ["GIT_AUTH_TOKEN", true],
      ["GIT_AUTH_HEADER", true],
      ["HTTP_AUTH_TOKEN", true],
      ["GIT_AUTH_TOKEN.example.com", true],
      ["HTTP_AUTH_HEADER_example", true],
      ["GIT_AUTH_TOKENS", false],
      ["MY_GIT_AUTH_TOKEN", false],
      ["GIT_AUTH", false],
      ["git_auth_token", false],
    ] as const
  ) assertEquals(isProbed(id), is, id);
  const store = await SecretStore.open({ GIT_AUTH_TOKEN: "x" }, signal);
  assert(!store.isProbe("GIT_AUTH_TOKEN"));
  assert(store.isProbe("GIT_AUTH_TOKEN.example.com"));
  assert(!store.isProbe("other"));
});

Deno.test("what a function may give as a secret, and what it is called with", async () => {
  const controller = new AbortController();
  const answers: unknown[] = ["text", bytes, secret, null, undefined];
  const asked: unknown[] = [];
  const store = await SecretStore.open(
    Object.fromEntries(
      answers.map((answer, i) => [
        `${i}`,
        (request: unknown) => {
          asked.push(request);
          return answer as string;
        },
      ]),
    ),
    controller.signal,
  );
  assertEquals(store.deferred(), ["0", "1", "2", "3", "4"]);
  assertEquals(store.known(), []);
  for (const i of answers.keys()) await store.peek(`${i}`);
  assertEquals(
    asked,
    answers.map((_, i) => ({ id: `${i}`, signal: controller.signal })),
  );
  assertEquals(store.known().map(([id]) => id), ["0", "1", "2"]);
  assertStrictEquals(await store.peek("2"), secret);
  assertEquals(asked.length, 5);
  assertEquals(store.requests(), {
    served: [],
    missing: [],
    unasked: ["0", "1", "2", "3", "4"],
  });
  assertEquals(await store.peek("none"), undefined);
  for (
    const [answer, kind] of [[7, "a number"], [{}, "an object"], [
      true,
      "a boolean",
    ]]
  ) {
    const wrong = await SecretStore.open(
      { w: () => answer as string },
      signal,
    );
    const error = await assertRejects(() => wrong.get("w"), SecretError);
    assertEquals(
      error.message,
      `The function for secret "w" gave ${kind}: expected text, bytes, a Secret or null`,
    );
  }
});

Deno.test("what happened elsewhere is noted, and told once where nothing was given", async () => {
  const store = await SecretStore.open({ a: "x", b: "y", c: "z" }, signal);
  store.note({ id: "a", state: "served" }); // nobody listens
  const told: string[] = [];
  store.onUse = ({ id, state }) => told.push(`${id} ${state}`);
  for (const state of ["requested", "served", "missing"] as const) {
    store.note({ id: "none", state });
    store.note({ id: "b", state });
  }
  store.note({ id: "none", state: "missing" });
  store.note({ id: "HTTP_AUTH_TOKEN", state: "missing" });
  assertEquals(told, [
    "b requested",
    "b served",
    "none requested",
    "none missing",
    "b missing",
  ]);
  assertEquals(store.requests(), {
    served: ["a", "b"],
    missing: ["none", "b"],
    unasked: ["c"],
  });
});

Deno.test("sources have to be an object of ids", async () => {
  for (const sources of [null, [], "a", new Map([["a", "b"]])] as unknown[]) {
    const error = await assertRejects(
      () => SecretStore.open(sources as Record<string, string>, signal),
      TypeError,
    );
    assertEquals(
      error.message,
      `Cannot use secrets: expected an object of ids to sources${
        sources instanceof Map
          ? "; a Map becomes one by Object.fromEntries(map)"
          : ""
      }`,
    );
  }
  // Nothing is read before all have a form.
  await assertRejects(
    () =>
      SecretStore.open(
        { a: { file: "/no/such" }, b: 7 as unknown as string },
        signal,
      ),
    TypeError,
    'secret "b"',
  );
});

Deno.test("a secret of nothing says what may be wrong", () => {
  for (
    const [value, what] of [[undefined, "undefined"], [7, "this"]] as const
  ) {
    const error = assertThrows(
      () => new Secret(value as unknown as string),
      TypeError,
    );
    assertEquals(
      error.message,
      `Cannot make a Secret of ${what}: expected text or bytes; is the variable that it is read from set?`,
    );
  }
  assertEquals([new Secret("a").visible, hidden.visible], [false, true]);
  assertEquals(new Secret("a", { visible: undefined }).visible, false);
  assertEquals([secret.toString(), secret.toJSON()], ["[secret]", "[secret]"]);
});
