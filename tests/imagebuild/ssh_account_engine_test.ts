import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { bothWaysTest } from "../support/ways.ts";
import { withTempFolder } from "../support/folder.ts";
import { dockerfileTar } from "../support/tar.ts";
import { makeKey } from "../ssh/openssh.ts";
import type { BuildEvent } from "../../mod.ts";

bothWaysTest(
  "ssh ids that are missing, and those that nobody asks for, are told",
  ({ docker }) =>
    withTempFolder(async (folder) => {
      const key = await makeKey(`${folder}/key`);
      const build = docker.imageBuild(
        dockerfileTar(
          "FROM davit-test/base",
          "RUN --mount=type=ssh,id=given --mount=type=ssh,id=absent true",
        ),
        {
          nocache: true,
          networkmode: "none",
          ssh: { given: { keys: [key.path] }, spare: { keys: [key.path] } },
        },
      );
      const events: BuildEvent[] = [];
      for await (const event of build.events()) events.push(event);
      assertEquals(
        events.flatMap((event) =>
          event.type === "ssh" ? [`${event.id} ${event.state}`] : []
        ).sort(),
        ["absent missing", "given used", "spare unused"],
      );
      const { warnings } = await build.result();
      assertEquals(warnings.map(({ code }) => code), [
        "ssh-unused",
        "ssh-missing",
      ]);
      assertStringIncludes(warnings[0]!.short, '"spare"');
      assertStringIncludes(warnings[1]!.short, '"absent"');
    }),
);
