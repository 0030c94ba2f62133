package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows how far the work has come: a bar on a terminal, a line every
// few seconds otherwise, nothing with --quiet.
type progress struct {
	env  *env
	bar  *progressbar.ProgressBar
	step string
	last time.Time
}

// lineEvery is the time between two plain lines.
const lineEvery = 5 * time.Second

func (e *env) progress() *progress { return &progress{env: e} }

// show is called by one goroutine at a time. total is 0 when it is not known.
func (p *progress) show(step string, done, total int) {
	if p.env.cli.Quiet {
		return
	}
	if step != p.step {
		p.end()
		p.step, p.last = step, time.Now()
		if p.terminal() {
			p.bar = progressbar.NewOptions(max(total, -1),
				progressbar.OptionSetWriter(p.env.stderr),
				progressbar.OptionSetDescription(step),
				progressbar.OptionShowCount(),
				progressbar.OptionShowIts(),
				progressbar.OptionSetPredictTime(true),
				progressbar.OptionThrottle(100*time.Millisecond),
				progressbar.OptionClearOnFinish(),
			)
		}
	}
	if p.bar != nil {
		_ = p.bar.Set(min(done, max(total, done))) // a bar that cannot be drawn is no fault of the work
		return
	}
	if time.Since(p.last) >= lineEvery {
		p.last = time.Now()
		if total > 0 {
			fmt.Fprintf(p.env.stderr, "%s: %d of %d (%d%%)\n", step, done, total, 100*done/total)
		} else {
			fmt.Fprintf(p.env.stderr, "%s: %d\n", step, done)
		}
	}
}

// bytes is show for counts of bytes, in MiB.
func (p *progress) bytes(step string, done, total int64) {
	p.show(step+" (MiB)", int(done>>20), int(total>>20))
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
		p.bar = nil
	}
}

func (p *progress) terminal() bool {
	f, ok := p.env.stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
