import { ContextError } from "../errors.ts";
import type { Local, LocalRequest, TransferCounts } from "../fsutil/local.ts";
import { sendLocal } from "../fsutil/send.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";

/** Options of {@linkcode filesyncService}. */
export interface FilesyncServiceOptions {
  /** Called with the error when a folder could not be sent. */
  readonly onError: (error: ContextError) => void;
  /**
   * Called after a transfer with the folder's name, how much was sent, and
   * which part the engine had asked for.
   */
  readonly onSent: (
    name: string,
    counts: TransferCounts,
    request: LocalRequest,
  ) => void;
}

/**
 * The longest packet that an engine sends here, in bytes: a request for a file,
 * or an error.
 */
const MAX_PACKET_BYTES: number = 64 * 1024;

/**
 * `moby.filesync.v1.FileSync`: the engine asks for a folder by a name that the
 * session offers, never by a path of this machine. For a name that is not
 * offered it gets NOT_FOUND.
 *
 * @param locals The folders by the names that the engine asks for: `context`,
 * `dockerfile`, and those of further contexts.
 */
export function filesyncService(
  locals: ReadonlyMap<string, Local>,
  options: FilesyncServiceOptions,
): GrpcMethod[] {
  return [{
    path: "/moby.filesync.v1.FileSync/DiffCopy",
    maxRequestBytes: MAX_PACKET_BYTES,
    async handle(call) {
      const [name = ""] = values(call, "dir-name");
      const local = locals.get(name);
      if (local === undefined) {
        throw new GrpcError(
          GrpcCode.NOT_FOUND,
          `no folder is offered as ${JSON.stringify(name)}`,
        );
      }
      try {
        const request = requestOf(call);
        options.onSent(name, await sendLocal(call, local, request), request);
      } catch (error) {
        if (!(error instanceof ContextError)) throw error;
        options.onError(error);
        throw new GrpcError(GrpcCode.FAILED_PRECONDITION, error.message);
      }
    },
  }];
}

function requestOf(call: GrpcCall): LocalRequest {
  return {
    include: values(call, "include-patterns"),
    exclude: values(call, "exclude-patterns"),
    follow: values(call, "followpaths"),
  };
}

/**
 * The values of a metadata key as text. Engines up to 24 send UTF-8 bytes.
 * Newer ones encode all values of a key like a form's (percent signs) if one of
 * them is not ASCII, and say so in a second key.
 */
function values(call: GrpcCall, key: string): string[] {
  const decoder = new TextDecoder();
  const [encoded] = call.metadata(`${key}-encoded`);
  return call.metadata(key).map((value) => {
    if (encoded === "1") return decodeURIComponent(value.replaceAll("+", " "));
    const bytes = Uint8Array.from(value, (char) => char.charCodeAt(0));
    return decoder.decode(bytes);
  });
}
