package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/catalog/durable"
	"marquee/recommender/eval"
	"marquee/recommender/eval/page"
)

// A keptReport is a report with what its models were.
type keptReport struct {
	*eval.Report
	ID       string          `json:"id,omitempty"`
	Created  time.Time       `json:"created,omitzero"`
	Data     string          `json:"data_version"`
	Program  string          `json:"program"`
	Kernel   string          `json:"kernel"`
	Settings []modelSettings `json:"settings"`
}

// reportLimit bounds a report that is read, in bytes.
const reportLimit = 64 << 20

// keep writes r to the folder of reports, under a name that follows from what it
// says: the same data, models and seed give the same name.
func (j *judge) keep(r *keptReport) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	sum := sha256.Sum256(text)
	r.ID, r.Created = hex.EncodeToString(sum[:])[:12], time.Now().UTC().Truncate(time.Second)
	dir := j.env.path("reports")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	if text, err = json.MarshalIndent(r, "", "  "); err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	if err := replace(filepath.Join(dir, r.ID+".json"), append(text, '\n')); err != nil {
		return fmt.Errorf("keep report: %w", err)
	}
	return nil
}

// replace writes a file beside its place and moves it there.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".draft-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // moved away by then
	if err := durable.WriteAll(f, data); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (r keptReport) writeFoot(w io.Writer) {
	for _, s := range r.Settings {
		if len(s.Weights) == 0 {
			continue
		}
		var parts []string
		for _, p := range s.Weights {
			parts = append(parts, fmt.Sprintf("%s %.2f", p.Part, p.Weight))
		}
		fmt.Fprintf(w, "\n%s is %s\n", s.Name, strings.Join(parts, ", "))
	}
	if r.ID != "" {
		fmt.Fprintf(w, "\nkept as %s; \"marquee eval report %s --html FILE\" writes it as a page\n", r.ID, r.ID)
	}
}

// readReport reads a report by its id, its first digits, or as a file.
func (e *env) readReport(name string) (keptReport, error) {
	path := name
	if _, err := os.Stat(name); err != nil {
		found, err := filepath.Glob(filepath.Join(e.path("reports"), globSafe(name)+"*.json"))
		if err != nil || len(found) == 0 {
			return keptReport{}, fmt.Errorf("report %q: no such file, and no such report in %s; \"marquee eval list\" lists them: %w", name, e.path("reports"), catalog.ErrNotFound)
		}
		if len(found) > 1 {
			return keptReport{}, fmt.Errorf("report %q: %d reports begin so; give more digits: %w", name, len(found), catalog.ErrInvalid)
		}
		path = found[0]
	}
	f, err := os.Open(path)
	if err != nil {
		return keptReport{}, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	var r keptReport
	if err := json.NewDecoder(io.LimitReader(f, reportLimit)).Decode(&r); err != nil || r.Report == nil || r.Protocol == "" {
		return keptReport{}, fmt.Errorf("report %s: not a report of \"marquee eval run\": %w", path, errors.Join(err, catalog.ErrInvalid))
	}
	return r, nil
}

// globSafe keeps a name from being read as a pattern.
func globSafe(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'f' {
			return r
		}
		return '_'
	}, name)
}

// writePage writes r as a page.
func writePage(path string, r keptReport) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	err = page.Write(f, r.Report, page.Options{Title: "Offline evaluation", Notes: r.notes()})
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	return nil
}

// notes say what was judged.
func (r keptReport) notes() []string {
	notes := []string{fmt.Sprintf("data %s, program %s, kernels %s", r.Data, r.Program, r.Kernel)}
	for _, s := range r.Settings {
		var settings bytes.Buffer
		if err := json.Compact(&settings, s.Settings); err != nil {
			settings.Reset() // none
		}
		note := fmt.Sprintf("%s: %s %s", s.Name, s.Kind, &settings)
		for _, p := range s.Weights {
			note += fmt.Sprintf(", %s %.3f", p.Part, p.Weight)
		}
		notes = append(notes, note)
	}
	return notes
}

type evalReportCmd struct {
	Report string `arg:"" help:"A report that was kept, or its first digits, or a file."`
	HTML   string `name:"html" help:"Write it as a page to this file." type:"path" predictor:"file" placeholder:"FILE"`
}

// Help is shown below the flags.
func (evalReportCmd) Help() string {
	return `Examples:
  marquee eval report 4c1d
  marquee eval report 4c1d --html report.html`
}

// Run shows a report.
func (c evalReportCmd) Run(_ context.Context, e *env) error {
	r, err := e.readReport(c.Report)
	if err != nil {
		return err
	}
	if c.HTML != "" {
		if err := writePage(c.HTML, r); err != nil {
			return err
		}
	}
	return e.print(r, func(w io.Writer) {
		_ = r.WriteTable(w)
		r.writeFoot(w)
	})
}

type evalListCmd struct{}

// Help is shown below the flags.
func (evalListCmd) Help() string {
	return `Examples:
  marquee eval list`
}

// A listedReport is a line of the list.
type listedReport struct {
	ID       string    `json:"id"`
	Created  time.Time `json:"created"`
	Protocol string    `json:"protocol"`
	Data     string    `json:"data_version"`
	Models   []string  `json:"models"`
}

// Run lists.
func (evalListCmd) Run(_ context.Context, e *env) error {
	found, err := filepath.Glob(filepath.Join(e.path("reports"), "*.json"))
	if err != nil {
		return fmt.Errorf("list reports: %w", err)
	}
	list := []listedReport{}
	for _, path := range found {
		r, err := e.readReport(path)
		if err != nil {
			e.log.Warn("a report cannot be read", "error", err)
			continue
		}
		line := listedReport{ID: r.ID, Created: r.Created, Protocol: r.Protocol, Data: r.Data}
		for _, m := range r.Models {
			line.Models = append(line.Models, m.Name)
		}
		list = append(list, line)
	}
	slices.SortFunc(list, func(a, b listedReport) int { return b.Created.Compare(a.Created) })
	return e.print(list, func(w io.Writer) {
		rows := [][]string{{"report", "created", "protocol", "data", "models"}}
		for _, r := range list {
			rows = append(rows, []string{r.ID, r.Created.Format(time.DateTime), r.Protocol, r.Data[:min(12, len(r.Data))], strings.Join(r.Models, ",")})
		}
		columns(w, rows...)
	})
}
