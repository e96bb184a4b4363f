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
    const tags = ["davit-test/shown:one", "davit-test/shown:two"] as const;
    const one = build(tags[0], "RUN echo from-one && sleep 0.2");
    const two = build(tags[1], "RUN echo from-two && exit 3");
    const three = build("davit-test/shown:three", "RUN echo from-three");
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
      assert(/^(davit-test\/shown:(one|two)|third) \|( |$)/.test(line), line);
    }
    const saying = (name: string, word: string) =>
      lines.some((line) =>
        line.startsWith(`${name} | #`) && line.endsWith(` ${word}`)
      );
    assert(saying(tags[0], "from-one"), text);
    assert(saying(tags[1], "from-two"), text);
    assert(saying("third", "from-three"), text);
    assert(lines.some((line) => /shown:two \| #\d+ ERROR: /.test(line)), text);
    for (const tag of [tags[0], "davit-test/shown:three"]) {
      await docker.imageDelete(tag, { force: true });
    }
  },
);
