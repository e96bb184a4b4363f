// The drivers of buildx, and the options that each takes.

import { parseSize } from "../gotext/size.ts";
import { BuilderError } from "./builder_error.ts";
import type { BuildxInstance, BuildxNode } from "./instance.ts";

/** The drivers of buildx: how a builder's daemons are run and reached. */
export type DriverName =
  | "docker"
  | "docker-container"
  | "kubernetes"
  | "remote";

/** Words that Go reads as yes or no. */
const SWITCH_REGEXP = /^(?:1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/;

/** What a driver's option must look like, and what to say if it does not. */
type OptionRule = readonly [form: Pick<RegExp, "test">, expected: string];

const ANY: OptionRule = [/^/, ""];
const SWITCH: OptionRule = [SWITCH_REGEXP, "true or false"];
const NUMBER: OptionRule = [/^-?\d+$/, "a number"];
const SIZE: OptionRule = [
  { test: (text) => text === "-1" || parseSize(text) !== undefined },
  "a size, such as 2g",
];
const PATH: OptionRule = [/^\//, "an absolute path"];
const RESTART: OptionRule = [
  /^(?:no|always|unless-stopped|on-failure(?::\d+)?)?$/,
  "no, always, unless-stopped or on-failure[:N]",
];

const OPTIONS: Readonly<
  Record<DriverName, Readonly<Record<string, OptionRule>> | undefined>
> = {
  docker: {},
  "docker-container": {
    "allow-untrusted-image": SWITCH,
    "cgroup-parent": ANY,
    "cpu-period": NUMBER,
    "cpu-quota": NUMBER,
    "cpu-shares": NUMBER,
    "cpuset-cpus": ANY,
    "cpuset-mems": ANY,
    "default-load": SWITCH,
    image: ANY,
    memory: SIZE,
    "memory-swap": SIZE,
    network: ANY,
    "provenance-add-gha": SWITCH,
    "restart-policy": RESTART,
  },
  // A cluster's; davit only reaches what runs there.
  kubernetes: undefined,
  remote: {
    cacert: PATH,
    cert: PATH,
    "default-load": SWITCH,
    key: PATH,
    servername: ANY,
  },
};

/** Whether davit and buildx know a driver of this name. */
export function isDriver(name: string): name is DriverName {
  return Object.hasOwn(OPTIONS, name);
}

/**
 * The driver of a builder.
 *
 * @throws {BuilderError} If there is no such driver, or an option of a node is
 * not one of its own.
 */
export function driverOf({ name, driver, nodes }: BuildxInstance): DriverName {
  if (!isDriver(driver)) {
    throw new BuilderError(
      name,
      `Cannot use builder "${name}": its driver ${
        JSON.stringify(driver)
      } is not known; there are ${Object.keys(OPTIONS).join(", ")}`,
    );
  }
  for (const node of nodes) checkNode(name, driver, node);
  return driver;
}

/**
 * Checks what a builder's file, or a flag, says of a node.
 *
 * @throws {BuilderError} If an option is unknown, or has a value of another form.
 */
export function checkNode(
  builder: string,
  driver: DriverName,
  node: BuildxNode,
): void {
  const refuse = (why: string) =>
    new BuilderError(
      builder,
      `Cannot use builder "${builder}": ${why}, in node "${node.name}"`,
    );
  const options = node.driverOpts ?? {};
  const rules = OPTIONS[driver];
  for (
    const [name, value] of Object.entries(rules === undefined ? {} : options)
  ) {
    const isVariable = driver === "docker-container" && /^env\../.test(name);
    const rule = isVariable
      ? ANY
      : Object.hasOwn(rules!, name)
      ? rules![name]
      : undefined;
    if (rule === undefined) {
      throw refuse(
        `invalid driver option ${name} for ${driver} driver (there are ${
          Object.keys(rules!).join(", ")
        })`,
      );
    }
    const [form, expected] = rule;
    // The value is not quoted: it may be a password.
    if (!form.test(value)) {
      throw refuse(`driver option ${name} must be ${expected}`);
    }
  }
  if (driver !== "remote") return;
  if (node.flags !== undefined && node.flags.length > 0) {
    throw refuse("setting buildkit flags is not supported for remote driver");
  }
  if (Object.keys(node.files ?? {}).length > 0) {
    throw refuse("setting config file is not supported for remote driver");
  }
  const { cacert, cert, key, servername } = options;
  const hasTls = [cacert, cert, key, servername].some((value) =>
    value !== undefined
  );
  const missing = [
    ...(hasTls && cacert === undefined ? ["cacert"] : []),
    ...(cert !== undefined && key === undefined ? ["key"] : []),
    ...(key !== undefined && cert === undefined ? ["cert"] : []),
  ];
  if (missing.length > 0) {
    throw refuse(`tls enabled, but missing keys ${missing.join(", ")}`);
  }
}

/** Whether one of Go's words for yes is a driver's option. */
export function isSwitchedOn(value: string | undefined): boolean {
  return value !== undefined && /^(?:1|t|true)$/i.test(value) &&
    SWITCH_REGEXP.test(value);
}

/** Whether builds load their image into an engine where nothing else is asked for. */
export function loadsByDefault({ nodes }: BuildxInstance): boolean {
  return nodes.some(({ driverOpts }) =>
    isSwitchedOn(driverOpts?.["default-load"])
  );
}
