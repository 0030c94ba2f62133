package main

import (
	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/history"
)

// wordFlags say what texts of people count.
type wordFlags struct {
	LikedField    string `help:"Field of the catalog API's records of people in which they say what they like." default:"liked" placeholder:"NAME"`
	DislikedField string `help:"The same of what they dislike." default:"disliked" placeholder:"NAME"`
	RememberShown int    `help:"Movies that were shown and not watched, remembered of each person in memory, for the knob \"rotate\", which does nothing without them: up to 100; 24 bytes each." default:"0" placeholder:"N"`
}

// open lets service understand texts: those that are searched for, and those in which
// people say what they like. The func gives up what that takes.
func (f wordFlags) open(e *env, space bundleSpaceFlags, service *recommender.Service) (end func()) {
	phrases := recommender.NewPhrases(space.open(e))
	service.SetWords(phrases)
	service.SetFields(recommender.Fields{Liked: f.LikedField, Disliked: f.DislikedField})
	return phrases.Close
}

// remembered returns what is told of served lists, next if nothing is remembered of them.
func (f wordFlags) remembered(next func(catalog.Exposure), cache *history.Cache) func(catalog.Exposure) {
	if f.RememberShown == 0 {
		return next
	}
	return func(e catalog.Exposure) {
		ids := make([]catalog.MovieID, len(e.Movies))
		for i, m := range e.Movies {
			ids[i] = m.Movie
		}
		cache.Showed(e.User, ids, e.At)
		if next != nil {
			next(e)
		}
	}
}
