import { readInstructions, syntaxOf } from "../../lib/progress/dockerfile.ts";
import {
  flagsOf,
  mountsOf,
  readFlags,
} from "../../lib/progress/instruction_flags.ts";
import { clientMounts, instructionOf } from "../../lib/progress/mounts.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("readFlags() reads flags as BuildKit does, quotes and backslashes among them", () => {
  for (
    const [text, flags] of [
      ["RUN echo --mount=x", []],
      ["RUN", []],
      ["RUN --a --b=c  --d=e true --f", ["--a", "--b=c", "--d=e"]],
      ['RUN --mount="type=secret,id=a b" true', ["--mount=type=secret,id=a b"]],
      ["RUN --mount='type=secret',id=a true", ["--mount=type=secret,id=a"]],
      ["RUN --mount=id=a\\ b --x", ["--mount=id=a b", "--x"]],
      ["RUN --a -- --b", ["--a"]],
      ["COPY --from=build /a /b", ["--from=build"]],
      ["  RUN  --a b", ["--a"]],
      ["RUN --a=\\", ["--a="]],
      ['RUN --a="it\'s" b', ["--a=it's"]],
    ] as const
  ) assertEquals(readFlags(text), [...flags], text);
});

Deno.test("flagsOf() parts names from values, mountsOf() the fields of a RUN's mounts", () => {
  assertEquals(flagsOf({ text: "COPY --link --from=a=b --chown= x" }), [
    ["link", ""],
    ["from", "a=b"],
    ["chown", ""],
  ]);
  const mounts = (text: string) => mountsOf(readInstructions(text)[0]!);
  assertEquals(
    mounts("RUN --mount=type=a,b --network=none --mount=c d"),
    [["type=a", "b"], ["c"]],
  );
  assertEquals(mounts("COPY --mount=type=a b"), []);
});

Deno.test("clientMounts() tells ids as BuildKit takes them", () => {
  const secret = (id: string | undefined) => ({ type: "secret", id });
  const ssh = (id: string | undefined) => ({ type: "ssh", id });
  for (
    const [text, mounts] of [
      ["RUN --mount=type=secret,id=a true", [secret("a")]],
      ["run --mount=TYPE=Secret,ID=a true", [secret("a")]],
      ["RUN --mount=id=a,required,type=secret true", [secret("a")]],
      ["RUN --mount=type=secret,source=a true", [secret("a")]],
      ["RUN --mount=type=secret,src=a,target=/b true", [secret("a")]],
      ["RUN --mount=type=secret,target=/run/x/name true", [secret("name")]],
      ["RUN --mount=type=secret,dst=name/ true", [secret("name")]],
      ["RUN --mount=type=secret,id=a,env=TOKEN true", [secret("a")]],
      ['RUN --mount=type=secret,\\"id=a,b\\" true', [secret("a,b")]],
      ["RUN --mount=type=secret,id=$ID true", [secret(undefined)]],
      ["RUN --mount=type=secret,target=/run/${ID} true", [secret(undefined)]],
      ["RUN --mount=type=$T,id=a true", [secret("a"), ssh("a")]],
      ["RUN --mount=type=ssh true", [ssh("default")]],
      ["RUN --mount=type=ssh,id=key true", [ssh("key")]],
      [
        "RUN --network=none --mount=type=secret,id=a --mount=type=ssh --mount=type=cache,id=c,target=/c true",
        [secret("a"), ssh("default")],
      ],
      ["RUN --mount=type=bind,from=a,target=/x true", []],
      ["RUN --mount=target=/x true", []],
      ["RUN echo --mount=type=secret,id=a", []],
      ["COPY --mount=type=secret,id=a . .", []],
      ["RUN --mount=type=secret true", []],
      ["RUN --mount=type=secret,ids true", []],
      ["RUN --mount=type=secret,destination=/a/name true", [secret("name")]],
      ["RUN --mount=type=secret,dst=/a/b,destination=/c true", [secret("b")]],
      ["RUN --mount=type=secret,target=/a,dst=/b true", [secret("a")]],
      ["RUN --mount=type=ssh,id=$ID true", [ssh(undefined)]],
      ["RUN --other=type=secret,id=a true", []],
    ] as const
  ) assertEquals(clientMounts(text) as unknown, [...mounts], text);
});

Deno.test("instructionOf() finds the instruction in a step's name", () => {
  for (
    const [name, text] of [
      ["[2/3] RUN a", "RUN a"],
      ["[linux/arm64 build 2/3] RUN [ -f a ]", "RUN [ -f a ]"],
      ["[bb 1/2] ONBUILD RUN a", "RUN a"],
      ["exporting to image", "exporting to image"],
    ]
  ) assertEquals(instructionOf(name!), text);
});

Deno.test("syntaxOf() finds the frontend that a file names, in every form that engines know", () => {
  for (
    const [text, syntax] of [
      ["FROM a", undefined],
      ["# syntax=docker/dockerfile:1\nFROM a", "docker/dockerfile:1"],
      ["#Syntax = a/b c\nFROM a", "a/b"],
      ["\ufeff# escape=`\r\n# syntax=a/b\r\nFROM a", "a/b"],
      ["#!/usr/bin/env x\n# syntax=a/b\n", "a/b"],
      ["// syntax=a/b\n{}", "a/b"],
      ['{ "syntax": "a/b" }', "a/b"],
      ["{ nothing", undefined],
      ['{ "syntax": 7 }', undefined],
      ["null", undefined],
      [' # syntax=a/b\n{ "syntax": "c" }', undefined],
      ["# a comment\n# syntax=a/b\nFROM a", undefined],
      ["\n# syntax=a/b\nFROM a", undefined],
      ["FROM a\n# syntax=a/b", undefined],
    ] as const
  ) assertEquals(syntaxOf(text), syntax, text);
});
