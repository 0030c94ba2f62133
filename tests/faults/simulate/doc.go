// Package simulate plays the life of a group of readers of a Kafka topic in
// virtual time, with a fake broker and a network in memory: processes crash,
// stall and come back at every step of a batch, brokers go away, partitions and
// coordinators move, requests and the database fail. A [Plan] is drawn from a
// seed; at its end the store must hold each event of the topic once.
//
// A seed fixes the plan: the lines, the sizes, and which trouble comes at which
// step or time. The order in which goroutines run within one virtual instant is
// the scheduler's, so a seed that failed is worth some repetitions.
package simulate
