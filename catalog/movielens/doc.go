// Package movielens imports the MovieLens data sets as GroupLens ships them:
// latest, latest-small, 20m, 25m and 32m (CSV), 1m and 10m (fields separated by
// "::") and 100k (u.item and u.data). [Import] takes the unpacked folder.
//
// Titles become readable ("Matrix, The (1999)" is "The Matrix" of 1999), tags
// become keywords, links become IMDb and TMDB ids, and a metadata file (JSON
// lines named by movieId) adds plots and people.
package movielens
