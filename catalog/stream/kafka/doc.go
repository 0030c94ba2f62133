// Package kafka reads the event stream from a Kafka topic, and writes served
// lists and changes to others.
//
// # Where reading begins
//
// A [Source] is a member of a group, which shares a topic's partitions out among
// its members. Where a partition is read from is the store's to say, not the
// group's: whenever one is assigned, the store is asked, and the batch after
// that is put exactly there or refused. So members may come, go, crash and
// fight over partitions: a line is neither lost nor applied twice. What the
// group commits follows what the store took, for tools that show lags, and
// without a promise.
//
// A partition's name in the store is "kafka:TOPIC/P@ID", with the topic's id as
// Kafka's own tools show it: a topic that was deleted and made anew is another
// one. Where the store holds nothing, Config.From decides; "latest" is where the
// topic ended when the Source was opened. A replay rewinds each partition once a
// Source, also one that comes later from another member; it moves the offset with
// the first batch (a catalog.Move), so that a partition without a line is not
// moved. A start in the middle of a partition that was never read is stored at
// once, by itself: after a restart "latest" would stand elsewhere.
//
// # What is a line
//
// Each record is one line, with or without a line end. A record with several is
// one refused line, since they would share one offset; one without a value is an
// empty line, which is refused too. Keys and headers are not read. Records of
// transactions come when they are committed. Offsets may have gaps, which belong
// to the batch after them.
//
// # What can go wrong
//
//   - Brokers are away: Fetch waits, Stats tells since when, the log once.
//   - Records were deleted unread (retention): reading goes on at the first that
//     is left. Stats.Lost counts them, the log is loud, a Move passes the gap.
//   - The brokers lost records that were read (an unclean leader election): the
//     leader epoch of the last record tells where the log was cut, and reading
//     goes on there: what is new is read, nothing is read twice. When no epoch
//     is known, all that the log holds is read again, which rows with natural
//     keys survive unchanged, while skipping would lose lines unseen.
//   - The topic was deleted and made anew: the new one is read as new partitions,
//     from its first record whatever Config.From says, which was meant for the
//     old one; so what was written before it was noticed is read, too. When that
//     happened between two Sources, the names of partitions in the store tell;
//     a topic of the same name in another cluster looks the same, and is read
//     from its first record as well unless a replay says otherwise. Brokers
//     older than Kafka 3.1 do not say so with the records: there it is noticed
//     within a minute or so, or when the offset is out of range.
//   - What cannot pass by itself (a refused password, a topic unknown for
//     Config.TopicWait, a broken batch of records) ends Fetch with an error that
//     says what to do.
package kafka
