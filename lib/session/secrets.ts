import { SecretError } from "../errors.ts";
import { type GrpcMethod, unary } from "../grpc/method.ts";
import { GrpcCode, GrpcError } from "../grpc/status.ts";
import type { SecretStore } from "../secrets/store.ts";

/** Options of {@linkcode secretsService}. */
export interface SecretsServiceOptions {
  /** The largest value that the engine accepts, in bytes. */
  readonly maxBytes: number;
  /**
   * Whether an unknown id fails the step even where its mount is not
   * `required`.
   */
  readonly strict: boolean;
  /** Called with the error that explains why the build fails. */
  readonly onError: (error: SecretError) => void;
}

/**
 * `moby.buildkit.secrets.v1.Secrets`: gives the engine a secret by its id. For
 * an unknown id the answer is NOT_FOUND, with which a step goes on unless its
 * mount says `required`; every other error ends the step.
 */
export function secretsService(
  store: SecretStore,
  options: SecretsServiceOptions,
): GrpcMethod[] {
  return [
    unary("/moby.buildkit.secrets.v1.Secrets/GetSecret", async () => {
      return (await import("../proto/secrets.ts")).getSecret;
    }, async ({ id }) => {
      let secret;
      try {
        secret = await store.get(id);
      } catch (cause) {
        options.onError(
          cause instanceof SecretError ? cause : new SecretError(
            id,
            `The function for secret "${id}" failed`,
            { cause },
          ),
        );
        throw new GrpcError(
          GrpcCode.INTERNAL,
          `davit: secret "${id}" could not be fetched`,
        );
      }
      if (secret === undefined) {
        if (options.strict && !store.isProbe(id)) {
          throw new GrpcError(
            GrpcCode.FAILED_PRECONDITION,
            `davit: secret "${id}" was asked for and not given`,
          );
        }
        throw new GrpcError(GrpcCode.NOT_FOUND, `secret "${id}" not found`);
      }
      if (secret.byteLength > options.maxBytes) {
        options.onError(tooLarge(id, secret.byteLength, options.maxBytes));
        throw new GrpcError(
          GrpcCode.RESOURCE_EXHAUSTED,
          `davit: secret "${id}" is too large`,
        );
      }
      return { data: secret.reveal() };
    }),
  ];
}

/** The error for a value that does not fit into a message to this engine. */
export function tooLarge(
  id: string,
  byteLength: number,
  maxBytes: number,
): SecretError {
  return new SecretError(
    id,
    `Cannot serve secret "${id}": it has ${byteLength} bytes, and this engine takes at most ${maxBytes}`,
  );
}
