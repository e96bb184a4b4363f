import {
  describeFind,
  SecretLeakError,
  tellNames,
  VerifyError,
} from "../../lib/verify/leak_error.ts";
import type { RawFind, SecretFind } from "../../lib/verify/find.ts";
import { reportFinds, tellPlace } from "../../lib/verify/report.ts";
import { createRedactor } from "../../lib/redact/redactor.ts";
import { assertEquals } from "../support/assert.ts";

const find: SecretFind = {
  id: "t",
  form: "plain",
  part: "file",
  path: "etc/app",
  offset: 7,
  count: 1,
};
const CHANGE =
  "mount the secret where it is used (RUN --mount=type=secret), write nothing of it to a file that stays, and build again";
const AFTER =
  `image sha256:1 and the builder's cache may still hold it: do not push it; ${CHANGE}; where it was pushed already, change the secret.`;

Deno.test("a find is told in a line, with all that is known of it", () => {
  for (
    const [more, line] of [
      [{}, '"t" in file etc/app, at byte 7'],
      [{ form: "hex" }, '"t" in file etc/app, as hex, at byte 7'],
      [{ count: 2 }, '"t" in file etc/app, at byte 7, 2 times'],
      [
        { packed: "gzip" },
        '"t" in file etc/app, at byte 7 (unpacked, gzip)',
      ],
      [
        { path: "" },
        '"t" in what lies behind the end of the archive, at byte 7',
      ],
      [
        { layerNumber: 2, part: "name", instruction: "" },
        '"t" in layer 2, name etc/app, at byte 7',
      ],
      [
        { layerNumber: 1, instruction: `RUN ${"x".repeat(300)}` },
        `"t" in layer 1, file etc/app, at byte 7, made by RUN ${
          "x".repeat(196)
        }`,
      ],
    ] as [Partial<SecretFind>, string][]
  ) assertEquals(describeFind({ ...find, ...more }), line);
});

Deno.test("what a build left is told, and what to do", () => {
  const error = (
    init: Partial<ConstructorParameters<typeof SecretLeakError>[0]>,
  ) =>
    new SecretLeakError({
      finds: [find],
      imageId: "sha256:1",
      removed: [],
      kept: [],
      ...init,
    });
  const line = '- "t" in file etc/app, at byte 7';
  const head = 'The build left secret "t" in its result:';
  const one = error({});
  assertEquals(one.message, [head, line, AFTER].join("\n"));
  assertEquals(
    [one.finds, one.findsLost, one.imageId, one.removed, one.kept],
    [[find], 0, "sha256:1", [], []],
  );
  assertEquals(
    error({ imageId: "" }).message,
    [head, line, `Nothing was exported; ${CHANGE}.`].join("\n"),
  );
  const names = error({
    removed: ["a:1"],
    kept: ["b:1", "c:1"],
    moved: ["d:1"],
    findsLost: 3,
  });
  assertEquals(
    names.message,
    [
      head,
      line,
      "- and 3 more",
      `a:1 was removed; b:1, c:1 still name it; d:1 names another image by now; ${AFTER}`,
    ].join("\n"),
  );
  assertEquals([names.findsLost, names.removed, names.kept], [3, ["a:1"], [
    "b:1",
    "c:1",
  ]]);
  const ten = Array.from({ length: 10 }, () => find);
  assertEquals(
    error({ finds: ten }).message,
    [head, ...ten.map(() => line), AFTER].join("\n"),
  );
  assertEquals(
    error({ finds: [...ten, { ...find, id: 'u"' }], findsLost: 1 }).message,
    [
      'The build left secrets "t", "u\\"" in its result:',
      ...ten.map(() => line),
      "- and 2 more",
      AFTER,
    ].join("\n"),
  );
  assertEquals(
    error({ finds: [], findsLost: 5 }).message,
    [
      "The build left secrets in more places than are kept in its result:",
      "- and 5 more",
      AFTER,
    ].join("\n"),
  );
});

Deno.test("what became of names is told, of one and of several", () => {
  assertEquals(tellNames([], []), []);
  assertEquals(tellNames(["a"], ["b"], ["c"]), [
    "a was removed",
    "b still names it",
    "c names another image by now",
  ]);
  assertEquals(tellNames(["a", "b"], ["c", "d"], ["e", "f"]), [
    "a, b were removed",
    "c, d still name it",
    "e, f name another image by now",
  ]);
});

Deno.test("a result that could not be looked through is told, and what became of it", () => {
  const cause = new Error("cut");
  const image = new VerifyError({
    why: "it is cut",
    imageId: "sha256:1",
    removed: ["a"],
    kept: ["b"],
    cause,
  });
  assertEquals(
    image.message,
    "The image was built, but could not be looked through for secrets: it is cut; a was removed; b still names it; image sha256:1 may still be there: look through it with imageVerifySecrets() before you push it",
  );
  assertEquals([image.cause, image.imageId, image.removed, image.kept], [
    cause,
    "sha256:1",
    ["a"],
    ["b"],
  ]);
  const exported = new VerifyError({
    why: "it is cut",
    imageId: "",
    removed: [],
    kept: [],
  });
  assertEquals(
    exported.message,
    "The build went well, but its export could not be looked through for secrets: it is cut; nothing was exported",
  );
  assertEquals("cause" in exported, false);
});

const raw: RawFind = {
  blob: "",
  part: "file",
  path: "a",
  value: 0,
  form: "plain",
  offset: 3,
  count: 2,
};
const mask = createRedactor([new TextEncoder().encode("hunter2")]);
const layers = new Map([
  ["l1", { digest: "sha256:1", number: 1, instruction: "RUN hunter2" }],
  ["l2", { digest: "sha256:2", number: 2, instruction: undefined }],
]);

Deno.test("a find is named by its layer, its field or its file, secrets masked", () => {
  const of = (find: Partial<RawFind>, isImage = true) =>
    reportFinds([{ ...raw, ...find }], ["id"], mask, { isImage, layers })[0];
  const told = { id: "id", form: "plain", part: "file", offset: 3, count: 2 };
  assertEquals(of({ path: "hunter2/a", packed: "zip" }), {
    ...told,
    path: "***/a",
    packed: "zip",
  } as SecretFind);
  assertEquals(of({ blob: "l1" }), {
    ...told,
    layer: "sha256:1",
    layerNumber: 1,
    instruction: "RUN ***",
    path: "a",
  } as SecretFind);
  assertEquals(of({ blob: "l2", part: "name" }), {
    ...told,
    part: "name",
    layer: "sha256:2",
    layerNumber: 2,
    path: "a",
  } as SecretFind);
  for (
    const [find, isImage, path] of [
      [{ blob: "l1", part: "config" }, true, "a"],
      [{ blob: "other" }, true, "a"],
      [{ blob: "other", path: "" }, true, "other"],
      [{ blob: "other" }, false, "other!/a"],
      [{ blob: "other", path: "" }, false, "other"],
      [{ path: "" }, false, ""],
    ] as [Partial<RawFind>, boolean, string][]
  ) {
    assertEquals(of(find, isImage), {
      ...told,
      part: find.part ?? "file",
      path,
    } as SecretFind);
  }
  assertEquals(reportFinds([raw], ["id"], mask)[0]?.path, "a");
});

Deno.test("finds are told from the lowest layer up, and those of no layer last", () => {
  const blobs = ["none", "l2", "other", "l1", "l2"];
  const finds = blobs.map((blob, offset) => ({ ...raw, blob, offset }));
  assertEquals(
    reportFinds(finds, ["id"], mask, { isImage: true, layers }).map((
      { offset },
    ) => offset),
    [3, 1, 4, 0, 2],
  );
});

Deno.test("a name that was found in that of a folder is not told again below it", () => {
  const names = (...finds: Partial<RawFind>[]) =>
    reportFinds(
      finds.map((find) => ({ ...raw, part: "name" as const, ...find })),
      ["id", "other"],
      mask,
    ).map(({ path }) => path);
  assertEquals(names({ path: "a/" }, { path: "a/b" }, { path: "a/b/c" }), [
    "a/",
  ]);
  assertEquals(names({ path: "a" }, { path: "a/b/" }), ["a"]);
  assertEquals(names({ path: "a/" }), ["a/"]);
  assertEquals(names({ path: "a/b" }, { path: "a/b/" }), ["a/b", "a/b/"]);
  assertEquals(names({ path: "x/a" }, { path: "a/b" }), ["x/a", "a/b"]);
  for (const other of [{ value: 1 }, { form: "hex" as const }]) {
    assertEquals(names({ path: "a" }, { path: "a/b", ...other }), ["a", "a/b"]);
  }
  assertEquals(names({ path: "a" }, { path: "a/b", blob: "l" }), [
    "a",
    "l!/a/b",
  ]);
  // A file is no name, and a name that is found in a file's place is.
  assertEquals(names({ path: "a", part: "file" }, { path: "a/b" }), [
    "a",
    "a/b",
  ]);
  assertEquals(names({ path: "a" }, { path: "a/b", part: "file" }), [
    "a",
    "a/b",
  ]);
});

Deno.test("a place is told in words", () => {
  const layout = { isImage: true, layers };
  for (
    const [place, words] of [
      [{ blob: "l2", path: "" }, "layer 2"],
      [{ blob: "l2", path: "a/hunter2" }, "layer 2, a/***"],
      [{ blob: "x", path: "" }, "x"],
      [{ blob: "", path: "a" }, "a"],
      [{ blob: "x", path: "a" }, "x!/a"],
    ] as const
  ) assertEquals(tellPlace(place, mask, layout), words);
  assertEquals(tellPlace({ blob: "l2", path: "a" }, mask), "l2!/a");
});
