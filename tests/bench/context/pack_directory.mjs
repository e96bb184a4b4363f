/** How the clients that take a tar stream get one: by tar-fs, as dockerode's examples do. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { relative } from "node:path";
import process from "node:process";

/** Finds the packages that are installed where the client runs. */
export const require = createRequire(`${process.cwd()}/`);

/** A tar stream of the directory, without what its ignore file names. */
export function packDirectory(path) {
  return require("tar-fs").pack(path, ignoreOption(path));
}

/** tar-fs reads no ignore file; dockerode makes it skip in this way. */
function ignoreOption(folder) {
  let text;
  try {
    text = readFileSync(`${folder}/.dockerignore`, "utf8");
  } catch {
    return {}; // There is none.
  }
  const takes = require("@balena/dockerignore")({ ignorecase: false })
    .add(text).createFilter();
  return {
    ignore: (name) => name !== folder && !takes(relative(folder, name)),
  };
}
