import { acceptAll, type Acceptor } from "./acceptor.ts";
import { cannotListen } from "./listen.ts";

/**
 * The longest path of a Unix socket on Linux: 108 bytes with the NUL at its
 * end.
 */
const MAX_PATH_BYTES = 107;

/**
 * How many random folder names are tried before it counts as an error that they
 * exist.
 */
const MAX_TRIES = 100;

const encoder = new TextEncoder();

/**
 * Listens at a Unix socket that no other user can connect to at any time.
 *
 * @throws {ConnectionError} If the socket can't be made.
 * @throws {TypeError} If its path is too long, or something is there already.
 */
export async function listenUnix(path: string): Promise<Acceptor> {
  const parent = path.includes("/") ? path.replace(/[^/]*$/, "") : "./";
  const longest = [path, `${parent}.xy/s`]
    .map((path) => encoder.encode(path).length);
  if (Math.max(...longest) > MAX_PATH_BYTES) {
    throw new TypeError(
      `Cannot serve a gateway at ${
        JSON.stringify(path)
      }: its path is too long for a socket's, which has ${MAX_PATH_BYTES} bytes`,
    );
  }
  let open: Deno.UnixListener;
  try {
    await checkFree(path);
    open = await bind(path, parent);
  } catch (cause) {
    if (cause instanceof TypeError) throw cause;
    throw cannotListen(
      JSON.stringify(path),
      cause,
      cause instanceof Deno.errors.NotFound
        ? `there is no folder ${parent}; make it first`
        : undefined,
    );
  }
  const { ino } = await Deno.lstat(path);
  return {
    address: `unix://${await Deno.realPath(path)}`,
    hosts: undefined,
    connections: acceptAll(open),
    async close() {
      open.close();
      // Another program's socket may be at the path by now: only our own is
      // removed.
      const info = await Deno.lstat(path).catch(() => undefined);
      if (info?.ino === ino) await Deno.remove(path);
    },
  };
}

/**
 * Makes the socket in a folder that only this user can enter, and moves it when
 * its mode is set.
 */
async function bind(
  path: string,
  parent: string,
): Promise<Deno.UnixListener> {
  const folder = await makeShortFolder(parent);
  let listener: Deno.UnixListener | undefined;
  try {
    listener = Deno.listen({ transport: "unix", path: `${folder}/s` });
    await Deno.chmod(`${folder}/s`, 0o600);
    await Deno.rename(`${folder}/s`, path);
    return listener;
  } catch (error) {
    listener?.close();
    throw error;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/**
 * Makes a folder for this user alone. Its name is short: the whole path has to
 * fit.
 */
async function makeShortFolder(parent: string): Promise<string> {
  for (let tries = 1;; tries++) {
    const name = crypto.randomUUID().slice(0, 2);
    const folder = `${parent}.${name}`;
    try {
      await Deno.mkdir(folder, { mode: 0o700 });
      return folder;
    } catch (error) {
      if (
        !(error instanceof Deno.errors.AlreadyExists) || tries === MAX_TRIES
      ) {
        throw error;
      }
    }
  }
}

/**
 * Checks that there is nothing at the path, or a socket at which nobody listens
 * any more.
 *
 * @throws {TypeError} If there is anything else.
 */
async function checkFree(path: string): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  if (!info.isSocket) {
    throw new TypeError(
      `Cannot serve a gateway at ${
        JSON.stringify(path)
      }: there is something else`,
    );
  }
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return; // the new socket takes its place
  }
  throw new TypeError(
    `Cannot serve a gateway at ${
      JSON.stringify(path)
    }: something listens there already`,
  );
}
