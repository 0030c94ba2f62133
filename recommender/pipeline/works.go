package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"marquee/indexer"
	"marquee/recommender/bundle"
)

// works make the parts of a bundle that follow from its vectors, [n x dims].
type works struct {
	backend  Backend
	override map[string]string
	progress Progress
	log      *slog.Logger
}

// index builds the index. One below its floor is kept if that gate is overridden.
func (w works) index(ctx context.Context, vecs []float32, dims int, profiles [][]uint32) (indexer.Index, bundle.Index, error) {
	began := time.Now()
	info := bundle.Index{Kind: w.backend.Kind()}
	index, measured, err := w.backend.Build(ctx, vecs, dims, profiles, w.progress)
	info.Measured = measured
	if reason, ok := w.override[GateRecall]; ok && index != nil && errors.Is(err, indexer.ErrRecall) {
		w.log.Warn("the index is kept all the same", "error", err, "reason", reason)
		err = nil
	}
	if errors.Is(err, indexer.ErrRecall) {
		return nil, info, fmt.Errorf("index %s: %w; %s", info.Kind, err, override(GateRecall))
	}
	if err != nil {
		return nil, info, fmt.Errorf("index %s: %w", info.Kind, err)
	}
	if info.Settings, err = json.Marshal(w.backend.Settings()); err != nil {
		return nil, info, fmt.Errorf("settings of index %s: %w", info.Kind, err)
	}
	w.log.Info("index built", "index", info.Kind, "recall_movies", measured.Movies, "recall_profiles", measured.Profiles, "effort", measured.Effort, "took", time.Since(began))
	return index, info, nil
}

// table makes the neighbour table, k neighbours a row.
func (w works) table(ctx context.Context, vecs []float32, dims, k int) (*indexer.Table, error) {
	began := time.Now()
	table, err := indexer.Neighbours(ctx, vecs, dims, k, func(done, total int) { w.progress("neighbours", done, total) })
	if err != nil {
		return nil, fmt.Errorf("neighbour table: %w", err)
	}
	w.log.Info("neighbour table built", "neighbours", k, "took", time.Since(began))
	return table, nil
}
