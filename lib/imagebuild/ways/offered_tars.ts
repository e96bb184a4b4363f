// The contexts that are tars, while an engine fetches them over the session.

import type { Upload } from "../../session/upload.ts";
import type { Build, ContextUploads } from "../build_way.ts";
import type { Dockerfile } from "../context/offer.ts";
import type { WatchedTar } from "../context/watch_tar.ts";

/** The tars of a build, each offered under the URL of its upload. */
export class OfferedTars {
  readonly #build: Build;
  readonly #onFailure: () => void;
  readonly #uploads: Upload[] = [];
  readonly #tars: WatchedTar[] = [];
  #own: WatchedTar | undefined;

  /** @param onFailure Called when a tar can't be read, or is refused. */
  constructor(build: Build, onFailure: () => void) {
    this.#build = build;
    this.#onFailure = onFailure;
  }

  /** Offers the tars, and watches them on their way. */
  async offer({ own, named }: Partial<ContextUploads> = {}): Promise<void> {
    const { context, contexts, request } = this.#build;
    if (own === undefined && !named?.size) return;
    const { watchTar } = await import("../context/watch_tar.ts");
    if (own !== undefined) {
      const { body, files } = await context.tar();
      this.#own = this.#watch(watchTar, own, body!, {
        dockerfile: request.dockerfile ?? "Dockerfile",
        files,
      });
    }
    for (const [name, upload] of named ?? []) {
      const tar = contexts.tars.get(name)!;
      this.#watch(watchTar, upload, tar, { context: name });
    }
  }

  #watch(
    watchTar: typeof import("../context/watch_tar.ts").watchTar,
    upload: Upload,
    body: ReadableStream<Uint8Array>,
    { context, dockerfile, files }: {
      readonly context?: string;
      readonly dockerfile?: string;
      readonly files?: (() => number) | undefined;
    },
  ): WatchedTar {
    const { record, onDockerfile } = this.#build;
    const watched = watchTar(body, {
      context,
      dockerfile,
      files,
      // A Dockerfile alone can be the main context.
      takes: { text: context === undefined, zstd: false },
      onSent: (event) => record.tell(event),
      onDockerfile,
      onFailure: this.#onFailure,
    });
    upload.offer(watched.body);
    this.#uploads.push(upload);
    this.#tars.push(watched);
    return watched;
  }

  /** The Dockerfile, once it has passed. */
  get dockerfile(): Dockerfile | undefined {
    return this.#own?.dockerfile;
  }

  /** Why a tar could not be read, or was refused. */
  get failure(): Error | undefined {
    return this.#tars.find(({ failure }) => failure !== undefined)?.failure;
  }

  /** Breaks off what is being sent. */
  stop(reason: unknown): void {
    for (const upload of this.#uploads) upload.stop(reason);
  }

  /** Called when the engine has built: reports how much was sent. */
  taken(): void {
    for (const tar of this.#tars) tar.taken();
  }

  /** Cancels the caller's streams: no more of them is needed. */
  release(reason: unknown): void {
    for (const tar of this.#tars) tar.release(reason);
  }
}
