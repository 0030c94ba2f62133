package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A described is the description as its page shows it.
type described struct {
	OpenAPI    string
	Info       describedInfo
	Token      string // what there is to know of tokens
	Tags       []describedTag
	Operations []describedOperation
	Schemas    []describedSchema
}

type describedInfo struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type describedTag struct {
	Name, Description string
	Operations        []describedOperation
}

type describedOperation struct {
	ID, Method, Path, Summary, Description string
	Scopes                                 string // of the token that it takes; empty: none
	Samples                                []describedSample
	Parameters                             []describedParameter
	Body                                   *describedBody
	Answers                                []describedAnswer
}

type describedSample struct {
	Source string `json:"source"`
}

type describedParameter struct {
	Ref         string          `json:"$ref"`
	Name        string          `json:"name"`
	In          string          `json:"in"`
	Required    bool            `json:"required"`
	Description string          `json:"description"`
	Example     json.RawMessage `json:"example"`
}

// Sample returns an example of the parameter as it stands in a URL.
func (p describedParameter) Sample() string {
	var list []string
	if json.Unmarshal(p.Example, &list) == nil {
		return strings.Join(list, ",")
	}
	return strings.Trim(string(p.Example), `"`)
}

type describedBody struct{ Description, Schema, Sample string }

type describedAnswer struct {
	Status, Description string
	Schemas             []string
	Sample              string
}

type describedSchema struct {
	Name, Description string
	Fields            []describedField
}

type describedField struct {
	Name, Type, Description string
	Required                bool
}

// The parts of an OpenAPI document that the page shows.
type (
	openDocument struct {
		OpenAPI string                               `json:"openapi"`
		Info    describedInfo                        `json:"info"`
		Tags    []struct{ Name, Description string } `json:"tags"`
		Paths   openPaths                            `json:"paths"`
		Parts   openParts                            `json:"components"`
	}
	// openPaths are the operations of paths, by method, in the order of the document.
	openPaths []openPath
	openPath  struct {
		path string
		by   map[string]openOperation
	}
	openParts struct {
		Security   map[string]struct{ Description string } `json:"securitySchemes"`
		Parameters map[string]describedParameter           `json:"parameters"`
		Responses  map[string]openResponse                 `json:"responses"`
		Schemas    map[string]openSchema                   `json:"schemas"`
	}
	openOperation struct {
		ID          string                  `json:"operationId"`
		Tags        []string                `json:"tags"`
		Summary     string                  `json:"summary"`
		Description string                  `json:"description"`
		Parameters  []describedParameter    `json:"parameters"`
		Body        *openResponse           `json:"requestBody"`
		Responses   map[string]openResponse `json:"responses"`
		Security    []map[string][]string   `json:"security"`
		Samples     []describedSample       `json:"x-codeSamples"`
	}
	openResponse struct {
		Ref         string               `json:"$ref"`
		Description string               `json:"description"`
		Content     map[string]openMedia `json:"content"`
	}
	openMedia struct {
		Schema  openSchema      `json:"schema"`
		Example json.RawMessage `json:"example"`
	}
	openSchema struct {
		Ref         string                `json:"$ref"`
		Type        string                `json:"type"`
		Format      string                `json:"format"`
		Description string                `json:"description"`
		Required    []string              `json:"required"`
		Enum        []string              `json:"enum"`
		Properties  map[string]openSchema `json:"properties"`
		Items       *openSchema           `json:"items"`
		OneOf       []openSchema          `json:"oneOf"`
	}
)

// UnmarshalJSON implements [json.Unmarshaler].
func (p *openPaths) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // the brace
		return err
	}
	for d.More() {
		path, err := d.Token()
		if err != nil {
			return err
		}
		by := map[string]openOperation{}
		if err := d.Decode(&by); err != nil {
			return fmt.Errorf("path %v: %w", path, err)
		}
		*p = append(*p, openPath{fmt.Sprint(path), by})
	}
	return nil
}

