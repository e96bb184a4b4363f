/**
 * Receives a hostile stream with the limits that an export has by default, in a
 * process of its own: its memory is what is tested.
 *
 *     deno run -A --v8-flags=--max-old-space-size=MB hostile_program.ts NAME DEST
 *
 * Prints how it ended.
 */
import { checkExport } from "../../lib/exporter/output.ts";
import { packets, play } from "./script.ts";

const { data, end, file, folder } = packets;

const SCRIPTS: Record<string, () => Iterable<Uint8Array>> = {
  *entries() {
    for (let count = 0; count < 10_000_000; count++) {
      yield file(`f${String(count).padStart(8, "0")}`, 1);
    }
  },
  *paths() {
    let under = "";
    for (let depth = 0; depth < 13; depth++) {
      under += "x".repeat(250);
      yield folder(under);
      under += "/";
    }
    for (let count = 0; count < 10_000_000; count++) {
      yield file(`${under}${String(count).padStart(8, "0")}`, 1);
    }
  },
  *targets() {
    for (let count = 0; count < 10_000_000; count++) {
      yield packets.hardlink(
        `l${String(count).padStart(8, "0")}`,
        `${"x".repeat(250)}/`.repeat(13) + count,
      );
    }
  },
  *crumbs() {
    const [files, size] = [4, 256 * 1024];
    for (let id = 0; id < files; id++) yield file(`f${id}`, size);
    yield end();
    for (let at = 0; at < size; at++) {
      for (let id = 0; id < files; id++) yield data(id, "x");
    }
    yield data(0, "one too many");
  },
};

const [name = "", dest] = Deno.args;
const { exporter } = checkExport("local", { dest });
await exporter.prepare();
const stream = play(SCRIPTS[name]!());
try {
  await exporter.receive(stream);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const said = `${stream.count}: ${error.name}: ${error.message}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(said));
} finally {
  await exporter.discard();
}
