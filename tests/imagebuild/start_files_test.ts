/** Builds of files that begin with something wrong. */
import {
  type BuildFilesOptions,
  type BuildOperation,
  type BuiltFiles,
  DockerClient,
  SecretError,
  UnsupportedError,
} from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { ScriptedBuildKit } from "./scripted_buildkit.ts";
import { until } from "../support/until.ts";

/** A stream that tells why it was cancelled. */
function given() {
  const reasons: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    cancel(reason) {
      reasons.push(reason);
    },
  }, { highWaterMark: 0 });
  return { stream, reasons };
}

Deno.test("an option about a result is refused before anything is sent, and the context is given back", async () => {
  const transport = new ScriptedBuildKit();
  await using docker = new DockerClient(transport);
  for (
    const options of [
      { annotations: {} },
      { attest: {} },
      { cacheto: "type=inline" },
      { outputs: [] },
      { quiet: false },
      { squash: false },
      { tag: [] },
      { verify: false },
    ] as unknown as BuildFilesOptions[]
  ) {
    const { stream, reasons } = given();
    const error = await assertRejects(
      () => docker.buildFiles(stream, options).result(),
      TypeError,
      `Cannot read files of a build with ${Object.keys(options)[0]}: `,
    );
    assertEquals(reasons, [error]);
  }
  assertEquals(transport.upgrades, []);
  assertEquals(transport.open, 0);
});

Deno.test("whatever ends a build of files before its files are there ends its connections", async () => {
  const transport = new ScriptedBuildKit();
  await using docker = new DockerClient(transport);
  const ends = async (
    build: BuildOperation<BuiltFiles>,
    reason: unknown,
  ) => {
    assertEquals(await assertRejects(() => build.result()), reason);
    await build.cancel();
    assertEquals(transport.open, 0);
  };
  const why = new Error("enough");
  const dockerfile = { text: "FROM scratch\n" };
  await ends(
    docker.buildFiles({ dockerfile }, { signal: AbortSignal.abort(why) }),
    why,
  );
  // A script without LLBBridge never knows the build.
  const build = docker.buildFiles({ dockerfile });
  const result = assertRejects(() => build.result());
  await build.cancel(why);
  assertEquals(await result, why);
  assertEquals(transport.open, 0);
  const classic = docker.buildFiles({ dockerfile }, { version: "1" });
  await assertRejects(() => classic.result(), UnsupportedError);
  assertEquals(transport.open, 0);
});

const BUILT = { id: "id", bytes: new TextEncoder().encode("of the file") };
const CONTEXT = { dockerfile: { text: "FROM scratch\n" } };

Deno.test("the build and its session stay open until the files are closed, and the build ends well", async () => {
  const transport = new ScriptedBuildKit({ built: BUILT });
  await using docker = new DockerClient(transport);
  const files = await docker.buildFiles(CONTEXT).result();
  assertEquals(transport.bridged, ["Solve", "Evaluate"]);
  assertEquals(await files.readTextFile("/f"), "of the file");
  assertEquals(transport.open, 2);
  const closing = files.close();
  await Promise.all([closing, files.close(), files[Symbol.asyncDispose]()]);
  assertEquals(transport.bridged.filter((name) => name === "Return"), [
    "Return",
  ]);
  assertEquals(transport.open, 0);
  await assertRejects(() => files.stat("/f"), DOMException);
  assertEquals(transport.bridged.at(-1), "Return");
});

Deno.test("the signal, cancel() and the client's end close the files, with all connections", async () => {
  const why = new Error("enough");
  const abort = new AbortController();
  const ways: [
    string,
    BuildFilesOptions,
    (build: BuildOperation<BuiltFiles>, client: DockerClient) => unknown,
  ][] = [
    ["signal", { signal: abort.signal }, () => abort.abort(why)],
    ["cancel", {}, (build) => build.cancel(why)],
    ["dispose", {}, (build) => build[Symbol.asyncDispose]()],
    ["client", {}, (_build, client) => client.close()],
  ];
  for (const [name, options, end] of ways) {
    const transport = new ScriptedBuildKit({ built: BUILT });
    await using client = new DockerClient(transport);
    const build = client.buildFiles(CONTEXT, options);
    const files = await build.result();
    await end(build, client);
    // Whoever awaits the end finds everything closed.
    if (name !== "signal") assertEquals(transport.open, 0, name);
    await until(() => Promise.resolve(transport.open === 0), name);
    const error = await assertRejects(() => files.stat("/f"));
    if (name === "signal" || name === "cancel") assertEquals(error, why);
    await files.close();
  }
});

Deno.test("what strictSecrets finds behind the last step closes the build as well", async () => {
  const transport = new ScriptedBuildKit({ built: BUILT });
  await using docker = new DockerClient(transport);
  const error = await assertRejects(
    () =>
      docker.buildFiles(CONTEXT, {
        secrets: { spare: "a value of it" },
        strictSecrets: "unused",
      }).result(),
    SecretError,
    'secret "spare" was given and never asked for',
  );
  assertEquals(error.id, "spare");
  assertEquals(transport.open, 0);
  // The question for the outline, whose answer is none; then the build.
  assertEquals(transport.bridged, ["Solve", "Solve", "Evaluate", "Return"]);
});
