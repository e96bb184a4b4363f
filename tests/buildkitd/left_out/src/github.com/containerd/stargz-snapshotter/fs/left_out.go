// Package fs stands for a part of the stargz snapshotter, which this build leaves out.
package fs

import (
	"errors"

	"github.com/containerd/stargz-snapshotter/fs/config"
	"github.com/containerd/stargz-snapshotter/fs/layer"
	"github.com/containerd/stargz-snapshotter/fs/source"
	"github.com/sirupsen/logrus"
)

type FileSystem struct{}

type Option struct{}

func NewFilesystem(string, config.Config, ...Option) (FileSystem, error) {
	return FileSystem{}, errors.New("the tests' buildkitd was built without stargz")
}

func WithGetSources(source.GetSources) Option { return Option{} }

func WithMetricsLogLevel(logrus.Level) Option { return Option{} }

func WithOverlayOpaqueType(layer.OverlayOpaqueType) Option { return Option{} }
