package main

type watchCmd struct {
	Movies watchMoviesCmd `cmd:"" help:"Find movies that are recommended to many more people than before, or to many fewer."`
}
