import type { BuildContext } from "../build/build_context.ts";
import { concatBytes } from "../streams/bytes.ts";
import { unread } from "../streams/unread.ts";
import { UsageError } from "./exit.ts";
import type { ParsedWords } from "./flag.ts";
import { readsStdin } from "./secret_flag.ts";

/** What is built from. */
export interface BuildInput {
  /** The context. */
  readonly context: BuildContext;
  /** The option `dockerfile`, where the context is fetched by the engine or a tar. */
  readonly dockerfile?: string;
  /** The folder of this machine that it is in, if it is. */
  readonly folder?: string;
}

/** An address, and not a path. */
const REMOTE_REGEXP = /^(?:https?|git|ssh):\/\/|^git@|^github\.com\//i;

/**
 * Reads PATH, URL or `-`, and `--file`.
 *
 * @throws {UsageError} If there is no such folder, or standard input would be read twice.
 */
export async function buildInput(
  word: string,
  parsed: ParsedWords,
): Promise<BuildInput> {
  const file = parsed.text("file");
  const readers = [
    word === "-" ? "the context" : "",
    file === "-" ? "--file" : "",
    readsStdin(parsed.list("secret")) ? "--secret" : "",
  ].filter(Boolean);
  if (readers.length > 1) {
    throw new UsageError(
      `standard input can't be both ${readers.join(" and ")}`,
    );
  }
  if (word === "-") return await stdinInput(file);
  if (REMOTE_REGEXP.test(word)) {
    if (file === "-") {
      throw new UsageError(
        "--file - is not for a URL: the engine takes the Dockerfile from there",
      );
    }
    return {
      context: word,
      ...(file === undefined ? {} : { dockerfile: file }),
    };
  }
  await checkFolder(word);
  await checkDockerfile(word, file);
  if (file === undefined) return { context: word, folder: word };
  return {
    context: {
      context: word,
      dockerfile: file === "-" ? Deno.stdin.readable : file,
    },
    folder: word,
  };
}

async function checkFolder(path: string): Promise<void> {
  let info;
  try {
    info = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UsageError(
      `unable to prepare context: path ${JSON.stringify(path)} not found`,
    );
  }
  if (!info.isDirectory) {
    throw new UsageError(
      `unable to prepare context: ${
        JSON.stringify(path)
      } is not a folder; a tar is given as - on standard input`,
    );
  }
}

/** The engine could tell, too; but not in the words of the command line. */
async function checkDockerfile(
  folder: string,
  file: string | undefined,
): Promise<void> {
  if (file === "-") return;
  const paths = file === undefined
    ? [`${folder}/Dockerfile`, `${folder}/dockerfile`]
    : [file];
  for (const path of paths) {
    try {
      await Deno.stat(path);
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new UsageError(
    `failed to read dockerfile: no file ${
      JSON.stringify(paths[0])
    }; --file names another one`,
  );
}

/** A tar, packed or not, or a Dockerfile alone: its first bytes tell. */
async function stdinInput(file: string | undefined): Promise<BuildInput> {
  const reader = Deno.stdin.readable.getReader();
  let head = new Uint8Array(0);
  while (head.length < HEAD_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    head = concatBytes(head, value);
  }
  const whole = unread(reader, head);
  if (head.length === 0) throw new UsageError("standard input is empty");
  if (isArchive(head)) {
    return {
      context: whole,
      ...(file === undefined ? {} : { dockerfile: file }),
    };
  }
  if (file !== undefined) {
    throw new UsageError(
      "standard input is a Dockerfile, and --file names another one",
    );
  }
  return { context: { dockerfile: whole } };
}

/** Where a tar's own mark ends. */
const HEAD_BYTES = 262;

const PACKED = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
];

function isArchive(head: Uint8Array): boolean {
  return PACKED.some((magic) => magic.every((byte, i) => head[i] === byte)) ||
    new TextDecoder().decode(head.subarray(257, 262)) === "ustar";
}
