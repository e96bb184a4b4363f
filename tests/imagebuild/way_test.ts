import type { EngineFacts } from "../../lib/engine/engine.ts";
import { namedSources } from "../../lib/imagebuild/context/named_source.ts";
import { checkRequest } from "./request.ts";
import type { SolveWay } from "../../lib/imagebuild/build_way.ts";
import { chooseWay } from "../../lib/imagebuild/way.ts";
import { classicWay } from "../../lib/imagebuild/ways/classic.ts";
import { engineWay } from "../../lib/imagebuild/ways/engine.ts";
import { gatewayWay } from "../../lib/imagebuild/ways/gateway.ts";
import { podmanWay } from "../../lib/imagebuild/ways/podman.ts";
import { solveWay } from "../../lib/imagebuild/ways/solve.ts";
import { type ImageBuildOptions, UnsupportedError } from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const ROOM = new URL("../../lib/imagebuild/", import.meta.url);

Deno.test("chooseWay() knows one way for each engine and builder", async () => {
  const podman = { libpodApiVersion: "4.3.1" };
  for (
    const [version, facts, way] of [
      ["2", {}, engineWay],
      ["1", {}, classicWay],
      ["2", { gateway: true }, gatewayWay],
      // The classic builder asks for nothing, and a gateway has nothing to tell of it.
      ["1", { gateway: true }, classicWay],
      ["2", podman, podmanWay],
      ["1", podman, podmanWay],
      ["2", { ...podman, gateway: true }, podmanWay],
    ] as const
  ) {
    const request = checkRequest({ version }, {
      kind: "tar",
      stream: new ReadableStream(),
    });
    const chosen = await chooseWay(request, facts as EngineFacts);
    assertEquals(chosen === way, true, Deno.inspect([version, facts]));
  }
});

Deno.test("chooseWay() takes BuildKit's API where it is asked for or needed, and refuses it where there is none", async () => {
  const chosen = (
    options: ImageBuildOptions,
    facts: Partial<EngineFacts> = {},
  ) => {
    const stream = new ReadableStream();
    const request = checkRequest(
      options,
      { kind: "tar", stream },
      undefined,
      namedSources(options.contexts),
    );
    return chooseWay(request, facts as EngineFacts);
  };
  assertEquals(await chosen({ api: "engine" }) === engineWay, true);
  assertEquals(await chosen({ api: "buildkit" }) === solveWay, true);
  assertEquals(await chosen({ history: false }) === solveWay, true);
  assertEquals(await chosen({ history: true }) === engineWay, true);
  assertEquals(await chosen({ contexts: {} }) === engineWay, true);
  assertEquals(await chosen({ contexts: { a: "." } }) === solveWay, true);
  const cached = { cachefrom: "a:1", cacheto: "type=inline" };
  assertEquals(await chosen(cached) === engineWay, true);
  assertEquals(await chosen(cached, { gateway: true }) === gatewayWay, true);
  for (
    const [options, feature] of [
      [{ api: "buildkit" }, 'api "buildkit"'],
      [{ history: false }, "history"],
      [{ api: "buildkit", attest: { sbom: true }, history: false }, "attest"],
      [{ contexts: { deps: "." }, history: false }, "contexts"],
      [{ cacheto: "a:1" }, "cacheto"],
      [{ cachefrom: "type=gha" }, "cachefrom"],
    ] as const
  ) {
    for (
      const [facts, why] of [
        [
          { libpodApiVersion: "4.3.1" },
          `and podman has no BuildKit; leave it out, or use a Docker engine`,
        ],
        [
          { gateway: true },
          `which a davit gateway lets nobody reach: what passes there can not be looked through; leave it out, or use the engine's own socket`,
        ],
      ] as const
    ) {
      const error = await assertRejects(
        () => chosen(options, facts),
        UnsupportedError,
      );
      assertEquals(error.feature, feature);
      assertEquals(
        error.message,
        `Cannot build with ${feature}: it needs BuildKit's own API, ${why}`,
      );
    }
  }
});

Deno.test("no file but way.ts asks what kind of engine there is", async () => {
  const asking: string[] = [];
  const look = async (folder: URL): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await look(new URL(`${name}/`, folder));
      else {
        const url = new URL(name, folder);
        const text = await Deno.readTextFile(url);
        const asks =
          /\b(?:isPodman|podmanVersion|libpodApiVersion|builderVersion)\b|\bfacts\.gateway\b|\{[^{}]*\bgateway\b[^{}]*\} = .*facts/;
        if (asks.test(text)) asking.push(url.href.slice(ROOM.href.length));
      }
    }
  };
  await look(ROOM);
  assertEquals(asking, ["way.ts"]);
});

Deno.test("chooseWay() takes the way for something else than an image, unless there is no such API, or another one is asked for", async () => {
  const other: SolveWay = {
    ...solveWay,
    refused: (why) => new UnsupportedError("other", `Cannot do it: ${why}`),
  };
  const chosen = (
    options: ImageBuildOptions,
    facts: Partial<EngineFacts> | undefined,
  ) => {
    const stream = new ReadableStream();
    const request = checkRequest(options, { kind: "tar", stream });
    return chooseWay(request, facts as EngineFacts, other);
  };
  for (const facts of [{}, undefined]) {
    assertEquals(await chosen({}, facts) === other, true);
    assertEquals(await chosen({ api: "buildkit" }, facts) === other, true);
    for (
      const [options, words] of [
        [{ version: "1" }, 'the classic builder (version "1")'],
        [{ api: "engine" }, 'api is "engine"; leave api out'],
      ] as const
    ) {
      await assertRejects(
        () => chosen(options, facts),
        UnsupportedError,
        words,
      );
    }
  }
  for (
    const [facts, words] of [
      [{ libpodApiVersion: "4.3.1" }, "podman has no BuildKit"],
      [
        { gateway: true },
        "a davit gateway lets nobody reach BuildKit's own API",
      ],
    ] as const
  ) {
    await assertRejects(
      () => chosen({}, facts),
      UnsupportedError,
      `Cannot do it: ${words}`,
    );
  }
});
