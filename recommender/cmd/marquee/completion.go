package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/posener/complete"

	"marquee/catalog/sqlstore"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// completionCmd prints what makes a shell complete commands, flags and their values.
type completionCmd struct {
	kongcompletion.Completion
}

// Help is shown below the flags.
func (completionCmd) Help() string {
	return `Examples:
  source <(marquee completion -c bash)          this shell
  marquee completion -c bash >> ~/.bashrc       every shell to come
  source <(marquee completion -c zsh)
  marquee completion -c fish | source

Commands, flags, the values that a flag may have, names of models and gates, IDs of bundles
and of hidden movies, and names of files are completed. The program must be found through PATH.`
}

// completes answers the shell when it asks what could follow, and ends the program then.
func completes(stdout io.Writer, exit func(code int)) {
	if os.Getenv("COMP_LINE") == "" {
		return
	}
	if parser, err := newGrammar(&cli{}); err == nil { // a shell that waits for words wants no message
		answerShell(parser, stdout)
	}
	exit(0)
}

// answerShell writes what could follow the line that the environment holds.
func answerShell(parser *kong.Kong, stdout io.Writer) {
	command, err := kongcompletion.Command(parser,
		kongcompletion.WithPredictor("bundle", complete.PredictFunc(predictBundles)),
		kongcompletion.WithPredictor("file", complete.PredictFiles("*")),
	)
	if err != nil {
		return
	}
	widen(&command, parser.Model.Node, nil)
	c := complete.New(parser.Model.Name, command)
	c.Out = stdout
	c.Complete()
}

// widen makes a command and those below it know the flags of the commands above, whose
// values would pass for arguments of theirs otherwise, and complete values by what a flag
// or an argument is called.
func widen(c *complete.Command, node *kong.Node, above []*kong.Flag) {
	flags := append(slices.Clone(above), node.Flags...)
	values := map[string]complete.Predictor{
		"models":   complete.PredictFunc(predictModels),
		"arm":      complete.PredictSet(slices.Concat(modelNames(), []string{rank.ArmFeatures})...),
		"override": complete.PredictSet(overrides()...),
	}
	for _, f := range node.Flags {
		if p, known := values[f.Name]; known {
			c.GlobalFlags["--"+f.Name] = p
		}
	}
	if args, ok := c.Args.(*kongcompletion.PositionalPredictor); ok {
		for _, f := range flags {
			names := []string{"--" + f.Name}
			if f.Short != 0 {
				names = append(names, "-"+string(f.Short))
			}
			if f.IsBool() {
				args.BoolFlags = append(args.BoolFlags, names...)
			} else {
				args.ArgFlags = append(args.ArgFlags, names...)
			}
		}
	}
	if node.Name == "unhide" {
		c.Args = complete.PredictFunc(predictHidden)
	}
	for _, child := range node.Children {
		if sub, ok := c.Sub[child.Name]; ok {
			widen(&sub, child, flags)
			c.Sub[child.Name] = sub
		}
	}
}

// modelNames are the models that can be named to be trained or to serve.
func modelNames() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.spec.Name)
	}
	for _, k := range kinds() {
		if trainable(k) {
			names = append(names, k.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// predictModels completes the last of the models divided by commas.
func predictModels(a complete.Args) []string {
	before := a.Last[:strings.LastIndex(a.Last, ",")+1]
	names := modelNames()
	if before == "" {
		names = append(names, "auto", "none")
	}
	for i, n := range names {
		names[i] = before + n
	}
	return names
}

// overrides are the beginnings of overrides of gates.
func overrides() []string {
	gates := []string{pipeline.GateRecall, pipeline.GateShrinkage, pipeline.GateEmpty, pipeline.GateOffline}
	for i, g := range gates {
		gates[i] = g + "="
	}
	return gates
}

// completedFlag returns the value of a global flag: as the line to complete has it, or the
// environment, or what stands for neither.
func completedFlag(name, none string) string {
	words := strings.Fields(os.Getenv("COMP_LINE"))
	for i, w := range words {
		if value, is := strings.CutPrefix(w, "--"+name+"="); is {
			return value
		}
		if w == "--"+name && i+1 < len(words) {
			return words[i+1]
		}
	}
	return orElse(os.Getenv("MARQUEE_"+strings.ToUpper(name)), none)
}

// predictBundles returns the IDs of the bundles in the home folder that the line or the
// environment names, newest first.
func predictBundles(complete.Args) []string {
	dir := filepath.Join(completedFlag("home", ".marquee"), "bundles")
	if _, err := os.Stat(dir); err != nil {
		return nil // a completion makes no folder
	}
	shelf, err := bundle.OpenShelf(dir)
	if err != nil {
		return nil
	}
	list, err := shelf.List()
	if err != nil {
		return nil
	}
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	return ids
}

// completionWait bounds what a shell waits for a store.
const completionWait = time.Second

// predictHidden returns the ids of the hidden movies that the line has not, if the store
// is a file: a database elsewhere may keep the shell waiting.
func predictHidden(a complete.Args) []string {
	path := completedFlag("store", filepath.Join(completedFlag("home", ".marquee"), "marquee.db"))
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	ctx, stop := context.WithTimeout(context.Background(), completionWait)
	defer stop()
	store, err := sqlstore.Open(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil
	}
	defer store.Close()
	hidden, err := store.Hidden(ctx)
	if err != nil {
		return nil
	}
	var ids []string
	for _, h := range hidden {
		if !slices.Contains(a.Completed, string(h.Movie)) {
			ids = append(ids, string(h.Movie))
		}
	}
	return ids
}
