import { parsePlatform } from "../platforms/platform.ts";
import type { OnSilence } from "../transport/silence.ts";
import type { BuildkitDaemon } from "./daemon.ts";
import { openDaemon } from "./open_daemon.ts";
import type { BuilderTls } from "./tls_files.ts";

/** One of the machines of a builder. */
export interface BuilderNode {
  /**
   * Its name, which stands before the names of its steps: letters, digits, `-`,
   * `_` and `.`.
   */
  readonly name: string;
  /** Its address, as for `Builder.fromAddress()`. */
  readonly address: string;
  /** TLS for `tcp://`, as for `Builder.fromAddress()`. */
  readonly tls?: BuilderTls | undefined;
  /** The engine of `docker-container://`, as for `Builder.fromAddress()`. */
  readonly dockerHost?: string | undefined;
  /**
   * The platforms that it is for, such as `linux/arm64`; what it runs by itself
   * unless given.
   */
  readonly platforms?: string | readonly string[] | undefined;
}

/** A machine of a builder, as it is reached. */
export interface OpenedNode {
  readonly name: string;
  readonly daemon: BuildkitDaemon;
  /** The platforms that it was given for; none for what it runs by itself. */
  readonly platforms: readonly string[];
}

/** Names that can stand in a step's name, and behind a tag. */
const NAME_REGEXP = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/**
 * Opens the machines of a builder. Nothing is sent yet; certificates are read.
 *
 * @throws {TypeError} If there is none, two have one name, or one can't be
 * reached in this way.
 */
export async function openNodes(
  nodes: readonly BuilderNode[],
  onSilence?: OnSilence,
): Promise<readonly OpenedNode[]> {
  if (!Array.isArray(nodes) || nodes.length === 0) {
    throw new TypeError(
      "Cannot make a builder: expected a list of at least one node",
    );
  }
  const names = new Set<string>();
  const checked = nodes.map((node: BuilderNode) => {
    const { name, address, platforms = [] } = node;
    if (typeof name !== "string" || !NAME_REGEXP.test(name)) {
      throw new TypeError(
        `Cannot make a builder: the node's name ${
          JSON.stringify(name)
        } is none; expected letters, digits, "-", "_" and "."`,
      );
    }
    if (names.has(name)) {
      throw new TypeError(
        `Cannot make a builder: two nodes have the name "${name}"`,
      );
    }
    names.add(name);
    if (typeof address !== "string") {
      throw new TypeError(
        `Cannot make a builder: the node "${name}" has no address`,
      );
    }
    const list = [platforms].flat().flatMap((words: string) =>
      words.split(",").map((word) => word.trim())
    );
    list.forEach(parsePlatform);
    return { ...node, platforms: list };
  });
  const opened: OpenedNode[] = [];
  try {
    for (const { name, address, platforms, tls, dockerHost } of checked) {
      const daemon = await openDaemon(address, { tls, dockerHost, onSilence });
      opened.push({ name, daemon, platforms });
    }
  } catch (error) {
    for (const { daemon } of opened) await daemon.close();
    throw error;
  }
  return opened;
}
