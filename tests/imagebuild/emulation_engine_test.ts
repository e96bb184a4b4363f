import { BuildError } from "../../mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { SALT } from "../support/builds.ts";
import { withTempFolder } from "../support/folder.ts";
import { bothWaysTest } from "../support/ways.ts";

/** The least program for a processor that no engine of these tests has. */
function foreignProgram(): Uint8Array {
  const bytes = new Uint8Array(128);
  const view = new DataView(bytes.buffer);
  // A header of ELF, 64 bits, little-endian.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 243, true); // for riscv64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x400078n, true); // where it begins
  view.setBigUint64(32, 64n, true); // where its parts are listed
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true); // one part, to be loaded as a whole
  view.setUint32(68, 5, true);
  view.setBigUint64(80, 0x400000n, true);
  view.setBigUint64(88, 0x400000n, true);
  view.setBigUint64(96, 128n, true);
  view.setBigUint64(104, 128n, true);
  view.setBigUint64(112, 4096n, true);
  return bytes;
}

bothWaysTest(
  "a step for a platform without emulation fails with a sentence that says so",
  async ({ docker }) => {
    await withTempFolder(async (folder) => {
      await Deno.writeTextFile(
        `${folder}/Dockerfile`,
        `FROM scratch\n${SALT}\nCOPY program /program\nRUN ["/program"]\n`,
      );
      await Deno.writeFile(`${folder}/program`, foreignProgram(), {
        mode: 0o755,
      });
      const error = await assertRejects(
        () =>
          docker.imageBuild(folder, {
            networkmode: "none",
            platform: "linux/riscv64",
          }).wait(),
        BuildError,
      );
      assertStringIncludes(
        error.message,
        "the engine's machine can't run this program (exec format error): steps for linux/riscv64 need emulation there",
      );
      assertStringIncludes(error.message, "--install riscv64");
      assertEquals(error.detail.includes("emulation"), false);
    });
  },
);
