package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Lists are made of the live bundle, served by name, and go with the person they are
// of.
func TestPrecompute(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	var b builtJSON
	decode(t, s.must("build", "--index", "flat", "--models", "als,popular", "--arm", "als", "--set", "als.dims=8", "--output", "json"), &b)
	var made precomputedLists
	decode(t, s.must("precompute", "als", "-n", "30", "--no-publish", "--output", "json"), &made)
	if made.Lists != 60 || made.Model != "als-precomputed" || made.Published {
		t.Errorf("made %+v", made)
	}
	if out := s.must("bundle", "publish", b.Bundle.ID); !strings.Contains(out, b.Bundle.ID) {
		t.Error(out)
	}
	first := made.Bundle
	if decode(t, s.must("precompute", "als", "-n", "30", "--output", "json"), &made); made.Bundle != first || !made.Published {
		t.Errorf("made %+v, want bundle %s again", made, first)
	}
	if decode(t, s.must("precompute", "als", "-n", "30", "--serve", "--output", "json"), &made); made.Bundle == first {
		t.Error("another arm serves, and the bundle is the same")
	}
	person := fmt.Sprint(smallCinema.person(7))
	var made1, asked shownJSON
	decode(t, s.must("user", "show", person, "--output", "json"), &made1)
	decode(t, s.must("user", "show", person, "--arm", "als", "--output", "json"), &asked)
	if made1.Arm != "als-precomputed" || made1.Tier != "personal" {
		t.Errorf("by %s, %s; want by als-precomputed, personal", made1.Arm, made1.Tier)
	}
	for i, item := range made1.List {
		if item.ID != asked.List[i].ID {
			t.Errorf("place %d: %s made, %s asked", i, item.ID, asked.List[i].ID)
		}
	}
	for _, c := range []struct {
		model, want string
		code        int
	}{{"als-precomputed", "name the model that made them", 2}, {"nope", "want one of", 2}, {"ease", "marquee build --models ease", 3}, {"content-ratings-popularity", "no trained model", 2}} {
		if _, errs, code := s.run("precompute", c.model); code != c.code || !strings.Contains(errs, c.want) {
			t.Errorf("precompute %s: exit %d, %s", c.model, code, errs)
		}
	}

	// Lists of a run that was cut short are of people too.
	left := filepath.Join(s.home, precomputeFolder, made.Bundle+"-als")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(left, "chunk"), []byte(person), 0o600); err != nil {
		t.Fatal(err)
	}
	s.must("user", "forget", person, "--yes")
	if held := holds(t, s.home, person); len(held) > 0 {
		t.Errorf("after, %v still hold the person", held)
	}
	decode(t, s.must("user", "show", person, "--output", "json"), &made1)
	if made1.Tier == "personal" {
		t.Errorf("whoever was forgotten has a list of their own: %+v", made1)
	}
	decode(t, s.must("user", "show", fmt.Sprint(smallCinema.person(8)), "--output", "json"), &made1)
	if made1.Arm != "als-precomputed" || made1.Tier != "personal" {
		t.Errorf("after, others are served by %s, %s", made1.Arm, made1.Tier)
	}
}

// A run that is interrupted publishes nothing, and a second one makes what a run
// that was left alone makes.
func TestPrecomputeInterrupted(t *testing.T) {
	s := newShell(t)
	crowd := cinema{movies: 40, people: 3000, seen: 3}
	crowd.imported(s)
	var b builtJSON
	decode(t, s.must("build", "--index", "flat", "--models", "als", "--set", "als.dims=8", "--set", "als.sweeps=1", "--output", "json"), &b)
	interrupted := ""
	for n := 10; n < 30 && interrupted == ""; n++ { // a list longer each time, in case a run was done first
		if code, errs := s.interrupted("precompute", "als", "-n", fmt.Sprint(n)); code == exitInterrupted && strings.Contains(errs, "interrupted") {
			interrupted = fmt.Sprint(n)
		} else if code != 0 {
			t.Fatalf("exit %d, %s", code, errs)
		} else {
			s.must("bundle", "publish", b.Bundle.ID)
		}
	}
	if interrupted == "" {
		t.Fatal("no run could be interrupted")
	}
	var live struct{ ID string }
	if decode(t, s.must("bundle", "show", "--output", "json"), &live); live.ID != b.Bundle.ID {
		t.Errorf("after an interrupt %s is live, want %s", live.ID, b.Bundle.ID)
	}
	if _, err := os.Stat(filepath.Join(s.home, precomputeFolder, b.Bundle.ID+"-als")); err != nil {
		t.Errorf("what was made is gone: %v", err)
	}
	var resumed, whole precomputedLists
	decode(t, s.must("precompute", "als", "-n", interrupted, "--output", "json"), &resumed)
	if _, err := os.Stat(filepath.Join(s.home, precomputeFolder, b.Bundle.ID+"-als")); err == nil {
		t.Error("the working folder is still there")
	}
	s.must("bundle", "publish", b.Bundle.ID)
	decode(t, s.must("precompute", "als", "-n", interrupted, "--output", "json"), &whole)
	if resumed.Bundle != whole.Bundle || whole.Lists != crowd.people {
		t.Errorf("resumed %+v, made at once %+v", resumed, whole)
	}
}

// interrupted runs a command that is interrupted once it has begun to make lists.
func (s shell) interrupted(args ...string) (code int, stderr string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if found, _ := filepath.Glob(filepath.Join(s.home, precomputeFolder, "*", "*")); len(found) > 0 {
				cancel()
			}
			time.Sleep(100 * time.Microsecond)
		}
	}()
	var out, errs bytes.Buffer
	code = run(ctx, append([]string{"--home", s.home, "--quiet"}, args...), &out, &errs)
	cancel()
	<-done
	return code, errs.String()
}

// Lists that were made for a bundle that is no longer live do not take its place.
func TestPrecomputeOvertaken(t *testing.T) {
	s := newShell(t)
	smallCinema.imported(s)
	s.must("build", "--index", "flat", "--models", "als", "--set", "als.dims=8")
	e := &env{cli: &cli{Home: s.home}}
	shelf, err := e.openShelf()
	if err != nil {
		t.Fatal(err)
	}
	old, err := shelf.Live()
	if err != nil {
		t.Fatal(err)
	}
	var newer builtJSON
	decode(t, s.must("build", "--index", "flat", "--models", "popular", "--output", "json"), &newer)
	m, err := shelf.Manifest(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := publishAfter(t.Context(), e, going{shelf: shelf}, old, m); err == nil || !strings.Contains(err.Error(), "run the command again") {
		t.Errorf("publish after another build: %v", err)
	}
	if live, _ := shelf.Live(); live != newer.Bundle.ID {
		t.Errorf("%s is live, want %s", live, newer.Bundle.ID)
	}
}
