import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { describeError } from "../../lib/cli/describe_error.ts";
import { BuildError, EngineError } from "../../lib/errors.ts";
import { checkRequest } from "../../lib/imagebuild/request.ts";
import { openOffer } from "../../lib/imagebuild/context/offer.ts";
import { checkImageStore } from "../../lib/exporter/output.ts";
import { pushAll } from "../../lib/cli/push_command.ts";
import type { DockerClient } from "../../lib/client.ts";
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
    (async () => await checkImageStore("oci"))(),
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
