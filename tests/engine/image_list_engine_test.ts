import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { engineTest } from "../support/engines.ts";
import { dockerfileTar } from "../support/tar.ts";
import { UnsupportedError } from "../../mod.ts";

engineTest(
  "imageList() gives what was built, by filters, and imageDelete() takes it away",
  async ({ docker, cli, cliEnv }) => {
    const label = `davit.list=${crypto.randomUUID()}`;
    const [key = "", value = ""] = label.split("=");
    const name = `davit-test/list:${crypto.randomUUID()}`;
    const id = await docker.imageBuild(dockerfileTar("FROM scratch"), {
      tag: name,
      labels: { [key]: value },
    }).wait();
    const filters = { label: [label] };
    const images = await docker.imageList({ filters });
    assertEquals(images.map(({ Id }) => Id), [id]);
    const { RepoTags, Labels, Created, Size, RepoDigests } = images[0]!;
    assertEquals(RepoTags, [name]);
    assertEquals(Labels[key], value);
    assertEquals(typeof (Created + Size), "number");
    assert(Array.isArray(RepoDigests));
    const { stdout } = await new Deno.Command(cli!, {
      args: ["images", "-q", "--no-trunc", "--filter", `label=${label}`],
      env: cliEnv!,
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), id);
    assert((await docker.imageList()).some(({ Id }) => Id === id));
    assert((await docker.imageList({ all: true, digests: true })).length > 0);
    const gone = await docker.imageDelete(name, { force: true });
    assert(gone.some(({ Untagged }) => Untagged === name));
    assertEquals(await docker.imageList({ filters }), []);
  },
);

engineTest(
  "imageList() refuses what this engine would overlook",
  async ({ docker }) => {
    const [, minor] = (await docker.apiVersion()).split(".");
    for (
      const [option, since] of [["sharedSize", 42], ["manifests", 47]] as const
    ) {
      const list = () => docker.imageList({ [option]: true });
      if (Number(minor) >= since) assert(Array.isArray(await list()));
      else await assertRejects(list, UnsupportedError, option);
    }
  },
);
