import type { CredentialStore } from "../credentials/store.ts";
import type { TokenServer } from "../credentials/token_server.ts";
import type { ExportSet } from "../exporter/export_set.ts";
import type { Local } from "../fsutil/local.ts";
import type { GrpcMethod } from "../grpc/method.ts";
import type { ContentStore } from "../layout/content_store.ts";
import type { SecretStore } from "../secrets/store.ts";
import type { SshAgents } from "../ssh/agents.ts";
import { authService } from "./auth.ts";
import type { FilesyncServiceOptions } from "./filesync.ts";
import { secretsService } from "./secrets.ts";
import type { Upload } from "./upload.ts";

/**
 * Everything that a session can serve, except health, which is always served. A
 * service that is undefined is not offered; the engine gets UNIMPLEMENTED when
 * it asks for it.
 */
export interface SessionServices {
  /** Secrets, by id. */
  readonly secrets?: ServedSecrets | undefined;
  /** Folders of this machine, by the names that the engine asks for. */
  readonly folders?: ServedFolders | undefined;
  /** Logins, by registry. */
  readonly logins?: ServedLogins | undefined;
  /** ssh agents, by id. */
  readonly agents?: Pick<SshAgents, "get"> | undefined;
  /** Receives the results of the build; it is already prepared. */
  readonly exports?: ExportSet | undefined;
  /** Contexts that the engine fetches as one stream each. */
  readonly uploads?: readonly Upload[] | undefined;
  /** Stores of content, by the ids that the engine is told; none if empty. */
  readonly stores?: ReadonlyMap<string, ContentStore> | undefined;
}

/** The secrets that a session serves. */
export interface ServedSecrets {
  /** The store that holds the secrets. */
  readonly store: SecretStore;
  /** The largest value that the engine accepts, in bytes. */
  readonly maxBytes: number;
  /**
   * Whether an unknown id fails the step even where its mount is not
   * `required`.
   */
  readonly strict: boolean;
}

/** The folders that a session serves. */
export interface ServedFolders {
  /** The folders by the names that the engine asks for. */
  readonly locals: ReadonlyMap<string, Local>;
  /** Called after each transfer; see {@linkcode FilesyncServiceOptions}. */
  readonly onSent: FilesyncServiceOptions["onSent"];
}

/** The logins that a session serves. */
export interface ServedLogins {
  /** The store that holds the logins. */
  readonly store: CredentialStore;
  /** Finds the token server of a registry; see {@linkcode authService}. */
  readonly tokenServer?:
    | ((registry: string) => Promise<TokenServer | undefined>)
    | undefined;
}

/**
 * The gRPC methods of these services. Code that only some builds need is
 * imported when it is needed, because loading modules is most of the time that
 * a program takes to start.
 *
 * @param onError Called with the error that kept davit from giving something
 * that the engine asked for: it explains why the build fails.
 */
export async function methodsOf(
  { secrets, folders, logins, agents, exports, uploads = [], stores }:
    SessionServices,
  onError: (error: Error) => void,
): Promise<GrpcMethod[]> {
  const methods: GrpcMethod[] = [];
  if (secrets !== undefined) {
    const { store, maxBytes, strict } = secrets;
    methods.push(...secretsService(store, { maxBytes, strict, onError }));
  }
  if (folders !== undefined) {
    const { filesyncService } = await import("./filesync.ts");
    const { locals, onSent } = folders;
    methods.push(...filesyncService(locals, { onSent, onError }));
  }
  if (logins !== undefined) {
    const { store, tokenServer } = logins;
    methods.push(...authService(store, { tokenServer, onError }));
  }
  if (agents !== undefined) {
    const { sshService } = await import("./ssh.ts");
    methods.push(...sshService(agents, { onError }));
  }
  if (exports !== undefined) {
    const { filesendService } = await import("./filesend.ts");
    methods.push(...filesendService(exports, { onError }));
  }
  if (uploads.length > 0) {
    const { uploadService } = await import("./upload.ts");
    methods.push(...uploadService(uploads, { onError }));
  }
  if (stores !== undefined && stores.size > 0) {
    const { contentService } = await import("./content.ts");
    methods.push(...contentService(stores, { onError }));
  }
  return methods;
}
