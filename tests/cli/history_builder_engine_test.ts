/** What the nodes of a builder remember, beside docker's own command. */
import { Builder } from "../../mod.ts";
import { startBuildkitd } from "../buildkitd/daemon.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { engineOf } from "../support/engines.ts";
import { withTempFolder, writeTree } from "../support/folder.ts";
import { runProgram } from "./command.ts";
import { davitHere } from "./in_process.ts";

const decoder = new TextDecoder();

Deno.test("davit history, du and prune are about all nodes of a builder, as docker buildx has it", async () => {
  const engine = await engineOf({ generation: "28", containerdStore: false });
  await using one = await startBuildkitd();
  await using two = await startBuildkitd();
  await withTempFolder(async (folder) => {
    const config = `${folder}/config`;
    await writeTree(folder, { "config/cli-plugins/none": "" });
    await Deno.symlink(
      `${engine.cliEnv.DOCKER_CONFIG}/cli-plugins/docker-buildx`,
      `${config}/cli-plugins/docker-buildx`,
    );
    const env = {
      ...engine.cliEnv,
      DOCKER_CONFIG: config,
      BUILDX_CONFIG: "",
      BUILDX_BUILDER: "pair",
    };
    const docker = (...words: string[]) =>
      runProgram([engine.cli!, "buildx", ...words], { cwd: folder, env });
    const davit = (...words: string[]) =>
      davitHere(words, { cwd: folder, env });
    for (
      const words of [
        ["--node", "a", one.address],
        ["--append", "--node", "b", two.address],
      ]
    ) {
      const made = await docker(
        ...["create", "--name", "pair", "--driver", "remote", ...words],
      );
      assertEquals(made.code, 0, made.stderr);
    }
    for (const { address } of [one, two]) {
      await using builder = await Builder.fromAddress(address);
      await builder.imageBuild({
        files: { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" },
      }, { labels: { at: address } }).wait();
    }
    const compare = async (...words: string[]) => {
      const theirs = await docker(...words);
      const ours = await davit(...words);
      const normal = (text: string) =>
        text.replace(
          /(?:Less than a|\d+|About an?) (?:second|minute)s? ago/g,
          "AGO",
        ).replace(/ {2,}/g, "  ").replace(
          "docker buildx history",
          "davit history",
        );
      assertEquals([ours.code, theirs.code], [0, 0], ours.stderr);
      const text = normal(decoder.decode(ours.stdout));
      assertEquals(
        text,
        normal(decoder.decode(theirs.stdout)),
        words.join(" "),
      );
      assertEquals(normal(ours.stderr), normal(theirs.stderr), words.join(" "));
      return text;
    };
    const listed = await compare("history", "ls", "--format", "{{.FullRef}}");
    assertMatch(listed, /^pair\/b\/\w+\npair\/a\/\w+\n$/);
    const [second, first] = listed.trim().split("\n").map((full) =>
      full.split("/")[2]!
    ) as [string, string];
    await compare("history", "inspect", "^0");
    assertMatch(
      await compare("history", "inspect", first),
      new RegExp(`dashboard/build/pair/a/${first}\n$`),
    );
    await compare("history", "logs", "^1");
    await compare(
      "history",
      "inspect",
      "attachment",
      "--type=provenance",
      "^1",
    );
    const usage = await compare("du", "--format", "{{.ID}} {{.Size}}");
    assert(usage.trim().split("\n").length >= 4, usage);
    await compare("du");

    const apart = await davit("history", "export", "-o", "x", first, second);
    assertEquals([apart.code, apart.stderr], [
      1,
      "ERROR: the builds are on several nodes, and a file has those of one: name builds of one node\n",
    ]);
    const exported = await davit("history", "export", "-o", "x", first);
    assertEquals(exported.code, 0, exported.stderr);
    assert((await Deno.stat(`${folder}/x`)).size > 500);
    const pruned = await davit("prune", "-af");
    assertEquals(pruned.code, 0, pruned.stderr);
    assertEquals((await davit("du", "--format={{.ID}}")).stdout.length, 0);

    // BuildKit 0.25 ends itself where a record was looked at by its id: these
    // daemons are asked for no more by docker's command.
    const wrong = await davit("history", "rm", first, "none");
    assertEquals([wrong.code, wrong.stderr], [
      1,
      'ERROR: no record found for ref "none"\n',
    ]);
    for (
      const [words, left] of [
        [[first], `${second}\n`],
        [["--all"], ""],
      ] as const
    ) {
      const removed = await davit("history", "rm", ...words);
      assertEquals([removed.code, removed.stderr], [0, ""]);
      const rest = await davit("history", "ls", "--format={{.Ref}}");
      assertEquals(decoder.decode(rest.stdout), left);
    }
    const none = await davit("history", "logs", "--builder", "nobody");
    assertEquals(none.code, 1);
    assertMatch(none.stderr, /nobody/);
  });
});
