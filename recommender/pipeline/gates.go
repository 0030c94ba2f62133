package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// ErrGate reports a bundle that must not go live, unless somebody says so. It wraps
// [catalog.ErrInvalid].
var ErrGate = fmt.Errorf("a gate refuses the bundle: %w", catalog.ErrInvalid)

// The names of the gates.
const (
	GateRecall    = "recall"    // the index finds what an exact scan finds
	GateShrinkage = "shrinkage" // movies are not gone all at once
	GateEmpty     = "empty"     // movies have texts
	GateOffline   = "offline"   // lists suit people as well as those of the live bundle
)

var gateNames = []string{GateRecall, GateShrinkage, GateEmpty, GateOffline}

// Gates are what is asked of a bundle before it goes live. Start from [DefaultGates]: a
// zero field means zero.
type Gates struct {
	// Shrinkage is the share of the movies of the live bundle that may be missing, 0 to
	// 1. It is of numbers: movies that came make up for movies that left.
	Shrinkage float64
	// Empty is the share of movies that may be without a document, 0 to 1, and a
	// fiftieth more than in the live bundle is allowed in any case: a catalog that has
	// always been so is no reason to stop.
	Empty float64
	// Offline is how much lower the NDCG@20 of the default arm may be than that of the
	// live bundle's, as a share of it. A drop beyond it counts if the intervals of
	// the two do not meet as well.
	Offline float64
	// Override lets a bundle pass a gate that refuses it: the reason, by the gate's name.
	Override map[string]string
}

// emptyGrowth is by how much the share of movies without a document may grow, whatever
// it is.
const emptyGrowth = 0.02

// DefaultGates returns what a release must come up to: at most 5% fewer movies, a fifth
// without a text, and an NDCG@20 no more than a tenth lower.
func DefaultGates() Gates { return Gates{Shrinkage: 0.05, Empty: 0.2, Offline: 0.1} }

// Validate reports every fault in one error, which wraps [catalog.ErrInvalid].
func (g Gates) Validate() error {
	var errs []error
	share := func(name string, v float64) {
		if !(v >= 0 && v <= 1) {
			errs = append(errs, fmt.Errorf("limit of gate %s is %v, want 0 to 1", name, v))
		}
	}
	share(GateShrinkage, g.Shrinkage)
	share(GateEmpty, g.Empty)
	share(GateOffline, g.Offline)
	if err := errors.Join(errs...); err != nil {
		errs = []error{fmt.Errorf("%w: %w", err, catalog.ErrInvalid)}
	}
	return errors.Join(append(errs, checkOverride(g.Override))...)
}

