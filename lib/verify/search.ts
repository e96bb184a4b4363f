import type { Engine } from "../engine/engine.ts";
import { imageSave } from "../engine/image_save.ts";
import { EngineError, ProtocolError } from "../errors.ts";
import { pathOfUrl } from "../file_url.ts";
import { createFinder } from "../redact/finder.ts";
import { createRedactor } from "../redact/redactor.ts";
import type { KnownSecrets } from "../secrets/store.ts";
import { BARE_LAYOUT, bareImage } from "./bare_image.ts";
import { openArchive, readArchive } from "./archive.ts";
import { ByteStream } from "../streams/byte_stream.ts";
import { ContentReader } from "./content.ts";
import { readDocuments } from "./documents.ts";
import { FindCollector } from "./find.ts";
import { readFolder } from "./folder.ts";
import { PackingError } from "./inflate.ts";
import { type ImageLayout, readLayout } from "./image_layout.ts";
import { reportFinds, tellPlace } from "./report.ts";
import type {
  SecretVerification,
  VerifySecretsOptions,
} from "./verification.ts";

/** How many finds are reported. */
const MAX_FINDS = 1000;

/**
 * How many finds are kept if `ignore` is given: it can only be asked at the
 * end. A find takes some hundred bytes.
 */
const MAX_IGNORED_FINDS = 100_000;

/**
 * Saves an image from the engine and searches it.
 *
 * @throws {EngineError} If there is no such image.
 */
export async function searchImage(
  engine: Engine,
  name: string,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  const { signal } = options;
  return await search(secrets, options, async (reader) => {
    let tar: ReadableStream<Uint8Array>;
    try {
      tar = await imageSave(engine, name, signal);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      const documents = await bareImage(engine, name, signal);
      if (documents === undefined) throw error;
      readDocuments(documents, BARE_LAYOUT, reader.finds);
      return BARE_LAYOUT;
    }
    return await readTar(tar, reader);
  });
}

/** Searches a folder or a tar. */
export async function searchExport(
  exported: string | URL | ReadableStream<Uint8Array>,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  const isUsable = typeof exported === "string" || exported instanceof URL ||
    exported instanceof ReadableStream;
  if (!isUsable) {
    throw new TypeError(
      "Cannot look for secrets: expected a path, a file: URL, or the stream of a tar",
    );
  }
  return await search(secrets, options, async (reader) => {
    if (exported instanceof ReadableStream) {
      return await readTar(exported, reader);
    }
    const path = exported instanceof URL ? pathOfUrl(exported) : exported;
    if (await isFolder(path)) {
      await readFolder(path, reader);
      return undefined;
    }
    return await readTar((await Deno.open(path)).readable, reader);
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new TypeError(
      `Cannot look for secrets: there is no ${JSON.stringify(path)}`,
      { cause },
    );
  }
}

async function readTar(
  stream: ReadableStream<Uint8Array>,
  content: ContentReader,
): Promise<ImageLayout> {
  const reader = stream.getReader();
  try {
    const tar = await openArchive(ByteStream.of(reader));
    if (tar === undefined) {
      throw new TypeError(
        "Cannot look for secrets: this is no tar, nor one packed with gzip or zstd",
      );
    }
    const documents = await readArchive(tar, content);
    const layout = readLayout(documents);
    readDocuments(documents, layout, content.finds);
    return layout;
  } catch (error) {
    await reader.cancel(error).catch(() => {}); // it is given up either way
    if (!(error instanceof PackingError)) throw error;
    throw new ProtocolError(
      `The packed archive is damaged: ${error.message}`,
      { cause: error },
    );
  }
}

async function search(
  secrets: KnownSecrets,
  { ignore, signal }: VerifySecretsOptions,
  read: (reader: ContentReader) => Promise<ImageLayout | undefined>,
): Promise<SecretVerification> {
  signal?.throwIfAborted();
  const values = secrets.values.map(([, secret]) => secret.reveal());
  const ids = secrets.values.map(([id]) => id);
  const finder = createFinder(values);
  const mask = createRedactor(values);
  const short = new Set(finder.skipped.map((index) => ids[index]!));
  const collector = new FindCollector(
    finder,
    ignore === undefined ? MAX_FINDS : MAX_IGNORED_FINDS,
  );
  const reader = new ContentReader(collector, signal);
  // Read even if there is nothing to look for, so that a missing image or file
  // is an error.
  const layout = await read(reader);
  const found = reportFinds(collector.finds, ids, mask, layout);
  const finds = ignore === undefined
    ? found
    : found.filter((find) => !ignore(find));
  return {
    finds: finds.slice(0, MAX_FINDS),
    findsLost: collector.lost + Math.max(0, finds.length - MAX_FINDS),
    searched: ids.filter((id) => !short.has(id)),
    skipped: [...short, ...secrets.unknown],
    unreadable: reader.unreadable.map((place) =>
      tellPlace(place, mask, layout)
    ),
    unreadableLost: reader.unreadableLost,
    bytes: collector.bytes,
  };
}
