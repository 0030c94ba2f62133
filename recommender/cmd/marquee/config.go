package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// A configFile is a JSON file whose keys are names of flags. A flag on the
// command line wins over the environment, which wins over the file. A key that is
// no flag is an error: it would be ignored in silence otherwise.
type configFile string

// BeforeResolve reads the file before kong fills the flags.
func (configFile) BeforeResolve(ctx *kong.Context, trace *kong.Path) error {
	path := string(ctx.FlagValue(trace.Flag).(configFile))
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	values := map[string]any{}
	if err := json.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("settings in %s: %w", path, err)
	}
	known := map[string]bool{}
	_ = kong.Visit(ctx.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok {
			known[flag.Name] = true
		}
		return next(nil)
	})
	for key := range values {
		if !known[key] {
			return fmt.Errorf("settings in %s: %q is no flag of any command; \"marquee COMMAND --help\" lists them", path, key)
		}
	}
	ctx.AddResolver(fileResolver{values})
	return nil
}

// A fileResolver fills flags that neither command line nor environment set.
type fileResolver struct{ values map[string]any }

// Validate has nothing left to check.
func (fileResolver) Validate(*kong.Application) error { return nil }

// Resolve returns the value of the file for a flag, or nil.
func (r fileResolver) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	v, ok := r.values[flag.Name]
	if !ok {
		return nil, nil
	}
	if list, ok := v.([]any); ok { // kong wants lists as one text
		parts := make([]string, len(list))
		for i, p := range list {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), nil
	}
	return v, nil
}
