import { isContainerdStore } from "../../lib/engine/info.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { bothWaysTest, buildkitTest } from "../support/ways.ts";
import { UnsupportedError } from "../../lib/errors.ts";
import { ExportError } from "../../lib/exporter/export_error.ts";
import { containerdNeed } from "../../lib/imagebuild/checks/store.ts";
import { checkExport } from "../../lib/exporter/output.ts";
import { dockerExport } from "./docker.ts";
import { canMount, mountTmpfs } from "./mount.ts";
import { listing, names, scratch } from "./scratch.ts";
import { exportBuild } from "./session.ts";

/** Files of all kinds, but for devices and FIFOs. */
const ODD = [
  "FROM davit-test/base AS made",
  "RUN " + [
    "mkdir -p /o/d/sub /o/d/empty /o/both /o/sticky /o/sgid /o/ro /o/wasfile /o/link",
    "cd /o",
    "echo plain > a.txt && ln a.txt d/hard && ln -s ../a.txt d/sym",
    "ln -s /nowhere dangling && ln -s ../../../etc up",
    "echo run > d/run.sh && chmod 4755 d/run.sh && echo s > secret && chmod 0400 secret",
    "chmod 1777 sticky && chmod 2775 sgid && echo q > ro/q && chmod 500 ro",
    "echo n > both/new && echo n > both/same && echo f > wasfolder && echo i > wasfile/in",
    "echo l > link/l && echo l > filelink",
    "echo u > 'ünï 😀' && echo e > d-x && echo b > 'back\\slash'",
    ": > empty && dd if=/dev/urandom of=large bs=1000 count=2001 2>/dev/null",
    "chown 123:456 d-x && touch -d '2001-02-03 04:05:06' large d/sub d/empty sticky",
  ].join(" && "),
  "FROM scratch",
  "COPY --from=made /o /",
];

/** Many files, and enough bytes to be interrupted in. */
const MANY = [
  "FROM davit-test/base AS many",
  "RUN mkdir /o && cd /o && dd if=/dev/urandom of=/p bs=1k count=32 2>/dev/null && i=0; while [ $i -lt 500 ]; do cp /p f$i; i=$((i + 1)); done; dd if=/dev/zero of=large bs=1M count=10 2>/dev/null",
  "FROM scratch",
  "COPY --from=many /o /",
];

/** What was there before, and outside of it, where links lead. */
async function fill(dest: string, outside: string): Promise<void> {
  await Deno.mkdir(`${dest}/both/kept`, { recursive: true });
  await Deno.mkdir(`${dest}/wasfolder/in/it`, { recursive: true });
  await Deno.mkdir(outside);
  for (
    const path of [
      `${dest}/stays`,
      `${dest}/both/same`,
      `${dest}/both/kept/k`,
      `${dest}/wasfile`,
      `${dest}/wasfolder/x`,
      `${outside}/kept`,
    ]
  ) {
    await Deno.writeTextFile(path, "before");
    await Deno.utime(path, 1, 1);
  }
  await Deno.chmod(`${dest}/both`, 0o700);
  await Deno.symlink("../outside", `${dest}/link`);
  await Deno.symlink("../outside/kept", `${dest}/filelink`);
}

/** The same without the times of folders, which docker's clients do not keep. */
async function comparable(root: string): Promise<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(await listing(root)).map(([path, line]) => [
      path,
      line.replace(/^(folder \d+) .*/, "$1"),
    ]),
  );
}

bothWaysTest(
  "a local export is what docker's client exports, into a new folder",
  async (engine) => {
    await using place = await scratch();
    const { path } = place;
    await dockerExport(engine, `${path}/docker`, ODD);
    const report = await exportBuild(
      engine,
      checkExport("local", { dest: `${path}/davit` }),
      ODD,
    );
    const list = await comparable(`${path}/davit`);
    assertEquals(list, await comparable(`${path}/docker`));
    assertEquals(report.dest, `${path}/davit`);
    assertEquals(report.entries, Object.keys(list).length);
    assertEquals(report.skipped, 0);
    const whole = await listing(`${path}/davit`);
    assertEquals(whole["d/sub"], "folder 755 2001-02-03T04:05:06.000Z");
    assertStringIncludes(whole["a.txt"]!, "×2");
    assertEquals(await names(path), ["davit", "docker"]);
    const { mode, uid } = await Deno.stat(`${path}/davit`);
    const docker = await Deno.stat(`${path}/docker`);
    assertEquals([mode, uid], [docker.mode, docker.uid]);
  },
);

