package rows_test

import (
	"encoding/csv"
	"errors"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"marquee/catalog/rows"
)

// read returns each record of text as "line:field|field", and each fault as
// "line:!".
func read(t testing.TB, text string, max int) (got []string) {
	t.Helper()
	r := rows.NewCSV(strings.NewReader(text), ',', max)
	for {
		fields, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.Is(err, rows.ErrRow):
			got = append(got, strconv.Itoa(r.Line())+":!")
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, strconv.Itoa(r.Line())+":"+strings.Join(fields, "|"))
		}
	}
}

func TestCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "a,b\nc,\n", []string{"1:a|b", "2:c|"}},
		{"no end of line", "a,b", []string{"1:a|b"}},
		{"CRLF and an empty line", "a\r\n\r\nb\r\n", []string{"1:a", "3:b"}},
		{"quotes", `"a,b","say ""hi""",""` + "\n", []string{`1:a,b|say "hi"|`}},
		{"a quote inside a field", `5" disc,b` + "\n", []string{`1:5" disc|b`}},
		{"a field over lines", "x,\"one\r\ntwo\"\ny,z\n", []string{"1:x|one\ntwo", "3:y|z"}},
		{"text after a quote", "\"a\"b,c\nd,e\n", []string{"1:!", "2:d|e"}},
		{"a quote never closed", "a,\"b\nc,d\ne,f\n", []string{"1:!", "2:c|d", "3:e|f"}},
		{"a fault inside a fault", "\"a\nb,\"c\nd,e\n", []string{"1:!", "2:!", "3:d|e"}},
		{"too long", "a\n" + strings.Repeat("x", 101) + "\nb\n", []string{"1:a", "2:!", "3:b"}},
		{"too long inside a quote", "\"a\n" + strings.Repeat("x", 101) + "\nb\n", []string{"1:!", "2:!", "3:b"}},
		{"too long over lines", "\"a\n" + strings.Repeat("x\n", 100) + "\"\n", append(append([]string{"1:!"}, lines(2, 101, "x")...), "102:!")},
		{"nothing", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := read(t, c.text, 100); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func lines(from, to int, text string) (out []string) {
	for n := from; n <= to; n++ {
		out = append(out, strconv.Itoa(n)+":"+text)
	}
	return out
}

// A line of 100 MB costs its own row, and no memory to speak of.
func TestLinesAreBounded(t *testing.T) {
	r := rows.NewLines(io.MultiReader(strings.NewReader("first\n"), io.LimitReader(endless{}, 100<<20), strings.NewReader("\nlast")), 1<<20)
	var got []string
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for {
		line, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if !errors.Is(err, rows.ErrRow) {
				t.Fatal(err)
			}
			line = []byte("!")
		}
		got = append(got, strconv.Itoa(r.Number())+":"+string(line))
	}
	runtime.ReadMemStats(&after)
	if want := []string{"1:first", "2:!", "3:last"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("%d bytes allocated, want a few times the limit of 1 MiB", allocated)
	}
}

// An endless reads as one letter for ever.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// What encoding/csv can read, CSV reads alike.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\nc,d\n", "\"a\nb\",c\r\n", `"x""y",`, "\"a\"b\n\"", "a\r", "\"\r\n\"", ",,\n\n\n\"\",\"\""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := read(t, text, 1<<16)
		r := csv.NewReader(strings.NewReader(text))
		r.FieldsPerRecord = -1
		var want []string
		for {
			fields, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			line, _ := r.FieldPos(0)
			want = append(want, strconv.Itoa(line)+":"+strings.Join(fields, "|"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q as encoding/csv has it", text, got, want)
		}
	})
}
