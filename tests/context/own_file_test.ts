// What the system says is said for it here: the replaced functions are those
// that the code under test calls.
import { isOnlyOurs, OwnFile } from "../../lib/context/own_file.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

/** A folder: its mode and its owner, and how it is left out. */
type Folder = readonly [mode: number | null, owner: number];

const US = 1000;
const ROOT = 0;
const OTHER = 1001;

/** Whether a file of /a/b is only ours, where its folders are these. */
function asked(
  { "/": top, "/a": middle, "/a/b": last }: Record<string, Folder>,
  user: number | null = US,
): boolean {
  const folders = new Map([["/", top], ["/a", middle], ["/a/b", last]]);
  const { lstatSync, uid } = Deno;
  Object.assign(Deno, {
    uid: () => user,
    lstatSync(path: string) {
      const found = folders.get(path);
      if (found === undefined) throw new Deno.errors.NotFound(path);
      return { mode: found[0], uid: found[1] };
    },
  });
  try {
    return isOnlyOurs("/a/b/Dockerfile");
  } finally {
    Object.assign(Deno, { lstatSync, uid });
  }
}

Deno.test("isOnlyOurs(): nobody else may write in a folder above the file, nor own it", () => {
  const good: Record<string, Folder> = {
    "/": [0o755, ROOT],
    "/a": [0o755, ROOT],
    "/a/b": [0o700, US],
  };
  assertEquals(asked(good), true);
  assertEquals(asked({ ...good, "/a/b": [0o755, ROOT] }), true);
  // In /tmp, others can't exchange a folder of ours, but for a file they can.
  assertEquals(asked({ ...good, "/a": [0o41777, ROOT] }), true);
  const shared: Record<string, Folder>[] = [
    { "/a/b": [0o41777, US] },
    { "/a/b": [0o770, US] },
    { "/a/b": [0o720, US] },
    { "/a/b": [0o702, US] },
    { "/a": [0o775, ROOT] },
    { "/a": [0o757, ROOT] },
    { "/": [0o777, ROOT] },
    { "/a/b": [0o700, OTHER] },
    { "/a": [0o755, OTHER] },
    { "/": [0o755, OTHER] },
    { "/a/b": [null, US] },
  ];
  for (const folder of shared) {
    assertEquals(asked({ ...good, ...folder }), false, JSON.stringify(folder));
  }
  assertEquals(asked(good, null), false, "the user is not known");
  assertEquals(asked(good, OTHER), false);
  const { "/a": _, ...gone } = good;
  assertEquals(asked(gone), false);
});

for (
  const permissions of [
    { sys: false, read: true },
    { sys: ["uid" as const], read: ["/etc"] },
  ]
) {
  Deno.test({
    name: `isOnlyOurs() asks nobody for a permission that is missing: ${
      JSON.stringify(permissions)
    }`,
    permissions,
    fn() {
      const { lstatSync } = Deno;
      let looks = 0;
      Object.assign(Deno, { lstatSync: () => looks++ });
      try {
        assertEquals([isOnlyOurs("/etc/hostname"), looks], [false, 0]);
      } finally {
        Object.assign(Deno, { lstatSync });
      }
    },
  });
}

Deno.test("OwnFile.open() closes a file that can't be looked at", async () => {
  const { stat } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.stat = () => Promise.reject(new Error("no look"));
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = open();
  try {
    await assertRejects(() => OwnFile.open("/etc/hostname"), Error, "no look");
  } finally {
    Deno.FsFile.prototype.stat = stat;
  }
  assertEquals(open(), before);
});
