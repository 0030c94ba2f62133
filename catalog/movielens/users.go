package movielens

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"marquee/catalog"
)

// occupations are those of ml-1m, by their number, from its README.
var occupations = []string{
	"other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service", "doctor/health care",
	"executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer", "retired", "sales/marketing",
	"scientist", "self-employed", "technician/engineer", "tradesman/craftsman", "unemployed", "writer",
}

// under18 is the age of the youngest band of ml-1m, "under 18", which that data
// set writes as 1. Other bands are named by their lowest age: 18, 25, 35, ...
const under18 = 17

// users puts the records of people, where the data set has any.
func (im *importer) users() error {
	s := im.layout.users
	if s.name == "" {
		return nil
	}
	column := func(name string) int { return slices.Index(s.columns, name) }
	age, gender, occupation, zip := column("age"), column("gender"), column("occupation"), column("zip")
	var batch []catalog.User
	at := make(map[catalog.UserID]int)
	err := im.each(s, func(fields []string, line int) error {
		u := catalog.User{ID: catalog.UserID(fields[0]), Gender: fields[gender], Occupation: fields[occupation]}
		var err error
		if u.Age, err = strconv.Atoi(fields[age]); err != nil {
			return fmt.Errorf("age is %.40q, want whole years: %w", fields[age], catalog.ErrInvalid)
		}
		if s.name == "users.dat" {
			if err := decode1m(&u); err != nil {
				return err
			}
		}
		if fields[zip] != "" {
			raw, err := json.Marshal(fields[zip])
			if err != nil {
				return err
			}
			u.Extra = map[string]json.RawMessage{"zip": raw}
		}
		notes, err := u.Normalize()
		if err != nil {
			return err
		}
		if i, again := at[u.ID]; again {
			notes = append(notes, fmt.Sprintf("user %q comes again; this row counts", u.ID))
			batch[i] = u
		} else {
			at[u.ID] = len(batch)
			batch = append(batch, u)
		}
		if len(notes) > 0 {
			im.report.Mend(s.name, line, strings.Join(notes, "; "))
		}
		return nil
	}, nil)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(batch, batchMovies) {
		tally, err := im.store.PutUsers(im.ctx, chunk)
		im.report.Users.Add(tally)
		if err != nil {
			return err
		}
	}
	return nil
}

// decode1m turns the codes of ml-1m for age and occupation into what they mean.
func decode1m(u *catalog.User) error {
	if u.Age == 1 {
		u.Age = under18
	}
	n, err := strconv.Atoi(u.Occupation)
	if err != nil || n < 0 || n >= len(occupations) {
		return fmt.Errorf("occupation is %.40q, want 0 to %d: %w", u.Occupation, len(occupations)-1, catalog.ErrInvalid)
	}
	u.Occupation = occupations[n]
	return nil
}
