package main

import (
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/posener/complete"

	"marquee/recommender/bundle"
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

Commands, flags, the values that a flag may have, IDs of bundles and names of files are
completed. The program must be found through PATH.`
}

// completes answers the shell when it asks what could follow, and ends the program then.
func completes(parser *kong.Kong, exit func(code int)) {
	kongcompletion.Register(parser,
		kongcompletion.WithExitFunc(exit),
		kongcompletion.WithErrorHandler(func(error) {}), // a shell that waits for words wants no message
		kongcompletion.WithPredictor("bundle", complete.PredictFunc(predictBundles)),
		kongcompletion.WithPredictor("file", complete.PredictFiles("*")),
	)
}

// predictBundles returns the IDs of the bundles in the home folder that the environment
// names, newest first.
func predictBundles(complete.Args) []string {
	home := os.Getenv("MARQUEE_HOME")
	if home == "" {
		home = ".marquee"
	}
	dir := filepath.Join(home, "bundles")
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