bothWaysTest(
  "a local export is what docker's client exports, into a folder with something in it",
  async (engine) => {
    await using place = await scratch();
    const { path } = place;
    for (const who of ["docker", "davit"]) {
      await Deno.mkdir(`${path}/${who}`);
      await fill(`${path}/${who}/dest`, `${path}/${who}/outside`);
    }
    const before = await listing(`${path}/davit/outside`);
    await dockerExport(engine, `${path}/docker/dest`, ODD);
    await exportBuild(
      engine,
      checkExport("local", { dest: new URL(`file://${path}/davit/dest`) }),
      ODD,
    );
    assertEquals(
      await comparable(`${path}/davit/dest`),
      await comparable(`${path}/docker/dest`),
    );
    assertEquals(await listing(`${path}/davit/outside`), before);
    assertEquals(await names(`${path}/davit`), ["dest", "outside"]);
    assertEquals(
      (await Deno.stat(`${path}/davit/dest`)).mode,
      (await Deno.stat(`${path}/docker/dest`)).mode,
    );
  },
);

bothWaysTest(
  "a tar export is docker's, byte by byte, in a file and in a stream",
  async (engine) => {
    await using place = await scratch();
    const { path } = place;
    await dockerExport(engine, `type=tar,dest=${path}/docker.tar`, ODD);
    const expected = await Deno.readFile(`${path}/docker.tar`);
    const report = await exportBuild(
      engine,
      checkExport("tar", { dest: `${path}/davit.tar` }),
      ODD,
    );
    assertEquals(report.bytes, expected.length);
    assert(equal(await Deno.readFile(`${path}/davit.tar`), expected));
    const stream = new TransformStream<Uint8Array, Uint8Array>();
    const bytes = new Response(
      stream.readable as ReadableStream<Uint8Array<ArrayBuffer>>,
    ).bytes();
    await exportBuild(
      engine,
      checkExport("tar", { dest: stream.writable }),
      ODD,
    );
    assert(equal(await bytes, expected));
    assertEquals(
      (await Deno.stat(`${path}/davit.tar`)).mode,
      (await Deno.stat(`${path}/docker.tar`)).mode,
    );
    assertEquals(await names(path), ["davit.tar", "docker.tar"]);
  },
);

// Both interfaces export by the same session.
buildkitTest(
  "nothing, and more files than an engine lets wait, are exported as well",
  async (engine) => {
    await using place = await scratch();
    const dest = `${place.path}/out`;
    const none = await exportBuild(engine, checkExport("local", { dest }), [
      "FROM scratch",
      "ENV a=b",
    ]);
    assertEquals([none.entries, await names(dest)], [0, []]);
    await exportBuild(engine, checkExport("local", { dest }), [
      "FROM davit-test/base AS made",
      "RUN mkdir /o && cd /o && i=0; while [ $i -lt 6000 ]; do echo $i > f$i; i=$((i + 1)); done",
      "FROM scratch",
      "COPY --from=made /o /",
    ]);
    const found = await names(dest);
    assertEquals(found.length, 6000);
    for (const name of found.slice(0, 50)) {
      assertEquals(
        await Deno.readTextFile(`${dest}/${name}`),
        `${name.slice(1)}\n`,
      );
    }
  },
);

bothWaysTest("FIFOs and devices are left out and counted", async (engine) => {
  await using place = await scratch();
  const report = await exportBuild(
    engine,
    checkExport("local", { dest: `${place.path}/out` }),
    [
      "FROM davit-test/base",
      "RUN mkdir /odd && mkfifo /odd/fifo && mknod /odd/null c 1 3",
    ],
  );
  assertEquals(report.skippedPaths, ["odd/fifo", "odd/null"]);
  assertEquals(await names(`${place.path}/out/odd`), []);
});

bothWaysTest(
  "a build that fails leaves the folder and the file as they were",
  async (engine) => {
    await using place = await scratch();
    const { path } = place;
    await fill(`${path}/dest`, `${path}/outside`);
    await Deno.writeTextFile(`${path}/out.tar`, "before");
    const before = await listing(path);
    const aborted: unknown[] = [];
    const dests = {
      local: `${path}/dest`,
      tar: `${path}/out.tar`,
      stream: new WritableStream({
        abort: (reason) => void aborted.push(reason),
      }),
    };
    for (const [kind, dest] of Object.entries(dests)) {
      await assertRejects(
        () =>
          exportBuild(
            engine,
            checkExport(kind === "local" ? "local" : "tar", { dest }),
            ["FROM davit-test/base", `RUN echo ${kind} && false`],
          ),
        Error,
        "exit code: 1",
      );
    }
    assertEquals(await listing(path), before);
    assertEquals(aborted.length, 1);
  },
);

bothWaysTest(
  "a build that is cancelled at any moment leaves everything as it was",
  async (engine) => {
    const run = async (type: "local" | "tar", afterMs?: number) => {
      await using place = await scratch();
      const { path } = place;
      await fill(`${path}/dest`, `${path}/outside`);
      await Deno.writeTextFile(`${path}/out.tar`, "before");
      const before = await listing(path);
      const dest = `${path}/${type === "local" ? "dest" : "out.tar"}`;
      const stop = new AbortController();
      const reason = new Error("enough");
      const timer = afterMs === undefined
        ? undefined
        : setTimeout(() => stop.abort(reason), afterMs);
      const began = performance.now();
      try {
        await exportBuild(engine, checkExport(type, { dest }), MANY, {
          signal: stop.signal,
        });
        return performance.now() - began;
      } catch (error) {
        assertEquals(error, reason);
        assertEquals(await listing(path), before);
      } finally {
        clearTimeout(timer);
      }
    };
    await run("local"); // fills the build cache
    for (const type of ["local", "tar"] as const) {
      let whole = (await run(type))!;
      let cancelled = 0;
      for (let round = 0; round < 4; round++) {
        const ms = await run(type, Math.random() * whole * 0.8);
        if (ms === undefined) cancelled++;
        // The first one may have been the slowest: the machine was busy.
        else whole = Math.min(whole, ms);
      }
      assert(cancelled > 0, `${cancelled}`);
    }
  },
);

