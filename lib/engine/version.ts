import type { Engine } from "./engine.ts";
import type { AnswerShape } from "./fields.ts";

/**
 * A component of an engine, such as `Engine`, `containerd` or `Podman Engine`.
 */
export interface VersionComponent {
  /** Name of the component. */
  Name: string;
  /** Its version. */
  Version: string;
  /** Further facts, as text. */
  Details?: Record<string, string> | null;
}

/** The answer to `GET /version`, in the engine's own field names. */
export interface EngineVersion {
  /** The engine's version, such as `28.5.2`. */
  Version: string;
  /** The newest API version that it speaks. */
  ApiVersion: string;
  /** The oldest API version that it speaks. */
  MinAPIVersion?: string;
  /** Operating system, such as `linux`. */
  Os: string;
  /** Processor architecture, such as `amd64`. */
  Arch: string;
  /** Version of the kernel. */
  KernelVersion?: string;
  /** Git commit that the engine was built from. */
  GitCommit?: string;
  /** Version of Go that built it. */
  GoVersion?: string;
  /** When it was built, in the format of RFC 3339. */
  BuildTime?: string;
  /** Whether experimental features are on. */
  Experimental?: boolean;
  /** Its components. */
  Components?: VersionComponent[];
  /** Name of the product. */
  Platform?: { Name: string };
}

const VERSION: AnswerShape = {
  type: "object",
  fields: {
    Version: "text",
    ApiVersion: "text",
    MinAPIVersion: "text",
    Os: "text",
    Arch: "text",
    KernelVersion: "text",
    GitCommit: "text",
    GoVersion: "text",
    BuildTime: "text",
    Experimental: "flag",
    Components: "objects",
    Platform: "object",
  },
  required: ["Version", "ApiVersion"],
};

/** `GET /version`. */
export async function version(
  engine: Engine,
  signal?: AbortSignal,
): Promise<EngineVersion> {
  return await engine.json({ path: "/version", signal }, VERSION);
}
