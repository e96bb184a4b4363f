/** What BuildKit uses to run builds. */
export interface Worker {
  /** Its id. */
  readonly id: string;
  /** Its labels; what they mean is BuildKit's own. */
  readonly labels: ReadonlyMap<string, string>;
  /** The platforms that it can run, such as `linux/arm/v7`, its own first. */
  readonly platforms: readonly string[];
  /** What it keeps when it cleans its cache by itself, one rule after the other. */
  readonly gcPolicy: readonly GcRule[];
}

/** A rule by which a worker cleans its cache. */
export interface GcRule {
  /** Whether internal and shared records count, too. */
  readonly all: boolean;
  /** Which records it is about, in BuildKit's filters; all if there is none. */
  readonly filters: readonly string[];
  /** How long they stay at least, in nanoseconds; 0 for no time. */
  readonly keepDuration: number;
  /** How much is always left in the cache, in bytes; 0 if that is not set. */
  readonly reservedSpace: number;
  /** How much they may take, in bytes; 0 if that is not set. */
  readonly maxUsedSpace: number;
  /** How much of the disk shall be free, in bytes; 0 if that is not set. */
  readonly minFreeSpace: number;
}
