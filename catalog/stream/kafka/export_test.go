package kafka

// PartitionName is partitionName, for tests.
var PartitionName = partitionName
