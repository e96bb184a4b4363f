import { buildName } from "../../lib/history/build_name.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("a build's name is buildx's", () => {
  const state = (context: string, dockerfile = "") => ({
    context,
    dockerfile,
    raw: {},
  });
  const cases: [
    name: string,
    attrs: Record<string, string>,
    state?: ReturnType<typeof state>,
  ][] = [
    ["", {}],
    ["", { filename: "Dockerfile" }],
    ["named", { "build-arg:BUILDKIT_BUILD_NAME": "named", target: "t" }],
    ["t", { target: "t" }],
    ["https://x/y.git", { context: "https://x/y.git" }],
    ["https://x/y.git (t)", { context: "https://x/y.git", target: "t" }],
    ["sub", { "vcs:localdir:context": "sub" }],
    ["", { "vcs:localdir:context": "." }],
    ["https://x/y.git", { "vcs:source": "https://x/y.git" }],
    ["t", { "vcs:source": "https://x/y.git", target: "t" }],
    ["Other", { filename: "Other" }],
    ["dir/sub/Other", { filename: "dir/sub/Other" }],
    ["sub/Other", { filename: "Other", "vcs:localdir:dockerfile": "sub" }],
    ["Other", { filename: "Other", "vcs:localdir:dockerfile": "." }],
    ["sub", { filename: "sub/Dockerfile" }],
    ["app", {}, state("/home/me/app")],
    ["app (t)", { target: "t" }, state("/home/me/app")],
    ["app", {}, state("/home/me/app", "/home/me/app/Dockerfile")],
    ["app/sub", {}, state("/home/me/app", "/home/me/app/sub/Dockerfile")],
    ["app/Other", {}, state("/home/me/app", "/home/me/app/Other")],
    ["else/Other", {}, state("/home/me/app", "/home/me/else/Other")],
    ["else", {}, state("/home/me/app", "/home/me/else/Dockerfile")],
    ["y/Other", {}, state("/home/me/app", "/srv/files/x/y/Other")],
    ["y", {}, state("/home/me/app", "/y/Dockerfile")],
    // So it is there, too.
    ["Other/Other", {}, state("/home/me/app", "Other")],
    ["app", { filename: "Dockerfile" }, state("/home/me/app", "Dockerfile")],
    ["app", {}, state("/home/me/app", "-")],
    ["", {}, state("-")],
    ["", {}, state("https://x/y.git")],
    ["Other", { filename: "Other" }, state("git@x:y.git", "Else")],
  ];
  for (const [name, attrs, state] of cases) {
    assertEquals(
      buildName(new Map(Object.entries(attrs)), state),
      name,
      JSON.stringify([attrs, state]),
    );
  }
});
