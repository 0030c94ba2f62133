// Package recommender decides what to show. [Service] answers a request from the
// live bundle and the person's history; the packages below it make and judge
// bundles, rank, and speak HTTP.
package recommender
