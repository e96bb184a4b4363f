import type { Engine } from "../engine/engine.ts";
import { imageSave } from "../engine/image_save.ts";
import { ProtocolError } from "../errors.ts";
import { pathOfUrl } from "../file_url.ts";
import { createFinder } from "../redact/finder.ts";
import { createRedactor } from "../redact/redactor.ts";
import type { KnownSecrets } from "../secrets/store.ts";
import { openTar, readArchive } from "./archive.ts";
import { ByteStream } from "./byte_stream.ts";
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

/**
 * Saves an image and looks through it.
 *
 * @throws {EngineError} If there is no such image.
 */
export async function searchImage(
  engine: Engine,
  name: string,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
  return await search(secrets, options, async (reader) => {
    const tar = await imageSave(engine, name, options.signal);
    return await readTar(tar, reader);
  });
}

/** Looks through a folder or a tar. */
export async function searchExport(
  exported: string | URL | ReadableStream<Uint8Array>,
  secrets: KnownSecrets,
  options: VerifySecretsOptions = {},
): Promise<SecretVerification> {
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
    const tar = await openTar(ByteStream.of(reader));
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
  const collector = new FindCollector(finder);
  const reader = new ContentReader(collector, signal);
  const layout = finder.empty ? undefined : await read(reader);
  const finds = reportFinds(collector.finds, ids, mask, layout);
  return {
    finds: ignore === undefined ? finds : finds.filter((find) => !ignore(find)),
    findsLost: collector.lost,
    searched: ids.filter((id) => !short.has(id)),
    skipped: [...short, ...secrets.unknown],
    unreadable: reader.unreadable.map((place) =>
      tellPlace(place, mask, layout)
    ),
    bytes: collector.bytes,
  };
}
