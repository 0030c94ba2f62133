// Package kafka starts a real Apache Kafka broker for tests: one node in KRaft
// mode, run by java from jars that jars.sh gets, in a folder of its own, on free
// ports of the loopback address, gone when the test ends.
//
// The tests here run the program against it. They need MARQUEE_KAFKA_JARS, the
// folder of the jars; without it they are skipped and say so. "make kafka" does
// both.
package kafka
