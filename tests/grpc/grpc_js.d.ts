/**
 * What the tests use of grpc-js: its own types bring those of node along, which
 * are in the way of Deno's.
 *
 * @module
 */
export interface MethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (bytes: Uint8Array) => Uint8Array;
  readonly requestDeserialize: (bytes: Uint8Array) => Uint8Array;
  readonly responseSerialize: (bytes: Uint8Array) => Uint8Array;
  readonly responseDeserialize: (bytes: Uint8Array) => Uint8Array;
}

export interface ServerCall {
  readonly metadata: Metadata;
  /** Of calls with one request. */
  readonly request: Uint8Array;
  sendMetadata(metadata: Metadata): void;
  on(event: "data", listener: (bytes: Uint8Array) => void): void;
  on(event: "end" | "cancelled", listener: () => void): void;
  emit(event: "error", status: ServerStatus): void;
  write(bytes: Uint8Array): void;
  end(): void;
}

export interface ServerStatus {
  readonly code: number;
  readonly details: string;
  readonly metadata?: Metadata;
}

export type Answer = (error: ServerStatus | null, bytes?: Uint8Array) => void;

export class Metadata {
  get(key: string): (string | Uint8Array)[];
  add(key: string, value: string | Uint8Array): void;
  set(key: string, value: string | Uint8Array): void;
}

export class Server {
  constructor(options: Readonly<Record<string, unknown>>);
  addService(
    service: Readonly<Record<string, MethodDefinition>>,
    handlers: Readonly<
      Record<string, (call: ServerCall, answer: Answer) => void>
    >,
  ): void;
  createConnectionInjector(
    credentials: unknown,
  ): { injectConnection(duplex: unknown): void };
  forceShutdown(): void;
}

export const ServerCredentials: { createInsecure(): unknown };
