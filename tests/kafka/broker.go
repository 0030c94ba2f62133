package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// EnvJars names the environment variable with the folder of the broker's jars.
const EnvJars = "MARQUEE_KAFKA_JARS"

// The account that the broker's secure listener knows.
const (
	User     = "marquee"
	Password = "a secret of tests"
)

// A Broker is one running node.
type Broker struct {
	Plain  string // HOST:PORT without encryption or password
	Secure string // HOST:PORT with TLS and SASL (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512)
	CA     string // path of the certificate that signed the secure listener's, PEM

	jars   string
	folder string
	config string
	cmd    *exec.Cmd
	ended  chan error
}

// startWithin bounds the start of a broker: a java that shares two cores with
// other tests takes its time.
const startWithin = 90 * time.Second

// Start starts a broker and stops it when the test ends. It skips the test
// where there are no jars.
func Start(t testing.TB) *Broker {
	t.Helper()
	jars := os.Getenv(EnvJars)
	if jars == "" {
		t.Skipf("set %s to a folder that tests/kafka/jars.sh filled", EnvJars)
	}
	b := &Broker{jars: jars, folder: t.TempDir()}
	if err := b.configure(); err != nil {
		t.Fatal(err)
	}
	if err := b.java("kafka.tools.StorageTool", "format", "--config", b.config, "--cluster-id", "marqueeTestsOfKafka00A",
		"--add-scram", fmt.Sprintf("SCRAM-SHA-256=[name=%s,password=%s]", User, Password),
		"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", User, Password)).Run(); err != nil {
		t.Fatalf("format the broker's storage: %v\n%s", err, b.tail())
	}
	b.Run(t)
	t.Cleanup(func() { b.Kill(t) })
	return b
}

// Run starts the node on its ports and storage, after Start or Kill.
func (b *Broker) Run(t testing.TB) {
	t.Helper()
	b.cmd = b.java("kafka.Kafka", b.config)
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	b.ended = make(chan error, 1)
	go func() { b.ended <- b.cmd.Wait() }()
	for end := time.Now().Add(startWithin); ; {
		conn, err := net.DialTimeout("tcp", b.Plain, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-b.ended:
			t.Fatalf("the broker ended: %v\n%s", err, b.tail())
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(end) {
			b.Kill(t)
			t.Fatalf("the broker does not listen on %s after %v\n%s", b.Plain, startWithin, b.tail())
		}
	}
}

// Kill ends the node with SIGKILL and waits for it.
func (b *Broker) Kill(t testing.TB) {
	t.Helper()
	if b.ended == nil {
		return
	}
	if err := b.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	<-b.ended
	b.ended = nil
}

// java returns a command of a class in the jars. Its output goes to a file, and what it
// unpacks goes with the test: killed, it cannot tidy up.
func (b *Broker) java(args ...string) *exec.Cmd {
	options := []string{"-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.io.tmpdir=" + b.folder, "-cp", filepath.Join(b.jars, "*")}
	cmd := exec.Command("java", append(options, args...)...)
	cmd.Dir = b.folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if out, err := os.OpenFile(b.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
		cmd.Stdout, cmd.Stderr = out, out // closed with this process
	}
	return cmd
}

func (b *Broker) log() string { return filepath.Join(b.folder, "out.log") }

// tail returns the end of what the broker printed.
func (b *Broker) tail() string {
	text, err := os.ReadFile(b.log())
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(text, []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-30):], []byte("\n")))
}

// configure picks ports and writes the node's settings and certificates.
func (b *Broker) configure() error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	address := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	b.Plain, b.Secure = address(0), address(1)
	tls, err := newCertificates(b.folder)
	if err != nil {
		return err
	}
	b.CA = tls.ca
	jaas := "org.apache.kafka.common.security.%s required%s;"
	scram := fmt.Sprintf(jaas, "scram.ScramLoginModule", "")
	listeners := "PLAINTEXT://" + b.Plain + ",SASL_SSL://" + b.Secure
	settings := []string{
		"process.roles=broker,controller",
		"node.id=1",
		"controller.quorum.voters=1@" + address(2),
		"controller.listener.names=CONTROLLER",
		"listeners=" + listeners + ",CONTROLLER://" + address(2),
		"advertised.listeners=" + listeners,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
		"inter.broker.listener.name=PLAINTEXT",
		"log.dirs=" + filepath.Join(b.folder, "data"),
		"offsets.topic.replication.factor=1",
		"offsets.topic.num.partitions=1",
		"transaction.state.log.replication.factor=1",
		"transaction.state.log.min.isr=1",
		"transaction.state.log.num.partitions=1",
		"share.coordinator.state.topic.replication.factor=1",
		"share.coordinator.state.topic.min.isr=1",
		"group.initial.rebalance.delay.ms=0",
		"log.retention.check.interval.ms=1000",
		"log.segment.delete.delay.ms=0",
		"auto.create.topics.enable=false",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.sasl_ssl.plain.sasl.jaas.config=" + fmt.Sprintf(jaas, "plain.PlainLoginModule", fmt.Sprintf(" user_%s=%q", User, Password)),
		"listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=" + scram,
		"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=" + scram,
		"ssl.keystore.type=PEM",
		"ssl.keystore.certificate.chain=" + oneLine(tls.chain),
		"ssl.keystore.key=" + oneLine(tls.key),
	}
	b.config = filepath.Join(b.folder, "server.properties")
	return os.WriteFile(b.config, []byte(strings.Join(settings, "\n")+"\n"), 0o600)
}

// oneLine writes a PEM as the value of a property: its ends of lines escaped.
func oneLine(pem []byte) string {
	return strings.ReplaceAll(strings.TrimSpace(string(pem)), "\n", "\\n")
}

// freePorts returns n ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all at the end, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
