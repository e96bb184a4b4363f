// @ts-types="../../lib/std/text_line_stream.d.ts"
import { TextLineStream } from "@std/streams/text-line-stream";
import { registryProgram } from "../engines/packages.ts";
import { putImage } from "../registry/image.ts";
import { type RecordedRequest, startRecorder } from "../registry/recorder.ts";

export type { RecordedRequest } from "../registry/recorder.ts";

/** The one login of a registry that wants one. */
export const LOGIN = {
  username: "davit",
  password: "correct-horse-battery",
} as const;

/** `base64(username:password)` of {@linkcode LOGIN}. */
export const LOGIN_BASE64: string = btoa(
  `${LOGIN.username}:${LOGIN.password}`,
);

/** bcrypt of {@linkcode LOGIN}, as `htpasswd -B` writes it. */
const HTPASSWD =
  "davit:$2y$05$davitdavitdavitdavitdu5QT/BUG0mDNyBvHeRa7ge2qI3reaPFC\n";

const CERTS = new URL("../transport/certs/", import.meta.url).pathname;

/** Where a registry sends those who have no token. */
export interface TokenRealm {
  /** Address of the token server. */
  readonly realm: string;
  /** Who its tokens say that they are from. */
  readonly issuer: string;
  /** Whom they are for. */
  readonly service: string;
}

/** Which registry to start. */
export interface RegistryOptions {
  /** `none` lets everybody in, `basic` the one {@linkcode LOGIN}. */
  readonly auth?: "none" | "basic" | TokenRealm;
  /** Speak TLS, with a certificate for 127.0.0.1 that no engine knows. */
  readonly tls?: boolean;
  /**
   * Ask the registry itself, by its own TLS, and not a server before it:
   * nothing is on record then.
   */
  readonly direct?: boolean;
}

/** A running registry, Debian's own, with everything it is asked on record. */
export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:port`, as it stands in image names. */
  readonly host: string;
  /** Every request so far, with its `authorization` and what it was answered. */
  readonly requests: readonly RecordedRequest[];
  /** Every blob and manifest that it has, as it is stored. */
  stored(): AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** What the registry itself logged so far. */
  log(): string;
  /**
   * Puts an image of one small layer there, past the logins' guard.
   *
   * @param name Repository and tag, such as `app:latest`.
   * @param files Its files; one with a random name unless given.
   * @returns The name with the host before it.
   */
  put(
    name: string,
    files?: Readonly<Record<string, string>>,
  ): Promise<string>;
}

/** Starts a registry on a free port of 127.0.0.1, with a folder of its own. */
export async function startRegistry(
  options: RegistryOptions = {},
): Promise<Registry> {
  const { auth = "none", tls = false, direct = false } = options;
  const folder = await Deno.makeTempDir({ prefix: "davit-registry-" });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/htpasswd`, HTPASSWD);
  const inside = stack.use(await serve(folder, "inside", {}));
  const own = tls && direct
    ? { certificate: `${CERTS}server.pem`, key: `${CERTS}server-key.pem` }
    : undefined;
  const isOpen = auth === "none" && own === undefined;
  const guarded = isOpen ? inside : stack.use(
    await serve(folder, "guarded", {
      ...(auth === "none" ? {} : {
        auth: auth === "basic"
          ? { htpasswd: { realm: "davit", path: `${folder}/htpasswd` } }
          : { token: { ...auth, rootcertbundle: `${CERTS}ca.pem` } },
      }),
    }, own),
  );
  const recorder = direct
    ? undefined
    : stack.use(startRecorder(guarded.port, tls ? CERTS : ""));
  const host = `127.0.0.1:${(recorder ?? guarded).port}`;
  const whole = stack.move();
  return {
    host,
    requests: recorder?.requests ?? [],
    log: guarded.log,
    async *stored() {
      const blobs = `${folder}/data/docker/registry/v2/blobs`;
      for await (const path of filesOf(blobs)) yield await Deno.readFile(path);
    },
    async put(name, files = { [crypto.randomUUID()]: "x" }) {
      await putImage(`http://127.0.0.1:${inside.port}`, name, files);
      return `${host}/${name}`;
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* filesOf(path);
    else yield path;
  }
}

interface Server extends AsyncDisposable {
  readonly port: number;
  log(): string;
}

/** One `docker-registry`; two of them may share their folder's images. */
async function serve(
  folder: string,
  name: string,
  more: Readonly<Record<string, unknown>>,
  tls?: { readonly certificate: string; readonly key: string },
): Promise<Server> {
  const config = `${folder}/${name}.yml`;
  // JSON is YAML.
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      version: "0.1",
      storage: {
        filesystem: { rootdirectory: `${folder}/data` },
        delete: { enabled: true },
        maintenance: { uploadpurging: { enabled: false } },
      },
      http: {
        addr: "127.0.0.1:0",
        relativeurls: true,
        secret: name,
        ...(tls === undefined ? {} : { tls }),
      },
      ...more,
    }),
  );
  const child = new Deno.Command(await registryProgram(), {
    args: ["serve", config],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const started = Promise.withResolvers<number>();
  let log = "";
  const keep = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    const lines = stream
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream());
    for await (const line of lines) {
      log += `${line}\n`;
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (port !== undefined) started.resolve(Number(port));
    }
  };
  const kept = Promise.all([keep(child.stdout), keep(child.stderr)]);
  kept.then(() =>
    started.reject(new Error(`docker-registry ended at once:\n${log}`))
  );
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It ended by itself.
    }
    await child.status;
    await kept;
  };
  try {
    return {
      port: await started.promise,
      log: () => log,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
