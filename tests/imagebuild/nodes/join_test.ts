import type { Build } from "../../../lib/imagebuild/build_way.ts";
import { joinImages } from "../../../lib/imagebuild/nodes/join.ts";
import { checkRequest } from "../request.ts";
import { CredentialStore } from "../../../lib/credentials/store.ts";
import { parseIndex } from "../../../lib/registry/descriptor.ts";
import { Registries } from "../../../lib/registry/registries.ts";
import { RegistryError } from "../../../lib/registry/registry_error.ts";
import { putForm } from "../../imagetools/images.ts";
import { memoryRegistry } from "../../registry/memory_registry.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

Deno.test("what nodes pushed becomes one index with all names and the annotations of an index", async () => {
  await using registry = memoryRegistry();
  using registries = new Registries({});
  const name = `${registry.host}/app`;
  const repository = await registries.repository(name);
  const digests: string[] = [];
  for (const architecture of ["amd64", "arm64"]) {
    const form = { architecture, attested: true };
    digests.push((await putForm(repository, architecture, form)).digest);
  }
  const build = (insecure = "false") => ({
    request: checkRequest({
      tag: [`${name}:1`, `${name}`],
      outputs: { type: "registry", attrs: { "registry.insecure": insecure } },
      platform: ["linux/amd64", "linux/arm64"],
      annotations: {
        "index:a": "1",
        "manifest-descriptor[linux/arm64]:b": "2",
        "manifest:c": "3",
        d: "4",
      },
    }, { kind: "remote", url: "x" }),
    inputs: { logins: new CredentialStore() },
    stop: new AbortController().signal,
  } as unknown as Build);
  const joined = await joinImages(build(), digests, {});
  const stored = await repository.getManifest("1");
  assertEquals(stored.descriptor, joined.descriptor);
  assertEquals((await repository.getManifest("latest")).bytes, stored.bytes);
  const { manifests, annotations } = parseIndex(stored.bytes);
  assertEquals(annotations, { a: "1" });
  assertEquals(
    manifests.map(({ annotations = {} }) => Object.keys(annotations)),
    [
      [],
      ["vnd.docker.reference.digest", "vnd.docker.reference.type"],
      ["b"],
      ["vnd.docker.reference.digest", "vnd.docker.reference.type"],
    ],
  );
  assertEquals(joined.digest, joined.descriptor.digest);
  assertEquals(joined.platforms, [
    { platform: "linux/amd64", digest: manifests[0]!.digest },
    { platform: "linux/arm64", digest: manifests[2]!.digest },
  ]);
  assertEquals(
    (await joinImages(build("true"), digests, {})).digest,
    joined.digest,
  );
  await assertRejects(
    () => joinImages(build(), [digests[0]!, `sha256:${"0".repeat(64)}`], {}),
    RegistryError,
    "does not have it",
  );
});
