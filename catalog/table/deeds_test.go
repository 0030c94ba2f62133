package table_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/table"
)

func TestRatingForms(t *testing.T) {
	at := time.Date(2024, 12, 7, 15, 10, 1, 0, time.UTC)
	for _, c := range []struct{ name, format, text string }{
		{"course CSV", table.CSV, "user_time,user_id,movie_id,movie_title,year,rating\n2024-12-07T15:10:01,385785,heat+1995,heat,1995,4\n"},
		{"seconds", table.CSV, "userId,movieId,rating,timestamp\n385785,heat+1995,4.0,1733584201\n"},
		{"milliseconds", table.JSONL, `{"user":385785,"movie":"heat+1995","value":4,"at":1733584201000}`},
		{"RFC 3339", table.JSONL, `{"user":"385785","item":"heat+1995","score":"4","time":"2024-12-07T16:10:01+01:00"}`},
		{"blank for T", table.CSV, "user,movie,stars,date\n385785,heat+1995,4,2024-12-07 15:10:01\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := newFake()
			report := load(t, store, c.text, table.Options{Format: c.format, Kind: table.Ratings})
			want := catalog.Rating{User: "385785", Movie: "heat+1995", Value: 4, At: at}
			if got := store.ratings[[2]string{"385785", "heat+1995"}]; got != want {
				t.Errorf("got %+v, want %+v: %v", got, want, report.Faults)
			}
			if report.Ratings.New != 1 || report.Mended+report.Refused != 0 {
				t.Errorf("report is %+v, want one new", report)
			}
		})
	}
}

func TestRatingsRefused(t *testing.T) {
	store := newFake()
	report := load(t, store, strings.Join([]string{
		"user,movie,rating,time",
		"u,m,5,2024-01-01",
		"u,m2,6,2024-01-01",    // off the scale
		"u,m3,4.5,2024-01-01",  // between its steps
		"u,m4,NaN,2024-01-01",  // empty
		"u,m5,good,2024-01-01", // no number
		"u,m6,4,yesterday",
		"u,m7,4,99999999999999999999",
		"u,m7,4,2750-01-01",
		",m8,4,2024-01-01",
		"u,,4,2024-01-01",
		"u,m9,3,",   // no time: the oldest
		"u,m10,2,",  // told once
		"u,m,1,200", // an older opinion
	}, "\n"), table.Options{Format: table.CSV, Kind: table.Ratings})
	if got, want := faultLines(report), []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; !slices.Equal(got, want) || report.Refused != 9 || report.Mended != 1 {
		t.Errorf("faults on lines %v, want %v, 9 of them refused: %v", got, want, report.Faults)
	}
	if len(store.ratings) != 3 || store.ratings[[2]string{"u", "m"}].Value != 5 || !store.ratings[[2]string{"u", "m9"}].At.Equal(time.Unix(0, 0)) {
		t.Errorf("ratings are %+v, want m at 5, m9 of 1970 and m10", store.ratings)
	}
}

// Ratings go to the store in batches, at most 1,000 rows a call, and progress
// ends at all of the file.
func TestBatches(t *testing.T) {
	var b strings.Builder
	b.WriteString("user,movie,rating,time\n")
	for i := range 5500 {
		fmt.Fprintf(&b, "u%d,m,4,2024-01-01\n", i)
	}
	store := newFake()
	var done []int64
	opts := table.Options{Format: table.CSV, Kind: table.Ratings, Progress: func(d, total int64) {
		if total != int64(b.Len()) {
			t.Fatalf("total is %d, want %d", total, b.Len())
		}
		done = append(done, d)
	}}
	load(t, store, b.String(), opts)
	if len(store.ratings) != 5500 || store.largest > 1000 || store.largest < 900 {
		t.Errorf("%d ratings, at most %d a call, want 5500 and 1000", len(store.ratings), store.largest)
	}
	if len(done) < 5 || !slices.IsSorted(done) || done[len(done)-1] != int64(b.Len()) {
		t.Errorf("progress was %v, want it to rise to %d", done, b.Len())
	}
}

func TestUsers(t *testing.T) {
	store := newFake()
	report := load(t, store, "user_id,age,sex,job,likes\n7,28.0,F,artist,cats\n8,-3,M,,\n7,29,F,artist,cats\n", table.Options{Format: table.CSV, Kind: table.Users})
	want := map[catalog.UserID]catalog.User{
		"7": {ID: "7", Age: 29, Gender: "F", Occupation: "artist", Extra: store.people["7"].Extra},
		"8": {ID: "8", Gender: "M"},
	}
	if !reflect.DeepEqual(store.people, want) || string(store.people["7"].Extra["likes"]) != `"cats"` {
		t.Errorf("people are %+v, want %+v", store.people, want)
	}
	if report.Users.New != 2 || !slices.Equal(faultLines(report), []int{2, 3}) {
		t.Errorf("report is %+v, want 2 new, lines 2 and 3 mended", report)
	}
}

