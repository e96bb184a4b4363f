import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { describeError } from "../../lib/cli/describe_error.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { BuildError, EngineError } from "../../lib/errors.ts";
import { checkRequest } from "../imagebuild/request.ts";
import { openOffer } from "../../lib/imagebuild/context/open_offer.ts";
import { imageStoreError } from "../../lib/exporter/output.ts";
import { pushAll } from "../../lib/cli/push_command.ts";
import type { DockerClient } from "../../lib/client/docker_client.ts";
import { davitHere } from "./in_process.ts";

Deno.test("describeError: the engine's own sentence; the request only with -D", () => {
  const error = new EngineError({
    status: 500,
    method: "POST",
    path: "/build",
    detail: "invalid reference format",
  });
  assertEquals(describeError(error, false), "ERROR: invalid reference format");
  assertMatch(
    describeError(error, true),
    /^ERROR: POST \/build was refused with status 500: invalid reference/,
  );
});

Deno.test("describeError: nothing in it does anything to a terminal, and it is one screen", () => {
  const excerpt = [
    "Dockerfile:1",
    ...Array.from({ length: 500 }, (_, at) => `  ${at} | RUN \x1b[2J\x07${at}`),
    `>>> ${"x".repeat(10_000)}`,
  ].join("\n");
  const error = new BuildError({
    detail: "it\x1b]0;title\x07 failed\r\n\x9b31mred",
    source: { file: "Dockerfile", startLine: 1, endLine: 1, excerpt },
  });
  for (const debug of [false, true]) {
    const text = describeError(error, debug);
    // deno-lint-ignore no-control-regex
    assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(text), false);
    const lines = text.split("\n");
    assert(debug || lines.length < 50, `${lines.length} lines`);
    assert(lines.every((line) => line.length <= 1001));
    assertEquals(lines[0], "Dockerfile:1");
    assert(lines.includes("ERROR: it failed"), text);
  }
});

/** A tar: nothing of it is read before the options are checked. */
const TAR = { kind: "tar", stream: new ReadableStream() } as const;
const FOLDER = {
  kind: "folder",
  path: "/",
  dockerfile: undefined,
  ignore: undefined,
} as const;

