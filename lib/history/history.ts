import { checkOptionNames } from "../option_names.ts";
import { checkRef, checkRefs } from "./check_ref.ts";
import type {
  BuildHistoryAttachmentOptions,
  BuildHistoryExportOptions,
  BuildHistoryExportResult,
  BuildHistoryInspectOptions,
  BuildHistoryListOptions,
  BuildHistoryLog,
  BuildHistoryOptions,
} from "./options.ts";
import type {
  BuildHistoryAttestation,
  BuildHistoryDetails,
} from "./inspect.ts";
import type { BuildHistoryRecord } from "./record.ts";
import type { asking, HistorySource } from "./source.ts";

const LIST = {
  filters: true,
  limit: true,
  signal: true,
} satisfies Record<keyof BuildHistoryListOptions, true>;
const INSPECT = {
  logLines: true,
  signal: true,
} satisfies Record<keyof BuildHistoryInspectOptions, true>;
const ATTACHMENT = {
  digest: true,
  platform: true,
  type: true,
  signal: true,
} satisfies Record<keyof BuildHistoryAttachmentOptions, true>;
const EXPORT = {
  dest: true,
  finalize: true,
  signal: true,
} satisfies Record<keyof BuildHistoryExportOptions, true>;

const WHAT = "The history of builds";

/**
 * What an engine remembers of its builds, those of other clients among them.
 *
 * A record is named by its id, by the beginning of its id, by `^1` for the one
 * before the newest, and by `builder/node/id` as buildx writes it into its
 * metadata; without a name the newest is meant.
 *
 * Every method rejects with
 *
 * - a {@linkcode BuildHistoryError} if there is no such record, or the engine
 *   refuses,
 * - an {@linkcode UnsupportedError} if the engine keeps no history (BuildKit of
 *   engines before 24), or can't be asked for it: it takes BuildKit's own API,
 * - a {@linkcode ConnectionError} or {@linkcode ProtocolError} as every method
 *   of a client,
 * - a `TypeError` if an option is wrong; nothing was sent then,
 * - the reason of its `signal` when that aborts.
 *
 * Nothing is masked here: davit does not know which secrets a build had. The
 * engine keeps no secrets, but it keeps what steps have printed.
 *
 * @example
 * ```ts
 * import { displayBuild, DockerClient } from "@davit/build";
 *
 * await using docker = await DockerClient.fromDockerConfig();
 * const history = docker.buildHistory();
 * const failed = await history.list({ filters: ["status=error"], limit: 5 });
 * for (const { ref, name, createdAt } of failed) {
 *   console.log(ref, name, createdAt);
 *   await displayBuild(await history.logs(ref));
 *   console.error((await history.inspect(ref)).failure?.message);
 * }
 * ```
 */
export class BuildHistory {
  readonly #source: HistorySource;

  /** @internal */
  constructor(source: HistorySource) {
    this.#source = source;
  }

