// Package tune searches the settings of a kind of model. It knows no model and
// no data: it draws settings from the kind's space, asks a func how good they
// are, and keeps what it was told.
//
//	result, err := tune.Search(ctx, tune.Task{Kind: als.Kind(), Metric: "ndcg@20", Data: version, Folder: dir, Evaluate: judge}, tune.DefaultConfig())
//	err = result.WriteTable(os.Stdout, 10)
//
// # Method
//
// Settings are drawn at random, each parameter alone and uniformly or, if it is
// a ratio, uniformly in its logarithm: a random design finds what matters where a
// grid repeats itself (Bergstra and Bengio, "Random search for hyper-parameter
// optimization", 2012). Candidate 0 is always the settings as they are. Then
// comes successive halving (Jamieson and Talwalkar, "Non-stochastic best arm
// identification and hyperparameter optimization", 2016): all candidates are
// judged with a small share of the effort, the best 1/Eta of them with Eta times
// that share, and so on, until few are judged in full. The settings as they are
// go all the way, so that there is something to compare with.
//
// What the share means is up to the func: people judged, sweeps of training, or
// both. It must judge on an inner split (see eval.Split.Inner), since the best of
// many is flattered by its luck: its score here is no forecast, and the part that
// is held out in the end must not be touched by choosing.
//
// # Restarts
//
// Every finished trial is appended to a journal and synced before the next
// starts. A search that is started again with the same task takes from the
// journal what is there, so that it ends with the table that it would have had
// without the break; one with more candidates begins with the same ones. The
// journal's name and first line hold the data version, the kind, its space and
// settings, the seed and the metric, so that trials of anything else are never
// mixed in.
//
// # Time
//
// Each rung has the same part of the time budget. When a rung's part is over, the
// candidates that are left do not start, and the best so far go on; when the
// budget is over, the trial under way is cancelled and forgotten. Such a result
// says that it is not complete; start the search again to go on.
package tune
