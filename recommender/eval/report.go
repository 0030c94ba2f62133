package eval

import (
	"fmt"
)

// A Report is what Run found out. It marshals to JSON and back.
type Report struct {
	Protocol    string        `json:"protocol"`
	Split       SplitStats    `json:"split"`
	N           int           `json:"n"`       // movies asked for in each list
	Cutoffs     []int         `json:"cutoffs"` // every k of the metrics
	Level       float64       `json:"level"`   // of the intervals
	Resamples   int           `json:"resamples"`
	Seed        uint64        `json:"seed"`
	Models      []ModelReport `json:"models"` // in the order given
	Comparisons []Comparison  `json:"comparisons,omitempty"`
	Ratings     *RatingStats  `json:"ratings,omitempty"`   // what RMSE and MAE were taken over; nil if no model rates
	Slices      []Slice       `json:"slices,omitempty"`    // of the people and of the truth
	RarefiedTo  int           `json:"rarefied_to"`         // lists that the rarefied metrics are about
	LongTail    []TailPoint   `json:"long_tail,omitempty"` // of the training part, to set those of the models against
	Warnings    []string      `json:"warnings"`
}

// RatingStats describes the ratings that were judged on.
type RatingStats struct {
	People  int `json:"people"`  // with a rated movie in their truth
	Ratings int `json:"ratings"` // theirs
}

// A Slice is the accuracy for a part of the people, or of the truth.
type Slice struct {
	By     string       `json:"by"`             // "age", "gender", "occupation", "history", "popularity" or "genre"
	Name   string       `json:"name"`           // "25-34", "tail", ..., "unknown", or "others" for the slices that were too small
	People int          `json:"people"`         // that the metrics are means over
	Truth  int          `json:"truth"`          // held-out movies of theirs in the slice
	Thin   bool         `json:"thin,omitempty"` // fewer people than Config.MinSlice: a hint, no result
	Models []SliceModel `json:"models"`         // in the order of the report's
}

// A SliceModel is one model's accuracy in a slice.
type SliceModel struct {
	Name    string              `json:"name"`
	Metrics map[string]Estimate `json:"metrics"` // by [MetricName], at the largest cutoff; empty if the model makes no lists
}

// A CurvePoint is the accuracy of lists cut at K.
type CurvePoint struct {
	K      int      `json:"k"`
	NDCG   Estimate `json:"ndcg"`
	Recall Estimate `json:"recall"`
}

// A TailPoint says which share of all places went to the most popular movies.
type TailPoint struct {
	Movies float64 `json:"movies"` // share of the movies, the most popular first
	Places float64 `json:"places"` // share of the places that they took
}

// SplitStats describes the data that was judged on.
type SplitStats struct {
	Users             int `json:"users"`         // in the split
	Judged            int `json:"judged"`        // asked lists for
	Scored            int `json:"scored"`        // of those, people with truth: the accuracy metrics are means over them
	WithoutTruth      int `json:"without_truth"` // of those, people nothing could be held out of
	Movies            int `json:"movies"`        // known
	CatalogSize       int `json:"catalog_size"`  // declared
	TrainInteractions int `json:"train_interactions"`
	TestInteractions  int `json:"test_interactions"`
	ColdUsers         int `json:"cold_users"`  // people with truth and nothing in the training part
	ColdMovies        int `json:"cold_movies"` // movies that are in the truth and not in the training part
	Competing         int `json:"competing"`   // movies that compete for any list
	Unknown           int `json:"unknown"`     // interactions left out, on movies not known
	Repeated          int `json:"repeated"`    // interactions folded into another
}

// A ModelReport is what was found out about one model.
type ModelReport struct {
	Name    string              `json:"name"`
	Metrics map[string]Estimate `json:"metrics"` // by [MetricName]: "ndcg@20"
	Lists   int                 `json:"lists"`
	Faults  Faults              `json:"faults"`

	Sources  map[string]Estimate `json:"sources,omitempty"`   // share of the places, by source; without those that give none
	Curve    []CurvePoint        `json:"curve,omitempty"`     // at Config.Curve
	LongTail []TailPoint         `json:"long_tail,omitempty"` // at the largest cutoff
}

// MetricName returns the name of a measure at k: "ndcg@20". The measures are
// hit_rate, ndcg, recall, precision, map and mrr, which are means over people
// with truth; novelty, diversity and popularity_lift, which are means over
// lists; and coverage, global_coverage, gini and entropy, which are of all lists
// together, with rarefied_coverage, rarefied_gini and rarefied_entropy, which
// are of part of them. Three metrics have no k: personalised, rmse and mae.
func MetricName(measure string, k int) string { return fmt.Sprintf("%s@%d", measure, k) }

// Metric returns one figure of one model, and whether the report has it.
func (r *Report) Metric(model, metric string) (Estimate, bool) {
	for _, m := range r.Models {
		if m.Name == model {
			e, ok := m.Metrics[metric]
			return e, ok
		}
	}
	return Estimate{}, false
}