  /** The records of builds, the newest first; builds that run are among them. */
  async list(
    options: BuildHistoryListOptions = {},
  ): Promise<BuildHistoryRecord[]> {
    checkOptionNames("list builds", options, LIST);
    const { listRecords } = await import("./reads.ts");
    return await listRecords(this.#source, options);
  }

  /** All that is remembered of one build, but for its log. */
  async inspect(
    ref?: string,
    options: BuildHistoryInspectOptions = {},
  ): Promise<BuildHistoryDetails> {
    checkRef("inspect a build", ref);
    checkOptionNames("inspect a build", options, INSPECT);
    const { inspectRecord } = await import("./reads.ts");
    return await inspectRecord(this.#source, ref, options);
  }

  /** Finds the log of a build; it is read with its `events()`. */
  async logs(
    ref?: string,
    options: BuildHistoryOptions = {},
  ): Promise<BuildHistoryLog> {
    checkRef("read a build's log", ref);
    checkOptionNames("read a build's log", options, { signal: true });
    const { findRef, readDockerfile } = await import("./reads.ts");
    const { replay } = await import("./replay.ts");
    const { iterating } = await import("./source.ts");
    const source = this.#source;
    const { signal } = options;
    const found = await findRef(source, ref, signal);
    return {
      ref: found,
      events: () =>
        iterating(
          source,
          WHAT,
          signal,
          (control, signal) => replay(control, found, signal),
        ),
      dockerfile: () => readDockerfile(source, found, signal),
      attrs: async () => (await this.inspect(found, { signal })).attrs,
      failure: async () => (await this.inspect(found, { signal })).failure,
    };
  }

  /** What is attested of a build: its provenance, and SBOMs that it made. */
  async attestations(
    ref?: string,
    options: BuildHistoryOptions = {},
  ): Promise<BuildHistoryAttestation[]> {
    checkRef("read attestations", ref);
    checkOptionNames("read attestations", options, { signal: true });
    const { readAttestations } = await import("./reads.ts");
    return await readAttestations(this.#source, ref, options.signal);
  }

  /**
   * The bytes of one attachment, such as the image's manifest: the first that
   * fits what is given. They may be read as slowly as one likes; at their end
   * the stream fails with a {@linkcode ProtocolError} if they are not those of
   * their digest.
   *
   * @throws {BuildHistoryError} If the record has none that fits.
   */
  async attachment(
    ref: string | undefined,
    options: BuildHistoryAttachmentOptions,
  ): Promise<ReadableStream<Uint8Array>> {
    checkRef("read an attachment", ref);
    checkOptionNames("read an attachment", options, ATTACHMENT);
    const { readAttachment } = await import("./reads.ts");
    return await readAttachment(this.#source, ref, options);
  }

  /**
   * Writes records of builds that have ended into a `.dockerbuild` file, as
   * `docker buildx history export` does: an OCI layout, as a tar in gzip, which
   * Docker Desktop shows. Tokens in BuildKit's traces are left out.
   *
   * @param refs Which builds; without any, the newest that has ended.
   * @throws {ExportError} If it can't be written.
   */
  async export(
    refs: readonly string[],
    options: BuildHistoryExportOptions,
  ): Promise<BuildHistoryExportResult> {
    checkRefs("export builds", refs);
    checkOptionNames("export builds", options, EXPORT);
    const { exportRecords } = await import("./reads.ts");
    return await exportRecords(this.#source, refs, options);
  }

  /**
   * Deletes records of builds that have ended. All are looked for before the
   * first one is deleted.
   *
   * @returns The ids of their builds.
   */
  async remove(
    refs: readonly string[],
    options: BuildHistoryOptions = {},
  ): Promise<string[]> {
    checkRefs("remove builds", refs);
    checkOptionNames("remove builds", options, { signal: true });
    const { removeRecords } = await import("./changes.ts");
    return await this.#ask(
      options,
      (control, signal) => removeRecords(control, { refs, signal }),
    );
  }

  /** Deletes the records of all builds that have ended, pinned ones, too. */
  async removeAll(options: BuildHistoryOptions = {}): Promise<string[]> {
    checkOptionNames("remove builds", options, { signal: true });
    const { removeAllRecords } = await import("./changes.ts");
    return await this.#ask(options, removeAllRecords);
  }

  /** Has the engine keep the record of a build that has ended for ever. */
  async pin(ref?: string, options: BuildHistoryOptions = {}): Promise<void> {
    await this.#setPinned(ref, true, options);
  }

  /** Lets the engine forget a build again when there are many. */
  async unpin(ref?: string, options: BuildHistoryOptions = {}): Promise<void> {
    await this.#setPinned(ref, false, options);
  }

  async #setPinned(
    ref: string | undefined,
    pinned: boolean,
    options: BuildHistoryOptions,
  ): Promise<void> {
    checkRef("pin a build", ref);
    checkOptionNames("pin a build", options, { signal: true });
    const { pinRecord } = await import("./changes.ts");
    await this.#ask(
      options,
      (control, signal) => pinRecord(control, ref, { pinned, signal }),
    );
  }

  async #ask<T>(
    { signal }: BuildHistoryOptions,
    work: Parameters<typeof asking<T>>[3],
  ): Promise<T> {
    const { asking } = await import("./source.ts");
    return await asking(this.#source, WHAT, signal, work);
  }
}
