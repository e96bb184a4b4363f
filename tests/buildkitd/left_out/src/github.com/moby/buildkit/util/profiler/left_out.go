// Package profiler stands for the flags that make profiles, which this build leaves out.
package profiler

import "github.com/urfave/cli"

func Attach(*cli.App) {}
