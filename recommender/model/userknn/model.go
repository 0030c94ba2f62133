package userknn

import (
	"context"
	"math"
	"sync"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
	"marquee/recommender/model/itemknn/alike"
	"marquee/recommender/model/popular/group"
)

// A Model holds the settings, the groups for thin histories and, for the measure
// baseline, the biases of movies. Beside these it refers to the histories of the
// bundle and keeps an index of them, 5 bytes a watched movie and 24 a person, which
// is not written; nor are the heads.
type Model struct {
	c      Config
	scale  catalog.Scale
	groups *group.Stats
	biases alike.Biases // for baseline only
	people *people

	say     [256]float32 // of a neighbour's movie, by preference in tenths
	fade    float32      // of each place in a history that asks
	blank   []float32    // [movies], the scores where no neighbour speaks: 0, or NaN if nobody watched it
	blanks  board.Blanks // those that nobody watched
	watched int          // movies that somebody watched
	scratch sync.Pool    // of *scratch
	asks    sync.Pool    // of *asked

	heads func() *heads // who is met where chosen movies are scored; nil if that cannot be packed
}

// Train counts the groups of d. The histories of d take the place of those of the
// bundle, which are the same, to the tenth of a preference.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if c.Similarity != alike.Cosine {
		if err := d.CheckRatings(); err != nil {
			return nil, err
		}
	}
	if !d.Ordered() {
		c.Recency, c.History, c.AskHistory = 0, 0, 0 // there is no newest movie
	}
	groups, err := group.New(ctx, d, c.Config, progress)
	if err != nil {
		return nil, err
	}
	m := &Model{c: c, scale: d.Scale, groups: groups}
	h := d.Histories()
	if c.Similarity == alike.Baseline {
		m.biases = alike.Fit(ratings(h, d.Scale), len(d.Movies))
	}
	m.prepare(h)
	return m, nil
}

// prepare makes what follows from what is stored and from histories.
func (m *Model) prepare(h model.Histories) {
	m.people = newPeople(h, m)
	m.say = powers(m.c.Preference)
	m.blank = m.people.unwatched()
	m.blanks = board.NewBlanks(m.Len(), func(row int) bool { return m.blank[row] != m.blank[row] })
	m.fade = 1
	if m.c.Recency > 0 {
		m.fade = float32(math.Exp2(-1 / m.c.Recency))
	}
	m.watched = 0
	for _, blank := range m.blank {
		if blank == blank {
			m.watched++
		}
	}
	m.scratch.New = func() any { return newScratch(m) }
	if m.packs() {
		m.heads = sync.OnceValue(m.head)
	}
}

// Len returns the number of movies.
func (m *Model) Len() int { return m.groups.Len() }

// Score writes the sum, over the K people with the most like history, of how alike
// they are times how much they liked each movie. A movie that none of them
// watched gets 0. A thin history, or one that is like nobody's, gets the scores
// of its group. Config bounds the time; see [Config.People].
func (m *Model) Score(q model.Query, scores []float32) model.Basis {
	w := m.scratch.Get().(*scratch)
	defer m.scratch.Put(w)
	w.ask(q)
	if len(w.asked) < m.c.Least {
		return m.groups.Score(q.User, scores)
	}
	near := w.nearest()
	if len(near) == 0 {
		return m.groups.Score(q.User, scores)
	}
	copy(scores, m.blank)
	for _, n := range near {
		weight := sharpen(n.Score, m.c.Sharpness)
		rows, preferences := m.people.of(n.Row)
		for i, row := range rows {
			scores[row] += weight * m.say[preferences[i]]
		}
	}
	return model.Personal
}
