import { ProtocolError } from "../errors.ts";
import { FileMode, type Stat } from "./packets.ts";
import { byteLength, quoted } from "./entry_path.ts";

/** Longest target of a symlink, in bytes. */
const MAX_TARGET_BYTES = 4095;

/** `chmod`'s bits from those of Go's `os.FileMode`. */
export function permissions(mode: number): number {
  return (mode & 0o777) +
    (mode & FileMode.SETUID ? 0o4000 : 0) +
    (mode & FileMode.SETGID ? 0o2000 : 0) +
    (mode & FileMode.STICKY ? 0o1000 : 0);
}

/**
 * Checks the numbers of an entry.
 *
 * @throws {ProtocolError} If no file has such ones.
 */
export function checkNumbers({ path, mode, size }: Stat): void {
  if (mode < 0 || mode > 0xffffffff || size < 0) {
    throw new ProtocolError(
      `The engine sent ${
        quoted(path)
      } with an impossible mode or size: nothing of it was kept`,
    );
  }
}

/**
 * Checks the target of a symlink, as far as a system would.
 *
 * @throws {ProtocolError} If no symlink has such a one.
 */
export function checkTarget(path: string, target: string): void {
  if (
    target === "" || target.includes("\0") ||
    byteLength(target) > MAX_TARGET_BYTES
  ) {
    throw new ProtocolError(
      `The engine sent ${
        quoted(path)
      } as a symlink that no system can have: nothing of it was kept`,
    );
  }
}
