package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"marquee/catalog/stream"
	"marquee/catalog/stream/post"
)

// postFlags say who may post events and how much.
type postFlags struct {
	TokenFile string        `help:"File with the tokens, one a line, of which a POST /events must carry one." type:"existingfile" predictor:"file" placeholder:"FILE"`
	Token     string        `help:"The token itself; better the file or the environment: flags show in lists of processes." placeholder:"SECRET"`
	BodyBytes int64         `help:"Bytes of one post at most, unpacked." default:"8388608" placeholder:"N"`
	PostQueue int           `help:"Posts that may wait for the store; more get 429." default:"16" placeholder:"N"`
	PostWait  time.Duration `help:"Longest time that a post waits for the store; then it gets 503." default:"8s" placeholder:"TIME"`
}

// set reports whether events may be posted at all.
func (f postFlags) set() bool { return f.TokenFile != "" || f.Token != "" }

// source returns the handler of POST /events, which is a source of events.
func (f postFlags) source(lines stream.Config, log *slog.Logger) (*post.Source, error) {
	cfg := post.DefaultConfig()
	cfg.Failed = func(err error) { log.Error("a post could not be stored", "error", err) }
	cfg.BodyBytes, cfg.Queue, cfg.Wait = f.BodyBytes, f.PostQueue, f.PostWait
	text, err := secretOf("--token", f.Token, f.TokenFile)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			cfg.Tokens = append(cfg.Tokens, line)
		}
	}
	if len(cfg.Tokens) == 0 {
		return nil, usage("no token, so that anybody could post events; name a file with one a line by --token-file (openssl rand -hex 24 makes one)")
	}
	src, err := post.New(cfg, lines, time.Now)
	if err != nil {
		return nil, fmt.Errorf("POST /events: %w", wrapUsage(err))
	}
	return src, nil
}
