package simulator

import (
	"bufio"
	"encoding/json"
	"io"
)

// WriteIDs writes the ids to crawl, one a line: movie/ID and user/ID, as they
// stand in the catalog API's paths.
func (w *World) WriteIDs(out io.Writer) error {
	b := bufio.NewWriter(out)
	for _, m := range w.Movies {
		b.WriteString("movie/" + m.ID + "\n")
	}
	for _, p := range w.People {
		b.WriteString("user/" + p.ID + "\n")
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
