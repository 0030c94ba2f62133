package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// What a person said of movies counts in the list that is shown, as on a server.
func TestUserShowOpinions(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("build", "--index", "flat", "--models", "none")
	if text := s.must("user", "show", "9"); !strings.Contains(text, "(popular,") || strings.Contains(text, "said") {
		t.Errorf("of somebody unknown:\n%s", text)
	}
	at := time.Now().Add(-time.Hour)
	if _, err := s.store().PutFeedback(t.Context(), []catalog.Feedback{
		{RequestID: "a", User: "9", Movie: "heat+1995", Kind: catalog.FeedbackLike, At: at},
		{RequestID: "a", User: "9", Movie: "ronin+1998", Kind: catalog.FeedbackDismiss, At: at},
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.store().PutPreferences(t.Context(), catalog.Preferences{User: "9", Liked: "slow films", At: at}); err != nil {
		t.Fatal(err)
	}
	var shown shownUser
	s.result(&shown, "user", "show", "9", "-n", "20")
	if shown.Tier != "personal" || len(shown.Opinions) != 2 || shown.Preferences == nil {
		t.Errorf("%+v", shown)
	}
	if slices.ContainsFunc(shown.List, func(i shownItem) bool { return i.ID == "heat+1995" || i.ID == "ronin+1998" }) {
		t.Errorf("%+v lists what was liked or dismissed", shown.List)
	}
	if text := s.must("user", "show", "9"); !strings.Contains(text, "dismiss") || !strings.Contains(text, `"slow films"`) {
		t.Errorf("text:\n%s", text)
	}
}
