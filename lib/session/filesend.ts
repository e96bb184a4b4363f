import { ProtocolError } from "../errors.ts";
import { ExportError } from "../exporter/export_error.ts";
import type { ExportSet } from "../exporter/export_set.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { GrpcCall } from "../grpc/call.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { MessageDuplex } from "../streams/duplex.ts";

/** Options of {@linkcode filesendService}. */
export interface FilesendServiceOptions {
  /** Called with the error when the result could not be stored. */
  readonly onError: (error: ExportError | ProtocolError) => void;
}

/**
 * The largest message that docker's own client accepts, in bytes. Engines send
 * up to 3 MiB.
 */
const MAX_MESSAGE_BYTES: number = 16 * 1024 * 1024;

/**
 * The metadata in which engines from 26 on name the output that they send: its
 * index in the list of outputs. Others have one output.
 */
const EXPORTER_ID = "buildkit-attachable-exporter-id";

/**
 * `moby.filesync.v1.FileSend`: the engine sends the result of a build. The
 * method is offered only where an output needs it, and must be offered there:
 * without it, engines of the 20.10 line never end a build that wants to export.
 *
 * @param exports Receives the results; it is already prepared.
 */
export function filesendService(
  exports: ExportSet,
  options: FilesendServiceOptions,
): GrpcMethod[] {
  return [{
    path: "/moby.filesync.v1.FileSend/DiffCopy",
    maxRequestBytes: MAX_MESSAGE_BYTES,
    async handle(call) {
      try {
        await exports.receive(
          call.metadata(EXPORTER_ID),
          (wire) => wire === "packets" ? call : unwrapped(call),
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

/**
 * The same call with its messages decoded: each `BytesMessage` becomes its
 * bytes.
 */
async function unwrapped(call: GrpcCall): Promise<MessageDuplex> {
  const { bytesMessage } = await import("../proto/bytes_message.ts");
  return {
    get signal() {
      return call.signal;
    },
    async read() {
      const message = await call.read();
      if (message === null) return null;
      try {
        return bytesMessage.decode(message).data;
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
