import { buildTimings } from "../../lib/timings/build_timings.ts";
import { timingsText } from "../../lib/timings/text.ts";
import { cleanTrace } from "../../lib/history/bundle_trace.ts";
import { readLocalState } from "../../lib/history/local_state.ts";
import { withoutKeys, withoutLogins } from "../../lib/history/without_keys.ts";
import { encodeTrace } from "../../lib/progress/trace_encode.ts";
import { assert, assertEquals, assertFalse } from "../support/assert.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { answer } from "../buildkit/scripted_engine.ts";
import { at, recordWith } from "./records.ts";
import { scriptedHistory } from "./scripted_history.ts";

const TOKEN = "ghp_0123456789ab";
const ADDRESS = "https://me:hunter2@home@h.example/x.git#main";
const HIDDEN = "https://xxxxx:xxxxx@h.example/x.git#main";

Deno.test("addresses lose their logins, and nothing else is taken for one", () => {
  for (
    const [text, shown] of [
      [ADDRESS, HIDDEN],
      [`a ${ADDRESS} and ${ADDRESS}: b`, `a ${HIDDEN} and ${HIDDEN}: b`],
      [`HTTP://${TOKEN}@h.example`, "HTTP://xxxxx@h.example"],
      ["git://:hunter2@h.example", "git://xxxxx:xxxxx@h.example"],
      ["ftp://a:b@h/f", "ftp://xxxxx:xxxxx@h/f"],
      ["ssh://git@h.example:22/x", undefined],
      ["git@h.example:x/y", undefined],
      ["docker-image://busybox:1.36@sha256:0", undefined],
      ["https://h.example:80/x@y:z@w", undefined],
      ["https://h.example?a:b@c", undefined],
      ['"https://h.example:80","a@b"', undefined],
    ] as const
  ) assertEquals(withoutLogins(text), shown ?? text);
});

Deno.test("of a cache that a build imported, a record has its name and no keys", () => {
  const importsOf = (text: string) =>
    withoutKeys(recordWith({
      frontendAttrs: new Map([["cache-imports", text]]),
    })).frontendAttrs.get("cache-imports");
  assertEquals(
    importsOf(JSON.stringify([
      { Type: "gha", Attrs: { token: "t", url: "u", scope: "s", ref: "r" } },
      { Type: "registry" },
    ])),
    '[{"Type":"gha","Attrs":{"ref":"r","scope":"s"}},{"Type":"registry","Attrs":{}}]',
  );
  for (const text of ["{", "{}", "token=t"]) assertEquals(importsOf(text), "");
});

Deno.test("no login of an address is in what the history tells of a build, nor in its timings", async () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const record = recordWith({
    ref: "abc",
    frontendAttrs: new Map([
      ["context", ADDRESS],
      ["context:more", ADDRESS],
      ["build-arg:HTTP_PROXY", ADDRESS],
    ]),
    exporters: [{ type: "local", attrs: new Map([["a", ADDRESS]]) }],
    error: { code: 2, message: `failed to fetch ${ADDRESS}`, details: [] },
    createdAt: at(1),
    completedAt: at(2),
  });
  await using history = scriptedHistory({
    records: [record],
    answers: {
      Status: answer(Uint8Array.fromBase64(encodeTrace({
        vertexes: [{
          digest,
          inputs: [],
          name: `[internal] load git source ${ADDRESS}`,
          cached: false,
          started: { seconds: 1, nanos: 0 },
          completed: { seconds: 2, nanos: 0 },
          error: `no ${ADDRESS}`,
          group: undefined,
        }],
        statuses: [],
        logs: [],
        warnings: [],
      }))),
    },
  });
  const builds = history.docker.buildHistory();
  const details = await builds.inspect();
  assertEquals(details.context, HIDDEN);
  assertEquals(details.name, HIDDEN);
  assertEquals(details.failure?.step, `[internal] load git source ${HIDDEN}`);
  const timings = await buildTimings(await builds.logs());
  assert(timingsText(timings).includes("xxxxx:xxxxx@h.example"));
  for (const told of [await builds.list(), details, timings]) {
    const text = Deno.inspect(told, { depth: 10, strAbbreviateSize: 1e6 });
    assertFalse(text.includes("hunter2"), text);
  }
});

Deno.test("a trace and what buildx wrote of a build have no logins, either", async () => {
  const span = `${JSON.stringify({ Name: ADDRESS }, undefined, 2)}\n`;
  assertEquals(JSON.parse(cleanTrace(span)), { Name: HIDDEN });
  await withTempFolder(async (folder) => {
    await writeTree(folder, {
      "refs/b/n/abc": JSON.stringify({ LocalPath: ADDRESS, a: [ADDRESS] }),
    });
    const state = await readLocalState(folder, "abc");
    assertEquals(state?.context, HIDDEN);
    assertEquals(state?.raw, { LocalPath: HIDDEN, a: [HIDDEN] });
  });
});
