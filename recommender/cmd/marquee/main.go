package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/indexer/qdrant"
)

// version and commit are set by the Makefile.
var version, commit = "dev", ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// A cli is the whole command line.
type cli struct {
	Home      string     `help:"Folder of all state: store, bundles, models." default:".marquee" type:"path" predictor:"file" placeholder:"DIR"`
	Store     string     `help:"Store of facts: the path of a SQLite file, or a postgres:// URL. Default: marquee.db in the home folder." placeholder:"PATH|URL"`
	Bundles   string     `help:"Where several machines share bundles, beside the home folder: s3://BUCKET/PREFIX?endpoint=HOST:PORT&region=NAME. Credentials come from the environment (AWS_ACCESS_KEY_ID and the like)." placeholder:"URL"`
	Output    string     `help:"Form of results: text or json." enum:"text,json" default:"text" placeholder:"FORM"`
	Quiet     bool       `help:"No progress." short:"q"`
	LogLevel  string     `help:"Least severe log lines shown: debug, info, warn or error." enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL"`
	LogFormat string     `help:"Form of log lines: text or json." enum:"text,json" default:"text" placeholder:"FORM"`
	Kernel    string     `help:"Path of the vector kernels: auto, avx512, avx2 or go." enum:"auto,avx512,avx2,go" default:"auto" placeholder:"PATH"`
	Config    configFile `help:"JSON file of settings by the names of their flags; flags and environment win." placeholder:"FILE" predictor:"file"`

	Qdrant qdrantFlags `embed:"" prefix:"qdrant-" group:"Qdrant, for the index of that name:"`

	Import     importCmd     `cmd:"" help:"Bring movies, people and ratings into the store."`
	Ingest     ingestCmd     `cmd:"" help:"Read the event stream into the store, each event exactly once."`
	Data       dataCmd       `cmd:"" help:"Take and look at data versions: snapshots of what builds read."`
	Quarantine quarantineCmd `cmd:"" help:"Look at lines of the stream that could not be read, and read them again."`
	Reindex    reindexCmd    `cmd:"" help:"Bring the live bundle up to date with the store: what is new, changed or gone."`
	Build      buildCmd      `cmd:"" help:"Make a bundle from the store and publish it."`
	Precompute precomputeCmd `cmd:"" help:"Make lists for everyone beforehand, with a model of the live bundle."`
	Serve      serveCmd      `cmd:"" help:"Answer requests from the live bundle."`
	Movie      movieCmd      `cmd:"" help:"Find, add, edit and hide movies; look at their neighbours and correct them."`
	User       userCmd       `cmd:"" help:"Look at a person's history and list; forget a person."`
	Experiment experimentCmd `cmd:"" help:"Compare ways to make lists while people use them."`
	Quality    qualityCmd    `cmd:"" help:"Profile and check the data; compare two windows for drift; write a page."`
	Eval       evalCmd       `cmd:"" help:"Judge lists offline."`
	Tune       tuneCmd       `cmd:"" help:"Search the settings of a model."`
	Model      modelCmd      `cmd:"" help:"List the models that can be trained; get and check the weights of MiniLM."`
	Bundle     bundleCmd     `cmd:"" help:"Look at bundles, publish them and take them back, move and remove them."`
	Stored     storeCmd      `cmd:"" name:"store" help:"Look at the store and its settings."`
	Probe      probeCmd      `cmd:"" help:"Ask a server how it is."`
	Trace      traceCmd      `cmd:"" help:"Show how a list that was served came about, and make it anew."`
	Watch      watchCmd      `cmd:"" help:"Watch what is recommended."`
	Completion completionCmd `cmd:"" help:"Print what makes the shell complete commands and flags."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

// errUsage reports a command line that is wrong in itself.
var errUsage = errors.New("wrong command line")

// run is main without the process, so that tests can call it. It returns the exit
// status: see exit.go.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	var c cli
	exited := -1
	exit := func(code int) { exited = code; panic(exitPanic{}) }
	defer func() {
		if p := recover(); p != nil {
			if _, ours := p.(exitPanic); !ours {
				panic(p)
			}
			code = exited
		}
	}()
	completes(stdout, exit)
	parsed, err := parseCommand(&c, args,
		kong.Description("Marquee recommends movies. Every setting is a flag; the environment variable MARQUEE_<FLAG> fills one, flags win.\n\n"+
			"Exit status: 0, or 1 if the work failed, 2 if the command line was wrong, 3 if what was named is not there, 4 if a gate or a check refused, 5 if something cannot be reached, 130 if interrupted.\n\n"+
			"Flags of a Qdrant server are in the help of commands that ask one, such as \"marquee build --help\"."),
		kong.Writers(stdout, stderr),
		kong.Exit(exit),
		kong.ValueFormatter(helpOf),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintf(stderr, "marquee: %v\nTry \"%s\".\n", err, helpFor(err))
		return exitUsage
	}
	e, err := c.env(stdout, stderr)
	if err == nil {
		defer e.end()
		parsed.BindTo(ctx, (*context.Context)(nil))
		err = parsed.Run(e)
	}
	switch code = exitStatus(ctx, err); code {
	case exitDone:
	case exitUsage:
		fmt.Fprintf(stderr, "marquee: %s\nTry \"marquee %s --help\".\n", plainly(err), commandOf(parsed))
	case exitInterrupted:
		fmt.Fprintln(stderr, "marquee: interrupted; what was stored stays")
	default:
		fmt.Fprintln(stderr, "marquee:", err)
	}
	return code
}

// plainly returns the text of an error about the command line without the words of its
// sentinels at the end, which the hint below it says better.
func plainly(err error) string {
	text := strings.TrimSuffix(err.Error(), ": "+errUsage.Error())
	return strings.TrimSuffix(text, ": "+catalog.ErrInvalid.Error())
}

// helpFor returns the command line of the help to a command line that could not be read, as
// far as the command could be.
func helpFor(err error) string {
	command := ""
	if failed := (*kong.ParseError)(nil); errors.As(err, &failed) && failed.Context != nil {
		command = commandOf(failed.Context)
	}
	return strings.Join(append(append([]string{"marquee"}, strings.Fields(command)...), "--help"), " ")
}

// commandOf returns the command of a call without its arguments.
func commandOf(parsed *kong.Context) string {
	words := strings.Fields(parsed.Command())
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "<") }), " ")
}

// helpOf writes the help of a flag with its default and its environment variable.
func helpOf(v *kong.Value) string {
	if v.Flag == nil {
		return v.Help
	}
	var notes []string
	if v.HasDefault && v.Default != "" {
		notes = append(notes, "default "+v.Default)
	}
	if len(v.Flag.Envs) > 0 {
		notes = append(notes, "$"+v.Flag.Envs[0])
	}
	if len(notes) == 0 {
		return v.Help
	}
	return fmt.Sprintf("%s (%s)", strings.TrimSuffix(v.Help, "."), strings.Join(notes, ", "))
}

// exitPanic carries kong's wish to end the process, after --help, out to run.
type exitPanic struct{}

// An env is what every command works with.
type env struct {
	cli    *cli
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	log    *slog.Logger

	ends     []func() // what is called at the end, the last first
	qdrantMu sync.Mutex
	qdrant   *qdrant.Client // nil until it is needed
}

// atEnd lets do be called when the command has ended.
func (e *env) atEnd(do func()) { e.ends = append(e.ends, do) }

// end calls what waits for the end.
func (e *env) end() {
	for _, do := range slices.Backward(e.ends) {
		do()
	}
}

func (c *cli) env(stdout, stderr io.Writer) (*env, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return nil, fmt.Errorf("log level %q: %w", c.LogLevel, errUsage)
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(stderr, options)
	if c.LogFormat == "json" {
		handler = slog.NewJSONHandler(stderr, options)
	}
	if c.Kernel != "auto" {
		if err := vec.Use(c.Kernel); err != nil {
			return nil, err
		}
	}
	if c.Store == "" {
		c.Store = filepath.Join(c.Home, "marquee.db")
	}
	return &env{cli: c, stdin: os.Stdin, stdout: stdout, stderr: stderr, log: slog.New(handler)}, nil
}

// json reports whether results are wanted as JSON.
func (e *env) json() bool { return e.cli.Output == "json" }

// path returns a path within the home folder.
func (e *env) path(elem ...string) string {
	return filepath.Join(append([]string{e.cli.Home}, elem...)...)
}

type versionCmd struct{}

// Help is shown below the flags.
func (versionCmd) Help() string {
	return `Examples:
  marquee version
  marquee version --output json`
}

// Run prints what this program is.
func (versionCmd) Run(e *env) error {
	p := program()
	return e.print(p, func(w io.Writer) {
		fmt.Fprintf(w, "marquee %s (commit %s, %s, kernels %s)\n", p.Version, orElse(p.Commit, "unknown"), p.Go, p.Kernel)
	})
}

// orElse returns s, or what stands for none.
func orElse(s, none string) string {
	if s == "" {
		return none
	}
	return s
}

// usage returns an error about the command line.
func usage(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, errUsage)...)
}
