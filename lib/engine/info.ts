import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";

/**
 * The answer to `GET /info`. Only the fields that matter for builds have a
 * type; the engine sends more.
 */
export interface EngineInfo {
  /** Id of the engine. */
  ID?: string;
  /** Its version. */
  ServerVersion?: string;
  /** How it stores images: a graph driver or a containerd snapshotter. */
  Driver?: string;
  /** Pairs of facts about the driver; `driver-type` tells the containerd image store. */
  DriverStatus?: [name: string, value: string][];
  /** Number of images. */
  Images?: number;
  /** Number of containers. */
  Containers?: number;
  /** Name of the operating system. */
  OperatingSystem?: string;
  /** Kind of operating system, such as `linux`. */
  OSType?: string;
  /** Processor architecture, such as `x86_64`. */
  Architecture?: string;
  /** Number of processors. */
  NCPU?: number;
  /** Memory in bytes. */
  MemTotal?: number;
  /** Security features, such as `name=rootless`. */
  SecurityOptions?: string[];
  /** The engine's own warnings. */
  Warnings?: string[] | null;
  /** Everything else. */
  [field: string]: unknown;
}

/**
 * Whether the engine keeps images in containerd's store, where an image's id is
 * the digest of its manifest.
 */
export function isContainerdStore(
  { DriverStatus }: Pick<EngineInfo, "DriverStatus">,
): boolean {
  return DriverStatus?.some(([name, value]) =>
    name === "driver-type" && value.startsWith("io.containerd.snapshotter")
  ) ?? false;
}

const INFO: AnswerShape = {
  type: "object",
  fields: {
    ID: "text",
    ServerVersion: "text",
    Driver: "text",
    DriverStatus: "pairs",
    Images: "number",
    Containers: "number",
    OperatingSystem: "text",
    OSType: "text",
    Architecture: "text",
    NCPU: "number",
    MemTotal: "number",
    SecurityOptions: "texts",
    Warnings: "texts",
  },
};

/** `GET /info`. */
export async function info(
  engine: Engine,
  signal?: AbortSignal,
): Promise<EngineInfo> {
  return await engine.json({ path: "/info", signal }, INFO);
}
