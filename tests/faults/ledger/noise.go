package ledger

import "strings"

// noise returns a line that must be refused, made so that its first fault from
// the left is known.
func (g *Generator) noise() Line {
	at, text := g.time(g.clock)
	user, movie := g.person(), g.movie(g.rng.IntN(g.cfg.Movies))
	broken := []struct{ text, reason string }{
		{"", "empty"},
		{text + "," + user, "missing_field"},
		{"no stream line at all", "missing_field"},
		{strings.Replace(text, "-", "-e", 1) + "," + user + ",GET /create_account", "bad_time"},
		{"2023-02-29T10:00:00," + user + ",GET /create_account", "bad_time"},
		{text + "," + user + "r8,GET /data/m/" + movie + "/3.mpg", "bad_user"},
		{text + ",0" + user + ",GET /data/m/" + movie + "/3.mpg", "bad_user"},
		{text + "," + user + ",GZET /data/m/" + movie + "/3.mpg", "unknown_kind"},
		{text + "," + user + ",GET /data/m/aDdjc1gioFamIk7/3.mpg", "bad_movie"},
		{text + "," + user + ",GET /rate/" + movie + "x=3", "bad_movie"},
		{text + "," + user + ",GET /data/m/" + movie + "/8 8.mpg", "bad_minute"},
		{text + "," + user + ",GET /data/m/" + movie + "/10000.mpg", "bad_minute"},
		{text + "," + user + ",GET /rate/" + movie + "=good", "bad_rating"},
		{text + "," + user + ",GET /rate/" + movie + "=97", "rating_off_scale"},
		{text + "," + user + ",recommendation request h:8082, status ?, result: a, 1 ms", "bad_recommendation"},
		{text + "," + user + ",recommendation request h:8082, status 200, result: \xff, 1 ms", "not_utf8"},
	}
	n := broken[g.rng.IntN(len(broken))]
	return Line{Text: n.text, Kind: Noise, At: at, Reason: n.reason}
}
