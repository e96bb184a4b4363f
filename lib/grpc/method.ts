import type { GrpcCall, GrpcServerCall } from "./call.ts";

/** A method that a server offers. */
export interface GrpcMethod {
  /**
   * The method's path `/package.Service/Method`, by which the engine calls it.
   */
  readonly path: string;
  /** The longest request message, in bytes. */
  readonly maxRequestBytes: number;
  /** Answers one call. If it throws, the error becomes the call's status. */
  handle(call: GrpcServerCall): Promise<void>;
}

/**
 * Reads and writes the messages of a method. All knowledge about protobuf is in
 * here.
 */
export interface Codec<Request, Response> {
  /** Reads a request; throws if the bytes are not one. */
  decode(bytes: Uint8Array): Request;
  /** Writes a response. */
  encode(response: Response): Uint8Array;
}

/** The longest request to a method with one small message, in bytes: 64 KiB. */
const MAX_UNARY_REQUEST: number = 64 * 1024;

/**
 * Makes a method with one message in each direction.
 *
 * @param loadCodec Called for each call, so that code which few programs need
 * can be loaded with the first one.
 */
export function unary<Request, Response>(
  path: string,
  loadCodec: () => Codec<Request, Response> | Promise<Codec<Request, Response>>,
  answer: (
    request: Request,
    call: GrpcCall,
  ) => Response | Promise<Response>,
): GrpcMethod {
  return {
    path,
    maxRequestBytes: MAX_UNARY_REQUEST,
    async handle(call) {
      const bytes = await call.read();
      const codec = await loadCodec();
      const request = codec.decode(bytes ?? new Uint8Array(0));
      const response = await answer(request, call);
      await call.write(codec.encode(response));
    },
  };
}
