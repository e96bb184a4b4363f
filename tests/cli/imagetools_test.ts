import { UsageError } from "../../lib/cli/exit.ts";
import { formatInspection } from "../../lib/cli/imagetools_format.ts";
import { inspectionText } from "../../lib/cli/imagetools_text.ts";
import type { ImagetoolsInspection } from "../../lib/imagetools/result.ts";
import { DOCKER_MANIFEST, OCI_INDEX } from "../../lib/registry/media_type.ts";
import { Registries } from "../../lib/registry/registries.ts";
import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";
import { putForm } from "../imagetools/images.ts";
import { memoryRegistry } from "../registry/memory_registry.ts";
import { davitHere } from "./in_process.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const descriptor = { mediaType: DOCKER_MANIFEST, digest: DIGEST, size: 9 };
const config = { os: "linux", architecture: "amd64", rootfs: {}, config: {} };
const ONE: ImagetoolsInspection = {
  name: "r.io/a:1",
  descriptor,
  bytes: new Uint8Array(),
  index: undefined,
  manifest: undefined,
  images: [{
    platform: "linux/amd64",
    descriptor,
    manifest: { schemaVersion: 2, config: descriptor, layers: [] },
    config,
  }],
};
const BOTH: ImagetoolsInspection = {
  ...ONE,
  descriptor: { ...descriptor, mediaType: OCI_INDEX },
  index: {
    schemaVersion: 2,
    manifests: [
      {
        ...descriptor,
        platform: {
          os: "windows",
          architecture: "amd64",
          "os.version": "10.0.1",
          "os.features": ["a", "b"],
        },
        urls: ["http://x", "http://y"],
        annotations: { long_key: "1", b: "2" },
      },
      { ...descriptor, annotations: { hidden: "1" } },
      {
        ...descriptor,
        platform: { os: "linux", architecture: "arm", variant: "v7" },
      },
    ],
  },
  images: [
    ONE.images[0]!,
    { ...ONE.images[0]!, platform: "linux/arm/v7" },
  ],
};

Deno.test("inspectionText() has buildx's columns", () => {
  assertEquals(
    inspectionText(ONE),
    `Name:      r.io/a:1
MediaType: ${DOCKER_MANIFEST}
Digest:    ${DIGEST}`,
  );
  const lines = inspectionText(BOTH).split("\n");
  assertEquals(lines.slice(3), [
    "           ",
    "Manifests: ",
    `  Name:        r.io/a:1@${DIGEST}`,
    `  MediaType:   ${DOCKER_MANIFEST}`,
    "  Platform:    windows/amd64",
    "  OSVersion:   10.0.1",
    "  OSFeatures:  a, b",
    "  URLs:        http://x, http://y",
    "  Annotations: ",
    "    b:        2",
    "    long_key: 1",
    "             ",
    `  Name:      r.io/a:1@${DIGEST}`,
    `  MediaType: ${DOCKER_MANIFEST}`,
    "             ",
    `  Name:      r.io/a:1@${DIGEST}`,
    `  MediaType: ${DOCKER_MANIFEST}`,
    "  Platform:  linux/arm/v7",
  ]);
  const byDigest = inspectionText({ ...BOTH, name: `r.io/a@sha256:1` });
  assertStringIncludes(byDigest, `  Name:        r.io/a@${DIGEST}`);
});

Deno.test("formatInspection() fills templates", () => {
  const format = (template: string, inspection = ONE) =>
    formatInspection("a", inspection, template).replace(/\s+/g, " ");
  assertEquals(format("{{.Name}}: {{ .Manifest.Digest }}"), `a: ${DIGEST}`);
  assertEquals(format('{{"x\\n"}}y'), "x y");
  assertEquals(format("{{json .Name}}"), '"a"');
  assertEquals(format("{{json .Image.OS}}"), '"linux"');
  assertEquals(format("{{.Image.Author}}"), "");
  assertEquals(
    format("{{json .Image}}"),
    '{ "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": null, "diff_ids": null } }',
  );
  assertEquals(
    format('{{json (index .Image "linux/arm/v7")}}', BOTH),
    format("{{json .Image}}"),
  );
  assertEquals(format('{{json (index .Image "none")}}', BOTH), "null");
  assertStringIncludes(
    format("{{json (index .Manifest.Manifests 2)}}", BOTH),
    '"variant": "v7"',
  );
  assertStringIncludes(
    format("{{json .Manifest}}", BOTH),
    `"schemaVersion": 2, "digest": "${DIGEST}", "size": 9`,
  );
  assertEquals(
    format(" {{ .Manifest }} "),
    inspectionText(ONE).replace(/\s+/g, " "),
  );
  for (
    const [template, words] of [
      ["{{json .Nope}}", 'there is no field ".Nope"'],
      ["{{.Image}}", "it is no text"],
      ["{{", "it has no end"],
      ["{{.Name", "it has no end"],
      ["{{}}", "it is empty"],
      ["{{json}}", "it is empty"],
      ["{{json (.Name}}", 'a ")" is missing'],
      ["{{.Name .Name}}", '".Name" is not known'],
      ["{{upper .Name}}", '"upper" is not known'],
      ['{{"\\x"}}', "can't be read"],
    ] as const
  ) {
    assertThrows(() => format(template), UsageError, words);
  }
});