Deno.test("describeError: advice is in the command's words", async () => {
  const errors = await Promise.allSettled([
    openOffer(FOLDER, "no-such-Dockerfile"),
    openOffer(FOLDER, "../Dockerfile"),
    (async () => await checkRequest({ networkmode: "nope" }, TAR))(),
    (async () => await checkRequest({ shmsize: 0 }, TAR))(),
    Promise.reject(imageStoreError("oci")),
  ]);
  for (const result of errors) {
    assert(result.status === "rejected");
    const text = describeError(result.reason, false);
    assertEquals(
      /option|\{|version "1"|shmsize|imageSave|stream/.test(text),
      false,
      text,
    );
  }
  await withTempFolder(async (cwd) => {
    await writeTree(cwd, { Dockerfile: "FROM scratch\n" });
    for (const ssh of ["default", "a b=c", "=", "k=none"]) {
      const { code, stderr } = await davitHere(["build", "--ssh", ssh, "."], {
        cwd,
        env: { SSH_AUTH_SOCK: "" },
      });
      assertEquals(code, 1);
      assertEquals(/[{}]|option/.test(stderr), false, stderr);
    }
  });
});

Deno.test("describeError: up to 1000 characters of a line, 40 lines, and ten causes", () => {
  const told = (message: string) => describeError(new Error(message), false);
  assertEquals(told("x".repeat(993)), `ERROR: ${"x".repeat(993)}`);
  assertEquals(told("x".repeat(994)), `ERROR: ${"x".repeat(993)}…`);
  const lines = (count: number) =>
    Array.from({ length: count }, (_, at) => `l${at}`);
  assertEquals(told(lines(40).join("\n")), `ERROR: ${lines(40).join("\n")}`);
  assertEquals(told(lines(41).join("\n")).split("\n"), [
    "ERROR: l0",
    ...lines(20).slice(1),
    "… 1 lines …",
    ...lines(41).slice(-20),
  ]);
  assertEquals(
    told(lines(100).join("\n")).split("\n").slice(19, 22),
    ["l19", "… 60 lines …", "l80"],
  );
  const chain = (length: number): Error =>
    new Error(
      `e${length}\x1b[2J`,
      length === 1 ? {} : { cause: chain(length - 1) },
    );
  const causes = (error: unknown) =>
    describeError(error, true).split("\n").filter((line) =>
      !/^\s+at /.test(line)
    );
  assertEquals(causes(chain(3)), [
    "ERROR: e3",
    "a Error",
    "caused by Error: e2",
    "caused by Error: e1",
  ]);
  assertEquals(causes(chain(30)).length, 1 + 10);
  // Where it comes from, but not the words again that stand before.
  assertMatch(describeError(chain(1), true), /\na Error\n\s+at /);
  const bare = new Error("bare");
  Object.defineProperty(bare, "stack", { value: undefined });
  assertEquals(describeError(bare, true), "ERROR: bare\na Error");
  assertEquals(describeError(new UsageError("no"), true), "ERROR: no");
});

Deno.test("describeError: what is thrown and no error, an engine without words, and secrets that are missing", () => {
  assertEquals(describeError("a\x1b[2Jb", false), "ERROR: ab");
  assertEquals(describeError(undefined, true), "ERROR: undefined");
  const silent = new EngineError({
    status: 500,
    method: "POST",
    path: "/build",
    detail: "",
  });
  assertMatch(describeError(silent, false), /^ERROR: POST \/build was refused/);
  const missing = new BuildError({
    detail: "it failed",
    missingSecrets: ["a", "b"],
  });
  assertEquals(describeError(missing, false).split("\n"), [
    "ERROR: it failed",
    'secret "a" was asked for and not given: --secret id=a,…',
    'secret "b" was asked for and not given: --secret id=b,…',
  ]);
  const denied = new BuildError({
    detail: "network.host is not allowed",
    missingEntitlements: ["network.host"],
  });
  assertEquals(
    describeError(denied, false),
    "ERROR: network.host is not allowed\na step asks for network.host: --allow network.host",
  );
  const failedCache = { kind: "registry", place: undefined };
  assertEquals(
    describeError(new BuildError({ detail: "it died", failedCache }), false),
    "ERROR: it died\nthe cache could not be written: ignore-error=true in --cache-to makes that a warning",
  );
  assertEquals(
    describeError(
      new BuildError({ detail: "401 Unauthorized", deniedBy: "host:5000" }),
      false,
    ),
    'ERROR: 401 Unauthorized\nhost:5000 wants a login, or did not take the one that was sent: "docker login" stores one',
  );
  assertEquals(
    new BuildError({ detail: "it died", failedCache }).message,
    "it died\nthe cache registry could not be written: ignoreError: true makes that a warning",
  );
});

Deno.test("pushAll tells what changes of each layer, and nothing twice", async () => {
  const docker = {
    imagePush: () => ({
      async *events() {
        for (const status of ["Preparing", "Pushing", "Pushing", "Pushed"]) {
          for (const id of ["a", "b"]) yield { type: "layer", id, status };
        }
      },
      wait: () => Promise.resolve("sha256:1"),
    }),
  } as unknown as DockerClient;
  const told: string[] = [];
  const digests = await pushAll(docker, ["x"], {
    signal: new AbortController().signal,
    tell: (line) => told.push(line),
  });
  assertEquals(digests, ["sha256:1"]);
  assertEquals(told, [
    ...["Preparing", "Pushing", "Pushed"].flatMap((status) => [
      `a: ${status}`,
      `b: ${status}`,
    ]),
    "x: pushed sha256:1",
  ]);
});
