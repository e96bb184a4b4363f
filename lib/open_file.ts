import * as fs from "node:fs";

// These flags are the reason for `node:fs`, because Deno.open has none. Opening
// a FIFO does not wait for its other end, and a terminal does not become the
// program's own.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0) |
  (fs.constants.O_NOCTTY ?? 0);

/** The kind, size and times of an open file. */
export type OpenFileInfo = fs.Stats;

/**
 * The system could not read a file: for example, a folder has replaced it, or a
 * disk is broken.
 */
export class FileReadError extends Error {
  override readonly name = "FileReadError";

  /**
   * @param cause What `node:fs` threw; before Deno 2.8 its message has no code,
   * so it is added.
   */
  constructor(cause: unknown) {
    const { code = "", message } = cause as { code?: string; message: string };
    super(message.includes(code) ? message : `${code}: ${message}`, { cause });
  }
}

/**
 * A file that is read through its descriptor: replacing the file at its path
 * has no effect on it. Opening never waits, even for a FIFO; `info` tells what
 * kind of file it is.
 *
 * Import it when the first file is read, because it loads `node:fs`.
 */
export class OpenFile implements Disposable {
  /** The file descriptor. */
  readonly fd: number;

  /**
   * Opens a file for reading.
   *
   * @param links Whether a link at the end of the path is followed. Windows has
   * no such flag and always follows.
   * @throws {Error} If it can't be opened; `code` says why, as in `node:fs`:
   * `ELOOP` for a link that is not followed.
   */
  constructor(path: string, links: "follow" | "refuse") {
    const noFollow = links === "refuse" ? fs.constants.O_NOFOLLOW ?? 0 : 0;
    this.fd = fs.openSync(path, FLAGS | noFollow);
  }

  /** The file's current kind, size and times. */
  get info(): OpenFileInfo {
    return fs.fstatSync(this.fd);
  }

  /**
   * Reads the next bytes into the buffer.
   *
   * It blocks the program, so use it only for data that does not have to be
   * waited for.
   *
   * @returns The number of bytes; 0 at the end.
   * @throws {FileReadError} If the system can't read it.
   */
  readSync(buffer: Uint8Array<ArrayBuffer>): number {
    try {
      return fs.readSync(this.fd, buffer, 0, buffer.length, null);
    } catch (cause) {
      throw new FileReadError(cause);
    }
  }

  /**
   * Reads bytes into the buffer: the next ones, or those at a position.
   *
   * @param position Where in the file; the file's own position then stays.
   * @returns The number of bytes; 0 at the end.
   * @throws {FileReadError} If the system can't read it.
   */
  read(
    buffer: Uint8Array<ArrayBuffer>,
    position: number | null = null,
  ): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.fd, buffer, 0, buffer.length, position, (error, count) => {
        if (error) reject(new FileReadError(error));
        else resolve(count);
      });
    });
  }

  /** Closes the file. No read may be running. */
  [Symbol.dispose](): void {
    fs.closeSync(this.fd);
  }
}

/**
 * The real path of an open file, as the system reports it, whichever path it
 * was opened by.
 *
 * @throws {Error} If the system does not report it, or this program may not
 * ask.
 */
export function placeOf(fd: number): string {
  return fs.readlinkSync(`/proc/self/fd/${fd}`);
}

const PERMISSIONS: readonly Deno.PermissionName[] = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "sys",
  "ffi",
];

/**
 * Whether {@linkcode placeOf} works here: it needs Linux, and Deno allows to
 * read /proc only with all permissions.
 */
export function mayAskForPlaces(): boolean {
  return Deno.build.os === "linux" &&
    PERMISSIONS.every((name) =>
      Deno.permissions.querySync({ name } as Deno.PermissionDescriptor)
        .state === "granted"
    ) && hasRealDescriptors();
}

/**
 * Whether descriptors of `node:fs` are those of the system. Before Deno 2.8
 * they are numbers of Deno's own.
 */
function hasRealDescriptors(): boolean {
  const fd = fs.openSync("/", fs.constants.O_RDONLY);
  try {
    return placeOf(fd) === "/";
  } catch {
    return false; // the link does not exist, or has another meaning
  } finally {
    fs.closeSync(fd);
  }
}
