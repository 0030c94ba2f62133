package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

type bundleCmd struct {
	List     bundleListCmd     `cmd:"" help:"List the bundles on the shelf, newest first."`
	Show     bundleShowCmd     `cmd:"" help:"Show where a bundle came from, and what it reached."`
	Verify   bundleVerifyCmd   `cmd:"" help:"Check every file of a bundle, and that it can be loaded."`
	Diff     bundleDiffCmd     `cmd:"" help:"Show what differs between two bundles."`
	Publish  bundlePublishCmd  `cmd:"" help:"Make a bundle on the shelf the live one."`
	Rollback bundleRollbackCmd `cmd:"" help:"Make the bundle live that was live before."`
	Prune    bundlePruneCmd    `cmd:"" help:"Remove old bundles from the shelf."`
	Export   bundleExportCmd   `cmd:"" help:"Write a bundle to one file."`
	Import   bundleImportCmd   `cmd:"" help:"Take a bundle from a file that export wrote."`
}

// bundleArg names a bundle, the live one by default.
type bundleArg struct {
	ID string `arg:"" optional:"" help:"ID of the bundle, or its first digits; default: the live one." predictor:"bundle"`
}

func (a bundleArg) resolve(shelf *bundle.Shelf) (string, error) {
	if a.ID == "" {
		return shelf.Live()
	}
	return resolveBundle(shelf, a.ID)
}

