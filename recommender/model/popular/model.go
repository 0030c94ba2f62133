package popular

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"marquee/catalog"
	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/popular/group"
)

// Kind returns the kind "popular".
func Kind() model.Kind {
	return model.NewKind("popular", "what most people watch, and most people like you", DefaultConfig(), []model.Param{
		{Name: "half_life", Low: 7, High: 3650, Log: true},
		{Name: "liking", Low: 0, High: 4},
		{Name: "lean", Low: 1, High: 1000, Log: true},
		{Name: "rating_prior", Low: 0, High: 50},
	}, func(ctx context.Context, d *model.Data, c Config, progress model.Progress) (model.Model, error) {
		return Train(ctx, d, c, progress)
	}, func(stored []byte, base *model.Base) (model.Model, error) { return Read(stored, base) })
}

// A Model holds the counts of everyone and of groups.
type Model struct {
	c     Config
	stats *group.Stats
	asks  sync.Pool // of *asked
}

// Train counts the watches of d. It takes time proportional to them.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if !c.Groups {
		blind := *d
		blind.Users = make([]catalog.User, len(d.Users)) // of whom nothing is known
		d = &blind
	}
	stats, err := group.New(ctx, d, c.Config, progress)
	if err != nil {
		return nil, err
	}
	return &Model{c: c, stats: stats}, nil
}

// Len returns the number of movies.
func (m *Model) Len() int { return m.stats.Len() }

// Score writes the logarithm of how often people like q.User, or else all
// people, watched each movie. One that nobody watched gets 0, not NaN: that
// nobody watched it is known, and lists can end with it.
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	return m.stats.Score(q.User, scores)
}

// Predict writes the mean rating of each movie by people like q.User, which leans
// on that by everyone.
func (m *Model) Predict(q model.Query, movies []uint32, ratings []float32) {
	m.stats.Predict(q.User, movies, ratings)
}

// WriteTo writes the settings and the counts.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	settings, err := json.Marshal(m.c)
	if err != nil {
		return 0, err
	}
	var e column.Encoder
	e.Bytes(settings)
	m.stats.Encode(&e)
	n, err := w.Write(e.Data)
	return int64(n), err
}

// Read makes the model of what [Model.WriteTo] wrote. Errors wrap
// [column.ErrBroken].
func Read(stored []byte, base *model.Base) (*Model, error) {
	d := column.NewDecoder(stored)
	c, err := model.Settings(DefaultConfig(), d.Bytes())
	if err != nil {
		return nil, fmt.Errorf("popular: %w: %w", err, column.ErrBroken)
	}
	stats, err := group.Decode(d, base.Movies, base.Scale)
	if err != nil {
		return nil, fmt.Errorf("popular: %w", err)
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("popular: %w", err)
	}
	return &Model{c: c, stats: stats}, nil
}
