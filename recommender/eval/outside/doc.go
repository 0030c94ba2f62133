// Package outside brings to package eval what was made elsewhere: splits that
// others published, lists that another program wrote, and a server that runs.
//
//	loaded, err := outside.ReadSplit(ctx, outside.Files{Train: "train.tsv", Test: "test.tsv"}, outside.Options{})
//	theirs, err := outside.ReadLists(ctx, "implicit", "lists.tsv", loaded.Split)
//	server, err := outside.NewServer("marquee", loaded.Split, outside.DefaultServerConfig("http://localhost:8082"))
//	err = server.Check(ctx)
//	report, err := eval.Run(ctx, loaded.Split, []eval.Model{theirs.Model(), server.Model()}, eval.DefaultConfig())
//
// # Files
//
// A part of a split is text, one row a line: user, item, rating and time,
// divided by tabs. Rating and time may be left out. A first line that names a
// column "user" (or user_id, userId, uid) and one "item" (or movie) is a header;
// then the columns may stand in any order, and others are passed over. Times are
// Unix seconds, whole or not, or as 2006-01-02T15:04:05Z. A file may be
// compressed by gzip; it is known by its first bytes and not by its name.
//
// Lists are read as "user, item", best first, with a third column rank or score,
// or as one line a person: user, tab, items divided by commas.
//
// Every fault of a file is an error that names the file and the line and wraps
// [catalog.ErrInvalid]. What can be judged all the same, such as a user of the
// test part who is not in the training part, is counted and becomes a warning.
//
// # Servers
//
// A server is asked as the service's contract says: GET /recommend/<user>,
// answered by one line of ids. It must have been loaded with the training part:
// one that knows the truth has watched it, lists none of it, and would score 0
// for being right. [Server.Check] refuses such a server with [ErrKnows].
package outside
