package main

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"marquee/catalog/stream/kafka"
)

// shownPartitions is how many partitions have series of their own; the lag of the
// others is in one series together.
const shownPartitions = 100

// A topicCollector tells Prometheus how a topic is read.
type topicCollector struct{ src *kafka.Source }

var (
	descLag        = prometheus.NewDesc("marquee_ingest_kafka_lag_records", "Records of a partition that are not read yet.", []string{"partition"}, nil)
	descLost       = prometheus.NewDesc("marquee_ingest_kafka_lost_records_total", "Records that brokers deleted before they were read.", nil, nil)
	descCut        = prometheus.NewDesc("marquee_ingest_kafka_cut_records_total", "Records that brokers lost after they were read.", nil, nil)
	descRebalances = prometheus.NewDesc("marquee_ingest_kafka_rebalances_total", "Times that the group shared out partitions.", nil, nil)
	descAway       = prometheus.NewDesc("marquee_ingest_kafka_away", "1 while no broker answers.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (c *topicCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descLag, descLost, descCut, descRebalances, descAway} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *topicCollector) Collect(ch chan<- prometheus.Metric) {
	s := c.src.Stats()
	var rest float64
	for i, p := range s.Partitions {
		if i < shownPartitions {
			ch <- prometheus.MustNewConstMetric(descLag, prometheus.GaugeValue, float64(p.Lag), strconv.Itoa(int(p.Partition)))
			continue
		}
		rest += float64(p.Lag)
	}
	if len(s.Partitions) > shownPartitions {
		ch <- prometheus.MustNewConstMetric(descLag, prometheus.GaugeValue, rest, "others")
	}
	ch <- prometheus.MustNewConstMetric(descLost, prometheus.CounterValue, float64(s.Lost))
	ch <- prometheus.MustNewConstMetric(descCut, prometheus.CounterValue, float64(s.Cut))
	ch <- prometheus.MustNewConstMetric(descRebalances, prometheus.CounterValue, float64(s.Rebalances))
	ch <- prometheus.MustNewConstMetric(descAway, prometheus.GaugeValue, truth(!s.Away.IsZero()))
}
