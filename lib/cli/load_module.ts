/**
 * Loads a file of the command when it is needed.
 *
 * Deno reads every file that a program may import before it starts it, also
 * those of an import with a fixed path that comes later: for all commands
 * together that takes longer than `davit --help` itself. The path of an import
 * is not seen here, so only the files are read that one run needs. `deno cache`
 * and, from 2.7.12 on, `deno install` find the file by the type, and fetch it
 * with the others; with an older Deno it is fetched with its first use.
 *
 * From a checkout, Deno takes `--allow-read` for its files; from JSR it takes no
 * permission.
 *
 * @typeParam Module `typeof import("…")` of the same path.
 * @param path Path of the file, as seen from this folder.
 */
export async function loadModule<Module>(path: string): Promise<Module> {
  return await import(path);
}
