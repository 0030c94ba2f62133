package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/recommender/bundle"
)

type userForgetCmd struct {
	User string `arg:"" help:"Id of the person."`
	Yes  bool   `help:"Do it. Without this nothing is removed." short:"y" env:"-"`
}

// Help is shown below the flags.
func (userForgetCmd) Help() string {
	return `Examples:
  marquee user forget 7 --yes

A person is removed from the store, from quarantine, served lists, data versions and bundles,
and leaves a keyed hash of the id: what comes of them later, from the stream, an import or a
replay, is left out. Servers that run take note within seconds. Bundles and data versions that
held the person get new ids. There is no way back.

Out of reach, and yours to see to: the stream's own files and topics, the topics that Marquee
writes to, backups, and logs (which hold ids of people who asked for lists).

Once is enough; again is harmless, and finishes what an error cut short.`
}

// A forgotten is the result of user forget.
type forgotten struct {
	Store    catalog.Removal      `json:"store"`
	Data     []dataset.Rewritten  `json:"data_versions"`
	Bundles  []bundle.Replacement `json:"bundles"`
	Unread   []string             `json:"bundles_unread,omitempty"` // broken: they may still hold the person
	Previous bool                 `json:"forgotten_before"`
}

// Run removes a person everywhere.
func (c userForgetCmd) Run(ctx context.Context, e *env) error {
	id, err := catalog.ParseUserID(c.User)
	if err != nil {
		return wrapUsage(err)
	}
	store, err := e.openStore(ctx, false)
	if err != nil {
		return err
	}
	defer store.Close()
	before, err := store.Tombstones(ctx)
	if err != nil {
		return err
	}
	if !c.Yes {
		seen, err := store.History(ctx, id, 0)
		if err != nil {
			return err
		}
		return usage("%s has a history of %d movies here; this removes all there is of them, for good: repeat it with --yes", id, len(seen))
	}
	out := forgotten{Previous: before.Has(id), Data: []dataset.Rewritten{}, Bundles: []bundle.Replacement{}}
	// The tombstone first: from here on nothing of the person comes back.
	if out.Store, err = store.Forget(ctx, id); err != nil {
		return err
	}
	after, err := store.Tombstones(ctx)
	if err != nil {
		return err
	}
	if err := out.files(ctx, e, after.Has); err != nil {
		return fmt.Errorf("%s is gone from the store, but not from everything else; run the command again: %w", id, err)
	}
	if err := e.print(out, func(w io.Writer) { out.text(w, id) }); err != nil {
		return err
	}
	if len(out.Unread) > 0 {
		return fmt.Errorf("bundles %v are broken and could not be read: remove their folders by hand: %w", out.Unread, bundle.ErrBroken)
	}
	return nil
}

// files removes everyone who was forgotten from data versions and bundles: this
// person, and whoever an earlier run was cut short at.
func (f *forgotten) files(ctx context.Context, e *env, gone func(catalog.UserID) bool) error {
	data, err := e.openData()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(e.path(precomputeFolder)); err != nil {
		return err
	}
	rewritten, err := data.Forget(ctx, gone, version, time.Now(), nil)
	f.Data = append(f.Data, rewritten...)
	if err != nil {
		return err
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	depot, err := e.openDepot()
	if err != nil {
		return err
	}
	var replaced []bundle.Replacement
	var unread []string
	if depot != nil {
		replaced, unread, err = bundle.ForgetEverywhere(ctx, shelf, depot, gone)
	} else {
		replaced, unread, err = shelf.Forget(ctx, gone)
	}
	f.Bundles, f.Unread = append(f.Bundles, replaced...), unread
	return err
}

func (f *forgotten) text(w io.Writer, id catalog.UserID) {
	fmt.Fprintf(w, "%s is forgotten\n", id)
	writeRemoval(w, f.Store)
	for _, d := range f.Data {
		fmt.Fprintf(w, "data version %s is %s now\n", d.Old, d.New)
	}
	for _, b := range f.Bundles {
		live := ""
		if b.Live {
			live = ", and live"
		}
		fmt.Fprintf(w, "bundle %s is %s now%s\n", b.Old, b.New, live)
	}
}
