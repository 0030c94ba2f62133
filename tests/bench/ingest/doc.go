// Package ingest measures ingestion end to end, each time beside the plain way in
// the same run: from a file into SQLite, and from Kafka into PostgreSQL. The lines
// are those of a busy site: 30,000 people watch at once, each a minute a line, 505
// lines a second of the stream's clock, 9,000 movies of which few draw most, one
// line of 200 a rating, one of 100 a recommendation, one of 1,000 noise.
//
//	go test -run '^$' -bench . -benchtime 1x ./tests/bench/ingest
//
// With MARQUEE_KAFKA_JARS the broker is a real one, otherwise kfake in a process
// of its own.
package ingest
