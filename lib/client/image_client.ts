import { BuildClient } from "./build_client.ts";
import type { RequestOptions } from "./request_options.ts";
import { engineHost } from "../imagebuild/host.ts";
import type { Engine } from "../engine/engine.ts";
import type { ImageHistoryEntry } from "../engine/image_history.ts";
import type { ImageImportOptions } from "../engine/image_import.ts";
import type { ImageInspect } from "../engine/image_inspect.ts";
import type { ImageListOptions, ImageSummary } from "../engine/image_list.ts";
import type { ImageLoadResult } from "../engine/image_load.ts";
import type {
  ImagePruneOptions,
  ImagePruneResult,
} from "../engine/image_prune.ts";
import type {
  ImageRemoveEntry,
  ImageRemoveOptions,
} from "../engine/image_remove.ts";
import type { Operations } from "../operation/operations.ts";
import { type ByteSource, openTar } from "../streams/byte_source.ts";
import type { ImageLoadOptions } from "../transfer/load.ts";
import type { ImagePullOptions } from "../transfer/pull.ts";
import type { ImagePushOptions } from "../transfer/push.ts";
import type { ImageSaveOptions } from "../transfer/save.ts";
import {
  type ImageTransfer,
  startTransfer,
  type TransferSubject,
} from "../transfer/transfer.ts";
import type { ClientCredentials } from "../credentials/source.ts";
import type { SecretSources } from "../secrets/source.ts";
import type {
  SecretVerification,
  VerifySecretsOptions,
} from "../verify/verification.ts";
import type { DockerSettings } from "../transport/docker_settings.ts";

/** What a client of an engine is made of. */
export interface EngineClientInit {
  /** The engine's API. */
  readonly engine: Engine;
  /** Everything that runs on the client. */
  readonly operations: Operations;
  /** The client's own source of logins. */
  readonly logins: ClientCredentials;
  /** Reads docker's settings; undefined where they are not used. */
  readonly settings: (() => Promise<DockerSettings>) | undefined;
}

/** The images of an engine: a part of {@linkcode DockerClient}. */
export abstract class ImageClient extends BuildClient {
  readonly #engine: Engine;
  readonly #logins: ClientCredentials;
  readonly #operations: Operations;
  readonly #settings: EngineClientInit["settings"];

  /** @ignore */
  protected constructor(
    { engine, operations, logins, settings }: EngineClientInit,
  ) {
    super({
      operations,
      host: engineHost(engine),
      logins,
      settings,
      async runBuild(start) {
        const { runImageBuild } = await import("../imagebuild/run.ts");
        return await runImageBuild(start);
      },
      records: () => async () => {
        const { buildkitOf } = await import("../buildkit/engine_host.ts");
        return buildkitOf(engine);
      },
      async close() {
        engine.close();
        await engine.transport.close();
      },
    });
    this.#engine = engine;
    this.#logins = logins;
    this.#operations = operations;
    this.#settings = settings;
  }

  /** An image's id, names, size, layers and configuration. */
  async imageInspect(
    name: string,
    options: RequestOptions = {},
  ): Promise<ImageInspect> {
    const { imageInspect } = await import("../engine/image_inspect.ts");
    return await this.#run(
      options,
      (signal) => imageInspect(this.#engine, name, signal),
    );
  }

  /** How an image was made, newest step first. */
  async imageHistory(
    name: string,
    options: RequestOptions = {},
  ): Promise<ImageHistoryEntry[]> {
    const { imageHistory } = await import("../engine/image_history.ts");
    return await this.#run(
      options,
      (signal) => imageHistory(this.#engine, name, signal),
    );
  }

  /**
   * Gives an image a further name, `repo:tag`. If another image has this name,
   * it loses it.
   */
  async imageTag(
    name: string,
    repo: string,
    tag: string,
    options: RequestOptions = {},
  ): Promise<void> {
    const { imageTag } = await import("../engine/image_tag.ts");
    return await this.#run(
      options,
      (signal) => imageTag(this.#engine, name, repo, tag, signal),
    );
  }

  /** Removes a name of an image, and deletes the image when it was the last one. */
  async imageRemove(
    name: string,
    options?: ImageRemoveOptions,
  ): Promise<ImageRemoveEntry[]> {
    const { imageRemove } = await import("../engine/image_remove.ts");
    return await this.#run(
      options,
      (signal) => imageRemove(this.#engine, name, { ...options, signal }),
    );
  }

  /** Same as {@linkcode imageRemove}; @docker/node-sdk has this name. */
  async imageDelete(
    name: string,
    options?: ImageRemoveOptions,
  ): Promise<ImageRemoveEntry[]> {
    return await this.imageRemove(name, options);
  }

  /**
   * The images of the engine, newest first.
   *
   * @example Names of the images with a label
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const images = await docker.imageList({ filters: { label: ["team=a"] } });
   * for (const { Id, RepoTags } of images) console.log(Id, RepoTags);
   * ```
   *
   * @throws {UnsupportedError} If this engine is too old for an option.
   */
  async imageList(options?: ImageListOptions): Promise<ImageSummary[]> {
    const { imageList } = await import("../engine/image_list.ts");
    return await this.#run(
      options,
      (signal) => imageList(this.#engine, { ...options, signal }),
    );
  }

