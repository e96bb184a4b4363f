import * as fs from "node:fs";

// Deno.open knows none of these flags. A FIFO that stands where a file is
// expected does not hold the program up, and a terminal is not taken over.
const FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0) |
  (fs.constants.O_NOCTTY ?? 0);

/** What an open descriptor leads to. */
export type OpenFileInfo = fs.Stats;

/** The system's answer to a read: a folder took the file's place, a disk is broken. */
export class FileReadError extends Error {
  override readonly name = "FileReadError";

  /** @param cause What `node:fs` threw; before Deno 2.8 its sentence has no code. */
  constructor(cause: unknown) {
    const { code = "", message } = cause as { code?: string; message: string };
    super(message.includes(code) ? message : `${code}: ${message}`, { cause });
  }
}

/**
 * A file that is read by its descriptor: whoever exchanges what its path leads
 * to changes nothing any more. Opening never waits, whatever is there; `info`
 * says what it is.
 *
 * Loads `node:fs`: to be imported when the first file is read.
 */
export class OpenFile implements Disposable {
  /** The descriptor. */
  readonly fd: number;

  /**
   * Opens what is at a path, to be read.
   *
   * @param links Whether a link in the path's last place is followed. Windows
   * knows no such flag, and follows.
   * @throws {Error} If it can't be opened; `code` says why, as in `node:fs`:
   * `ELOOP` for a link that is not followed.
   */
  constructor(path: string, links: "follow" | "refuse") {
    const noFollow = links === "refuse" ? fs.constants.O_NOFOLLOW ?? 0 : 0;
    this.fd = fs.openSync(path, FLAGS | noFollow);
  }

  /** What was opened, as it is now. */
  get info(): OpenFileInfo {
    return fs.fstatSync(this.fd);
  }

  /**
   * The next bytes; 0 at the end. Only for what the system has at hand: it holds the
   * program up.
   *
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
   * The next bytes; 0 at the end.
   *
   * @throws {FileReadError} If the system can't read it.
   */
  read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.fd, buffer, 0, buffer.length, null, (error, count) => {
        if (error) reject(new FileReadError(error));
        else resolve(count);
      });
    });
  }

  /** Closes the file; no read may be under way. */
  [Symbol.dispose](): void {
    fs.closeSync(this.fd);
  }
}

/**
 * Where an open file is, as the system tells it, whatever path led there.
 *
 * @throws {Error} Where the system does not tell, or not to this program.
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

/** Whether {@linkcode placeOf} can be asked: Deno keeps /proc for programs that may do everything. */
export function mayAskForPlaces(): boolean {
  return Deno.build.os === "linux" &&
    PERMISSIONS.every((name) =>
      Deno.permissions.querySync({ name } as Deno.PermissionDescriptor)
        .state === "granted"
    ) && hasRealDescriptors();
}

/** Before Deno 2.8 a descriptor of `node:fs` is a number of Deno's own, and no descriptor. */
function hasRealDescriptors(): boolean {
  const fd = fs.openSync("/", fs.constants.O_RDONLY);
  try {
    return placeOf(fd) === "/";
  } catch {
    return false; // there is nothing, or something that has no place
  } finally {
    fs.closeSync(fd);
  }
}
