/** Loads files of the command, by their paths as seen from this folder. */
export type ModuleLoaders = Readonly<Record<string, () => Promise<unknown>>>;

let loaders: ModuleLoaders = {};

/** Has files loaded as is said here, and not by their paths. */
export function provideModules(modules: ModuleLoaders): void {
  loaders = modules;
}

/**
 * Loads a file of the command when it is needed.
 *
 * Deno reads every file that a program may import before it starts it, also
 * those of an import with a fixed path that comes later: for all commands
 * together that takes longer than `davit --help` itself. The path of an import
 * is not seen here, so only the files are read that one run needs. `deno cache`
 * and, from 2.7.12 on, `deno install` find the file by the type, and fetch it
 * with the others; with an older Deno it is fetched with its first use. `deno
 * compile` and `deno bundle` do not find it; for them is `standalone.ts`.
 *
 * From a checkout, Deno takes `--allow-read` for its files; from JSR it takes no
 * permission.
 *
 * @typeParam Module `typeof import("…")` of the same path.
 * @param path Path of the file, as seen from this folder.
 * @throws {UnsupportedError} If `deno compile` left the file out.
 */
export async function loadModule<Module>(path: string): Promise<Module> {
  const loader = loaders[path];
  if (loader !== undefined) return await loader() as Module;
  try {
    return await import(path);
  } catch (error) {
    if (!Deno.build.standalone) throw error;
    const { UnsupportedError } = await import("../errors.ts");
    throw new UnsupportedError(
      "deno compile",
      `deno compile has left out ${path} of davit's command; compile jsr:@davit/build/standalone in place of jsr:@davit/build/cli`,
      { cause: error },
    );
  }
}