  /** Deletes images that no container uses: those without a name, unless `filters` say otherwise. */
  async imagePrune(options?: ImagePruneOptions): Promise<ImagePruneResult> {
    const { imagePrune } = await import("../engine/image_prune.ts");
    return await this.#run(
      options,
      (signal) => imagePrune(this.#engine, { ...options, signal }),
    );
  }

  /**
   * Pushes an image to the registry that its name begins with (Docker Hub if it
   * names none). The push starts at this call, and every failure, also that of
   * a wrong option, rejects its `wait()`.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const push = docker.imagePush("registry.example/app:1");
   * for await (const event of push.events()) {
   *   if (event.type === "layer") console.log(event.id, event.status);
   * }
   * console.log(await push.wait()); // sha256:…
   * ```
   */
  imagePush(name: string, options: ImagePushOptions = {}): ImageTransfer {
    return startTransfer({
      operations: this.#operations,
      what: `push of "${name}"`,
      startedBy: this.imagePush,
      signal: options.signal,
      work: async (run) => {
        const { pushWithLogin } = await import("../transfer/push.ts");
        return await pushWithLogin(this.#subject(name, options), run);
      },
    });
  }

  /**
   * Pulls an image from the registry that its name begins with (Docker Hub if
   * it names none). The pull starts at this call, and every failure, also that
   * of a wrong option, rejects its `wait()`.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const digest = await docker.imagePull("registry.example/base:1").wait();
   * console.log(digest); // sha256:…
   * ```
   */
  imagePull(name: string, options: ImagePullOptions = {}): ImageTransfer {
    return startTransfer({
      operations: this.#operations,
      what: `pull of "${name}"`,
      startedBy: this.imagePull,
      signal: options.signal,
      work: async (run) => {
        const { pullWithLogin } = await import("../transfer/pull.ts");
        const platform = options.platform ??
          (await this.#settings?.())?.platform;
        const { platform: _, ...rest } = options;
        return await pullWithLogin(
          this.#subject(name, platform ? { ...rest, platform } : rest),
          run,
        );
      },
    });
  }

  /**
   * One or several images as one tar, as `docker save` writes it. Read the stream
   * to its end, or cancel it.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * await using file = await Deno.create("app.tar");
   * await (await docker.imageSave("app:1")).pipeTo(file.writable);
   * ```
   */
  async imageSave(
    names: string | readonly string[],
    options?: ImageSaveOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { saveImages } = await import("../transfer/save.ts");
    return await this.#operations.stream(
      options?.signal,
      (signal) => saveImages(this.#engine, names, { ...options, signal }),
    );
  }

  /**
   * Adds the images of a tar to the engine, as `docker load` does.
   *
   * @param tar What {@linkcode imageSave} or `docker save` wrote.
   *
   * @throws What the tar's stream fails with, as it is.
   */
  async imageLoad(
    tar: ByteSource,
    options?: ImageLoadOptions,
  ): Promise<ImageLoadResult> {
    const stream = openTar("load images", tar);
    const { loadImages } = await import("../transfer/load.ts");
    return await this.#run(
      options,
      (signal) => loadImages(this.#engine, stream, { ...options, signal }),
    );
  }

  /**
   * Makes an image with one layer from the tar of a root file system, as
   * `docker import` does.
   *
   * @returns The image's id, `sha256:…`.
   * @throws What the tar's stream fails with, as it is.
   */
  async imageImport(
    tar: ByteSource,
    options: ImageImportOptions = {},
  ): Promise<string> {
    const stream = openTar("import an image", tar);
    const { imageImport } = await import("../engine/image_import.ts");
    const { sendTar } = await import("../transfer/send_tar.ts");
    return await this.#run(options, (signal) =>
      sendTar(
        stream,
        { signal },
        (body) => imageImport(this.#engine, body, { ...options, signal }),
      ));
  }

  /**
   * Looks for secrets in an image as the engine stores it: every layer of every
   * manifest, packed or not, names and contents, packed files up to 8 levels
   * deep, the configuration, the history and attestations; in all encodings
   * that davit knows. The image is read as `imageSave()` gives it, and not kept.
   *
   * What it can't see is in `examples/verify`.
   *
   * @param secrets As `imageBuild()` takes them; functions are called.
   * @throws {EngineError} If there is no such image.
   * @throws {SecretError} If a secret can't be read.
   *
   * @example
   * ```ts
   * import { DockerClient } from "@davit/build";
   *
   * await using docker = await DockerClient.fromDockerConfig();
   * const { finds } = await docker.imageVerifySecrets("app:1", {
   *   npm_token: { env: "NPM_TOKEN" },
   * });
   * for (const { id, layerNumber, path } of finds) {
   *   console.error(`${id} is in layer ${layerNumber}, ${path}`);
   * }
   * ```
   */
  async imageVerifySecrets(
    name: string,
    secrets: SecretSources,
    options: VerifySecretsOptions = {},
  ): Promise<SecretVerification> {
    const { openKnownSecrets, verifyImage } = await import(
      "../verify/verify.ts"
    );
    return await this.#run(options, async (signal) =>
      await verifyImage(
        this.#engine,
        name,
        await openKnownSecrets(secrets, signal),
        { ...options, signal },
      ));
  }

  #subject<Options>(name: string, options: Options): TransferSubject<Options> {
    return { engine: this.#engine, name, options, logins: this.#logins };
  }

  /** Makes a request that is aborted when the client is closed. */
  async #run<T>(
    options: RequestOptions | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return await this.#operations.run(options?.signal, work);
  }
}