// Watches go in once, whatever is repeated or cut short.
func TestWatches(t *testing.T) {
	text := "user,movie,minute,time\nu,m,0,2024-01-01T10:00:00\nu,m,1,2024-01-01T10:01:00\nu,,1,2024-01-01\nu,long,,2024-01-02\nu,m,-1,2024-01-01\n"
	opts := table.Options{Format: table.CSV, Kind: table.Watches}
	store := newFake(catalog.Movie{ID: "long", RuntimeMinutes: 90})
	report := load(t, store, text, opts)
	if report.Watches.New != 3 || !slices.Equal(faultLines(report), []int{4, 6}) {
		t.Errorf("report is %+v, want 3 new, lines 4 and 6 refused", report)
	}
	if got := store.minutes[2]; got.Minute != 89 {
		t.Errorf("a watch without a minute got minute %d, want 89, the movie's last", got.Minute)
	}
	if again := load(t, store, text, opts); again.Watches != (catalog.Tally{Same: 3}) || len(store.minutes) != 3 {
		t.Errorf("second import: %+v and %d minutes, want 3 the same", again.Watches, len(store.minutes))
	}
	mapped := opts
	mapped.Columns = map[string]string{"at": "-"}
	if report := load(t, store, text, mapped); report.Watches.New != 3 {
		t.Errorf("the same file, read otherwise: %+v, want all its rows", report.Watches)
	}
	if other := load(t, store, text+"v,m,0,2024-01-01\n", opts); other.Watches.New != 4 {
		t.Errorf("another file: %+v, want all its rows", other.Watches)
	}
}

func TestWatchesGoOn(t *testing.T) {
	var b strings.Builder
	b.WriteString("user,movie,minute,time\n")
	for i := range 2500 {
		fmt.Fprintf(&b, "u,m,%d,2024-01-01\n", i)
	}
	path := write(t, b.String())
	opts := table.Options{Format: table.CSV, Kind: table.Watches}
	store := newFake()
	calls := 0
	failing := &failAfter{fake: store, calls: &calls, at: 2}
	if _, err := table.Import(t.Context(), failing, path, opts); !errors.Is(err, catalog.ErrUnavailable) {
		t.Fatalf("error is %v, want ErrUnavailable", err)
	}
	held := len(store.minutes)
	report, err := table.Import(t.Context(), store, path, opts)
	if err != nil || held == 0 || len(store.minutes) != 2500 || report.Watches != (catalog.Tally{New: 2500 - held, Same: held}) {
		t.Errorf("%v: %d minutes after %d, report %+v, want 2500 in all", err, len(store.minutes), held, report.Watches)
	}
}

// A store that fails stops the import and is not blamed on rows, nor is a
// context that ended.
func TestImportStops(t *testing.T) {
	store := newFake()
	store.fail = catalog.ErrUnavailable
	for _, c := range []struct{ kind, text string }{
		{table.Movies, `{"id":"1"}`},
		{table.Users, `{"id":"1"}`},
		{table.Ratings, `{"user":"1","movie":"2","rating":3}`},
		{table.Watches, `{"user":"1","movie":"2","minute":3}`},
	} {
		report, err := table.Import(t.Context(), store, write(t, c.text), table.Options{Kind: c.kind})
		if !errors.Is(err, catalog.ErrUnavailable) || report.Refused != 0 {
			t.Errorf("%s: error is %v, refused %d, want ErrUnavailable and 0", c.kind, err, report.Refused)
		}
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := table.Import(ended, newFake(), write(t, `{"id":"1"}`), table.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("context that ended: %v, want Canceled", err)
	}
	if _, err := table.Import(t.Context(), newFake(), filepath.Join(t.TempDir(), "none"), table.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v, want ErrNotExist", err)
	}
}

// A pipe is read twice all the same.
func TestImportPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	wrote := make(chan error, 1)
	go func() { wrote <- os.WriteFile(path, []byte("{\"id\":\"1\"}\n{\"id\":\"1\"}\n"), 0) }()
	store := newFake()
	report, err := table.Import(t.Context(), store, path, table.Options{})
	if err != nil || report.Movies.New != 1 || report.Mended != 1 {
		t.Errorf("report %+v, %v, want one movie", report, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// A gzip file cut short gives what can be read, and an error.
func TestImportCutShort(t *testing.T) {
	path := writeGzip(t, strings.Repeat("{\"id\":\"1\",\"title\":\"one\"}\n", 10)+"{\"id\":\"2\"}\n")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if report, err := table.Import(t.Context(), newFake(), path, table.Options{}); err != nil || report.Movies.New != 2 {
		t.Errorf("whole: %+v, %v, want 2 movies", report, err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-4], 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := table.Import(t.Context(), newFake(), path, table.Options{})
	if err == nil || !strings.Contains(err.Error(), path) || report.Movies.New != 2 {
		t.Errorf("cut short: %v, %+v, want an error with the path, and what was read gone in", err, report)
	}
}

// A failAfter fails from the at-th Append on.
type failAfter struct {
	*fake
	calls *int
	at    int
}
