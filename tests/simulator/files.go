package simulator

import (
	"bufio"
	"encoding/json"
	"io"
)

// WriteMovieIDs writes the ids of all movies, one a line.
func (w *World) WriteMovieIDs(out io.Writer) error {
	b := bufio.NewWriter(out)
	for _, m := range w.Movies {
		b.WriteString(m.ID + "\n")
	}
	return b.Flush()
}

// WriteUserIDs writes the ids of all people, one a line.
func (w *World) WriteUserIDs(out io.Writer) error {
	b := bufio.NewWriter(out)
	for _, p := range w.People {
		b.WriteString(p.ID + "\n")
	}
	return b.Flush()
}

// WriteFacts writes what an outside database knows of the movies and the
// catalog API does not, one JSON object a line: imdb_id, tmdb_id, title, year,
// people (actors, then the director) and keywords.
func (w *World) WriteFacts(out io.Writer) error {
	b := bufio.NewWriter(out)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, m := range w.Movies {
		err := enc.Encode(struct {
			IMDBID   string   `json:"imdb_id"`
			TMDBID   int      `json:"tmdb_id"`
			Title    string   `json:"title"`
			Year     int      `json:"year,omitempty"`
			People   []string `json:"people"`
			Keywords []string `json:"keywords"`
		}{m.IMDBID(), m.TMDBID(), m.Title, m.Year, append(append([]string{}, m.Actors...), m.Director), m.Keywords})
		if err != nil {
			return err
		}
	}
	return b.Flush()
}
