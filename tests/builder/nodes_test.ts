/** What nodes are refused before one of them is asked anything. */
import { Builder, openBuilder } from "../../mod.ts";
import { assert, assertRejects } from "../support/assert.ts";
import { makeAuthority } from "../support/certificates.ts";
import { withTempFolder } from "../support/folder.ts";

const NODES = [
  { name: "a", address: "unix:///none/a.sock" },
  { name: "b", address: "unix:///none/b.sock" },
];

Deno.test("the authority of a registry is a certificate from anywhere: anything else is refused at once", async () => {
  const { ca } = await makeAuthority();
  await withTempFolder(async (folder) => {
    const path = `${folder}/ca.pem`;
    await Deno.writeTextFile(path, ca);
    await Deno.writeTextFile(`${folder}/text`, "no certificate");
    const wrong: [unknown, string][] = [
      [`${folder}/none`, "can not be read"],
      [`${folder}/text`, "holds no CERTIFICATE in PEM"],
      [[ca, ca.slice(0, 100)], "damaged, or was cut off"],
      [7, "a certificate is a path, a file: URL, or PEM as bytes or text"],
      [[7], "a certificate is a path"],
      [{}, "a certificate is a path"],
    ];
    for (const [registryCa, why] of wrong) {
      const options = { registryCa: registryCa as string };
      for (
        const open of [
          () => Builder.fromNodes(NODES, options),
          () => openBuilder("none", options),
        ]
      ) {
        const error = await assertRejects(open, TypeError, why);
        assert(error.message.startsWith("Cannot use the option registryCa: "));
      }
    }
    const url = new URL(`file://${path}`);
    const bytes = new TextEncoder().encode(ca);
    for (
      const registryCa of [undefined, [], ca, path, url, bytes, [
        `# Its issuer\n${ca}`,
        path,
      ]]
    ) {
      await using _builder = await Builder.fromNodes(NODES, { registryCa });
    }
  });
});
