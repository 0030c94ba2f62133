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
	Models []SliceModel `json:"models"`         // in the order of the report's, without those that make no lists
}

// A SliceModel is one model's accuracy in a slice.
type SliceModel struct {
	Name    string              `json:"name"`
	Metrics map[string]Estimate `json:"metrics"` // by [MetricName], at the largest cutoff
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
	Unknown           int `json:"unknown"`  // interactions left out, on movies not known
	Repeated          int `json:"repeated"` // interactions folded into another
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
// hit_rate, ndcg, recall, precision, map and mrr, which are means over people,
// and coverage, global_coverage and gini, which are of all lists together.
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

// report puts everything together; replicates may be nil.
func (r *run) report(models []Model, replicates []float64) *Report {
	out := &Report{
		Protocol: r.split.Protocol, Split: r.stats(), N: r.cfg.N, Cutoffs: r.cfg.Cutoffs,
		Level: Level, Resamples: r.cfg.Resamples, Seed: r.cfg.Seed, Warnings: []string{},
	}
	for i, m := range models {
		out.Models = append(out.Models, ModelReport{
			Name: m.Name, Metrics: r.metrics(i, replicates), Lists: len(r.people), Faults: r.faults[i],
		})
	}
	out.Warnings = append(out.Warnings, out.Split.warnings()...)
	if replicates == nil && r.cfg.Resamples > 0 && r.scored > 0 {
		out.Warnings = append(out.Warnings, "one user with test events: no intervals")
	}
	for i, m := range models {
		out.Warnings = append(out.Warnings, r.faults[i].warnings(m.Name, r.cfg.N)...)
	}
	return out
}

func (r *run) stats() SplitStats {
	train := r.split.Train
	s := SplitStats{
		Users: len(train.Users), Judged: len(r.people), Scored: r.scored, WithoutTruth: len(r.people) - r.scored,
		Movies: len(train.Movies), CatalogSize: r.catalogSize(), TrainInteractions: train.Interactions(),
		Unknown: train.Unknown, Repeated: train.Repeated,
	}
	for _, truth := range r.split.Truth {
		s.TestInteractions += len(truth)
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

// metrics returns the figures of one model.
func (r *run) metrics(model int, replicates []float64) map[string]Estimate {
	out := make(map[string]Estimate)
	for c, k := range r.cfg.Cutoffs {
		for j, measure := range measures {
			score := c*len(measures) + j
			e := exact(mean(r.column(model, score)))
			if replicates != nil {
				e.Low, e.High = ends(r.replicate(replicates, model, score))
			}
			out[MetricName(measure.name, k)] = e
		}
		shown := r.shown[model][c]
		out[MetricName("coverage", k)] = exact(Coverage(shown, len(shown)))
		out[MetricName("global_coverage", k)] = exact(Coverage(shown, r.catalogSize()))
		out[MetricName("gini", k)] = exact(Gini(shown))
	}
	return out
}

// replicate returns one score of one model in every resample.
func (r *run) replicate(replicates []float64, model, score int) []float64 {
	width := len(r.shown) * r.width
	out := make([]float64, 0, r.cfg.Resamples)
	for at := model*r.width + score; at < len(replicates); at += width {
		out = append(out, replicates[at])
	}
	return out
}
