package table

import "strings"

// maxNesting is how deep lists and dicts may lie in one another.
const maxNesting = 16

// pythonList returns the entries of a Python list as its repr writes it, such
// as "['Comedy', \"Children's\"]" or "[{'id': 35, 'name': 'Comedy'}]": many
// published CSV files hold their lists so. Of a dict it takes the name.
func pythonList(text string) ([]string, bool) {
	p := python{rest: text}
	v, ok := p.value(0)
	if !ok || strings.TrimSpace(p.rest) != "" {
		return nil, false
	}
	entries, isList := v.([]any)
	if !isList {
		entries = []any{v}
	}
	var out []string
	for _, e := range entries {
		if dict, isDict := e.(map[string]any); isDict {
			e = dict["name"]
		}
		s, isText := e.(string)
		if !isText {
			return nil, false
		}
		if !empties[s] {
			out = append(out, s)
		}
	}
	return out, true
}

// A python reads Python literals: a text, number or name is a string, a list
// or tuple []any, a dict map[string]any.
type python struct{ rest string }

func (p *python) value(depth int) (any, bool) {
	p.blank()
	if p.rest == "" || depth > maxNesting {
		return nil, false
	}
	switch c := p.rest[0]; c {
	case '[':
		return p.list(']', depth)
	case '(':
		return p.list(')', depth)
	case '{':
		return p.dict(depth)
	case '\'', '"':
		return p.quoted(c)
	}
	end := strings.IndexAny(p.rest, ",:]})'\"[{( \t\n")
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word, word != ""
}

func (p *python) list(end byte, depth int) (any, bool) {
	p.rest = p.rest[1:]
	out := []any{}
	for !p.next(end) {
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		out = append(out, v)
		if !p.next(',') && !p.sees(end) {
			return nil, false
		}
	}
	return out, true
}

func (p *python) dict(depth int) (any, bool) {
	p.rest = p.rest[1:]
	out := make(map[string]any)
	for !p.next('}') {
		key, ok := p.value(depth + 1)
		name, isText := key.(string)
		if !ok || !isText || !p.next(':') {
			return nil, false
		}
		if out[name], ok = p.value(depth + 1); !ok {
			return nil, false
		}
		if !p.next(',') && !p.sees('}') {
			return nil, false
		}
	}
	return out, true
}

func (p *python) quoted(quote byte) (any, bool) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == quote:
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			switch c := p.rest[i]; c {
			case 'n', 't', 'r':
				b.WriteByte(' ')
			case '\'', '"', '\\':
				b.WriteByte(c)
			default: // \xa0 and the like stay as they are written
				b.WriteByte('\\')
				b.WriteByte(c)
			}
		default:
			b.WriteByte(c)
		}
	}
	return nil, false
}

// next takes c if it comes next, blanks aside.
func (p *python) next(c byte) bool {
	if !p.sees(c) {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *python) sees(c byte) bool {
	p.blank()
	return p.rest != "" && p.rest[0] == c
}

func (p *python) blank() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }
