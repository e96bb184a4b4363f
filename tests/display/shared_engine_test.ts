import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { BuildError, displayBuild } from "../../mod.ts";

engineTest(
  "builds that run at a time share an output, each under its name",
  async ({ docker }) => {
    let text = "";
    const output = new WritableStream<Uint8Array>({
      write: (chunk) => {
        text += new TextDecoder().decode(chunk);
      },
    });
    const build = (tag: string, ...lines: string[]) =>
      docker.imageBuild(dockerfileTar("FROM davit-test/base", ...lines), {
        tag,
        nocache: true,
        networkmode: "none",
      });
    const name = `davit-test/shown-${crypto.randomUUID().slice(0, 8)}`;
    const tags = [`${name}:one`, `${name}:two`] as const;
    const one = build(tags[0], "RUN echo from-one && sleep 0.2");
    const two = build(tags[1], "RUN echo from-two && exit 3");
    const three = build(`${name}:three`, "RUN echo from-three");
    const options = { mode: "plain", output } as const;
    await Promise.all([
      displayBuild(one, options),
      assertRejects(
        () => displayBuild(two, options),
        BuildError,
        "exit code: 3",
      ),
      displayBuild(three, { ...options, name: "third" }),
    ]);
    assertEquals(output.locked, false);
    const lines = text.trimEnd().split("\n");
    for (const line of lines) {
      const [before] = line.split(" |", 1);
      assert([...tags, "third"].includes(before!), line);
    }
    const saying = (name: string, word: string) =>
      lines.some((line) =>
        line.startsWith(`${name} | #`) && line.endsWith(` ${word}`)
      );
    assert(saying(tags[0], "from-one"), text);
    assert(saying(tags[1], "from-two"), text);
    assert(saying("third", "from-three"), text);
    const failed = lines.filter((line) => / \| #\d+ ERROR: /.test(line));
    assert(failed.some((line) => line.startsWith(`${tags[1]} |`)), text);
    for (const tag of [tags[0], `${name}:three`]) {
      await docker.imageDelete(tag, { force: true });
    }
  },
);
