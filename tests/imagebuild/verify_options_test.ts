import { DockerClient, type ImageBuildOptions } from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { startFakeEngine } from "../support/fake_engine.ts";

const SECRETS = { t: "value of the secret" };

Deno.test("verify: what can't be obeyed is refused before anything is sent", async () => {
  await using engine = await startFakeEngine(() => {});
  await using docker = await DockerClient.fromDockerHost(engine.host);
  const image = (attrs: Record<string, string>, type = "image") =>
    JSON.stringify([{ Type: type, Attrs: { name: "a:1", ...attrs } }]);
  const pushes = [
    image({ push: "true" }),
    image({ push: "" }),
    image({ push: "1" }),
    image({ "push-by-digest": "true" }),
    image({}, "registry"),
  ];
  const refused: [ImageBuildOptions, string][] = [
    ...pushes.map((outputs): [ImageBuildOptions, string] => [
      { secrets: SECRETS, outputs },
      "imagePush()",
    ]),
    [{}, "without secrets"],
    [{ secrets: {} }, "without secrets"],
  ];
  for (const [options, words] of refused) {
    for (const verify of [true, { keepTags: true }]) {
      await assertRejects(
        () =>
          docker.imageBuild(
            { dockerfile: { text: "FROM scratch\n" } },
            { ...options, verify },
          ).wait(),
        TypeError,
        words,
        Deno.inspect(options),
      );
    }
  }
  assertEquals(engine.requests.map(({ target }) => target), []);
  // An exporter that is told not to push is as good as none.
  const kept = docker.imageBuild({ dockerfile: { text: "FROM scratch\n" } }, {
    secrets: SECRETS,
    outputs: image({ push: "false" }),
    verify: true,
  });
  const error = await assertRejects(() => kept.wait());
  assertEquals(error instanceof TypeError, false, Deno.inspect(error));
});
