package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

type bundleListCmd struct{}

// Help is shown below the flags.
func (bundleListCmd) Help() string {
	return `Examples:
  marquee bundle list
  marquee bundle list --output json | jq -r .live`
}

// Run lists.
func (bundleListCmd) Run(e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	list, err := shelf.List()
	if err != nil {
		return err
	}
	published, err := shelf.Published()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		e.log.Warn("the pointer to the live bundle cannot be read", "error", err)
	}
	live := ""
	last := map[string]bundle.Publication{}
	for i, p := range published {
		if i == 0 {
			live = p.ID
		}
		if _, newer := last[p.ID]; !newer {
			last[p.ID] = p
		}
	}
	return e.print(map[string]any{"live": live, "bundles": list, "published": published}, func(w io.Writer) {
		if len(list) == 0 {
			fmt.Fprintln(w, "no bundle is on the shelf; \"marquee build\" makes one")
			return
		}
		rows := [][]string{{"", "bundle", "created", "published", "movies", "embedder", "index", "arm", "over", "gates", "why"}}
		for _, m := range list {
			mark := ""
			if m.ID == live {
				mark = "*"
			}
			over := ""
			if m.Later != nil {
				over = fmt.Sprintf("%s +%d ~%d -%d", m.Later.Base, m.Later.Added, m.Later.Changed, m.Later.Removed)
			}
			rows = append(rows, []string{mark, m.ID, minute(m.Created), minute(last[m.ID].At), fmt.Sprint(m.Counts.Movies), m.Embedder.String(), m.Index.Kind, orElse(m.Arm, rank.ArmFeatures), over, refusedBy(m), catalog.CutText(last[m.ID].Why, 160)})
		}
		columns(w, rows...)
	})
}

// refusedBy says which gates refused a bundle, or were overridden; nothing if all passed.
func refusedBy(m bundle.Manifest) string {
	var refused, overridden []string
	for _, g := range m.Gates {
		switch {
		case g.Passed:
		case g.Override:
			overridden = append(overridden, g.Name)
		default:
			refused = append(refused, g.Name)
		}
	}
	var parts []string
	if len(refused) > 0 {
		parts = append(parts, "refused: "+strings.Join(refused, ", "))
	}
	if len(overridden) > 0 {
		parts = append(parts, "let pass: "+strings.Join(overridden, ", "))
	}
	return strings.Join(parts, "; ")
}

// minute writes a time to the minute; nothing for none.
func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}
