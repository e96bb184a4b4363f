// buildx's folder (buildx, `store.Store`): `instances/NAME` is a builder,
// `activity/NAME` when it was used last, `current` the chosen one, and
// `defaults/HASH` the one that is chosen for an engine until another is.

import { goJson } from "../gotext/json.ts";
import { BuilderError } from "./builder_error.ts";
import { type BuildxInstance, instanceText, readInstance } from "./instance.ts";
import { builderName } from "./name.ts";
import { sha256 } from "../streams/sha256.ts";
import { readIfThere } from "../transport/docker_config.ts";

const INSTANCES = "instances";
const ACTIVITY = "activity";
const DEFAULTS = "defaults";
const CURRENT = "current";

/** How many digits of the SHA-256 of an engine's name are its file's name. */
const HASH_DIGITS = 20;

/** Which builder is chosen, for which engine. */
interface Current {
  readonly Key: string;
  readonly Name: string;
  /** Whether it is the one for every engine. */
  readonly Global: boolean;
}

/**
 * Reads buildx's folder. Files are written whole or not at all, so reading needs
 * no lock, and leaves no trace.
 */
export class BuildxStore {
  /** Path of the folder, which need not exist. */
  readonly folder: string;

  /** Names the folder; nothing is read yet. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The names of the builders that have a file, in their order. */
  async names(): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of Deno.readDir(this.#path(INSTANCES))) {
        // What is written aside before it is moved to its place begins so.
        if (!name.startsWith(".")) names.push(name);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return names.sort();
  }

  /**
   * The builder of a name.
   *
   * @returns undefined if none has a file of this name.
   * @throws {BuilderError} If its file is broken, or can't be read.
   */
  async find(name: string): Promise<BuildxInstance | undefined> {
    const path = this.#path(INSTANCES, builderName(name));
    let text: string | undefined;
    try {
      text = await readIfThere(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      throw new BuilderError(
        name,
        `Cannot use builder "${name}": "${path}" can't be read (${
          (cause as Error).message
        }); "davit builder rm ${name}" removes it`,
        { cause },
      );
    }
    return text === undefined ? undefined : readInstance(name, text, path);
  }

  /** When a builder was used last; undefined if that is not known. */
  async lastActivity(name: string): Promise<Date | undefined> {
    const text = await readIfThere(this.#path(ACTIVITY, name));
    const date = new Date(text ?? NaN);
    return Number.isNaN(date.getTime()) ? undefined : date;
  }

  /**
   * The name of the builder that is chosen for an engine.
   *
   * @param engine The docker context, or the address of the engine.
   * @returns undefined if none is.
   * @throws {BuilderError} If the file that says so is broken.
   */
  async chosen(engine: string): Promise<string | undefined> {
    const { Name, Key, Global } = await this.#current();
    if (Name !== "" && Global && await this.#isThere(Name)) return Name;
    if (Name !== "" && Key === engine) {
      return await this.#isThere(Name) ? Name : undefined;
    }
    const name = await readIfThere(
      this.#path(DEFAULTS, await hashOf(engine)),
    );
    return name && await this.#isThere(name) ? name : undefined;
  }

  async #current(): Promise<Current> {
    const path = this.#path(CURRENT);
    const text = await readIfThere(path);
    if (text === undefined) return { Key: "", Name: "", Global: false };
    try {
      const { Key = "", Name = "", Global = false } = Object(JSON.parse(text));
      return { Key: String(Key), Name: String(Name), Global: Global === true };
    } catch {
      throw new BuilderError(
        "",
        `Cannot tell which builder is chosen: "${path}" is not JSON; "davit builder use NAME" writes it anew`,
      );
    }
  }

  async #isThere(name: string): Promise<boolean> {
    try {
      await Deno.stat(this.#path(INSTANCES, name.toLowerCase()));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  /**
   * Changes the folder's files, while no other program of buildx or davit does.
   */
  async edit<T>(change: (edit: BuildxEdit) => Promise<T>): Promise<T> {
    for (const name of [INSTANCES, DEFAULTS, ACTIVITY]) {
      await Deno.mkdir(this.#path(name), { recursive: true, mode: 0o700 });
    }
    // The lock is on the whole file (flock), as buildx has it, and goes with the
    // file's handle.
    using lock = await Deno.open(this.#path(".lock"), {
      create: true,
      read: true,
      write: true,
      mode: 0o600,
    });
    await lock.lock(true);
    return await change(new BuildxEdit(this));
  }

  #path(...names: string[]): string {
    return [this.folder, ...names].join("/");
  }
}

/** What may be changed while the folder is locked. */
export class BuildxEdit {
  readonly #folder: string;

  /** Made by {@linkcode BuildxStore.edit}. */
  constructor({ folder }: BuildxStore) {
    this.#folder = folder;
  }

  /** Writes a builder's file, which counts as a use of it. */
  async save(instance: BuildxInstance): Promise<void> {
    const name = builderName(instance.name);
    await this.used(instance.name);
    await this.#write(`${INSTANCES}/${name}`, instanceText(instance));
  }

  /**
   * Notes that a builder is used now, in a file of its name with its capital
   * letters, as buildx does.
   *
   * @throws {BuilderError} If no builder can have this name.
   */
  async used(name: string): Promise<void> {
    builderName(name);
    const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    await this.#write(`${ACTIVITY}/${name}`, now);
  }

  /** Removes a builder's files; what runs is left alone. */
  async remove(name: string): Promise<void> {
    const file = builderName(name);
    for await (const entry of Deno.readDir(`${this.#folder}/${ACTIVITY}`)) {
      if (entry.name.toLowerCase() !== file) continue;
      await removeIfThere(`${this.#folder}/${ACTIVITY}/${entry.name}`);
    }
    for (const folder of ["refs", INSTANCES]) {
      await removeIfThere(`${this.#folder}/${folder}/${file}`);
    }
  }

  /**
   * Chooses a builder for an engine; an empty name chooses the engine itself.
   *
   * @param isGlobal For every engine.
   * @param isDefault Also whenever another engine was used in between.
   */
  async choose(
    engine: string,
    name: string,
    isGlobal: boolean,
    isDefault: boolean,
  ): Promise<void> {
    const current: Current = { Key: engine, Name: name, Global: isGlobal };
    await this.#write(CURRENT, goJson(current));
    const file = `${DEFAULTS}/${await hashOf(engine)}`;
    if (isDefault) await this.#write(file, name);
    else await removeIfThere(`${this.#folder}/${file}`);
  }

  /** Writes a file aside and moves it to its place. */
  async #write(name: string, text: string): Promise<void> {
    const path = `${this.#folder}/${name}`;
    const aside = path.replace(
      /[^/]*$/,
      (file) => `.tmp-${file}${crypto.randomUUID()}`,
    );
    try {
      await Deno.writeTextFile(aside, text, { mode: 0o600, createNew: true });
      await Deno.rename(aside, path);
    } catch (error) {
      await removeIfThere(aside);
      throw error;
    }
  }
}

async function hashOf(engine: string): Promise<string> {
  return (await sha256(engine)).slice(0, HASH_DIGITS);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
