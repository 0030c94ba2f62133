package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

type bundlePublishCmd struct {
	ID       string            `arg:"" help:"ID of the bundle, or its first digits." predictor:"bundle"`
	Why      string            `help:"The reason, kept beside the pointer." env:"-" placeholder:"TEXT"`
	Override map[string]string `help:"Make a bundle live that a gate refused when it was made, with the reason, which is kept beside the pointer." env:"-" mapsep:";" placeholder:"GATE=REASON"`
}

// Help is shown below the flags.
func (bundlePublishCmd) Help() string {
	return `Examples:
  marquee build --no-publish && marquee bundle diff live 3f9c && marquee bundle publish 3f9c
  marquee bundle publish 3f9c --why "weights of the new blend"

Servers check the bundle and swap to it within a second or two. Gates were asked when the
bundle was made, and are not asked again: what they refused needs --override here too.
Exit status 4: a gate refused the bundle.`
}

// Run moves the pointer.
func (c bundlePublishCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := resolveBundle(shelf, c.ID)
	if err != nil {
		return err
	}
	why, err := c.passes(shelf, id)
	if err != nil {
		return err
	}
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	depot, err := e.openDepot()
	if err != nil {
		return err
	}
	if err := (going{shelf, store, depot}).live(ctx, e, bundle.Publication{ID: id, Why: why}, nil); err != nil {
		return err
	}
	return e.print(map[string]string{"live": id}, func(w io.Writer) { fmt.Fprintf(w, "%s is live\n", id) })
}

// passes refuses a bundle that a gate refused when it was made, and returns why it goes
// live, with the gates that were overridden.
func (c bundlePublishCmd) passes(shelf *bundle.Shelf, id string) (why string, err error) {
	if err := (pipeline.Gates{Override: c.Override}).Validate(); err != nil {
		return "", wrapUsage(err)
	}
	m, err := shelf.Manifest(id)
	if err != nil {
		return "", err
	}
	reasons := []string{}
	if c.Why != "" {
		reasons = append(reasons, c.Why)
	}
	for _, g := range m.Gates {
		if g.Passed || g.Override {
			continue
		}
		reason, let := c.Override[g.Name]
		if !let {
			return "", fmt.Errorf("bundle %s: gate %s: %s; \"--override %s=REASON\" lets it pass: %w", id, g.Name, g.Detail, g.Name, pipeline.ErrGate)
		}
		reasons = append(reasons, fmt.Sprintf("gate %s overridden: %s", g.Name, reason))
	}
	return strings.Join(reasons, "; "), nil
}

type bundleRollbackCmd struct {
	Why string `help:"The reason, kept beside the pointer." env:"-" placeholder:"TEXT"`
}

// Help is shown below the flags.
func (bundleRollbackCmd) Help() string {
	return `Examples:
  marquee bundle rollback --why "horror in every list"
  marquee bundle list

The bundle that was live before is live again, within a second or two on every server;
again goes one further back. What was hidden, added or edited since stays so: it is laid
over whichever bundle serves. Facts are taken back with "marquee movie edit --revert".`
}

// Run takes the live bundle back.
func (c bundleRollbackCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	depot, err := e.openDepot()
	if err != nil {
		return err
	}
	g := going{shelf, store, depot}
	from, to, err := g.back(ctx, e, c.Why)
	if err != nil {
		return err
	}
	g.tell(ctx, e, bundle.Publication{ID: to, By: editor(), Why: c.Why, Back: from})
	return e.print(map[string]string{"from": from, "live": to}, func(w io.Writer) { fmt.Fprintf(w, "%s is live again instead of %s\n", to, from) })
}
