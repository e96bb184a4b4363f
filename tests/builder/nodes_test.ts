/** What nodes are refused before one of them is asked anything. */
import { Builder, openBuilder } from "../../mod.ts";
import { assertRejects } from "../support/assert.ts";

const NODES = [
  { name: "a", address: "unix:///none/a.sock" },
  { name: "b", address: "unix:///none/b.sock" },
];

Deno.test("the authority of a registry is the text of a certificate: anything else is refused at once", async () => {
  const words =
    "Cannot use the option registryCa: expected the text of a certificate";
  for (const registryCa of ["ca.pem", ["-----BEGIN", "ca.pem"], 7, [7], {}]) {
    const options = { registryCa: registryCa as string };
    for (
      const open of [
        () => Builder.fromNodes(NODES, options),
        () => openBuilder("none", options),
      ]
    ) await assertRejects(open, TypeError, words);
  }
  for (const registryCa of [undefined, [], "-----BEGIN CERTIFICATE-----"]) {
    await using _builder = await Builder.fromNodes(NODES, { registryCa });
  }
});
