package rank

// HasGenre reports whether a movie of m has a genre, compared without case, gone and
// hidden movies among them. Of a bundle that does not tell genres it is true of any. It
// takes one look-up, the first call O(movies).
func (m *Movies) HasGenre(name string) bool { return m.tagged().has(m.tagged().genres, name) }

// HasLanguage is HasGenre of a language, by its ISO 639 code.
func (m *Movies) HasLanguage(code string) bool { return m.tagged().has(m.tagged().languages, code) }

func (t *tags) has(of map[string]tag, name string) bool {
	_, ok := of[fold(name)]
	return ok || !t.known
}
