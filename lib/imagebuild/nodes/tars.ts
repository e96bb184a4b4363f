// Contexts that are tars can be read once: each node gets a copy of the stream.

import { Upload } from "../../session/upload.ts";
import { fanOut } from "../../streams/fan_out.ts";
import type { Build, ContextUploads } from "../build_way.ts";

/** What one node gets of the tars. */
export interface NodeTars {
  /** The build's contexts, with the copies of this node in the place of the tars. */
  readonly contexts: Pick<Build, "context" | "contexts">;
  /** Their places in the node's session. */
  readonly uploads: ContextUploads;
  /** Gives up what nobody has begun to read. */
  release(reason: unknown): void;
}

/**
 * Copies the tars of a build for each node. The nodes get them in step, so that
 * nothing is kept in memory: the slowest one sets the pace.
 *
 * @param count How many nodes there are.
 */
export async function nodeTars(
  { request, context, contexts }: Build,
  count: number,
): Promise<NodeTars[]> {
  const isTar = context.locals === undefined &&
    request.context.kind !== "remote";
  const own = isTar ? (await context.tar()).body : undefined;
  const copies = own === undefined ? [] : fanOut(own, count);
  const named = [...contexts.tars].map(([name, tar]) =>
    [name, fanOut(tar, count)] as const
  );
  return Array.from({ length: count }, (_, i): NodeTars => {
    const body = copies[i];
    const own = named.map(([name, tars]) => [name, tars[i]!] as const);
    return {
      release(reason) {
        for (const tar of [body, ...own.map(([, tar]) => tar)]) {
          if (tar === undefined || tar.locked) continue;
          tar.cancel(reason).catch(() => {}); // the build is over either way
        }
      },
      contexts: {
        context: body === undefined
          ? context
          : { ...context, tar: () => Promise.resolve({ body }) },
        contexts: {
          ...contexts,
          tars: new Map(own),
        },
      },
      uploads: {
        own: body === undefined ? undefined : new Upload(),
        named: new Map(named.map(([name]) => [name, new Upload()])),
      },
    };
  });
}
