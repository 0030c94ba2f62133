// Package behave asks whether lists behave as people expect, which no mean over
// people tells: two models with the same NDCG can fail in different ways (Chia,
// Tagliabue, Bianchi, He, Ko, "Beyond NDCG: behavioral testing of recommender
// systems with RecList", 2022).
//
//	report, err := behave.Run(ctx, world, []behave.Subject{behave.Of(model)}, behave.DefaultConfig())
//	err = report.WriteTable(os.Stdout)
//
// The tests, each with a bound in [Config]:
//
//   - minors: people under 18 get no adult movies. Where the model takes a
//     person's record, people are also asked for as if they were 12, and one of 12
//     who watched nothing but adult movies.
//   - watched: no list holds a movie that the person has watched.
//   - sequels: among the first neighbours of a film are the others of its series.
//     A model without neighbours is asked for the list of a person who watched that
//     one film.
//   - stability: when one movie of a history of ten or more is taken out, the
//     list changes a little: the mean Jaccard index of the two lists. The reason
//     also has their rank-biased overlap (Webber, Moffat, Zobel, "A similarity
//     measure for indefinite rankings", 2010, with p of 0.9), which weighs the
//     first places more.
//   - genre: whoever watched the ten movies of one genre that tell most of a taste
//     for it gets more of it than the catalog has, but not that alone. The bound is in
//     shares of the catalog: 0 asks for some of it only.
//
// A test that the facts or the model do not allow is skipped and says why. What
// failed comes with examples.
package behave
