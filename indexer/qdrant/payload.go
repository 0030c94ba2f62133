package qdrant

import (
	"iter"
	"maps"

	api "github.com/qdrant/go-client/qdrant"
)

// A Payload is what the server knows of a movie beside its vector, to filter by.
type Payload struct {
	ID       string // of the movie
	Year     int    // of its release; 0 is not known
	Genres   []string
	Language string // "" is not known
	Adult    bool
}

// Names of fields.
const (
	fieldMovie    = "movie"
	fieldYear     = "year"
	fieldGenres   = "genres"
	fieldLanguage = "language"
	fieldAdult    = "adult"
	fieldRow      = "row" // of a point that came later
)

// indexedFields returns the fields that filters ask for. The server links points of
// one value with one another if it knows of the field before they come, and servers in
// strict mode refuse a filter by any other.
func indexedFields() iter.Seq2[string, api.FieldType] {
	return maps.All(map[string]api.FieldType{
		fieldMovie:    api.FieldType_FieldTypeKeyword,
		fieldYear:     api.FieldType_FieldTypeInteger,
		fieldGenres:   api.FieldType_FieldTypeKeyword,
		fieldLanguage: api.FieldType_FieldTypeKeyword,
		fieldAdult:    api.FieldType_FieldTypeBool,
	})
}

func (p Payload) values() map[string]*api.Value {
	v := map[string]*api.Value{fieldMovie: api.NewValueString(p.ID), fieldAdult: api.NewValueBool(p.Adult)}
	if p.Year != 0 {
		v[fieldYear] = api.NewValueInt(int64(p.Year))
	}
	if len(p.Genres) > 0 {
		genres := make([]*api.Value, len(p.Genres))
		for i, g := range p.Genres {
			genres[i] = api.NewValueString(g)
		}
		v[fieldGenres] = api.NewValueFromList(genres...)
	}
	if p.Language != "" {
		v[fieldLanguage] = api.NewValueString(p.Language)
	}
	return v
}

// payloadOf reads what values wrote; fields of another kind are left empty.
func payloadOf(v map[string]*api.Value) Payload {
	p := Payload{
		ID: v[fieldMovie].GetStringValue(), Year: int(v[fieldYear].GetIntegerValue()),
		Language: v[fieldLanguage].GetStringValue(), Adult: v[fieldAdult].GetBoolValue(),
	}
	for _, g := range v[fieldGenres].GetListValue().GetValues() {
		p.Genres = append(p.Genres, g.GetStringValue())
	}
	return p
}
