package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"marquee/catalog/secret"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/embedder/minilm"
	"marquee/embedder/remote"
	"marquee/recommender/pipeline"
)

// weightsFile is the file that shows whether a folder holds the MiniLM weights.
const weightsFile = "model.safetensors"

// spaceFlags choose the embedder.
type spaceFlags struct {
	Embedder      string        `help:"Embedder of movies: minilm, lsa, remote, or auto: minilm where its weights are, else lsa." enum:"auto,minilm,lsa,remote" default:"auto" placeholder:"KIND"`
	ModelDir      string        `help:"Folder of the MiniLM weights. Default: models/minilm in the home folder." type:"path" predictor:"file" placeholder:"DIR"`
	LsaRank       int           `help:"Dimensions of lsa." default:"256" placeholder:"N"`
	RemoteURL     string        `help:"Base URL of an OpenAI-compatible embeddings API, up to before /v1." placeholder:"URL"`
	RemoteModel   string        `help:"Model to ask the embeddings API for." placeholder:"NAME"`
	RemoteKey     string        `help:"Key of the embeddings API; never logged." placeholder:"KEY"`
	RemoteBatch   int           `help:"Texts in one request to the embeddings API." default:"64" placeholder:"N"`
	RemoteTimeout time.Duration `help:"Longest time of one request to the embeddings API." default:"60s" placeholder:"TIME"`
}

func (f spaceFlags) modelDir(e *env) string {
	if f.ModelDir != "" {
		return f.ModelDir
	}
	return e.path("models", "minilm")
}

// check refuses settings before anything is read.
func (f spaceFlags) check() error {
	cfg := lsa.DefaultConfig()
	cfg.Rank = f.LsaRank
	return wrapUsage(cfg.Validate())
}

// space returns the way to the chosen embedder.
func (f spaceFlags) space(e *env) pipeline.Space {
	return func(ctx context.Context, texts []string, progress pipeline.Progress) (embedder.Embedder, error) {
		switch f.kind(e) {
		case "minilm":
			return minilm.Open(f.modelDir(e))
		case "remote":
			return f.remote(ctx)
		}
		cfg := lsa.DefaultConfig()
		cfg.Rank = f.LsaRank
		return lsa.Fit(ctx, texts, cfg, func(done, total int) { progress("fit lsa", done, total) })
	}
}

// kind returns what auto stands for here, and says so.
func (f spaceFlags) kind(e *env) string {
	if f.Embedder != "auto" {
		return f.Embedder
	}
	_, err := os.Stat(filepath.Join(f.modelDir(e), weightsFile))
	if err == nil {
		return "minilm"
	}
	if errors.Is(err, os.ErrNotExist) {
		e.log.Info("no MiniLM weights, so movies are embedded by lsa, fitted on the catalog; \"marquee model download\" gets the weights", "looked_in", f.modelDir(e))
	} else {
		e.log.Warn("MiniLM weights cannot be read, so movies are embedded by lsa", "error", err)
	}
	return "lsa"
}

func (f spaceFlags) remote(ctx context.Context) (embedder.Embedder, error) {
	if f.RemoteURL == "" || f.RemoteModel == "" {
		return nil, usage("--embedder remote needs --remote-url and --remote-model")
	}
	cfg := remote.DefaultConfig()
	cfg.BaseURL, cfg.Model, cfg.APIKey = f.RemoteURL, f.RemoteModel, secret.Text(f.RemoteKey)
	cfg.BatchTexts, cfg.Timeout = f.RemoteBatch, f.RemoteTimeout
	c, err := remote.Open(ctx, cfg, http.DefaultClient)
	if err != nil {
		return nil, fmt.Errorf("embeddings API: %w", err)
	}
	return c, nil
}
