/**
 * Sends 400,000 small files that exist nowhere, and prints the most memory that
 * the system gave to the program meanwhile, in MB. The argument says for how
 * many of them the engine asks: `none` or `all`.
 */
import "../../mod.ts";
import type { Local } from "../../lib/fsutil/local.ts";
import { sendLocal } from "../../lib/fsutil/send.ts";
import { ScriptedEngine } from "../fsutil/scripted_engine.ts";

const FOLDERS = 4000;
const FILES = 100;

const content = new Uint8Array(2048);
const local: Local = {
  *entries() {
    const common = { mode: 0o644, mtimeMs: 1.7e12, stamp: 0, major: 0 };
    const rest = {
      ...common,
      minor: 0,
      target: undefined,
      hardlink: undefined,
    };
    for (let folder = 10_000; folder < 10_000 + FOLDERS; folder++) {
      const path = `node_modules/package-${folder}`;
      yield { ...rest, path, type: "directory", size: 0 };
      for (let file = 100; file < 100 + FILES; file++) {
        const name = `${path}/some-module-name-${file}.js`;
        yield { ...rest, path: name, type: "file", size: content.length };
      }
    }
  },
  content: () => content,
};

const all = Deno.args[0] === "all";
let asked = 0;
let ended = 0;
let listed = false;
const engine = new ScriptedEngine({
  onStat({ mode }, id, engine) {
    if (!all || mode > 0o7777) return;
    asked++;
    engine.ask(id);
  },
  onListed(engine) {
    listed = true;
    if (ended === asked) engine.finish();
  },
  onData(_id, data, engine) {
    if (data.length === 0 && ++ended === asked && listed) engine.finish();
  },
});
const counts = await sendLocal(engine.stream, local, {
  include: [],
  exclude: [],
  follow: [],
});
if (counts.files !== FOLDERS * FILES || counts.filesSent !== asked) {
  throw new Error(JSON.stringify(counts));
}
const status = await Deno.readTextFile("/proc/self/status");
const [, peak] = /^VmHWM:\s*(\d+) kB/m.exec(status)!;
await Deno.stdout.write(
  new TextEncoder().encode(String(Math.round(Number(peak) / 1024))),
);