// resolveBundle returns the ID that text means: "live", an ID, or the beginning of just
// one that is on the shelf.
func resolveBundle(shelf *bundle.Shelf, text string) (string, error) {
	if text == "live" {
		return shelf.Live()
	}
	if bundle.ValidID(text) {
		return text, nil
	}
	if text == "" || len(text) > 16 || strings.Trim(text, "0123456789abcdef") != "" {
		return "", usage("bundle ID %q, want up to 16 hex digits; \"marquee bundle list\" shows them", text)
	}
	list, err := shelf.List()
	if err != nil {
		return "", err
	}
	var found []string
	for _, m := range list {
		if strings.HasPrefix(m.ID, text) {
			found = append(found, m.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no bundle's ID begins with %q; \"marquee bundle list\" shows them: %w", text, catalog.ErrNotFound)
	case 1:
		return found[0], nil
	}
	return "", usage("bundle %q may be %s", text, strings.Join(found, " or "))
}

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

type bundleShowCmd struct{ bundleArg }

// Help is shown below the flags.
func (bundleShowCmd) Help() string {
	return `Examples:
  marquee bundle show
  marquee bundle show 3f9c --output json      the whole manifest`
}

// Run shows a manifest.
func (c bundleShowCmd) Run(e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	m, err := shelf.Manifest(id)
	if err != nil {
		return err
	}
	first := buildOf(shelf, m)
	return e.print(m, func(w io.Writer) { printManifestOf(w, m, first) })
}

// buildOf returns the bundle that was built from the data version of m, if m was made of it
// by reindexing and it is on the shelf; else nil.
func buildOf(shelf *bundle.Shelf, m bundle.Manifest) *bundle.Manifest {
	var first *bundle.Manifest
	reindexed := m
	for range 1000 { // a journal may not go round in circles, a damaged one may
		parent, err := shelf.Manifest(m.Parent)
		if m.Parent == "" || err != nil || parent.DataVersion != m.DataVersion {
			break
		}
		first, m = &parent, parent
	}
	if first != nil && reindexed.Later == nil && reindexed.Counts == first.Counts {
		return nil // built twice of the same
	}
	return first
}

type bundleVerifyCmd struct{ bundleArg }

// Help is shown below the flags.
func (bundleVerifyCmd) Help() string {
	return `Examples:
  marquee bundle verify
  marquee bundle verify 3f9c || echo broken`
}

// Run checks the files of a bundle and that it can be loaded.
func (c bundleVerifyCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	b, err := shelf.Load(ctx, id, e.opener())
	if err != nil {
		return err
	}
	return e.print(map[string]any{"bundle": id, "whole": true, "files": len(b.Manifest.Files)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is whole: %d files\n", id, len(b.Manifest.Files))
	})
}

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
	from, to, err := shelf.Rollback(ctx, editor(), c.Why)
	if err != nil {
		return err
	}
	if depot != nil { // to the same bundle, wherever its own journal would lead
		if err = depot.Push(ctx, shelf, to, nil); err == nil {
			err = depot.Publish(ctx, bundle.Publication{ID: to, By: editor(), Why: orElse(c.Why, "rollback of "+from)})
		}
		if err != nil {
			return fmt.Errorf("bundle %s is live here, but not where bundles are shared; run \"marquee bundle publish %s\": %w", to, to, err)
		}
	}
	going{shelf, store, depot}.tell(ctx, e, bundle.Publication{ID: to, By: editor(), Why: c.Why, Back: from})
	return e.print(map[string]string{"from": from, "live": to}, func(w io.Writer) { fmt.Fprintf(w, "%s is live again instead of %s\n", to, from) })
}

type bundlePruneCmd struct {
	Keep      int           `help:"Newest bundles that stay." default:"10" env:"-" placeholder:"N"`
	Age       time.Duration `help:"Bundles younger than this stay." default:"168h" env:"-" placeholder:"TIME"`
	Published int           `help:"Last publications whose bundles stay, so that a rollback can lead there." default:"3" env:"-" placeholder:"N"`
	Traced    time.Duration `help:"Bundles that made lists within this time stay, so that they can be traced; 0: these too may go." default:"168h" env:"-" placeholder:"TIME"`
	DryRun    bool          `help:"Show what would go." env:"-"`
}

// Help is shown below the flags.
func (bundlePruneCmd) Help() string {
	return `Examples:
  marquee bundle prune --dry-run
  marquee bundle prune --keep 3 --age 24h

The live bundle always stays, and so does what came to the shelf in the last ten minutes:
somebody may be about to publish it. A file that two bundles share stays while one of them does.
With --bundles the same rules prune what is shared there, by its own journal.`
}

// Run prunes.
func (c bundlePruneCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	keep := bundle.Keep{Newest: c.Keep, Age: c.Age, Published: c.Published}
	if keep.Also, err = e.traced(ctx, c.Traced); err != nil {
		return err
	}
	now := time.Now()
	doomed, err := doomedOf(shelf, keep, now)
	if err != nil {
		return err
	}
	removed, freed, err := shelf.Prune(ctx, keep, now, c.DryRun)
	if err != nil {
		return err
	}
	fresh := slices.DeleteFunc(doomed, func(m bundle.Manifest) bool {
		return slices.ContainsFunc(removed, func(r bundle.Manifest) bool { return r.ID == m.ID })
	})
	shared, err := e.pruneShared(ctx, keep, now, c.DryRun)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"removed": idsOf(removed), "freed_bytes": freed, "fresh": idsOf(fresh), "removed_shared": idsOf(shared), "dry_run": c.DryRun}, func(w io.Writer) {
		did := "removed"
		if c.DryRun {
			did = "would remove"
		}
		for _, m := range removed {
			fmt.Fprintf(w, "%s %s of %s\n", did, m.ID, minute(m.Created))
		}
		fmt.Fprintf(w, "%s %d bundles, %.1f MiB\n", did, len(removed), float64(freed)/(1<<20))
		if len(fresh) > 0 {
			fmt.Fprintf(w, "%d more stay for now, since they came to the shelf in the last ten minutes: %s\n", len(fresh), strings.Join(idsOf(fresh), ", "))
		}
		if len(shared) > 0 {
			fmt.Fprintf(w, "%s %d bundles where they are shared\n", did, len(shared))
		}
	})
}

// doomedOf returns the bundles of the shelf that keep does not keep, the fresh ones included.
func doomedOf(shelf *bundle.Shelf, keep bundle.Keep, now time.Time) ([]bundle.Manifest, error) {
	list, err := shelf.List()
	if err != nil {
		return nil, err
	}
	published, err := shelf.Published()
	if err != nil && !errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	return keep.Doomed(list, bundle.Journal(published), now), nil
}

