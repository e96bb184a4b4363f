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
      await makeWritable(path);
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Gives an ordinary user the right to remove what is in a folder. */
async function makeWritable(folder: string): Promise<void> {
  await Deno.chmod(folder, 0o700);
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) await makeWritable(`${folder}/${name}`);
  }
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
      const isShut = (info.mode! & 0o400) === 0;
      if (isShut) await Deno.chmod(at, 0o400);
      const content = await Deno.readFile(at);
      if (isShut) await Deno.chmod(at, info.mode! & 0o7777);
      const bytes = await crypto.subtle.digest("SHA-1", content);
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

/** How many files this process has open. */
export function openFiles(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
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