// report puts everything together but comparisons and slices.
func (r *run) report() *Report {
	out := &Report{
		Protocol: r.split.Protocol, Split: r.stats(), N: r.cfg.N, Cutoffs: r.cfg.Cutoffs,
		Level: Level, Resamples: r.cfg.Resamples, Seed: r.cfg.Seed,
		RarefiedTo: r.rarefied, LongTail: longTail(r.watchers, r.watchers), Warnings: []string{},
	}
	if r.ratings != nil {
		out.Ratings = &RatingStats{People: r.ratings.rows}
		for place, row := range r.ratings.row {
			if row >= 0 {
				out.Ratings.Ratings += rated(r.split.Truth[r.people[place]])
			}
		}
	}
	for i, m := range r.models {
		out.Models = append(out.Models, r.model(i, m.Name))
	}
	out.Warnings = append(out.Warnings, r.split.Warnings...)
	out.Warnings = append(out.Warnings, out.Split.warnings()...)
	if r.scored == 1 && r.cfg.Resamples > 0 {
		out.Warnings = append(out.Warnings, "one user with test events: no intervals")
	}
	if r.ratings != nil && r.ratings.rows == 0 {
		out.Warnings = append(out.Warnings, "no movie of the test events is rated: RMSE and MAE are unknown")
	}
	for i, m := range r.models {
		out.Warnings = append(out.Warnings, r.outcomes[i].faults.warnings(m.Name, r.cfg.N)...)
	}
	return out
}

// model returns what was found out about one.
func (r *run) model(i int, name string) ModelReport {
	o := r.outcomes[i]
	m := ModelReport{Name: name, Metrics: make(map[string]Estimate), Faults: o.faults, Sources: o.sources}
	if r.lists[i] {
		m.Lists = len(r.people)
		r.accuracy.estimates(i, m.Metrics)
		r.listings.estimates(i, m.Metrics)
		for c, k := range r.cfg.Cutoffs {
			m.Metrics[MetricName("coverage", k)] = exact(Coverage(o.shown[c], r.competing))
			m.Metrics[MetricName("global_coverage", k)] = exact(Coverage(o.shown[c], r.catalogSize()))
			hist := histogram(o.shown[c])
			if len(hist) > 0 {
				hist[0] -= int64(len(o.shown[c]) - r.competing)
			}
			m.Metrics[MetricName("gini", k)] = exact(unevenness(hist))
			m.Metrics[MetricName("entropy", k)] = exact(Entropy(o.shown[c]))
		}
		if o.parts != nil {
			o.parts.estimates(r, o.shown, m.Metrics)
		}
		m.Curve = r.points(i)
		m.LongTail = longTail(r.watchers, o.shown[len(o.shown)-1])
	}
	if r.ratings != nil {
		r.ratings.estimates(i, m.Metrics)
	}
	return m
}

func rated(seen []Seen) int {
	n := 0
	for _, s := range seen {
		if s.Rated {
			n++
		}
	}
	return n
}

func (r *run) stats() SplitStats {
	train := r.split.Train
	s := SplitStats{
		Users: len(train.Users), Judged: len(r.people), Scored: r.scored, WithoutTruth: len(r.people) - r.scored,
		Movies: len(train.Movies), CatalogSize: r.catalogSize(), TrainInteractions: train.Interactions(),
		Competing: r.competing, Unknown: train.Unknown, Repeated: train.Repeated,
	}
	cold := make([]bool, len(train.Movies))
	for i, truth := range r.split.Truth {
		s.TestInteractions += len(truth)
		if len(truth) > 0 && len(train.Users[i].Seen) == 0 {
			s.ColdUsers++
		}
		for _, x := range truth {
			if r.watchers[x.Movie] == 0 && !cold[x.Movie] {
				cold[x.Movie] = true
				s.ColdMovies++
			}
		}
	}
	return s
}

func (r *run) catalogSize() int { return max(r.cfg.CatalogSize, len(r.split.Train.Movies)) }

func (s SplitStats) warnings() []string {
	var out []string
	if s.Scored == 0 {
		out = append(out, "no user had test events: accuracy is unknown")
	} else if s.WithoutTruth > 0 {
		out = append(out, fmt.Sprintf("%s had no test events and counted for coverage alone", plural(s.WithoutTruth, "user")))
	}
	if s.ColdUsers > 0 {
		out = append(out, fmt.Sprintf("%s with test events had no training events", plural(s.ColdUsers, "user")))
	}
	if s.ColdMovies > 0 {
		out = append(out, fmt.Sprintf("%s of the test events had no training events", plural(s.ColdMovies, "movie")))
	}
	if s.Judged < s.Users {
		out = append(out, fmt.Sprintf("%d of %s judged: coverage grows with the number of lists", s.Judged, plural(s.Users, "user")))
	}
	if s.Unknown > 0 {
		out = append(out, fmt.Sprintf("%s on movies the catalog does not know left out", plural(s.Unknown, "interaction")))
	}
	if s.Repeated > 0 {
		out = append(out, fmt.Sprintf("%s folded into another of the same user and movie", plural(s.Repeated, "interaction")))
	}
	return out
}
