import {
  type BuiltFacts,
  UnaskedInputs,
} from "../../lib/imagebuild/unasked.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";

const MOUNTS = "FROM base\nRUN --mount=type=secret,id=a true\n";

/** What became of an id; the reason, where that is not known. */
function find(
  id: string,
  text: string | undefined,
  facts: Partial<BuiltFacts> = {},
  type: "secret" | "ssh" = "secret",
): string {
  const found = new UnaskedInputs({
    dockerfile: text === undefined ? undefined : { name: "Dockerfile", text },
    steps: [],
    remote: false,
    expandsIds: true,
    ...facts,
  }).find(type, id);
  return found.state === "unknown" ? found.why : found.state;
}

Deno.test("what a step mounts is cached, what none mounts is unused", () => {
  assertEquals(find("a", MOUNTS), "cached");
  assertEquals(find("b", MOUNTS), "unused");
  assertEquals(find("a", MOUNTS, {}, "ssh"), "unused");
  const ssh = "FROM base\nRUN --mount=type=ssh true";
  assertEquals(find("default", ssh, {}, "ssh"), "cached");
  assertEquals(find("other", ssh, {}, "ssh"), "unused");
  const stages = `${MOUNTS}FROM base AS last\nRUN true\n`;
  assertEquals(find("a", stages), "unused");
  assertEquals(find("a", stages, { target: "0" }), "cached");
});

Deno.test("the engine's names of steps tell what the Dockerfile does not", () => {
  const steps = ["[stage-0 2/2] RUN --mount=type=secret,id=a true"];
  assertEquals(find("a", undefined, { steps }), "cached");
  assertEquals(find("a", "FROM base", { steps }), "cached");
  assertStringIncludes(
    find("b", undefined, { steps }),
    "did not see the Dockerfile",
  );
  const variable = "FROM base\nARG I=a\nRUN --mount=type=secret,id=$I true";
  assertEquals(find("a", variable, { steps }), "cached");
  // All steps are named, and none of them mounts it.
  assertEquals(find("b", variable, { steps }), "unused");
  assertStringIncludes(find("b", variable), "a variable");
  // An old engine replaces it in the name alone.
  const old = { steps, expandsIds: false };
  assertStringIncludes(find("a", variable, old), "a variable");
  assertStringIncludes(find("b", variable, old), "a variable");
  assertEquals(find("a", undefined, old), "cached");
  const both = `${variable}\nRUN --mount=type=secret,id=a true`;
  assertEquals(find("a", both, old), "cached");
  assertEquals(find("b", MOUNTS, old), "unused");
});

Deno.test("what can't be known is not guessed", () => {
  assertStringIncludes(find("a", undefined), "did not see the Dockerfile");
  for (const syntax of ["own/frontend", "example.org/docker/dockerfile:1"]) {
    const text = `# syntax=${syntax}\nFROM base\n`;
    assertStringIncludes(find("a", text), syntax);
    const buildargs = { BUILDKIT_SYNTAX: syntax };
    assertStringIncludes(find("a", "FROM base", { buildargs }), syntax);
  }
  for (
    const syntax of ["docker/dockerfile:1.7", "docker.io/docker/dockerfile"]
  ) {
    assertEquals(find("a", `# syntax=${syntax}\nFROM base\n`), "unused");
  }
  const stages = `${MOUNTS}FROM $TARGETARCH\n`;
  assertStringIncludes(find("a", stages), "a variable");
  assertEquals(find("a", stages, { steps: ["[1/1] FROM x"] }), "unused");
});

Deno.test("what is fetched may take tokens and agents by itself", () => {
  const fetched = "FROM base\nADD https://example.org/a.git /a\n";
  assertStringIncludes(find("GIT_AUTH_TOKEN", fetched), "fetches");
  assertStringIncludes(find("default", fetched, {}, "ssh"), "fetches");
  assertStringIncludes(
    find("GIT_AUTH_TOKEN.example.org", MOUNTS, { remote: true }),
    "fetches",
  );
  assertEquals(find("GIT_AUTH_TOKEN", MOUNTS), "unused");
  assertEquals(find("b", fetched), "unused");
});

Deno.test("what the frontend tells of the target counts, whatever davit can read of the Dockerfile", () => {
  const mount = { id: "a", required: false, place: undefined };
  const mounts = {
    secret: new Map([["a", mount]]),
    ssh: new Map([["default", mount]]),
  };
  for (const text of [undefined, "FROM base", "# syntax=own/x\nFROM base"]) {
    assertEquals(find("a", text, { mounts }), "cached");
    assertEquals(find("b", text, { mounts }), "unused");
    assertEquals(find("default", text, { mounts }), "unused");
    assertEquals(find("default", text, { mounts }, "ssh"), "cached");
  }
  assertEquals(find("b", undefined, { mounts, remote: true }), "unused");
  // What fetches take without a mount is in no outline.
  assertEquals(find("GIT_AUTH_TOKEN", "FROM base", { mounts }), "unused");
  assertEquals(find("a", "FROM base", { mounts }, "ssh"), "unused");
  const fetch = "FROM base\nADD https://host/a.git /a\n";
  for (
    const unknown of [
      find("GIT_AUTH_TOKEN", fetch, { mounts }),
      find("a", fetch, { mounts }, "ssh"),
      find("GIT_AUTH_TOKEN", "FROM base", { mounts, remote: true }),
    ]
  ) assertStringIncludes(unknown, "what the build fetches may take it");
  assertStringIncludes(
    find("GIT_AUTH_TOKEN", undefined, { mounts }),
    "did not see the Dockerfile",
  );
});
