// What is to be done, as graphs of operations, where no frontend says it.

import {
  type DefinitionMessage,
  op,
  type OpMessage,
  type OpMetadataMessage,
} from "../proto/llb.ts";
import type { Written } from "../proto/message.ts";
import { sha256 } from "../streams/sha256.ts";

/** A graph of operations. */
export type Definition = DefinitionMessage;

/**
 * The archive's name while it is unpacked. It is a part of what the engine's
 * cache knows the archive by, so it is not that of the URL.
 */
const FILE = "context";

/** In place of an index: an empty folder, or no result. */
const NONE = -1;

/**
 * The operations that fetch a tar and unpack it into a folder, which BuildKit
 * does with the archive behind a URL if that is the main context, but not with
 * one behind a context by name.
 *
 * @param url Where the archive is; a session may serve it.
 * @param names The steps' names in the log.
 */
export async function unpackedArchive(
  url: string,
  names: { readonly fetch: string; readonly unpack: string },
): Promise<Definition> {
  const graph = new Graph();
  const archive = await graph.add({
    source: { identifier: url, attrs: new Map([["http.filename", FILE]]) },
  }, names.fetch);
  const folder = await graph.add({
    inputs: [{ digest: archive, index: 0 }],
    file: {
      actions: [{
        input: NONE,
        secondaryInput: 0,
        output: 0,
        copy: {
          source: `/${FILE}`,
          destination: "/",
          mode: -1,
          attemptUnpack: true,
          timestamp: -1,
        },
      }],
    },
  }, names.unpack);
  await graph.add({ inputs: [{ digest: folder, index: 0 }] });
  return graph;
}

/**
 * The operation that fetches a file by its URL, as the frontend has it for a
 * context by name.
 *
 * @param name The step's name in the log.
 */
export async function fetchedFile(
  url: string,
  name: string,
): Promise<Definition> {
  const graph = new Graph();
  const file = await graph.add(
    { source: { identifier: url, attrs: new Map() } },
    name,
  );
  await graph.add({ inputs: [{ digest: file, index: 0 }] });
  return graph;
}

/** Operations as they are added, each behind those whose results it takes. */
class Graph implements DefinitionMessage {
  readonly operations: Uint8Array[] = [];
  readonly metadata: Map<string, OpMetadataMessage> = new Map();

  /** @returns The operation's digest, which is that of its exact bytes. */
  async add(operation: Written<OpMessage>, name?: string): Promise<string> {
    const bytes = op.encode(operation);
    const digest = `sha256:${await sha256(bytes)}`;
    this.operations.push(bytes);
    this.metadata.set(digest, {
      description: new Map(
        name === undefined ? [] : [["llb.customname", name]],
      ),
    });
    return digest;
  }
}
