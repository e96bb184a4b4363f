import { SolveError } from "../../lib/buildkit/solve_error.ts";
import { ProtocolError } from "../../lib/errors.ts";
import { GrpcCode } from "../../lib/grpc/status.ts";
import type { OwnWarning } from "../../lib/imagebuild/fact.ts";
import type { BuildImageResult } from "../../lib/imagebuild/result.ts";
import { builtImage } from "../../lib/imagebuild/ways/built_image.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";

const digest = (mark: string) => `sha256:${mark.repeat(64)}`;
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const LIST = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";

/** The image of an answer with this descriptor, before a store with these. */
async function image(
  descriptor: unknown,
  store: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, string>> = {},
): Promise<{
  image: BuildImageResult | undefined;
  read: string[];
  warnings: OwnWarning[];
}> {
  const read: string[] = [];
  const warnings: OwnWarning[] = [];
  const text = typeof descriptor === "string"
    ? descriptor
    : new TextEncoder().encode(JSON.stringify(descriptor)).toBase64();
  const found = await builtImage(
    new Map([["containerimage.descriptor", text], ...Object.entries(more)]),
    {
      async *content(of) {
        read.push(of);
        const value = store[of];
        if (value instanceof Error) throw value;
        if (value instanceof Uint8Array) yield value;
        else {
          const text = typeof value === "string"
            ? value
            : JSON.stringify(value);
          yield new TextEncoder().encode(text);
        }
      },
    },
    {
      signal: new AbortController().signal,
      warn: (warning) => void warnings.push(warning),
    },
  );
  return { image: found, read, warnings };
}

Deno.test("an answer without a descriptor is that of graph drivers, which have no manifest", async () => {
  assertEquals(
    await builtImage(
      new Map([["containerimage.digest", digest("a")]]),
      {
        content() {
          throw new Error("not asked");
        },
      },
      { signal: new AbortController().signal, warn() {} },
    ),
    undefined,
  );
});

Deno.test("an index tells the manifest of each platform, and attestations are none", async () => {
  const index = {
    manifests: [
      {
        digest: digest("1"),
        platform: { os: "linux", architecture: "amd64" },
      },
      {
        digest: digest("2"),
        platform: { os: "linux", architecture: "arm", variant: "v7" },
        annotations: { "some.key": "x" },
      },
      {
        digest: digest("3"),
        platform: { os: "unknown", architecture: "unknown" },
        annotations: { "vnd.docker.reference.type": "attestation-manifest" },
      },
      { digest: digest("4"), platform: { os: "", architecture: 5 } },
      { digest: digest("5") },
    ],
  };
  for (const mediaType of [OCI_INDEX, LIST]) {
    const found = await image({ mediaType, digest: digest("a") }, {
      [digest("a")]: index,
    });
    assertEquals(found, {
      image: {
        digest: digest("a"),
        platforms: [
          { platform: "linux/amd64", digest: digest("1") },
          { platform: "linux/arm/v7", digest: digest("2") },
          { platform: "", digest: digest("4") },
          { platform: "", digest: digest("5") },
        ],
      },
      read: [digest("a")],
      warnings: [],
    });
  }
});

Deno.test("a manifest is of the platform in its configuration, whose digest is told or read", async () => {
  const config = { os: "linux", architecture: "arm64", variant: "v8" };
  const descriptor = { mediaType: MANIFEST, digest: digest("a") };
  const store = {
    [digest("a")]: { config: { digest: digest("c") } },
    [digest("c")]: config,
  };
  const expected = {
    digest: digest("a"),
    platforms: [{ platform: "linux/arm64/v8", digest: digest("a") }],
  };
  const told = await image(descriptor, store, {
    "containerimage.config.digest": digest("c"),
  });
  assertEquals(told.image, expected);
  assertEquals(told.read, [digest("c")]);
  const read = await image(descriptor, store);
  assertEquals(read.image, expected);
  assertEquals(read.read, [digest("a"), digest("c")]);
});

