/** A private folder for one test. */
export interface Scratch extends AsyncDisposable {
  /** Its path. */
  readonly path: string;
}

/** Makes a folder, and removes it with all that is in it. */
export async function scratch(): Promise<Scratch> {
  const path = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "davit-exporter-" }),
  );
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Everything below a folder: type, permissions, time, links and content by path. */
export async function listing(
  root: string,
  under = "",
): Promise<Record<string, string>> {
  const list: Record<string, string> = {};
  for await (const { name } of Deno.readDir(`${root}/${under}`)) {
    const path = under + name;
    const at = `${root}/${path}`;
    const info = await Deno.lstat(at);
    const mode = ((info.mode ?? 0) & 0o7777).toString(8);
    const time = info.mtime!.toISOString();
    if (info.isSymlink) list[path] = `-> ${await Deno.readLink(at)} ${time}`;
    else if (info.isDirectory) {
      list[path] = `folder ${mode} ${time}`;
      Object.assign(list, await listing(root, `${path}/`));
    } else {
      const bytes = await crypto.subtle.digest(
        "SHA-1",
        await Deno.readFile(at),
      );
      list[path] = `file ${mode} ${time} ×${info.nlink} ${info.size} ${
        new Uint8Array(bytes).toHex()
      }`;
    }
  }
  return list;
}

/** The names in a folder, sorted. */
export async function names(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(folder)) found.push(name);
  return found.sort();
}

/** Puts something in the place of a system call's function, until it is disposed of. */
export function replaced<T, Name extends keyof T>(
  object: T,
  name: Name,
  make: (original: T[Name]) => T[Name],
): Disposable {
  const original = object[name];
  object[name] = make(original);
  return {
    [Symbol.dispose]() {
      object[name] = original;
    },
  };
}
