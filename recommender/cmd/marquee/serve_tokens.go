package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"marquee/recommender/httpapi"
)

// tokenFlags say who may see histories, write, and operate.
type tokenFlags struct {
	APITokenFile string `name:"api-token-file" help:"File of lines \"SCOPE TOKEN\": read for histories and reasons, write for feedback and preferences, admin for --admin-listen. SIGHUP reads it again." type:"existingfile" predictor:"file" placeholder:"FILE"`
}

// open returns the tokens; nil if there are none.
func (f tokenFlags) open() (*httpapi.TokenSet, error) {
	if f.APITokenFile == "" {
		return nil, nil
	}
	t := &httpapi.TokenSet{}
	if err := f.read(t); err != nil {
		return nil, wrapUsage(err)
	}
	return t, nil
}

func (f tokenFlags) read(t *httpapi.TokenSet) error {
	text, err := readSmall(f.APITokenFile, maxSecretBytes)
	if err == nil {
		err = t.Read(strings.NewReader(text))
	}
	if err != nil {
		return fmt.Errorf("--api-token-file: %w", err)
	}
	return nil
}

// hangups tells of each SIGHUP from now on until stop is called; meanwhile none ends the
// process. Who serves asks for it before: from the first answer on all may send one.
func hangups() (again <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// follow reads the file again at each SIGHUP until ctx ends. A file that is wrong changes
// nothing. Without a file the signal changes nothing either: it would else end the
// process at once, requests under way and lists that wait with it.
func (f tokenFlags) follow(ctx context.Context, e *env, t *httpapi.TokenSet, again <-chan os.Signal) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again:
			if t == nil {
				e.log.Info("SIGHUP: there is no file of tokens to read again")
				continue
			}
			if err := f.read(t); err != nil {
				e.log.Error("the tokens stay as they were", "error", err)
				continue
			}
			e.log.Info("tokens were read again")
		}
	}
}
