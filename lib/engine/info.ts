import type { Engine } from "./engine.ts";

/** The answer to `GET /info`: the fields that a build cares for; the engine sends more. */
export interface EngineInfo {
  /** Identifier of the engine. */
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
  /** `rootless` and others, as `name=…`. */
  SecurityOptions?: string[];
  /** What the engine thinks worth a warning. */
  Warnings?: string[] | null;
  /** Everything else. */
  [field: string]: unknown;
}

/** `GET /info`. */
export async function info(
  engine: Engine,
  signal?: AbortSignal,
): Promise<EngineInfo> {
  return await engine.json({ path: "/info", signal });
}
