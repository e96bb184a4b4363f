// Package layer stands for a part of the stargz snapshotter, which this build leaves out.
package layer

type OverlayOpaqueType int

const (
	OverlayOpaqueTrusted OverlayOpaqueType = iota
	OverlayOpaqueUser
)
