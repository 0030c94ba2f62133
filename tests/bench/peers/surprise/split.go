package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
)

// A rated is one row of the files: user, item, rating and time, by tabs.
type rated struct {
	user, item string
	rating     float64
	at         int64 // Unix time in seconds
}

// split writes the two files. The rows of a person stand together, newest first,
// as our models take them, so that the peer goes through them in the same order.
func split(data, folder string, seed uint64, share float64) error {
	file, err := os.Open(filepath.Join(data, "ratings.csv"))
	if err != nil {
		return err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", file.Name(), err)
	}
	var rows []rated
	for i, l := range lines[1:] {
		r, err := parse(l)
		if err != nil {
			return fmt.Errorf("%s: line %d: %w", file.Name(), i+2, err)
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b rated) int {
		return cmp.Or(cmp.Compare(a.user, b.user), cmp.Compare(b.at, a.at), cmp.Compare(a.item, b.item))
	})
	held := make([]bool, len(rows))
	order := rand.New(rand.NewPCG(seed, 1)).Perm(len(rows))
	for _, i := range order[:int(math.Round(share*float64(len(rows))))] {
		held[i] = true
	}
	for name, part := range map[string]bool{"train.tsv": false, "test.tsv": true} {
		var text strings.Builder
		for i, r := range rows {
			if held[i] == part {
				fmt.Fprintf(&text, "%s\t%s\t%v\t%d\n", r.user, r.item, r.rating, r.at)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func parse(fields []string) (rated, error) {
	if len(fields) != 4 {
		return rated{}, fmt.Errorf("%d fields, want user, item, rating and time", len(fields))
	}
	rating, err := strconv.ParseFloat(fields[2], 64)
	if err != nil {
		return rated{}, err
	}
	at, err := strconv.ParseInt(fields[3], 10, 64)
	return rated{fields[0], fields[1], rating, at}, err
}

// A sample is what both files hold.
type sample struct {
	train  *model.Data
	person []int // of train, by rating held out; the ratings of one stand together
	movie  []uint32
	rating []float32
}

func read(folder string) (*sample, error) {
	train, err := tsv(filepath.Join(folder, "train.tsv"))
	if err != nil {
		return nil, err
	}
	test, err := tsv(filepath.Join(folder, "test.tsv"))
	if err != nil {
		return nil, err
	}
	var movies []catalog.Movie
	rows := map[string]uint32{}
	for _, r := range slices.Concat(train, test) {
		if _, known := rows[r.item]; !known {
			rows[r.item] = 0
			movies = append(movies, catalog.Movie{ID: catalog.MovieID(r.item)})
		}
	}
	slices.SortFunc(movies, func(a, b catalog.Movie) int { return cmp.Compare(a.ID, b.ID) })
	for i, m := range movies {
		rows[string(m.ID)] = uint32(i)
	}
	s := &sample{}
	nobody := func(func(catalog.User, error) bool) {}
	if s.train, err = model.NewData(catalog.ScaleMovieLens, movies, nil, 0, nobody, histories(train)); err != nil {
		return nil, err
	}
	for _, r := range test {
		i, known := slices.BinarySearchFunc(s.train.Users, catalog.UserID(r.user), func(u catalog.User, id catalog.UserID) int { return cmp.Compare(u.ID, id) })
		if !known {
			return nil, fmt.Errorf("all ratings of user %s are held out: take another seed", r.user)
		}
		s.person, s.movie, s.rating = append(s.person, i), append(s.movie, rows[r.item]), append(s.rating, float32(r.rating))
	}
	return s, nil
}

func histories(rows []rated) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		for _, r := range rows {
			seen := catalog.Seen{Movie: catalog.MovieID(r.item), At: time.Unix(r.at, 0).UTC(), Rated: true, Rating: r.rating}
			if !yield(catalog.UserSeen{User: catalog.UserID(r.user), Seen: seen}, nil) {
				return
			}
		}
	}
}

func tsv(path string) ([]rated, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var rows []rated
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		r, err := parse(strings.Split(lines.Text(), "\t"))
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, len(rows)+1, err)
		}
		rows = append(rows, r)
	}
	return rows, lines.Err()
}

// answer trains and judges.
func (s *sample) answer(ctx context.Context, train trainer, settings json.RawMessage) (answer, error) {
	start := time.Now()
	trained, served, err := train(ctx, s.train, settings)
	if err != nil {
		return answer{}, err
	}
	a := answer{Seconds: time.Since(start).Seconds()}
	a.RMSE, a.MAE = s.errors(trained)
	a.Served, _ = s.errors(served)
	return a, nil
}

// errors returns how far p lies from what was held out.
func (s *sample) errors(p predict) (rmse, mae float64) {
	got := make([]float32, len(s.person))
	for from := 0; from < len(got); {
		to := from
		for to < len(got) && s.person[to] == s.person[from] {
			to++
		}
		p(s.person[from], s.movie[from:to], got[from:to])
		from = to
	}
	for i, r := range s.rating {
		e := float64(got[i] - r)
		rmse += e * e
		mae += math.Abs(e)
	}
	n := float64(len(got))
	return math.Sqrt(rmse / n), mae / n
}
