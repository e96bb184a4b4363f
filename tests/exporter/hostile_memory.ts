import { assertEquals, assertStringIncludes } from "../support/assert.ts";
import { names, scratch } from "./scratch.ts";

/**
 * Tests that a hostile stream is received in so much memory, and how it ends:
 * a process that needs more than it may have is ended by its signal.
 *
 * @param what What is sent.
 * @param words How `hostile_program.ts` says that it ended.
 */
export function hostileMemory(
  what: string,
  { script, megabytes }: {
    readonly script: string;
    readonly megabytes: number;
  },
  words: string,
): void {
  Deno.test(`FolderExporter takes ${what} within ${megabytes} MB`, async () => {
    await using place = await scratch();
    const program = new URL("hostile_program.ts", import.meta.url);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check"],
        `--v8-flags=--max-old-space-size=${megabytes}`,
        ...[program.href, script, `${place.path}/dest`],
      ],
    }).output();
    const [said, failed] = [stdout, stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    assertStringIncludes(said!, words, failed!.slice(0, 1000));
    assertEquals(code, 0);
    assertEquals(await names(place.path), []);
  });
}