bothWaysTest(
  "a result that is too much, or finds no room, ends the build at once and leaves nothing",
  async (engine) => {
    await using place = await scratch();
    const dest = `${place.path}/dest`;
    await Deno.mkdir(dest);
    const expectError = async (
      given: Record<string, unknown>,
      words: string,
      type: "local" | "tar" = "local",
    ) => {
      const began = performance.now();
      const error = await assertRejects(
        () => exportBuild(engine, checkExport(type, given), MANY),
        ExportError,
      );
      assertStringIncludes(error.message, words);
      return performance.now() - began;
    };
    await expectError({ dest, maxEntries: 100 }, "(maxEntries)");
    const ms = await expectError({ dest, maxBytes: 100_000 }, "(maxBytes)");
    assert(ms < 3000, `${ms} ms`);
    await expectError(
      { dest: `${dest}/x.tar`, maxBytes: 100_000 },
      "(maxBytes)",
      "tar",
    );
    await expectError(
      {
        dest: new WritableStream({
          write: () => Promise.reject(new Error("pipe is broken")),
        }),
      },
      "pipe is broken",
      "tar",
    );
    assertEquals(await names(dest), []);
    if (!canMount) return;
    {
      await using _ = await mountTmpfs(dest, "size=3m");
      await expectError({ dest }, "No space left on device");
      await expectError({ dest: `${dest}/new` }, "No space left on device");
      await expectError({ dest: `${dest}/x.tar` }, "No space left", "tar");
      assertEquals(await names(dest), []);
    }
    {
      await using _ = await mountTmpfs(dest, "ro");
      await expectError({ dest }, "nothing can be written there");
      await expectError({ dest: `${dest}/x.tar` }, "can be written", "tar");
    }
    assertEquals(await names(place.path), ["dest"]);
  },
);

bothWaysTest(
  "a folder that is a mount point is filled; one inside it that is, is not",
  async (engine) => {
    if (!canMount) return;
    await using place = await scratch();
    const dest = `${place.path}/dest`;
    await Deno.mkdir(dest);
    {
      await using _ = await mountTmpfs(dest, "size=30m");
      await exportBuild(engine, checkExport("local", { dest }), ODD);
      assert((await names(dest)).includes("a.txt"));
      assert(!(await names(dest)).some((name) => name.startsWith(".")));
    }
    await Deno.mkdir(`${dest}/both`);
    {
      await using _ = await mountTmpfs(`${dest}/both`, "size=30m");
      await assertRejects(
        () => exportBuild(engine, checkExport("local", { dest }), ODD),
        ExportError,
        "another file system",
      );
      assertEquals(await listing(dest).then(Object.keys), ["both"]);
    }
  },
);

bothWaysTest(
  "images come as archives from a daemon, and from an engine with the containerd store alone",
  async (engine) => {
    await using place = await scratch();
    const { path } = place;
    const info = await engine.docker.info();
    const containerd = info.DriverStatus?.some(([, value]) =>
      value.includes("snapshotter")
    );
    for (const type of ["oci", "docker"] as const) {
      const dest = `${path}/${type}.tar`;
      const build = () =>
        exportBuild(
          engine,
          checkExport(type, { dest, attrs: { name: "davit-test/export:x" } }),
          ["FROM davit-test/base", "ENV a=b"],
        );
      if (engine.daemon === undefined) {
        assertEquals(isContainerdStore(info), containerd === true);
      }
      if (containerd || engine.daemon !== undefined) {
        await build();
        assertStringIncludes(await members(dest), "oci-layout");
        if (type === "docker") {
          assertStringIncludes(await members(dest), "manifest.json");
        }
      } else {
        const need = containerdNeed({
          outputs: [{ type, attrs: {} }],
          makesImage: false,
          platforms: [],
          attestations: [],
          annotations: [],
          cacheExports: [],
          contexts: new Map(),
        });
        assertInstanceOf(need, UnsupportedError);
        if (type === "oci") {
          const error = await assertRejects(build, Error, "could not be found");
          assertStringIncludes(error.message, `exporter "oci"`);
        }
        assertEquals(await names(path), []);
      }
    }
  },
);

async function members(tar: string): Promise<string> {
  const { stdout } = await new Deno.Command("tar", { args: ["tf", tar] })
    .output();
  return new TextDecoder().decode(stdout);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
