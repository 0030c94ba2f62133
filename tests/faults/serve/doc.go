// Package serve keeps the real server busy with good, unknown and malformed requests
// while bundles are swapped, PostgreSQL is killed and restarted, and events are written:
//
//	make mixed             # two minutes; MIXED_SECONDS says how long
//	make flat              # 200,000 requests: heap, goroutines and descriptors
//
// Every contract call must be answered with 200 and a list, and no list that says it is
// fresh may hold a movie whose watch was committed more than five seconds before.
package serve