// checkOverride returns an error that wraps [catalog.ErrInvalid] unless override names
// gates and reasons.
func checkOverride(override map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(override)) {
		if !slices.Contains(gateNames, name) {
			errs = append(errs, fmt.Errorf("override of gate %q, want one of %q", name, gateNames))
		}
		if strings.TrimSpace(override[name]) == "" {
			errs = append(errs, fmt.Errorf("override of gate %q without a reason, which is kept in the bundle", name))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
}

// Check asks next, which is to take the place of live, and returns what every gate
// found, for the manifest: see [bundle.Manifest.Gates]. live is nil if there is none:
// what is compared with it then passes. If a gate refuses next and is not overridden, the
// error wraps [ErrGate] and says which, what was measured, the limit, and how to
// override it.
func (g Gates) Check(next bundle.Manifest, live *bundle.Manifest) ([]bundle.Gate, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	gates := []bundle.Gate{recallGate(next), g.shrinkage(next, live), g.empty(next, live), g.offline(next, live)}
	var errs []error
	for i := range gates {
		gate := &gates[i]
		if gate.Passed {
			continue
		}
		if reason, ok := g.Override[gate.Name]; ok {
			gate.Override = true
			gate.Detail = fmt.Sprintf("%s; overridden: %s", gate.Detail, reason)
			continue
		}
		errs = append(errs, fmt.Errorf("gate %s: %s; %s", gate.Name, gate.Detail, override(gate.Name)))
	}
	if len(errs) > 0 {
		return gates, fmt.Errorf("%w: %w", errors.Join(errs...), ErrGate)
	}
	return gates, nil
}

// override says how a gate is made to let something pass.
func override(gate string) string { return fmt.Sprintf("\"--override %s=REASON\" lets it pass", gate) }

// recallGate asks whether the index finds what it must: movies held out and profiles as
// it was built, and what it found after a patch.
func recallGate(next bundle.Manifest) bundle.Gate {
	m := next.Index.Measured
	gate := bundle.Gate{Name: GateRecall, Limit: m.Floor, Value: min(m.Movies, m.Profiles)}
	gate.Detail = fmt.Sprintf("index %s finds %.4f of the %d nearest on movies and %.4f on profiles, floor %v", next.Index.Kind, m.Movies, m.K, m.Profiles, m.Floor)
	switch {
	case next.Later == nil:
	case next.Later.Measured == nil && m.MovieQueries+m.ProfileQueries > 0:
		gate.Detail += "; with what came later it was not measured"
	case next.Later.Measured != nil:
		later := next.Later.Measured
		gate.Value = min(gate.Value, later.Movies)
		gate.Detail += fmt.Sprintf("; with what came later %.4f on %d movies", later.Movies, later.MovieQueries)
	}
	gate.Passed = gate.Value >= gate.Limit // not if one is no number
	return gate
}

func (g Gates) shrinkage(next bundle.Manifest, live *bundle.Manifest) bundle.Gate {
	gate := bundle.Gate{Name: GateShrinkage, Limit: g.Shrinkage, Passed: true, Detail: noLive}
	if live == nil || live.Counts.Movies == 0 {
		return gate
	}
	before, after := live.Counts.Movies, next.Counts.Movies
	gate.Value = max(0, float64(before-after)/float64(before))
	gate.Passed = gate.Value <= gate.Limit
	gate.Detail = fmt.Sprintf("%d movies, the live bundle has %d: %.1f%% fewer, at most %.1f%% are allowed", after, before, 100*gate.Value, 100*gate.Limit)
	return gate
}

// noLive is the note of a gate that had nothing to compare with.
const noLive = "no bundle is live to compare with"

func (g Gates) empty(next bundle.Manifest, live *bundle.Manifest) bundle.Gate {
	gate := bundle.Gate{Name: GateEmpty, Limit: g.Empty, Value: emptyShare(next)}
	if live != nil {
		gate.Limit = max(gate.Limit, emptyShare(*live)+emptyGrowth)
	}
	gate.Passed = gate.Value <= gate.Limit
	gate.Detail = fmt.Sprintf("%d of %d movies have no document: %.1f%%, at most %.1f%% are allowed", next.Counts.Empty, next.Counts.Movies, 100*gate.Value, 100*gate.Limit)
	return gate
}

func emptyShare(m bundle.Manifest) float64 {
	if m.Counts.Movies == 0 {
		return 0
	}
	return float64(m.Counts.Empty) / float64(m.Counts.Movies)
}

func (g Gates) offline(next bundle.Manifest, live *bundle.Manifest) bundle.Gate {
	gate := bundle.Gate{Name: GateOffline, Limit: g.Offline, Passed: true, Detail: noLive}
	if live == nil {
		return gate
	}
	now, then := defaultArm(next), defaultArm(*live)
	switch {
	case then == nil:
		gate.Detail = "the live bundle was not judged"
	case now == nil:
		gate.Passed = false
		gate.Detail = fmt.Sprintf("the bundle was not judged, and the live bundle was, with an NDCG@20 of %.4f; build with --evaluate to judge it", then.NDCG)
	case now.Held != then.Held || now.Lot != then.Lot:
		gate.Detail = fmt.Sprintf("NDCG@20 is %.4f; that of the live bundle is of another protocol and does not compare", now.NDCG)
	case !(then.NDCG > 0):
		gate.Detail = fmt.Sprintf("NDCG@20 is %.4f, of the live bundle 0", now.NDCG)
	default:
		gate.Value = (then.NDCG - now.NDCG) / then.NDCG
		apart := now.NDCGHigh < then.NDCGLow
		gate.Passed = gate.Value <= gate.Limit || !apart
		gate.Detail = compared(gate, now, then, apart)
	}
	return gate
}

// compared says what became of NDCG.
func compared(gate bundle.Gate, now, then *bundle.Offline, apart bool) string {
	text := fmt.Sprintf("NDCG@20 of the default arm is %.4f [%.4f, %.4f], of the live bundle %.4f [%.4f, %.4f]: %+.1f%%, at most -%.1f%% is allowed",
		now.NDCG, now.NDCGLow, now.NDCGHigh, then.NDCG, then.NDCGLow, then.NDCGHigh, -100*gate.Value, 100*gate.Limit)
	if gate.Value > gate.Limit && !apart {
		text += ", but the intervals meet"
	}
	if now.People != then.People {
		text += fmt.Sprintf("; of %d people, before of %d", now.People, then.People)
	}
	return text
}

// defaultArm returns how the default arm of m did; nil if that was not asked.
func defaultArm(m bundle.Manifest) *bundle.Offline {
	if m.Arm == "" || m.Arm == rank.ArmFeatures {
		return m.Features
	}
	for _, x := range m.Models {
		if x.Name == m.Arm {
			return x.Offline
		}
	}
	return nil
}
