// Package snapshot stands for a part of the stargz snapshotter, which this build leaves out.
package snapshot

import (
	"context"
	"errors"

	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/stargz-snapshotter/fs"
)

type Option int

const (
	AsynchronousRemove Option = iota
	NoRestore
)

func NewSnapshotter(context.Context, string, fs.FileSystem, ...Option) (snapshots.Snapshotter, error) {
	return nil, errors.New("the tests' buildkitd was built without stargz")
}
