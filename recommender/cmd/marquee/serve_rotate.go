package main

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"marquee/recommender/experiment"
	"marquee/recommender/rank"
)

// warnRotate warns until ctx ends, once of each bundle and each set of running arms, that
// they take off scores for what was shown, which this server does not remember.
func (x *experimenting) warnRotate(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for told := ""; ; {
		if all := strings.Join(x.rotating(time.Now()), ", "); all != told {
			if told = all; all != "" {
				log.Warn("the knob rotate does nothing here: what was shown is not remembered; start every server with --remember-shown, such as 50", "of", all)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// rotating names the bundle and the arms that run at a time whose knob rotate is on.
func (x *experimenting) rotating(at time.Time) []string {
	var all []string
	if live, err := x.service.Live(); err == nil && live.Snapshot.Config.Knobs.Rotate > 0 {
		all = append(all, "bundle "+live.Bundle.Manifest.ID)
	}
	for _, e := range x.follower.Status().Experiments {
		if e.Start.After(at) || !e.End.IsZero() && !e.End.After(at) {
			continue
		}
		for _, a := range e.Arms {
			if k, err := experiment.Patch(rank.Knobs{}, a.Knobs); err == nil && k.Rotate > 0 {
				all = append(all, "arm "+a.Name+" of experiment "+e.Name)
			}
		}
	}
	return all
}
