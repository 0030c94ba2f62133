package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// advices says what to do about errors that do not pass by themselves.
var advices = []struct {
	err    error
	advice string
}{
	{kerr.SaslAuthenticationFailed, "the broker refused the user or the password; check the SASL settings"},
	{kerr.UnsupportedSaslMechanism, "the broker does not know the SASL mechanism; ask its operator for the right one"},
	{kerr.IllegalSaslState, "the broker does not expect SASL here; check the port and the SASL settings"},
	{kerr.TopicAuthorizationFailed, "the user may not use the topic; ask for READ and DESCRIBE (to read) or WRITE (to write) on it"},
	{kerr.GroupAuthorizationFailed, "the user may not join the group; ask for READ on it, or use another group"},
	{kerr.ClusterAuthorizationFailed, "the user may not do this in the cluster; ask for IDEMPOTENT_WRITE on it"},
	{kerr.InvalidSessionTimeout, "the broker allows other session timeouts (group.min.session.timeout.ms); change the session timeout"},
	{kerr.InconsistentGroupProtocol, "other members of the group share partitions out in another way; use a group of its own"},
	{kerr.InvalidGroupID, "the broker refuses the name of the group; use another"},
	{kerr.GroupMaxSizeReached, "the group is full; end other members or use another group"},
	{kerr.FencedInstanceID, "another member has the same instance id; end it or use another id"},
	{kerr.InvalidTopicException, "the broker refuses the name of the topic; check it"},
	{kerr.UnsupportedVersion, "the broker is too old; Kafka 0.11 or newer is needed"},
	{kerr.UnsupportedForMessageFormat, "the topic's records are of too old a format; Kafka 0.11 or newer is needed"},
}

// explain returns whether err is final, and err with what to do. Errors of brokers
// that are away or busy are not final: they may pass.
func explain(err error) (final bool, told error) {
	for _, a := range advices {
		if errors.Is(err, a.err) {
			return true, fmt.Errorf("kafka: %w; %s", err, a.advice)
		}
	}
	var unverified *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case errors.As(err, &unverified):
		return true, fmt.Errorf("kafka: %w; check the TLS authorities file and the server name", err)
	case errors.As(err, &noTLS):
		return true, fmt.Errorf("kafka: %w; the broker does not speak TLS on this port: check the port, or switch TLS off", err)
	case errors.As(err, &alert) && alert.Op == "remote error": // as crypto/tls names an alert of the other side
		return true, fmt.Errorf("kafka: %w; the broker refused the TLS handshake: check the client certificate", err)
	case errors.As(err, new(x509.HostnameError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return true, fmt.Errorf("kafka: %w; check the TLS authorities file and the server name", err)
	case errors.Is(err, kgo.ErrClientClosed):
		return true, fmt.Errorf("kafka: %w", err)
	}
	var large *kgo.ErrDecompressTooLarge
	if errors.As(err, &large) {
		return true, fmt.Errorf("kafka: %w; allow more decompress bytes, or replay from behind it", err)
	}
	var early *kgo.ErrFirstReadEOF
	if errors.As(err, &early) {
		return false, fmt.Errorf("kafka: %w; the broker may want TLS or SASL on this port", err)
	}
	return false, fmt.Errorf("kafka: %w", err)
}

// isAbsent reports whether err says that there is no such topic.
func isAbsent(err error) bool {
	return errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID)
}

// The delays between attempts to reach brokers.
const (
	minDelay = 50 * time.Millisecond
	maxDelay = 5 * time.Second
)

// retry calls op until it succeeds, its error is final, or ctx ends: the first
// time for a second, then for up to the request timeout. A topic that is unknown
// for Config.TopicWait is final.
func (s *Source) retry(ctx context.Context, op func(context.Context) error) error {
	var absent time.Time // since when
	patience := time.Second
	for delay := minDelay; ; delay, patience = min(2*delay, maxDelay), min(2*patience, s.cfg.RequestTimeout) {
		attempt, cancel := context.WithTimeout(ctx, min(patience, s.cfg.RequestTimeout))
		err := op(attempt)
		cancel()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if since, last := s.outage.state(); errors.Is(err, context.DeadlineExceeded) && !since.IsZero() {
			err = last // why the client tried again and again
		}
		final, told := explain(err)
		if final {
			return told
		}
		switch {
		case !isAbsent(err):
			s.outage.failed(told)
			absent = time.Time{}
		case absent.IsZero():
			absent = time.Now()
			s.log.Warn("kafka topic is unknown to the brokers; waiting for it", "topic", s.cfg.Topic, "for", s.cfg.TopicWait)
		case time.Since(absent) >= s.cfg.TopicWait:
			return fmt.Errorf("topic %s: %w for %v; check its name, or make it", s.cfg.Topic, told, s.cfg.TopicWait)
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
	}
}

// sleep waits for d, or for the end of ctx, whose error it returns.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
