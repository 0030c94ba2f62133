package bundle

import (
	"bytes"
	"io"
	"strings"

	"marquee/recommender/column"
)

// The names of the files of a bundle.
const (
	fileMovies     = "movies.bin"
	fileFacts      = "facts.bin"
	fileVectors    = "vectors.bin"
	fileNeighbours = "neighbours.bin"
	fileStats      = "stats.bin"
	fileHistories  = "histories.bin"
	fileIndex      = "index.bin"
	fileEmbedder   = "embedder.bin"
	fileLater      = "later.bin"
	fileEditorial  = "editorial.bin"
	fileManifest   = "manifest.json"

	modelPrefix = "model-"
	listsPrefix = "lists-"
)

// file returns the name of the file of a model.
func (m Model) file() string { return modelPrefix + m.Name + ".bin" }

// lists returns the name of the file of the lists that were made with a model.
func (m Model) lists() string { return listsPrefix + m.Name + ".bin" }

// ofModels reports whether a file belongs to a model: what [Opener.NoModels] leaves out.
func ofModels(name string) bool {
	return strings.HasPrefix(name, modelPrefix) || strings.HasPrefix(name, listsPrefix)
}

// A content is one file to be written: of data, or one that another bundle has.
type content struct {
	name string
	data func() ([]byte, error)
	from string // the folder of the bundle that has it; "" if there is data
	file File   // as that bundle's manifest says
}

// contents returns the files of b in the order in which they are written.
func (b *Bundle) contents() []content {
	build := b
	if b.laid != nil {
		build = b.laid.build
	}
	list := append(build.tables(), content{name: fileHistories, data: func() ([]byte, error) { return b.Histories.encode(), nil }})
	if ix, ok := build.Index.(io.WriterTo); ok {
		list = append(list, content{name: fileIndex, data: func() ([]byte, error) { return written(ix) }})
	}
	if b.Fitted != nil {
		list = append(list, content{name: fileEmbedder, data: func() ([]byte, error) { return b.Fitted, nil }})
	}
	for i, m := range b.stored() {
		list = append(list, content{name: b.Manifest.Models[i].file(), data: func() ([]byte, error) { return written(m) }})
	}
	for _, m := range b.Manifest.Models {
		if m.Lists {
			list = append(list, content{name: m.lists(), data: func() ([]byte, error) { return b.Lists[m.Name].Encode(), nil }})
		}
	}
	if b.laid != nil {
		list = append(list, b.laid.changes.content())
	}
	if e := (editorial{b.Hidden, b.Corrections}); !e.empty() {
		list = append(list, e.content())
	}
	return list
}

// tables returns the files of b that every bundle has, histories left out.
func (b *Bundle) tables() []content {
	list := []content{{name: fileMovies, data: func() ([]byte, error) { return encodeMovies(b.Movies), nil }}}
	if b.Movies.Genres != nil { // else it was read from an older format: nothing is known
		list = append(list, content{name: fileFacts, data: func() ([]byte, error) { return encodeFacts(b.Movies), nil }})
	}
	return append(list,
		content{name: fileVectors, data: func() ([]byte, error) {
			e := column.Encoder{Data: make([]byte, 0, 8+4*len(b.Vectors))}
			e.Float32s(b.Vectors)
			return e.Data, nil
		}},
		content{name: fileNeighbours, data: func() ([]byte, error) { return written(b.Table) }},
		content{name: fileStats, data: func() ([]byte, error) { return encodeStats(b.Stats), nil }},
	)
}

func written(w io.WriterTo) ([]byte, error) {
	var buf bytes.Buffer
	if _, err := w.WriteTo(&buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