// readDescription reads an OpenAPI document for its page.
func readDescription(text []byte) (*described, error) {
	var doc openDocument
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	d := &described{OpenAPI: doc.OpenAPI, Info: doc.Info, Token: doc.Parts.Security["token"].Description}
	for _, tag := range doc.Tags {
		t := describedTag{Name: tag.Name, Description: tag.Description}
		for _, p := range doc.Paths {
			for _, method := range slices.Sorted(maps.Keys(p.by)) {
				if o := p.by[method]; slices.Contains(o.Tags, tag.Name) {
					t.Operations = append(t.Operations, o.shown(strings.ToUpper(method), p.path, doc.Parts))
				}
			}
		}
		d.Tags, d.Operations = append(d.Tags, t), append(d.Operations, t.Operations...)
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Parts.Schemas)) {
		d.Schemas = append(d.Schemas, doc.Parts.Schemas[name].shown(name))
	}
	return d, nil
}

// last returns the name that a reference ends in.
func last(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

func (o openOperation) shown(method, path string, parts openParts) describedOperation {
	out := describedOperation{ID: o.ID, Method: method, Path: path, Summary: o.Summary, Description: o.Description, Samples: o.Samples}
	if len(o.Security) > 0 {
		if scopes, must := o.Security[0]["token"]; must {
			out.Scopes = strings.Join(scopes, ", ")
		}
	}
	for _, p := range o.Parameters {
		if p.Ref != "" {
			p = parts.Parameters[last(p.Ref)]
		}
		out.Parameters = append(out.Parameters, p)
	}
	if o.Body != nil {
		for _, m := range o.Body.Content {
			b := &describedBody{Description: o.Body.Description, Sample: pretty(m.Example)}
			if names := m.Schema.names(); len(names) > 0 {
				b.Schema = names[0]
			}
			out.Body = b
		}
	}
	for _, status := range slices.Sorted(maps.Keys(o.Responses)) {
		r := o.Responses[status]
		if r.Ref != "" {
			r = parts.Responses[last(r.Ref)]
		}
		out.Answers = append(out.Answers, r.shown(status))
	}
	return out
}

func (r openResponse) shown(status string) describedAnswer {
	out := describedAnswer{Status: status, Description: r.Description}
	for _, kind := range slices.Sorted(maps.Keys(r.Content)) {
		m := r.Content[kind]
		out.Schemas = append(out.Schemas, m.Schema.names()...)
		if m.Example != nil {
			out.Sample = strings.TrimPrefix(out.Sample+"\n"+pretty(m.Example), "\n")
		}
	}
	return out
}

// names returns the schemas that s refers to, each once.
func (s openSchema) names() []string {
	var all []string
	if s.Ref != "" {
		all = append(all, last(s.Ref))
	}
	if s.Items != nil {
		all = append(all, s.Items.names()...)
	}
	for _, x := range s.OneOf {
		all = append(all, x.names()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s openSchema) shown(name string) describedSchema {
	out := describedSchema{Name: name, Description: s.Description}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[field]
		out.Fields = append(out.Fields, describedField{field, p.kind(), p.Description, slices.Contains(s.Required, field)})
	}
	// Those that are always there first, in the order of the description.
	place := func(f describedField) int {
		if i := slices.Index(s.Required, f.Name); i >= 0 {
			return i
		}
		return len(s.Required)
	}
	slices.SortStableFunc(out.Fields, func(a, b describedField) int { return cmp.Compare(place(a), place(b)) })
	return out
}

// kind returns the type of a field in words.
func (s openSchema) kind() string {
	switch {
	case s.Ref != "":
		return last(s.Ref)
	case s.Items != nil:
		return "array of " + s.Items.kind()
	case s.OneOf != nil:
		kinds := make([]string, len(s.OneOf))
		for i, x := range s.OneOf {
			kinds[i] = x.kind()
		}
		return strings.Join(kinds, " or ")
	case s.Enum != nil:
		return strings.Join(s.Enum, ", ")
	case s.Format != "":
		return s.Format
	}
	return s.Type
}

// pretty returns an example as people read it.
func pretty(example json.RawMessage) string {
	var text string
	if json.Unmarshal(example, &text) == nil {
		return text
	}
	var out bytes.Buffer
	if err := json.Indent(&out, example, "", "  "); err != nil {
		return string(example)
	}
	return out.String()
}
