// `davit imagetools` beside `docker buildx imagetools`, on a registry with TLS
// and a login and on one without.

import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../support/assert.ts";
import { dockerCommand, pulledFiles } from "../buildx/docker_client.ts";
import { runProgram } from "../cli/command.ts";
import { davitHere } from "../cli/in_process.ts";
import { digestOf } from "../../lib/registry/digest.ts";
import { Registries } from "../../lib/registry/registries.ts";
import { engineKindTest } from "../support/engines.ts";
import { withTempFolder } from "../support/folder.ts";
import { LOGIN, LOGIN_BASE64, startRegistry } from "../support/registry.ts";
import { putForm } from "./images.ts";

const CA = new URL("../transport/certs/ca.pem", import.meta.url).pathname;
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** Annotations in the order of their keys: buildx prints them in any. */
function ordered(text: string): string {
  return text.replace(
    /(?:^ {4}[\w.]+: .*\n?){2,}/gm,
    (lines) => `${lines.trimEnd().split("\n").sort().join("\n")}\n`,
  );
}

engineKindTest(
  { generation: "28", containerdStore: false },
  "imagetools create and inspect: the bytes and the words of buildx",
  async (engine) => {
    await using guarded = await startRegistry({
      auth: "basic",
      tls: true,
      direct: true,
    });
    await using open = await startRegistry();
    const [g, o] = [`${guarded.host}/two`, `${open.host}/three`];
    using registries = new Registries({
      credentials: { [guarded.host]: LOGIN },
      ca: await Deno.readTextFile(CA),
    });
    const two = await registries.repository(g);
    await putForm(two, "amd64", { architecture: "amd64", attested: true });
    await putForm(two, "arm64", { architecture: "arm64", attested: true });
    const plain = await putForm(two, "plain", { architecture: "s390x" });
    const three = await registries.repository(o);
    await putForm(three, "armv7", {
      architecture: "arm",
      variant: "v7",
      docker: true,
    });
    await putForm(three, "amd64", { architecture: "amd64", docker: true });
    const oddVariants = await putForm(three, "v8", {
      architecture: "arm64",
      variant: "v8",
    });
    await withTempFolder(async (folder) => {
      const file = async (name: string, value: unknown) => {
        await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(value));
        return ["--file", `${folder}/${name}`];
      };
      const said = await file("said.json", {
        digest: plain.digest,
        annotations: { "b<": "2 & 3", "a": "é\u2028😀" },
        platform: { architecture: "amd64", os: "linux", variant: "v2" },
      });
      const whole = await file("whole.json", {
        ...plain,
        annotations: { x: "y" },
        platform: { architecture: "s390x", os: "", variant: "z14" },
      });
      const auth = { auth: LOGIN_BASE64 };
      await Deno.writeTextFile(
        `${folder}/config.json`,
        JSON.stringify({ auths: { [guarded.host]: auth } }),
      );
      await Deno.symlink(
        `${engine.cliEnv.DOCKER_CONFIG}/cli-plugins`,
        `${folder}/cli-plugins`,
      );
      await Deno.writeTextFile(
        `${folder}/buildkitd.toml`,
        `[registry."${guarded.host}"]\n  http = false\n`,
      );
      const env = {
        ...engine.cliEnv,
        DOCKER_HOST: engine.host,
        DOCKER_CONFIG: folder,
        SSL_CERT_FILE: CA,
      };
      const buildx = (...args: string[]) =>
        runProgram([engine.cli!, "buildx", ...args], { env });
      await buildx(
        ...["create", "--name=tls", "--driver=docker-container"],
        ...["--use", `--buildkitd-config=${folder}/buildkitd.toml`],
      );
      const davit = (command: string, ...args: string[]) =>
        davitHere(["imagetools", command, "--ca", CA, ...args], {
          env: { DOCKER_CONFIG: folder },
        });

      // The same bytes for the same sources.
      for (
        const args of [
          [`${g}:amd64`, `${g}:arm64`],
          [`${g}:arm64`, `${g}:amd64`, `${o}:armv7`, `${g}:arm64`],
          [`${g}:plain`],
          ["--prefer-index=false", `${g}:plain`],
          [`${o}:armv7`, `${o}:amd64`],
          [`${o}:v8`, `${o}@${oddVariants.digest}`],
          [plain.digest, `${g}:amd64`],
          [...said, `${g}:amd64`],
          [...said, "-t", `${g}:x`],
          [...whole, "-t", `${g}:x`],
          ["--append", "-t", `${g}:amd64`, `${o}:v8`],
          ["-p", "linux/amd64", `${g}:amd64`, `${g}:arm64`],
          [
            "-p",
            "linux/arm64,linux/s390x",
            `${g}:amd64`,
            `${g}:arm64`,
            `${g}:plain`,
          ],
          [
            "--annotation=manifest-descriptor[linux/amd64]:c=d",
            "--annotation=index,manifest-descriptor:e=f=g",
            `${g}:amd64`,
            `${o}:armv7`,
          ],
        ]
      ) {
        const ours = await davit("create", "--dry-run", ...args);
        const theirs = await buildx(
          "imagetools",
          "create",
          "--dry-run",
          ...args,
        );
        assertEquals(theirs.code, 0, `${args}: ${theirs.stderr}`);
        assertEquals(ours.code, 0, `${args}: ${ours.stderr}`);
        assertEquals(
          decode(ours.stdout),
          decode(theirs.stdout),
          args.join(" "),
        );
      }

      // What buildx refuses, too.
      for (
        const [words, ...args] of [
          ["no sources", "--dry-run"],
          ["needs a name", `${g}:amd64`],
          [
            'expected "index:" or',
            "--dry-run",
            "--annotation=a=b",
            `${g}:amd64`,
          ],
          [
            'expected "index:" or',
            "--dry-run",
            "--annotation=manifest:a=b",
            `${g}:amd64`,
          ],
          [
            'expected "index:" or',
            "--dry-run",
            "--annotation=index-descriptor:a=b",
            `${g}:amd64`,
          ],
          [
            "no manifest of the sources",
            "--dry-run",
            "-p",
            "linux/386",
            `${g}:amd64`,
          ],
          [
            "no manifest of the sources",
            "--dry-run",
            "-p",
            "linux/386",
            "--prefer-index=false",
            `${g}:plain`,
          ],
          [
            "is neither an operating system",
            "--dry-run",
            "-p",
            "bogus",
            `${g}:amd64`,
          ],
          ["too few digits", "--dry-run", "sha256:1234", `${g}:amd64`],
          ["does not have it", "--dry-run", `${g}:none`],
          [
            "in several repositories",
            "--dry-run",
            plain.digest,
            "-t",
            `${g}:1`,
            "-t",
            `${o}:1`,
          ],
          ["no source and no tag says", "--dry-run", ...said],
        ] as [string, ...string[]][]
      ) {
        const ours = await davit("create", ...args);
        assertEquals(ours.code, 1, args.join(" "));
        assertStringIncludes(ours.stderr, words);
        assertMatch(ours.stderr, /^ERROR: [^\n]+\n$/);
      }

      // Two names in two registries: what is missing there is copied.
      const names = [`${guarded.host}/all:1`, `${open.host}/all:1`];
      const tags = names.flatMap((name) => ["-t", name]);
      const sources = [`${g}:amd64`, `${g}:arm64`, `${o}:armv7`];
      const made = await davit("create", ...tags, ...sources);
      assertEquals(made.code, 0, made.stderr);
      const raw = await buildx("imagetools", "inspect", "--raw", names[0]!);
      const digest = digestOf(raw.stdout);
      assertEquals(
        raw.stdout,
        (await davit("inspect", "--raw", names[1]!)).stdout,
      );
      const lines = made.stderr.trimEnd().split("\n");
      assertEquals(lines.length, 12);
      assertEquals(
        lines.filter((line) => line.startsWith("copying")).length,
        10,
      );
      assertEquals(
        lines.slice(-2),
        names.map((name) => `pushing ${digest} to ${name}`),
      );
      const quiet = await davit(
        "create",
        "--progress=none",
        ...tags,
        ...sources,
      );
      assertEquals([quiet.code, quiet.stderr], [0, ""]);
      const theirName = `${guarded.host}/theirs:1`;
      await buildx("imagetools", "create", "-t", theirName, ...sources);
      assertEquals(
        digestOf((await davit("inspect", "--raw", theirName)).stdout),
        digest,
      );
      // docker pulls each platform of it.
      await using docker = await dockerCommand(engine, [guarded.host]);
      const files = await pulledFiles(docker, names[1]!, "linux/arm/v7");
      assertEquals(
        files.filter((line) => line.startsWith("arch.txt")).length,
        1,
      );

      // What inspect says.
      for (
        const args of [
          [names[0]!],
          [names[1]!],
          [`${g}:plain`],
          [`${g}@${plain.digest}`],
          ...[`${g}:plain`, `${g}:amd64`, names[0]!].flatMap((name) =>
            ["{{json .}}"]
              .map((format) => [name, "--format", format])
          ),
          [names[0]!, "--format", '{{json (index .Image "linux/arm/v7")}}'],
          [
            `${g}:plain`,
            "--format",
            'a {{.Name}}{{" b"}} {{.Manifest.Digest}} {{.Image.OS}}',
          ],
        ]
      ) {
        const ours = await davit("inspect", ...args);
        const theirs = await buildx("imagetools", "inspect", ...args);
        assertEquals(theirs.code, 0, `${args}: ${theirs.stderr}`);
        assertEquals(ours.code, 0, `${args}: ${ours.stderr}`);
        assertEquals(
          decode(ours.stdout).trimEnd(),
          ordered(decode(theirs.stdout).trimEnd()),
          args.join(" "),
        );
      }
      for (
        const [words, ...args] of [
          ["does not have it (manifest unknown)", `${g}:none`],
          ["can't be used together", "--raw", "--format=x", `${g}:plain`],
          [
            'there is no field ".Nope"',
            "--format={{json .Nope}}",
            `${g}:plain`,
          ],
          ["it has no end", "--format={{", `${g}:plain`],
        ] as [string, ...string[]][]
      ) {
        const ours = await davit("inspect", ...args);
        assertEquals(ours.code, 1, args.join(" "));
        assertStringIncludes(ours.stderr, words);
      }
    });
  },
);
