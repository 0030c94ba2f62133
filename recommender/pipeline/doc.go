// Package pipeline makes bundles from facts: it reads movies and histories once,
// embeds what is new, builds the index and the neighbour table, counts what all
// people together say, and refuses what does not come up to its floor.
//
// # What is judged, and on what
//
// With [Options.Evaluate] models, and lists without one, are judged on what they have
// not seen: the newest [DefaultShare] of each history, once everything was trained on
// the older part ([bundle.Offline]). Lists are of 20, out of all movies but those of
// the older part, and made as a server makes them but for the rules on release, age and
// what is hidden. At most 1,000 people are asked for, drawn by lot; of fewer than 100
// there are no figures.
//
// What was trained on the older part for a composite to learn from costs no more than
// its lists. The default arm is judged in any case: if it is no composite that learns,
// it is trained once more, on the older part. Other models have no figures.
//
// The weights of a composite are learned from the very movies that it is to be judged
// on. So they are learned twice more, from either half of the people, and each is
// judged on the half that its weights were not learned from. The figures are then of
// weights learned from half as many people, and rather too low than too high. A
// composite that half of the people are too few for has no figures.
//
// On ml-latest-small, with the default blend of ten, this takes 13 s of a build of
// 116, ten of them for the weights.
package pipeline
