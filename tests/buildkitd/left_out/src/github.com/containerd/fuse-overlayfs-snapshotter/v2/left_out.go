// Package fuseoverlayfs stands for a snapshotter that this build leaves out.
package fuseoverlayfs

import (
	"errors"

	"github.com/containerd/containerd/v2/core/snapshots"
)

var errLeftOut = errors.New("the tests' buildkitd was built without fuse-overlayfs")

func Supported(string) error { return errLeftOut }

func NewSnapshotter(string) (snapshots.Snapshotter, error) { return nil, errLeftOut }
