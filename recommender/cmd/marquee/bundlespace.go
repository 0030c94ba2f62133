package main

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/embedder/minilm"
	"marquee/recommender/bundle"
	"marquee/recommender/delta"
)

// addedFlags are the settings of movies that come while a server serves. The
// embedder is the one that the bundle was built with.
type addedFlags struct {
	ChangePoll  time.Duration `help:"Time between two looks for changes of movies." default:"250ms" placeholder:"TIME"`
	AddedMovies int           `help:"Movies added or edited after the build that a server takes in by itself; more wait for the next build." default:"2000" placeholder:"N"`
	bundleSpaceFlags
}

// bundleSpaceFlags say where the embedder of a bundle is, which is the one that it was
// built with.
type bundleSpaceFlags struct {
	ModelDir      string        `help:"Folder of the MiniLM weights. Default: models/minilm in the home folder." type:"path" predictor:"file" placeholder:"DIR"`
	RemoteURL     string        `help:"Base URL of the embeddings API, for a bundle that was built with one." placeholder:"URL"`
	RemoteKey     string        `help:"Key of the embeddings API; never logged." placeholder:"KEY"`
	RemoteBatch   int           `help:"Texts in one request to the embeddings API." default:"64" placeholder:"N"`
	RemoteTimeout time.Duration `help:"Longest time of one request to the embeddings API." default:"60s" placeholder:"TIME"`
}

func (f addedFlags) config() (delta.Config, error) {
	cfg := delta.DefaultConfig()
	cfg.Poll, cfg.Movies = f.ChangePoll, f.AddedMovies
	return cfg, wrapUsage(cfg.Validate())
}

// open returns the way to the embedder of a bundle, which is opened when the first
// movie needs it.
func (f bundleSpaceFlags) open(e *env) delta.Open {
	return func(ctx context.Context, b *bundle.Bundle) (embedder.Embedder, error) {
		model, isRemote := strings.CutPrefix(b.Manifest.Embedder.Model, "remote:")
		switch {
		case isRemote && f.RemoteURL == "":
			return nil, fmt.Errorf("the bundle was built with the embeddings API's model %q; name the API with --remote-url: %w", model, catalog.ErrInvalid)
		case isRemote:
			return spaceFlags{RemoteURL: f.RemoteURL, RemoteModel: model, RemoteKey: f.RemoteKey, RemoteBatch: f.RemoteBatch, RemoteTimeout: f.RemoteTimeout}.remote(ctx)
		case b.Fitted != nil:
			return lsa.Read(bytes.NewReader(b.Fitted))
		}
		return minilm.Open(spaceFlags{ModelDir: f.ModelDir}.modelDir(e))
	}
}