Deno.test("platforms that can't be read are a warning: the image is built", async () => {
  const gone = new SolveError({
    code: GrpcCode.NOT_FOUND,
    detail: "content gone: not found",
  });
  const found = await image({ mediaType: OCI_INDEX, digest: digest("a") }, {
    [digest("a")]: gone,
  });
  assertEquals(found.image, { digest: digest("a"), platforms: [] });
  assertEquals(found.warnings, [[
    "image-unread",
    `the platforms of image ${
      digest("a")
    } could not be read: content gone: not found`,
  ]]);
  const other = new Error("broken");
  assertEquals(
    await assertRejects(() =>
      image({ mediaType: OCI_INDEX, digest: digest("a") }, {
        [digest("a")]: other,
      })
    ),
    other,
  );
});

Deno.test("an abort ends the questions with its reason", async () => {
  const stopped = new Error("stopped");
  const controller = new AbortController();
  const descriptor = { mediaType: OCI_INDEX, digest: digest("a") };
  const text = new TextEncoder().encode(JSON.stringify(descriptor)).toBase64();
  const error = await assertRejects(() =>
    builtImage(new Map([["containerimage.descriptor", text]]), {
      content() {
        controller.abort(stopped);
        throw new SolveError({ code: GrpcCode.CANCELLED, detail: "cancelled" });
      },
    }, { signal: controller.signal, warn() {} })
  );
  assertEquals(error, stopped);
});

Deno.test("a manifest of 4 MiB is read, and none that is larger", async () => {
  const text = `{"manifests":[]${" ".repeat(4 * 1024 * 1024)}`;
  const bytes = (length: number) =>
    new TextEncoder().encode(`${text.slice(0, length - 1)}}`);
  const index = { mediaType: OCI_INDEX, digest: digest("a") };
  const largest = await image(index, {
    [digest("a")]: bytes(4 * 1024 * 1024),
  });
  assertEquals(largest.image, { digest: digest("a"), platforms: [] });
  assertEquals(largest.warnings, []);
  const error = await assertRejects(
    () => image(index, { [digest("a")]: bytes(4 * 1024 * 1024 + 1) }),
    ProtocolError,
  );
  assertEquals(
    error.message,
    `The manifest ${digest("a")} has more than 4194304 bytes`,
  );
});

Deno.test("what is no manifest is an error that says that the image was built", async () => {
  const index = { mediaType: OCI_INDEX, digest: digest("a") };
  const manifest = { mediaType: MANIFEST, digest: digest("a") };
  const where = "the image's descriptor";
  for (
    const [descriptor, store, what] of [
      ["%%%", {}, where],
      [new TextEncoder().encode("{").toBase64(), {}, where],
      [null, {}, where],
      [5, {}, where],
      [{ mediaType: OCI_INDEX }, {}, where],
      [{ ...index, digest: "sha256:1" }, {}, where],
      [{ ...index, digest: 5 }, {}, where],
      [{ ...index, digest: `x${digest("a")}` }, {}, where],
      [{ ...index, digest: `${digest("a")}0` }, {}, where],
      [index, { [digest("a")]: "no json" }, digest("a")],
      [index, { [digest("a")]: "null" }, digest("a")],
      [index, { [digest("a")]: {} }, digest("a")],
      [index, { [digest("a")]: { manifests: "x" } }, digest("a")],
      [index, { [digest("a")]: { manifests: [null] } }, digest("a")],
      [manifest, { [digest("a")]: {} }, digest("a")],
      [manifest, { [digest("a")]: { config: { digest: 1 } } }, digest("a")],
    ] as [unknown, Record<string, unknown>, string][]
  ) {
    const error = await assertRejects(
      () => image(descriptor, store),
      ProtocolError,
    );
    assertEquals(
      error.message,
      `The image was built, but the engine tells nothing usable about it: ${what} has another form`,
    );
  }
});
