import { ProtocolError } from "../errors.ts";
import { ExportError } from "../exporter/export_error.ts";
import type { Exporter } from "../exporter/exporter.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/** How {@linkcode filesendService} answers. */
export interface FilesendServiceOptions {
  /** Told why the result could not be taken. */
  readonly onError: (error: ExportError | ProtocolError) => void;
}

/** The largest message that docker's own client takes. Engines send up to 3 MiB. */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/**
 * `moby.filesync.v1.FileSend`: the engine hands over what was built. The method
 * is offered only where an output needs it, and then it has to be: without it
 * engines of the 20.10 line never end a build that wants to export.
 *
 * @param exporter Prepared; takes the result.
 */
export function filesendService(
  exporter: Exporter,
  options: FilesendServiceOptions,
): GrpcMethod[] {
  return [{
    path: "/moby.filesync.v1.FileSend/DiffCopy",
    maxRequestBytes: MAX_MESSAGE_BYTES,
    async handle(call) {
      try {
        await exporter.receive(
          exporter.wire === "packets" ? call : await unwrapped(call),
        );
      } catch (error) {
        if (call.signal.aborted) throw error;
        if (error instanceof ExportError || error instanceof ProtocolError) {
          options.onError(error);
          throw new GrpcError(GrpcCode.FAILED_PRECONDITION, error.message);
        }
        throw error;
      }
    },
  }];
}

/** The same call, its messages without their envelope. */
async function unwrapped(call: GrpcCall): Promise<MessageDuplex> {
  const { decodeSentBytes } = await import("../proto/filesend.ts");
  return {
    get signal() {
      return call.signal;
    },
    async read() {
      const message = await call.read();
      if (message === null) return null;
      try {
        return decodeSentBytes(message);
      } catch (cause) {
        throw new ProtocolError(
          "The engine sent a piece of the result that can't be read",
          { cause },
        );
      }
    },
    write: (...parts) => call.write(...parts),
  };
}
