import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "../support/assert.ts";
import { randomBytes } from "../support/digest.ts";
import { tarBytes } from "../support/tar.ts";
import { addPodmanSecrets } from "../../lib/imagebuild/ways/podman_secrets.ts";
import { Secret, UnsupportedError } from "../../mod.ts";

const SECRETS = [
  ["token", new Secret("hunter2")],
  ["a.b-c_d=e", new Secret(randomBytes(1024))],
  ["empty", new Secret("")],
] as const;

async function bytesOf(
  stream: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
    .bytes();
}

/** What GNU tar makes of it: its listing, and the files in a folder that is gone behind `use`. */
async function unpack(
  tar: Uint8Array,
  use: (listing: string[], folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "davit-tar-" });
  try {
    await Deno.writeFile(`${folder}.tar`, tar);
    const { stdout, success, stderr } = await new Deno.Command("tar", {
      args: ["-xpvvf", `${folder}.tar`, "-C", folder],
      env: { TZ: "UTC" },
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    const lines = new TextDecoder().decode(stdout).trim().split("\n");
    // It also tells of the folders that it makes.
    await use(lines.filter((line) => line.startsWith("-")), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
    await Deno.remove(`${folder}.tar`);
  }
}

const gzip = (stream: ReadableStream<Uint8Array>) =>
  stream.pipeThrough(
    new CompressionStream("gzip") as ReadableWritablePair<
      Uint8Array,
      Uint8Array
    >,
  );

Deno.test("addPodmanSecrets() puts a file of root's alone before the context's own, for each secret", async () => {
  const files = { Dockerfile: "FROM scratch\n", "sub/a": randomBytes(70_000) };
  const original = await tarBytes(files);
  for (const compressed of [false, true]) {
    const source = ReadableStream.from([original]);
    const { tar, secrets } = await addPodmanSecrets(
      compressed ? gzip(source) : source,
      SECRETS,
    );
    const mounts: string[] = JSON.parse(secrets);
    assertEquals(mounts.length, SECRETS.length);
    const bytes = await bytesOf(tar);
    // Behind them, the context as it was.
    assertEquals(bytes.subarray(-original.length), original);
    await unpack(bytes, async (listing, folder) => {
      assertEquals(listing.length, SECRETS.length + 2);
      for (const [index, [id, secret]] of SECRETS.entries()) {
        const name = mounts[index]!.slice(`id=${id},src=`.length);
        assertEquals(mounts[index], `id=${id},src=${name}`);
        assertMatch(name, /^davit-secret-[0-9a-f]{32}$/);
        assertMatch(listing[index]!, /^-rw------- (root|0)\/(root|0) /);
        assert(listing[index]!.endsWith(` 1970-01-01 00:00 ${name}`));
        assertEquals(
          await Deno.readFile(`${folder}/${name}`),
          secret.reveal(),
        );
      }
      assertEquals(await Deno.readFile(`${folder}/sub/a`), files["sub/a"]);
    });
  }
});

Deno.test("addPodmanSecrets() takes any split of the bytes, an empty context, and never the same name twice", async () => {
  const original = await tarBytes({ Dockerfile: "FROM scratch\n" });
  const names = new Set<string>();
  for (const size of [1, 2, 511, 512, 513]) {
    const chunks = [];
    for (let at = 0; at < original.length; at += size) {
      chunks.push(original.slice(at, at + size), new Uint8Array());
    }
    const { tar, secrets } = await addPodmanSecrets(
      ReadableStream.from(chunks),
      SECRETS,
    );
    assertEquals((await bytesOf(tar)).subarray(-original.length), original);
    for (const mount of JSON.parse(secrets)) names.add(mount.split("src=")[1]);
  }
  assertEquals(names.size, 5 * SECRETS.length);
  const none = await addPodmanSecrets(
    ReadableStream.from([new Uint8Array(1024)]),
    [],
  );
  assertEquals([none.secrets, (await bytesOf(none.tar)).length], ["[]", 1024]);
});

Deno.test("addPodmanSecrets() refuses what no file can be put before, and ids that podman misreads", async () => {
  const streams: [string, Uint8Array][] = [
    ["bzip2", new TextEncoder().encode("BZh91AY&SY".padEnd(600, "x"))],
    ["zstd", new Uint8Array(600).fill(7)],
    ["a Dockerfile", new TextEncoder().encode("FROM scratch\n")],
    ["nothing", new Uint8Array()],
  ];
  for (const [what, bytes] of streams) {
    let cancelled = false;
    const context = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(bytes);
        if (bytes.length < 512) controller.close();
      },
      cancel: () => {
        cancelled = true;
      },
    });
    await assertRejects(
      () => addPodmanSecrets(context, SECRETS),
      UnsupportedError,
      "must be a tar",
      what,
    );
    assertEquals(cancelled, bytes.length >= 512, what);
  }
  const tar = await tarBytes({});
  for (const id of ["a,src=/etc/passwd", "a b", "ä", "a\n", ""]) {
    let cancelled = false;
    const context = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(tar),
      cancel: () => {
        cancelled = true;
      },
    });
    const error = await assertRejects(
      () => addPodmanSecrets(context, [[id, new Secret("hunter2")]]),
      UnsupportedError,
      "use another id",
    );
    assert(!Deno.inspect(error).includes("hunter2"));
    assert(cancelled);
  }
});

Deno.test("addPodmanSecrets() reads no faster than it is read, hands failures on, and gives back what is not wanted", async () => {
  const head = (await tarBytes({ Dockerfile: "FROM scratch\n" })).slice(0, 512);
  let pulls = 0;
  let cancelled: unknown;
  const context = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(pulls++ === 0 ? head : new Uint8Array(65536));
      },
      cancel: (reason) => {
        cancelled = reason;
      },
    }, { highWaterMark: 0 });
  const { tar } = await addPodmanSecrets(context(), SECRETS);
  const reader = tar.getReader();
  await reader.read();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(pulls, 1);
  await reader.cancel("enough");
  assertEquals(cancelled, "enough");

  const broken = new Error("the disk is gone");
  let reads = 0;
  const failing = await addPodmanSecrets(
    new ReadableStream({
      pull(controller) {
        if (reads++ === 0) controller.enqueue(head);
        else controller.error(broken);
      },
    }),
    SECRETS,
  );
  assertEquals(await assertRejects(() => bytesOf(failing.tar)), broken);
  assertNotEquals(failing.secrets, "[]");
});
