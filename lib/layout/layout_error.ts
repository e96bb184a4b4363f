import { ExportError } from "../exporter/export_error.ts";
import { plainWords } from "../exporter/held_names.ts";

/**
 * A folder in OCI's image layout can't be used: it is not there, can't be read
 * or written, is full, or does not hold what it should.
 */
export class LayoutError extends Error {
  /** Always `LayoutError`. */
  override readonly name: string = "LayoutError";
  /** The folder, as the caller named it. */
  readonly path: string;

  /** Names the folder. */
  constructor(path: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/** What to do about what the system says, by its codes. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: "it is not there",
  ENOTDIR: "something is in the place of a folder",
  ELOOP: "a link is in the place of a file",
  ENOSPC: "no space is left there; free some, or take a folder elsewhere",
  EDQUOT:
    "no more space is granted to this user there; free some, or take a folder elsewhere",
  EROFS: "its file system can only be read; take a folder that can be written",
  EACCES:
    "this user has not the permissions for it; change them, or take another folder",
  EPERM:
    "this user has not the permissions for it; change them, or take another folder",
};

/**
 * The error for a folder that can't be used, with what the system says of it
 * and what to do about that.
 *
 * @param action What is not possible: `read` or `write`.
 * @param what What of the folder is meant, such as a file's name; empty for the
 * folder itself.
 */
export function layoutError(
  path: string,
  action: "read" | "write",
  what: string,
  cause?: unknown,
): LayoutError {
  if (cause instanceof LayoutError) return cause;
  const isExchanged = cause instanceof ExportError &&
    cause.message.includes("was exchanged");
  const words = isExchanged
    ? "it, or a folder of it or above it, is a link or was exchanged for another one; take a folder that nobody else writes to"
    : WORDS[codeOf(cause)];
  const said = cause instanceof Error && !isExchanged
    ? plainWords(cause)
    : undefined;
  return new LayoutError(
    path,
    [
      `Cannot ${action} the OCI layout ${JSON.stringify(path)}`,
      ...(what === "" ? [] : [what]),
      ...(words === undefined ? [] : [words]),
      ...(said === undefined ? [] : [said]),
    ].join(": "),
    cause === undefined ? {} : { cause },
  );
}

/** Whether the system says that something does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === "ENOENT";
}

/** The system's code for an error; empty if it has none. */
function codeOf(error: unknown): string {
  const { code, cause } = Object(error) as { code?: string; cause?: unknown };
  return code ?? (Object(cause) as { code?: string }).code ?? "";
}