// idsOf returns the IDs of manifests, not nil.
func idsOf(list []bundle.Manifest) []string {
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

// traced reports of a bundle whether lists that were made from it, or from one that it
// replaced when somebody was forgotten, within span are kept.
// Without a store, or for no span, it is nil.
func (e *env) traced(ctx context.Context, span time.Duration) (func(id string) bool, error) {
	if span <= 0 {
		return nil, nil
	}
	store, closeStore := e.storeIfThere(ctx)
	defer closeStore()
	if store == nil {
		return nil, nil
	}
	named, err := store.ExposedBundles(ctx, time.Now().Add(-span))
	if err != nil {
		return nil, err
	}
	shelf, err := e.openShelf()
	if err != nil {
		return nil, err
	}
	of := make(map[string]bool, len(named))
	for _, id := range named {
		of[id] = true
		if now, err := shelf.Successor(id); err == nil { // of a bundle that is gone nothing is left to keep
			of[now] = true
		}
	}
	return func(id string) bool { return of[id] }, nil
}

type bundleExportCmd struct {
	bundleArg
	To string `help:"File to write; a name that ends in .gz is compressed, - is standard output. Default: ID.tar here." short:"o" env:"-" placeholder:"FILE" predictor:"file"`
}

// Help is shown below the flags.
func (bundleExportCmd) Help() string {
	return `Examples:
  marquee bundle export
  marquee bundle export 3f9c -o /backup/3f9c.tar.gz
  marquee bundle export -o - | ssh other marquee bundle import -`
}

// Run writes one file.
func (c bundleExportCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	id, err := c.resolve(shelf)
	if err != nil {
		return err
	}
	if c.To == "-" {
		return shelf.Export(ctx, id, e.stdout)
	}
	to := orElse(c.To, id+".tar")
	size, err := exportTo(ctx, shelf, id, to)
	if err != nil {
		return err
	}
	return e.print(map[string]any{"bundle": id, "file": to, "bytes": size}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is in %s (%.1f MiB)\n", id, to, float64(size)/(1<<20))
	})
}

// exportTo writes a bundle beside its place and renames it, so that no half of one is
// ever there under the name.
func exportTo(ctx context.Context, shelf *bundle.Shelf, id, to string) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(to), ".export-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = writeExport(ctx, shelf, id, f, strings.HasSuffix(to, ".gz"))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(f.Name())
	if err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(f.Name(), to)
}

// writeExport writes a bundle, compressed or not.
func writeExport(ctx context.Context, shelf *bundle.Shelf, id string, w io.Writer, compressed bool) error {
	if !compressed {
		return shelf.Export(ctx, id, w)
	}
	gz := gzip.NewWriter(w)
	return errors.Join(shelf.Export(ctx, id, gz), gz.Close())
}

type bundleImportCmd struct {
	File    string `arg:"" help:"File that export wrote, compressed or not; - is standard input. With --bundles also the ID of a bundle there, or live." predictor:"file"`
	Publish bool   `help:"Make it live." env:"-"`
}

// Help is shown below the flags.
func (bundleImportCmd) Help() string {
	return `Examples:
  marquee bundle import 3f9cd2a1b0e45c77.tar
  marquee bundle import - --publish < bundle.tar.gz
  marquee bundle import live --bundles "s3://movies/bundles?endpoint=minio:9000" --publish

Every file is checked against the manifest before the bundle comes to the shelf, also if it
is there already. Exit status 2: there is no such file; 4: the archive is broken.`
}

// Run takes one file.
func (c bundleImportCmd) Run(ctx context.Context, e *env) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	m, err := c.take(ctx, e, shelf)
	if err != nil {
		return err
	}
	if c.Publish {
		store, closeStore := e.storeIfThere(ctx)
		defer closeStore()
		depot, err := e.openDepot()
		if err != nil {
			return err
		}
		if err := (going{shelf, store, depot}).live(ctx, e, bundle.Publication{ID: m.ID, Why: "imported"}, nil); err != nil {
			return err
		}
	}
	return e.print(map[string]any{"bundle": m.ID, "published": c.Publish}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is on the shelf", m.ID)
		if c.Publish {
			fmt.Fprint(w, ", live now")
		}
		fmt.Fprintln(w)
	})
}

// take brings the bundle to the shelf.
func (c bundleImportCmd) take(ctx context.Context, e *env, shelf *bundle.Shelf) (bundle.Manifest, error) {
	if c.File == "-" {
		return shelf.Import(ctx, e.stdin)
	}
	f, err := os.Open(c.File)
	if errors.Is(err, os.ErrNotExist) && (c.File == "live" || bundle.ValidID(c.File)) {
		return e.pullShared(ctx, shelf, c.File)
	}
	if err != nil {
		return bundle.Manifest{}, usage("%v", err)
	}
	defer f.Close()
	return shelf.Import(ctx, f)
}