Deno.test("davit imagetools: flags, files and what is printed", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const name = `${registry.host}/app`;
  const repository = await registries.repository(name);
  const one = await putForm(repository, "one", { architecture: "amd64" });
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/digest`, `${one.digest}\n`);
    await Deno.writeTextFile(`${folder}/broken`, "{");
    await Deno.writeTextFile(
      `${folder}/said`,
      JSON.stringify({ digest: one.digest, annotations: { a: "b" } }),
    );
    const davit = async (...words: string[]) => {
      const run = await davitHere(["imagetools", ...words], {
        env: { DOCKER_CONFIG: folder },
        cwd: folder,
      });
      return { ...run, stdout: new TextDecoder().decode(run.stdout) };
    };
    const made = await davit("create", "-t", `${name}:1`, "-f", "digest");
    assertEquals([made.code, made.stdout], [0, ""]);
    assertEquals(/^pushing sha256:\w+ to .*:1\n$/.test(made.stderr), true);
    const raw = await davit("inspect", "--raw", `${name}:1`);
    assertEquals(JSON.parse(raw.stdout).manifests.length, 1);
    assertEquals(raw.stdout.endsWith("}"), true);
    const dry = await davit(
      "create",
      "--dry-run",
      "-f",
      "digest",
      "-t",
      `${name}:2`,
    );
    assertEquals(dry.stdout, `${raw.stdout}\n`);
    const said = await davit(
      "create",
      "--dry-run",
      "-f",
      "said",
      `${name}:one`,
    );
    assertEquals(JSON.parse(said.stdout).manifests[0].annotations, { a: "b" });
    const same = await davit(
      "create",
      "--dry-run",
      "--prefer-index=false",
      `${name}:one`,
    );
    assertEquals(JSON.parse(same.stdout).config.digest.length, 71);
    for (const mode of ["none", "quiet"]) {
      const quiet = await davit(
        "create",
        "--progress",
        mode,
        "-t",
        `${name}:3`,
        `${name}:one`,
      );
      assertEquals([quiet.code, quiet.stderr], [0, ""]);
    }
    for (
      const [words, ...line] of [
        ["no sources are given", "create"],
        ["the image needs a name", "create", name],
        [
          '"tty" for "--progress"',
          "create",
          "--dry-run",
          "--progress=tty",
          name,
        ],
        [
          "expected a descriptor as JSON",
          "create",
          "--dry-run",
          "-f",
          "broken",
        ],
        ["can't be used together", "inspect", "--raw", "--format=x", name],
      ] as [string, ...string[]][]
    ) {
      const run = await davit(...line);
      assertEquals(run.code, 1);
      assertStringIncludes(run.stderr, words);
    }
    const none = await davit("inspect", `${name}:none`);
    assertStringIncludes(none.stderr, "does not have it");
  });
});

Deno.test("a terminal obeys nothing that stands in an image of a registry", () => {
  const odd = "\u001b]0;title\u0007\u009b31mx\u202e\ny";
  const [first] = BOTH.index!.manifests;
  const lines = inspectionText({
    ...BOTH,
    index: {
      ...BOTH.index!,
      manifests: [{
        ...first!,
        mediaType: `type${odd}`,
        platform: { os: `os${odd}`, architecture: odd },
        annotations: { [`key${odd}`]: `value${odd}` },
        urls: [odd],
      }],
    },
  });
  assertEquals(/[^\P{Cc}\n]|\p{Cf}/u.test(lines), false, JSON.stringify(lines));
  assertEquals(lines.split("\n").at(-1), "    keyx y: valuex y");
});
