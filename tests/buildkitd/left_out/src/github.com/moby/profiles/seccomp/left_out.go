// Package seccomp stands for the list of system calls that steps may use, which no package of Debian has.
package seccomp

import "github.com/opencontainers/runtime-spec/specs-go"

// GetDefaultProfile gives none: steps may use every system call.
func GetDefaultProfile(*specs.Spec) (*specs.LinuxSeccomp, error) { return nil, nil }
