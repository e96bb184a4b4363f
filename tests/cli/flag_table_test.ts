/** The tables of the command's page are held against the command. */
import { BUILD_FLAGS } from "../../lib/cli/build_flags.ts";
import { UsageError } from "../../lib/cli/exit.ts";
import { parseWords } from "../../lib/cli/flag.ts";
import { refuseFlags } from "../../lib/cli/refused_flags.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { flagTable, ownFlags } from "./flag_table.ts";

Deno.test("the page says of each flag of buildx what becomes of it, and it does", async () => {
  for (const [name, state] of await flagTable()) {
    const flag = BUILD_FLAGS.find((flag) => flag.name === name);
    assert(flag !== undefined, name);
    const word = flag.value === undefined ? `--${name}` : `--${name}=x`;
    const parsed = parseWords([word], BUILD_FLAGS);
    if (state === "not yet") {
      assertThrows(() => refuseFlags(parsed), UsageError, "can't be used");
      assertEquals(flag.help, undefined, name);
    } else {
      assert(["same", "different"].includes(state), `${name}: ${state}`);
      refuseFlags(parsed);
      assert(flag.help !== undefined, name);
    }
  }
});

Deno.test("flags that are in the help, and none of buildx's, are listed as davit's own", async () => {
  const table = await flagTable();
  assertEquals(
    (await ownFlags()).toSorted(),
    BUILD_FLAGS.filter(({ name, help }) =>
      help !== undefined && !table.has(name)
    )
      .map(({ name }) => name).toSorted(),
  );
});
