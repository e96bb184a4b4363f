import type { Flag } from "./flag.ts";

const FLAGS: readonly Flag[] = [
  { name: "host", short: "H", value: "URI", help: "the engine behind" },
  { name: "debug", short: "D", help: "causes of errors" },
  { name: "listen", value: "ADDRESS", help: "unix:// or tcp://" },
  {
    name: "tls-cert",
    value: "FILE",
    help: "its certificate",
    complete: "file",
  },
  { name: "tls-key", value: "FILE", help: "and its key", complete: "file" },
  {
    name: "tls-client-ca",
    value: "FILE",
    help: "who signs clients",
    complete: "file",
  },
  {
    name: "token-file",
    value: "FILE",
    help: "the bearer token",
    complete: "file",
  },
  { name: "plain-loopback", help: "TCP, for any user" },
  {
    name: "allow",
    value: "GROUPS",
    many: true,
    help: "images, push, ...",
    complete: ["images", "push", "pull", "save", "load", "prune", "registry"],
  },
  { name: "share-steps", help: "between secrets" },
  { name: "max-builds", value: "N", help: "at a time" },
  { name: "max-connections", value: "N", help: "at a time" },
  { name: "max-body", value: "BYTES", help: "of a context: 2g" },
  { name: "max-header", value: "BYTES", help: "of a request" },
  { name: "max-secrets", value: "BYTES", help: "of a build" },
  { name: "idle", value: "SECONDS", help: "for silence" },
  { name: "timeout", value: "SECONDS", help: "for a request" },
  { name: "grace", value: "SECONDS", help: "when it stops" },
  { name: "allow-host-network", help: "networkmode=host" },
  { name: "allow-private-remotes", help: "private hosts" },
  { name: "allow-cgroup-parent", help: "cgroupparent" },
  { name: "allow-entitlements", help: "entitlements" },
];

/**
 * The flags of `davit gateway`. None may be empty: a variable that is not set
 * must not open a door.
 */
export const GATEWAY_FLAGS: readonly Flag[] = FLAGS.map((flag) => ({
  ...flag,
  notEmpty: true,
}));
