package rank

import (
	"errors"
	"fmt"
	"math"

	"marquee/catalog"
	"marquee/recommender/model"
)

// Behaviours say what each thing that a person does says of their taste, from 1, they do
// not like it, to 5. The zero value stands for [DefaultBehaviours].
type Behaviours struct {
	Watch float64 `json:"watch"` // a watch of which no more is known

	// Shares are the borders of the share that was watched, ascending, and ByShare what a
	// share below each border says, and last what one says that is above all.
	Shares  [3]float64 `json:"shares"`
	ByShare [4]float64 `json:"by_share"`

	// Rating is how far ratings lead away from the middle, 3: 1 takes them as they are, 0
	// does not look at them.
	Rating float64 `json:"rating"`

	Like    float64 `json:"like"`    // also of a movie that was not watched here
	Dislike float64 `json:"dislike"` // of a movie that was watched
	Dismiss float64 `json:"dismiss"` // likewise: who wants to see it in no list any more
}

// DefaultBehaviours returns what models learn by too ([model.Preference]), and the ends
// of the scale for what people say outright. A dismissal is milder than a dislike: it may
// mean no more than "I know it".
func DefaultBehaviours() Behaviours {
	return Behaviours{
		Watch: 3, Shares: [3]float64{0.2, 0.5, 0.7}, ByShare: [4]float64{1, 3, 4, 5}, Rating: 1,
		Like: 5, Dislike: 1, Dismiss: 2,
	}
}

// orDefault returns b, or the default in place of the zero value.
func (b Behaviours) orDefault() Behaviours {
	if b == (Behaviours{}) {
		return DefaultBehaviours()
	}
	return b
}

// Validate reports every fault in one error.
func (b Behaviours) Validate() error {
	if b == (Behaviours{}) {
		return nil
	}
	var errs []error
	within := func(name string, v, low, high float64) {
		if !(v >= low && v <= high) {
			errs = append(errs, fmt.Errorf("%s is %v, want %g to %g", name, v, low, high))
		}
	}
	within("what a watch says", b.Watch, 1, 5)
	least := 0.0
	for i, v := range b.Shares {
		within(fmt.Sprintf("border %d of shares", i+1), v, least, 1)
		least = v
	}
	for i, v := range b.ByShare {
		within(fmt.Sprintf("what share %d says", i+1), v, 1, 5)
	}
	within("weight of ratings", b.Rating, 0, 1)
	within("what a like says", b.Like, 1, 5)
	within("what a dislike says", b.Dislike, 1, 5)
	within("what a dismissal says", b.Dismiss, 1, 5)
	return errors.Join(errs...)
}

// of returns what s says: as [model.Preference] does with the default.
func (b Behaviours) of(s catalog.Seen, scale catalog.Scale) float64 {
	switch {
	case s.Rated && !math.IsNaN(s.Rating) && b.Rating > 0:
		return 3 + b.Rating*(scale.Of5(s.Rating)-3)
	case !s.Shared || math.IsNaN(s.Share):
		return b.Watch
	}
	for i, border := range b.Shares {
		if s.Share < border {
			return b.ByShare[i]
		}
	}
	return b.ByShare[len(b.ByShare)-1]
}

// opinion returns what an opinion says of a movie.
func (b Behaviours) opinion(k catalog.FeedbackKind) float64 {
	switch k {
	case catalog.FeedbackLike:
		return b.Like
	case catalog.FeedbackDislike:
		return b.Dislike
	}
	return b.Dismiss
}

// pack returns s of the movie in row as models are told of it: what b makes of it as a
// rating, wherever that is not what models make of it themselves. With the default that is
// nowhere so.
func (b Behaviours) pack(s catalog.Seen, row uint32, scale catalog.Scale) model.Seen {
	packed := model.Pack(s, row)
	if says := b.of(s, scale); says != model.Preference(s, scale) {
		packed.Rated, packed.Rating = true, float32(scale.From5(says))
	}
	return packed
}
