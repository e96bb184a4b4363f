import type { EngineContext } from "../../support/engines.ts";
import { writeTree } from "../../support/folder.ts";
import { DENO_IMAGE, denoImageOn } from "./deno_image.ts";
import { type NpmRegistry, startNpmRegistry } from "./npm_registry.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;
const EXAMPLE = "examples/deno-app";

/** The image's name in `image.ts`. */
export const APP_TAG = "acme-app";

/** A copy of `examples/deno-app`, with everything that its page presumes. */
export interface DenoApp extends AsyncDisposable {
  /** The copy. */
  readonly folder: string;
  /** The registry with the private package. */
  readonly registry: NpmRegistry;
  /** A token that the registry knows; it is in `.npmrc` of the home folder. */
  readonly token: string;
  /** Id of the cache mount of its steps, which no other copy has. */
  readonly cacheId: string;
}

/** Where a copy is, and what its image is named. */
export interface DenoAppOptions {
  /** The home folder, which gets `.npmrc` and `examples/deno-app/`. */
  readonly home: string;
  /** The image's name in place of {@linkcode APP_TAG}. */
  readonly tag?: string;
  /** davit is what `JSR_URL` leads to, and not the checkout. */
  readonly fromJsr?: boolean;
}

/**
 * Copies the example, and exchanges the names in it that lead out of this
 * machine: the base image, the registry, and davit itself. The image is removed
 * at the end.
 *
 * @throws {Error} If the example does not have a name that is to be exchanged.
 */
export async function openDenoApp(
  engine: EngineContext,
  { home, tag = APP_TAG, fromJsr = false }: DenoAppOptions,
): Promise<DenoApp> {
  await using stack = new AsyncDisposableStack();
  const token = newToken();
  const cacheId = crypto.randomUUID();
  const registry = stack.use(await startNpmRegistry([token]));
  await denoImageOn(engine);
  stack.defer(async () => {
    // A test may have failed before there was one.
    await engine.docker.imageRemove(tag, { force: true }).catch(() => {});
  });
  await writeTree(home, {
    ".npmrc": `//${registry.host}/:_authToken=${token}\n`,
    ...await adaptedFiles([
      ["denoland/deno:2.9.6", DENO_IMAGE],
      ["https://npm.acme.example/", `http://${registry.host}/`],
      ["//npm.acme.example/", `//${registry.host}/`],
      // With the checkout's deno.json, "jsr:@davit/build" is the checkout.
      ...(fromJsr
        ? []
        : [["--no-config", `--config=${ROOT}deno.json`] as const]),
      ["id=acme-app", `id=${cacheId}`],
      // A step reaches the registry by the machine's own network alone.
      [`tag: "${APP_TAG}"`, `networkmode: "host", tag: "${tag}"`],
    ]),
  });
  const whole = stack.move();
  return {
    folder: `${home}/${EXAMPLE}`,
    registry,
    token,
    cacheId,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

/** A token of the form that npm's own have. */
export function newToken(): string {
  return `npm_${crypto.randomUUID().replaceAll("-", "")}`;
}

async function adaptedFiles(
  exchanged: readonly (readonly [from: string, to: string])[],
): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const path of filesOf(EXAMPLE)) {
    files[path] = await Deno.readTextFile(`${ROOT}${path}`);
  }
  for (const [from, to] of exchanged) {
    const having = Object.keys(files).filter((path) =>
      files[path]!.includes(from)
    );
    if (having.length === 0) throw new Error(`${EXAMPLE} has no "${from}"`);
    for (const path of having) files[path] = files[path]!.replaceAll(from, to);
  }
  return files;
}

async function* filesOf(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
    if (isDirectory) yield* filesOf(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}
