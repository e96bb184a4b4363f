import type { Flag } from "./flag.ts";

const FLAGS: readonly Flag[] = [
  { name: "host", short: "H", value: "URI", help: "engine's address" },
  { name: "debug", short: "D", help: "show causes" },
  { name: "listen", value: "ADDRESS", help: "unix:// or tcp://" },
  {
    name: "tls-cert",
    value: "FILE",
    help: "certificate, PEM",
    complete: "file",
  },
  { name: "tls-key", value: "FILE", help: "its key, PEM", complete: "file" },
  {
    name: "tls-client-ca",
    value: "FILE",
    help: "CA of clients",
    complete: "file",
  },
  {
    name: "token-file",
    value: "FILE",
    help: "bearer token",
    complete: "file",
  },
  { name: "plain-loopback", help: "TCP, no TLS" },
  {
    name: "allow",
    value: "GROUPS",
    many: true,
    help: "images, push, ...",
    complete: ["images", "push", "pull", "save", "load", "prune", "registry"],
  },
  { name: "share-steps", help: "share all steps" },
  { name: "max-builds", value: "N", help: "builds at once" },
  { name: "max-connections", value: "N", help: "at once" },
  { name: "max-body", value: "BYTES", help: "context, as 2g" },
  { name: "max-header", value: "BYTES", help: "head of request" },
  { name: "max-secrets", value: "BYTES", help: "of one build" },
  { name: "idle", value: "SECONDS", help: "without data" },
  { name: "timeout", value: "SECONDS", help: "one request" },
  { name: "grace", value: "SECONDS", help: "wait at stop" },
  { name: "allow-host-network", help: "networkmode=host" },
  { name: "allow-private-remotes", help: "private hosts" },
  { name: "allow-cgroup-parent", help: "cgroupparent" },
  { name: "allow-entitlements", help: "entitlements" },
];

/**
 * The flags of `davit gateway`. None may have an empty value: with
 * `--flag="$VARIABLE"` and an unset variable the gateway would otherwise start
 * with a wider default.
 */
export const GATEWAY_FLAGS: readonly Flag[] = FLAGS.map((flag) => ({
  ...flag,
  notEmpty: true,
}));
