package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A movie that comes into the store while a server serves is in /similar, and in
// the lists of people who watched its neighbours, within seconds and without a
// build; an edit shows too; and who is forgotten is forgotten by the server.
func TestServeTakesNewMoviesIn(t *testing.T) {
	s := newShell(t)
	s.must("import", "jsonl", s.file("films.jsonl", films))
	s.must("import", "csv", s.file("ratings.csv", ratings), "--kind", "ratings")
	s.must("build", "--index", "flat")
	address := free(t)
	end := s.background("serve", "--listen", address, "--admin-listen", "")
	first := get(t, address)
	before := ask(t, address, "/recommend/1?format=json")

	s.must("import", "jsonl", s.file("more.jsonl", `{"id":"thief+1981","title":"Thief","year":1981,"genres":["Crime","Thriller"],"overview":"A master thief plans one last bank robbery."}`+"\n"))
	var near list
	eventually(t, func() bool {
		near = ask(t, address, "/similar/thief+1981")
		return near.status == http.StatusOK
	})
	if len(near.Items) == 0 || near.Items[0].ID != "heat+1995" {
		t.Errorf("near Thief: %+v, want Heat first", near)
	}
	for _, path := range []string{"/recommend/1?format=json", "/similar/heat+1995"} {
		if got := ask(t, address, path); !got.has("thief+1981") || got.Bundle != first.bundle || got.Sequence <= before.Sequence {
			t.Errorf("%s: %+v, want Thief, of bundle %s after change %d", path, got, first.bundle, before.Sequence)
		}
	}
	if got := get(t, address); !strings.Contains(got.body, "thief+1981") {
		t.Errorf("the contract call has %s, want Thief in it", got.body)
	}

	s.must("import", "csv", s.file("thief.csv", "user_id,movie_id,rating,time\n1,thief+1981,5,2024-02-01T10:00:00\n"), "--kind", "ratings")
	eventually(t, func() bool { // a history that names it counts
		got := ask(t, address, "/recommend/1?format=json")
		return got.Watched == before.Watched+1 && !got.has("thief+1981")
	})

	s.must("import", "jsonl", s.file("edit.jsonl", `{"id":"thief+1981","title":"Thief of Hearts","adult":true}`+"\n"))
	eventually(t, func() bool { return !ask(t, address, "/similar/heat+1995").has("thief+1981") })

	if got := get(t, address); got.bundle != first.bundle {
		t.Error("another bundle serves, so nothing was shown")
	}

	s.must("user", "forget", "1", "--yes") // which may put another bundle in the place of this one
	eventually(t, func() bool {
		near := ask(t, address, "/similar/thief+1981")
		return ask(t, address, "/recommend/1?format=json").Watched == 0 && near.status == http.StatusOK
	})
	end()
}

// A list is what a server answers as JSON.
type list struct {
	status   int
	Bundle   string
	Sequence int64
	Watched  int
	Items    []struct{ ID string }
}

func (l list) has(id string) bool {
	return slices.ContainsFunc(l.Items, func(i struct{ ID string }) bool { return i.ID == id })
}

func ask(t *testing.T, address, path string) (l list) {
	t.Helper()
	res, err := http.Get("http://" + address + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&l); err != nil {
		t.Fatal(err)
	}
	l.status = res.StatusCode
	return l
}

// eventually waits until ok, and fails the test when that takes too long.
func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}
