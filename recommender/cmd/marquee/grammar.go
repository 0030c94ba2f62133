package main

import (
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// newGrammar returns the command line that fills c: every command with its flags, the
// defaults that other packages set filled in. Options are those of kong beside them.
func newGrammar(c *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("marquee"),
		kong.DefaultEnvars("MARQUEE"),
		kong.PostBuild(fillDefaults),
		kong.Help(printHelp),
	}, options...)...)
}

// fillDefaults puts the values of [rankingDefaults] in place of their ${name} in defaults
// and help. Given to kong as variables they would be worked out anew for every flag of
// every command, which took half the time of "marquee version".
func fillDefaults(k *kong.Kong) error {
	var pairs []string
	for name, value := range rankingDefaults() {
		pairs = append(pairs, "${"+name+"}", value)
	}
	fill := strings.NewReplacer(pairs...)
	return kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if v, is := node.(*kong.Value); is {
			v.Default, v.Help = fill.Replace(v.Default), fill.Replace(v.Help)
		}
		return next(nil)
	})
}

// parseCommand fills c from args. The grammar of all commands takes some 15 ms to make, so
// that of the commands that args name is asked first; what that one refuses, the whole
// one judges, which knows what else could have been meant.
func parseCommand(c *cli, args []string, options ...kong.Option) (*kong.Context, error) {
	if others, is := others(args); is {
		parser, err := newGrammar(c, append(slices.Clone(options), kong.IgnoreFields(others))...)
		if err != nil {
			return nil, err
		}
		if parsed, err := parser.Parse(args); err == nil {
			return parsed, nil
		}
		*c = cli{}
	}
	parser, err := newGrammar(c, options...)
	if err != nil {
		return nil, err
	}
	return parser.Parse(args)
}

// others returns what matches the fields of [cli] whose commands no word of args names, or
// false if all commands are needed: to show them, or to check the names of settings.
func others(args []string) (pattern string, is bool) {
	if os.Getenv("MARQUEE_CONFIG") != "" {
		return "", false
	}
	for _, a := range args {
		name, _, _ := strings.Cut(a, "=")
		short := len(name) > 1 && name[0] == '-' && name[1] != '-'
		if name == "--help" || name == "--config" || short && strings.Contains(name, "h") {
			return "", false
		}
	}
	var fields []string
	for f := range reflect.TypeFor[cli]().Fields() {
		if _, command := f.Tag.Lookup("cmd"); !command {
			continue
		}
		if slices.Contains(args, orElse(f.Tag.Get("name"), strings.ToLower(f.Name))) {
			is = true
			continue
		}
		fields = append(fields, f.Name)
	}
	return `^cli\.(` + strings.Join(fields, "|") + `)$`, is
}

// printHelp prints the help of a command, with the flags of a Qdrant server only where
// they do something.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	hide := !slices.Contains(qdrantCommands, commandOf(ctx))
	for _, flag := range ctx.Model.Flags {
		if strings.HasPrefix(flag.Name, qdrantPrefix) {
			flag.Hidden = hide
		}
	}
	return kong.DefaultHelpPrinter(options, ctx)
}
