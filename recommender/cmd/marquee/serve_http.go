package main

import (
	"net/netip"
	"time"

	"marquee/recommender/httpapi"
)

// httpFlags bound what callers may ask of a server.
type httpFlags struct {
	AnswerWithin  time.Duration `help:"Time within which a contract call is answered, from memory if its list is not there by then." default:"250ms" placeholder:"TIME"`
	Concurrent    int           `help:"Lists of contract calls that are made at once; other calls have as much room for themselves. 0: eight for each core." default:"0" placeholder:"N"`
	Queue         int           `help:"Calls that may wait for room. 0: four times --concurrent." default:"0" placeholder:"N"`
	QueueWait     time.Duration `help:"Time that a call waits for room; then a contract call is answered from memory, and any other gets 503." default:"20ms" placeholder:"TIME"`
	CallTimeout   time.Duration `help:"Longest time of any other call." default:"5s" placeholder:"TIME"`
	ReadTimeout   time.Duration `help:"Longest time to read a request." default:"5s" placeholder:"TIME"`
	HeaderTimeout time.Duration `help:"Longest time to read a request's header." default:"2s" placeholder:"TIME"`
	HeaderBytes   int           `help:"Bytes of a request's header at most." default:"16384" placeholder:"N"`
	Connections   int           `help:"Connections of each listener at once; another one takes the place of one that is idle, or waits." default:"10000" placeholder:"N"`
	WriteTimeout  time.Duration `help:"Longest time to write an answer." default:"10s" placeholder:"TIME"`
	Drain         time.Duration `help:"Time for requests under way to finish at the end." default:"10s" placeholder:"TIME"`

	Rate         float64        `help:"Calls a second of one client in the long run, but for the plain contract call and the probes; more get 429. 0: any number." default:"100" placeholder:"N"`
	RateBurst    int            `help:"Calls of one client at once, after a pause." default:"200" placeholder:"N"`
	RateClients  int            `help:"Clients whose calls are counted." default:"10000" placeholder:"N"`
	TrustedProxy []netip.Prefix `help:"Networks of proxies whose X-Forwarded-For says who the client is, such as 10.0.0.0/8." placeholder:"CIDR"`

	AccessLog       bool          `help:"Log requests." default:"true" negatable:""`
	AccessLogFirst  int           `help:"Requests of each second that are logged before --access-log-sample counts." default:"10" placeholder:"N"`
	AccessLogSample float64       `help:"Share of the other requests that is logged, 0 to 1." default:"0.01" placeholder:"SHARE"`
	AccessLogSlow   time.Duration `help:"Requests that take this long are logged, as are those that fail." default:"200ms" placeholder:"TIME"`
}

// config returns the settings of a server as the flags have them.
func (f httpFlags) config() (httpapi.Config, error) {
	cfg := httpapi.DefaultConfig()
	cfg.ReadTimeout, cfg.HeaderTimeout, cfg.WriteTimeout = f.ReadTimeout, f.HeaderTimeout, f.WriteTimeout
	cfg.Drain, cfg.HeaderBytes, cfg.Connections = f.Drain, f.HeaderBytes, f.Connections
	cfg.Limits.Answer, cfg.Limits.Others, cfg.Limits.Wait = f.AnswerWithin, f.CallTimeout, f.QueueWait
	if f.Concurrent != 0 {
		cfg.Limits.Concurrent, cfg.Limits.Queue = f.Concurrent, 4*f.Concurrent
	}
	if f.Queue != 0 {
		cfg.Limits.Queue = f.Queue
	}
	cfg.Rate = httpapi.Rate{PerSecond: f.Rate, Burst: f.RateBurst, Clients: f.RateClients, Trusted: f.TrustedProxy}
	cfg.Log = httpapi.AccessLog{Share: f.AccessLogSample, PerSecond: f.AccessLogFirst, Slow: f.AccessLogSlow}
	if !f.AccessLog {
		cfg.Log = httpapi.AccessLog{}
	}
	return cfg, wrapUsage(cfg.Validate())
}
