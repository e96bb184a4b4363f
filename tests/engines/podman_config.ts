import type { PodmanPrograms } from "./packages.ts";

/**
 * Files that keep a podman within one folder, by their paths in it.
 *
 * Steps get no network of their own (there are no plugins for one), events and
 * locks are files, and registries on this machine may speak plain HTTP.
 */
export function podmanFiles(
  directory: string,
  programs: PodmanPrograms,
): Record<string, string> {
  return {
    "containers.conf": `[containers]
netns = "none"
seccomp_profile = "${programs.seccomp}"
[engine]
cgroup_manager = "cgroupfs"
conmon_path = ["${programs.conmon}"]
events_logger = "file"
lock_type = "file"
runtime = "runc"
static_dir = "${directory}/static"
tmp_dir = "${directory}/run/libpod"
volume_path = "${directory}/volumes"
[engine.runtimes]
runc = ["${programs.runc}"]
[network]
cni_plugin_dirs = ["${directory}/net"]
network_backend = "cni"
network_config_dir = "${directory}/net"
`,
    "storage.conf": `[storage]
driver = "overlay"
graphroot = "${directory}/data"
runroot = "${directory}/run"
`,
    "registries.conf": `unqualified-search-registries = []
[[registry]]
location = "127.0.0.1"
insecure = true
`,
    ".config/containers/policy.json": JSON.stringify({
      default: [{ type: "insecureAcceptAnything" }],
    }),
  };
}
