import { BuildRecord } from "../../lib/imagebuild/record.ts";
import { verifyResult } from "../../lib/imagebuild/verify.ts";
import type { Build } from "../../lib/imagebuild/build_way.ts";
import { SecretStore } from "../../lib/secrets/store.ts";
import { SecretLeakError } from "../../mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { withTempFolder } from "../support/folder.ts";

Deno.test("finds beyond those that are kept fail a build, also where all that are kept are ignored", async () => {
  await withTempFolder(async (folder) => {
    // A find for each value and file: a few more than are kept.
    const count = 320;
    const ids = Array.from({ length: count }, (_, index) => `id-${index}`);
    const secrets = Object.fromEntries(
      ids.map((id, index) => [id, `value-${1000 + index}`]),
    );
    const text = Object.values(secrets).join("\n");
    for (const id of ids) await Deno.writeTextFile(`${folder}/${id}`, text);
    const { signal } = new AbortController();
    let asked = 0;
    const build = {
      request: {
        verify: { ignore: () => ++asked > 0 },
        makesImage: false,
      },
      inputs: {
        secrets: await SecretStore.open(secrets, signal),
      },
      exports: {
        staged: () => Promise.resolve([{ label: "local", path: folder }]),
      },
      record: new BuildRecord(() => undefined, []),
      stop: signal,
      // An export has no names, and no engine is asked for it.
    } as unknown as Build;
    const error = await assertRejects(
      () => verifyResult(build, ""),
      SecretLeakError,
    );
    assert(asked > 10_000, `${asked}`);
    assertEquals([error.finds, error.findsLost], [[], count * count - asked]);
  });
});
